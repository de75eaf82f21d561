// SPDX-License-Identifier: Apache-2.0
// A signature drawn with a finger, a pen or the mouse, kept as strokes: a small picture (SVG).
import { useRef, useState } from 'preact/hooks';
import { html } from './html.js';
import { t } from './text.js';

const WIDTH = 600;
const HEIGHT = 200;
const POINTS_MAX = 4000;

const lineOf = (stroke) => `M${stroke.map(([x, y]) => `${x} ${y}`).join('L')}${stroke.length === 1 ? 'h1' : ''}`;
const escape = (text) => text.replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`);

// The picture as a file, with who signed when in words.
export function fileOf(strokes, about) {
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}"><title>${escape(about)}</title>`
        + `<path d="${strokes.map(lineOf).join('')}" fill="none" stroke="#000" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>\n`;
}

export function SignaturePad({ strokes, change }) {
    const pad = useRef(null);
    const drawing = useRef(false);
    const [, tick] = useState(0);
    const at = (event) => {
        const box = pad.current.getBoundingClientRect();
        return [Math.round(((event.clientX - box.left) * WIDTH) / box.width), Math.round(((event.clientY - box.top) * HEIGHT) / box.height)];
    };
    const begin = (event) => {
        event.preventDefault();
        pad.current.setPointerCapture(event.pointerId);
        drawing.current = true;
        change([...strokes, [at(event)]]);
    };
    const move = (event) => {
        if (!drawing.current || strokes.length === 0 || strokes.flat().length > POINTS_MAX) return;
        const last = strokes[strokes.length - 1];
        last.push(at(event));
        change([...strokes]);
        tick((n) => n + 1);
    };
    const end = () => {
        drawing.current = false;
    };
    return html`<div class="sign"><svg ref=${pad} class="pad" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label=${t('Signez ici, du doigt ou à la souris')}
            onPointerDown=${begin} onPointerMove=${move} onPointerUp=${end} onPointerCancel=${end}>
            <line x1="30" y1="160" x2="570" y2="160" class="ring" />
            <path d=${strokes.map(lineOf).join('')} class="ink" /></svg>
        <p class="buttons"><button type="button" class="quiet small" disabled=${strokes.length === 0} onClick=${() => change([])}>${t('Recommencer la signature')}</button></p></div>`;
}
