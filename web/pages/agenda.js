// SPDX-License-Identifier: Apache-2.0
// One week: sessions, the dates agreed for the next ones, what is due; on paper, and as a file for
// a calendar, where persons have initials only unless one asks for their names.
import { useEffect, useState } from 'preact/hooks';
import { get, listen } from './api.js';
import { html } from './html.js';
import { Icon } from './icons.js';
import { addressOf } from './related.js';
import { addDays, dayOf, locale, showDay, t, today } from './text.js';

const DAYS = 7;

export function mondayOf(day) {
    return addDays(day, -((dayOf(day).getDay() + 6) % DAYS));
}

function useAgenda(from, to) {
    const [events, setEvents] = useState(null);
    const [problem, setProblem] = useState('');
    useEffect(() => {
        let current = true;
        const load = () => get(`/api/agenda?from=${from}&to=${to}`)
            .then((found) => { if (current) { setEvents(found); setProblem(''); } })
            .catch((error) => current && setProblem(error.message));
        load();
        const stop = listen((what) => what !== 'gone' && what !== 'status' && load());
        return () => {
            current = false;
            stop();
        };
    }, [from, to]);
    return { events, problem };
}

export function save(name, type, text) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
}

function Calendar({ from }) {
    const [names, setNames] = useState(false);
    const [problem, setProblem] = useState('');
    const write = async () => {
        try {
            const { ical } = await get(`/api/agenda?from=${from}&ical=1${names ? '&names=1' : ''}`);
            save('jalon.ics', 'text/calendar', ical);
            setProblem('');
        } catch (error) {
            setProblem(error.message);
        }
    };
    return html`<section class="card aside"><h2>${t('Dans votre calendrier')}</h2>
        <p>${t('Un fichier iCalendar, de cette semaine aux soixante prochains jours. Sans les noms, un collègue qui voit votre calendrier ne lit que des initiales.')}</p>
        <p class="buttons"><button type="button" class="quiet" onClick=${write}><${Icon} name="down" />${t('Enregistrer le fichier')}</button>
            <label class="check"><input type="checkbox" checked=${names} onChange=${(e) => setNames(e.target.checked)} /> ${t('avec les noms et les objets')}</label></p>
        <p class="problem" role="alert">${problem}</p></section>`;
}

const two = (n) => String(n).padStart(2, '0');
const hour = (minutes) => `${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)}`;

function Entry({ event }) {
    const time = event.start_min < 0 ? '' : event.minutes ? `${hour(event.start_min)}–${hour(event.start_min + event.minutes)}` : hour(event.start_min);
    const title = event.who || event.label || event.what;
    return html`<li class=${`entry ${event.kind}`}>
        ${time && html`<span class="time">${time}</span> `}<a href=${addressOf(event.table, event.id)}>${title}</a>
        <span class="details">${[event.who || event.label ? event.what : '', event.who ? event.label : '', event.place].filter(Boolean).join(' · ')}</span></li>`;
}

export function Agenda({ parts, go }) {
    const from = mondayOf(parts[0] || today());
    const to = addDays(from, DAYS - 1);
    const { events, problem } = useAgenda(from, to);
    const days = Array.from({ length: DAYS }, (_, i) => addDays(from, i));
    // Who works at the weekend needs the room for it.
    const busy = events?.some((event) => event.date >= days[5]);
    const head = new Intl.DateTimeFormat(locale(), { weekday: 'long', day: 'numeric' });
    return html`<div class="week"><div class="page-head"><h1>${t('Semaine du {0} au {1}', showDay(from), showDay(to))}</h1>
            <span class="group-buttons"><button type="button" class="quiet" onClick=${() => go(`#/agenda/${addDays(from, -DAYS)}`)} aria-label=${t('Semaine précédente')}><${Icon} name="back" /></button>
            <button type="button" class="quiet" onClick=${() => go('#/agenda')}>${t('Cette semaine')}</button>
            <button type="button" class="quiet" onClick=${() => go(`#/agenda/${addDays(from, DAYS)}`)} aria-label=${t('Semaine suivante')}><${Icon} name="next" /></button>
            <button type="button" class="quiet" onClick=${() => print()}><${Icon} name="print" />${t('Imprimer')}</button></span></div>
        <p class="problem" role="alert">${problem}</p>
        ${events && html`<div class=${`days${busy ? ' seven' : ''}`}>${days.map((day) => {
            const found = events.filter((event) => event.date === day);
            return html`<section key=${day} class=${`day${day === today() ? ' now' : ''}${found.length ? '' : ' free'}`}>
                <h2>${head.format(dayOf(day))}${day === today() ? html` <span class="badge">${t("aujourd'hui")}</span>` : ''}</h2>
                ${found.length ? html`<ul class="entries">${found.map((event) => html`<${Entry} key=${`${event.id} ${event.kind}`} event=${event} />`)}</ul>` : html`<p class="nothing">${t('rien')}</p>`}</section>`;
        })}</div>`}
        <${Calendar} from=${from} /></div>`;
}
