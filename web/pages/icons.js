// SPDX-License-Identifier: Apache-2.0
// One family of icons: strokes on a grid of 24, in the colour of the text beside them. An icon
// says nothing that words do not say too, so readers of screens pass over it.
import { html } from './html.js';

const shapes = {
    today: 'M4 6h16v14H4zM4 10h16M8 3v4M16 3v4M9 15l2 2 4-4',
    agenda: 'M4 6h16v14H4zM4 10h16M8 3v4M16 3v4M9 10v10M15 10v10',
    persons: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c0-3.5 3-6 6.5-6s6.5 2.5 6.5 6M16 4.6a3.5 3.5 0 0 1 0 5.8M18.5 14.5c1.9 1 3 3 3 5.5',
    sessions: 'M6 3h9l4 4v14H6zM15 3v4h4M9 11h7M9 14.5h7M9 18h4',
    companies: 'M4 21V4h10v17M14 9h6v12M2.5 21h19M7 8h4M7 12h4M7 16h4M17 13v0M17 17v0',
    inbox: 'M3 13l3-8h12l3 8v6H3zM3 13h5l1.5 3h5l1.5-3h5',
    reports: 'M4 20h16M7 20v-7M12 20V5M17 20v-10',
    lists: 'M8.5 6H20M8.5 12H20M8.5 18H20M4.5 6v0M4.5 12v0M4.5 18v0',
    sync: 'M20 11a8 8 0 0 0-14-4.5L4 9M4 4v5h5M4 13a8 8 0 0 0 14 4.5L20 15M20 20v-5h-5',
    search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5L20 20',
    settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4',
    help: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.5 9.5a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M12 16.8v0',
    lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
    key: 'M8 15.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 11.5h9v4M17 11.5v3',
    try: 'M9.5 3h5M10.5 3v6L5 19.5h14L13.5 9V3M7.5 15h9',
    file: 'M6 3h9l4 4v14H6zM15 3v4h4',
    group: 'M12 10a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM5 20a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM19 20a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM12 12v3M12 15H5M12 15h7',
    back: 'M14 6l-6 6 6 6',
    next: 'M10 6l6 6-6 6',
    print: 'M7 9V3h10v6M7 17H4V9h16v8h-3M7 14h10v7H7z',
    down: 'M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14',
    copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
};

export function Icon({ name }) {
    return html`<svg class="icon" viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.8"
        stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false"><path d=${shapes[name]} /></svg>`;
}
