// SPDX-License-Identifier: Apache-2.0
// Words for people: French in the source, said in the language of the program; dates and numbers
// as people here write them.
let catalogue = {};
let language = 'fr';

export function setLanguage(code, texts) {
    language = code;
    catalogue = texts;
    document.documentElement.lang = code;
}

// French puts a blank before these, at which no line may end.
function typeset(text) {
    return language === 'fr' ? text.replace(/ ([:;?!»])/g, '\u00a0$1').replace(/« /g, '«\u00a0') : text;
}
// {0}, {1}… stand for what is put in. tests/tidy/refresh_catalogues.sh collects t( and tn(.
function fill(text, values) {
    return typeset(text).replace(/\{(\d)\}/g, (_, i) => String(values[i]));
}
export function t(text, ...values) {
    const found = catalogue[text];
    return fill(typeof found === 'string' ? found : text, values);
}
// The number itself is {0}.
export function tn(one, many, n, ...values) {
    const single = n === 1 || (n === 0 && language === 'fr');
    const found = catalogue[one];
    const pair = Array.isArray(found) ? found : [one, many];
    return fill(pair[single ? 0 : 1], [n, ...values]);
}

const locales = { fr: 'fr-BE', nl: 'nl-BE', de: 'de-BE', en: 'en-GB' };
export const locale = () => locales[language] || 'fr-BE';

const two = (n) => String(n).padStart(2, '0');

// ---- days: '2026-11-22' inside, 22/11/2026 for people ----

export function isoOf(date) {
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
export const today = () => isoOf(new Date());
export function dayOf(iso) {
    const [y, m, d] = iso.split('-').map(Number);
    return new Date(y, m - 1, d);
}
export function addDays(iso, n) {
    const date = dayOf(iso);
    date.setDate(date.getDate() + n);
    return isoOf(date);
}
export function showDay(iso) {
    return iso ? `${iso.slice(8, 10)}/${iso.slice(5, 7)}/${iso.slice(0, 4)}` : '';
}
// lundi 23 novembre 2026
export function showLongDay(iso) {
    return new Intl.DateTimeFormat(locale(), { dateStyle: 'full' }).format(dayOf(iso));
}
export function showInstant(iso) {
    if (!iso) return t('jamais');
    const at = new Date(iso);
    const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
    return isoOf(at) === today() ? t("aujourd'hui à {0}", time) : `${showDay(isoOf(at))} ${time}`;
}

// Which day a person means: 22/11/2026, 22/11, 22.11.26, lundi, hier, demain, +3. Empty: none;
// null: not understood.
export function readDay(text) {
    const word = text.trim().toLowerCase();
    if (word === '') return '';
    const now = today();
    const near = { [t("aujourd'hui")]: 0, "aujourd'hui": 0, [t('hier')]: -1, [t('demain')]: 1 };
    if (word in near) return addDays(now, near[word]);
    if (/^[+-]\d{1,3}$/.test(word)) return addDays(now, Number(word));
    for (let i = 0; i < 7; i++) {
        const name = new Intl.DateTimeFormat(locale(), { weekday: 'long' }).format(dayOf(addDays(now, i)));
        if (word === name.toLowerCase()) return addDays(now, i);
    }
    const iso = word.match(/^(\d{4})-(\d{1,2})-(\d{1,2})$/);
    const typed = word.match(/^(\d{1,2})[/.\- ](\d{1,2})(?:[/.\- ](\d{2}|\d{4}))?$/);
    if (!iso && !typed) return null;
    let [y, m, d] = iso ? iso.slice(1).map(Number) : [typed[3] === undefined ? NaN : Number(typed[3]), Number(typed[2]), Number(typed[1])];
    if (Number.isNaN(y)) y = Number(now.slice(0, 4));
    if (y < 100) y += y < 50 ? 2000 : 1900;
    const date = new Date(y, m - 1, d);
    return date.getMonth() === m - 1 && date.getDate() === d ? isoOf(date) : null;
}

// 9h30, 9:30, 0930, 9 → 09:30; null: not understood.
export function readTime(text) {
    const word = text.trim().toLowerCase();
    if (word === '') return '';
    const m = word.match(/^(\d{1,2})(?:\s*[h:.]\s*(\d{2})?)?$/) || word.match(/^(\d{2})(\d{2})$/);
    if (!m || Number(m[1]) > 23 || Number(m[2] || 0) > 59) return null;
    return `${two(Number(m[1]))}:${two(Number(m[2] || 0))}`;
}

export function showNumber(n) {
    return new Intl.NumberFormat(locale()).format(n);
}
