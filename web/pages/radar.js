// SPDX-License-Identifier: Apache-2.0
// Levels on axes as a picture: one outline for each version. It only illustrates its table, which
// says the same to everybody.
import { html } from './html.js';
import { t } from './text.js';

const SIZE = 360;
const RADIUS = 120;
const LEVELS = 4;
const MIDDLE = SIZE / 2;

function point(i, n, level) {
    const angle = (2 * Math.PI * i) / n - Math.PI / 2;
    const r = (RADIUS * level) / LEVELS;
    return [MIDDLE + r * Math.cos(angle), MIDDLE + r * Math.sin(angle)];
}
const path = (points) => points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');

// axes: [label]; versions: [{name, levels: [number or null]}], at most two. Less than three axes
// have no area: bars then.
export function Radar({ axes, versions }) {
    if (axes.length < 3) return html`<${Bars} axes=${axes} versions=${versions} />`;
    const n = axes.length;
    const anchor = (x) => (Math.abs(x - MIDDLE) < 12 ? 'middle' : x > MIDDLE ? 'start' : 'end');
    return html`<svg class="radar" viewBox=${`-70 0 ${SIZE + 140} ${SIZE}`} role="img" aria-label=${t('Image des niveaux ; le tableau les donne en chiffres')}>
        ${[1, 2, 3, 4].map((level) => html`<polygon key=${level} class="ring" points=${path(axes.map((_, i) => point(i, n, level)))} />`)}
        ${axes.map((label, i) => {
            const [x, y] = point(i, n, LEVELS);
            const [tx, ty] = point(i, n, LEVELS + 0.35);
            return html`<g key=${i}><line class="ring" x1=${MIDDLE} y1=${MIDDLE} x2=${x} y2=${y} /><text x=${tx} y=${ty + 4} text-anchor=${anchor(tx)}>${label}</text></g>`;
        })}
        ${versions.map(({ levels }, v) => html`<polygon key=${v} class=${`shape v${v}`} points=${path(levels.map((level, i) => (level === null ? null : point(i, n, level))).filter(Boolean))} />
            ${levels.map((level, i) => {
                if (level === null) return null;
                const [x, y] = point(i, n, level);
                return v === 0 ? html`<circle key=${i} class="v0" cx=${x} cy=${y} r="5" />` : html`<rect key=${i} class="v1" x=${x - 5} y=${y - 5} width="10" height="10" />`;
            })}`)}
    </svg>`;
}

function Bars({ axes, versions }) {
    const height = 14;
    return html`<svg class="radar" viewBox=${`0 0 400 ${axes.length * 50 + 10}`} role="img" aria-label=${t('Image des niveaux ; le tableau les donne en chiffres')}>
        ${axes.map((label, i) => html`<g key=${i}><text x="0" y=${i * 50 + 14}>${label}</text>
            ${versions.map(({ levels }, v) => html`<rect key=${v} class=${`v${v}`} x="0" y=${i * 50 + 18 + v * height} width=${((levels[i] ?? 0) * 400) / LEVELS} height=${height - 2} />`)}</g>`)}</svg>`;
}

// What the outlines mean, with their own shapes.
export function Legend({ versions }) {
    return html`<ul class="legend">${versions.map(({ name }, v) => html`<li key=${v}><svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">${v === 0 ? html`<circle class="v0" cx="10" cy="10" r="6" />` : html`<rect class="v1" x="4" y="4" width="12" height="12" />`}</svg> ${name}</li>`)}</ul>`;
}
