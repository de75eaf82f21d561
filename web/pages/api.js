// SPDX-License-Identifier: Apache-2.0
// The one way to the program: requests of the same origin, the CSRF word on what changes
// something, events that say when to look again.
import { t } from './text.js';

const LEAVE_MS = 800; // for what a page saves as it goes
const AGAIN_MS = 1000; // before a tab whose turn ended waits for another

let csrf = '';
export const program = { version: '' };

export class ApiError extends Error {
    constructor(status, body) {
        super(body.text || body.error || String(status));
        this.status = status;
        this.code = body.error || '';
        this.fields = body.fields || {};
    }
}

async function ask(path, options) {
    let answer;
    try {
        answer = await fetch(path, { credentials: 'same-origin', cache: 'no-store', ...options });
    } catch {
        throw new ApiError(0, { error: 'CLOSED', text: t('Jalon ne répond plus sur cet appareil : rouvrez-le') });
    }
    let body = {};
    try {
        body = await answer.json();
    } catch {
        if (answer.ok) throw new ApiError(answer.status, { error: 'FORMAT' });
    }
    if (!answer.ok) throw new ApiError(answer.status, body);
    return body;
}

export const get = (path) => ask(path, {});
export const post = (path, body) =>
    ask(path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-Jalon-Csrf': csrf },
        body: JSON.stringify(body),
    });

// A file's bytes as they are.
export const attach = (table, id, file, about) =>
    ask(`/api/attach/${table}/${id}?${new URLSearchParams(about)}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/octet-stream', 'X-Jalon-Csrf': csrf },
        body: file,
    });
async function send(path, body) {
    const answer = await fetch(path, { method: 'POST', credentials: 'same-origin', cache: 'no-store', headers: { 'Content-Type': 'application/octet-stream', 'X-Jalon-Csrf': csrf }, body });
    if (!answer.ok) throw new ApiError(answer.status, await answer.json().catch(() => ({})));
    return answer;
}
// A table of cells as a spreadsheet, and a spreadsheet's rows into a table.
export const sheet = async (cells) => (await send('/api/sheet', JSON.stringify(cells))).blob();
export const importFile = async (table, name, bytes, dry) => (await send(`/api/import/${table}?${new URLSearchParams({ name, dry: dry ? 1 : 0 })}`, bytes)).json();
// The content of a document, piece by piece.
export async function content(id, size, mime) {
    const pieces = [];
    for (let at = 0; at < size;) {
        const answer = await fetch(`/api/content/${id}?offset=${at}`, { credentials: 'same-origin', cache: 'no-store' });
        if (!answer.ok) throw new ApiError(answer.status, await answer.json().catch(() => ({})));
        const piece = await answer.blob();
        pieces.push(piece);
        at += piece.size;
    }
    return new Blob(pieces, { type: mime });
}

// Exchange the ticket of the address for a session, or go on with the one there is.
export async function enter() {
    const ticket = location.hash.match(/^#([0-9a-f]{64,})$/);
    if (ticket) history.replaceState(null, '', location.pathname);
    let session;
    if (ticket) {
        try {
            session = await post('/api/open', { ticket: ticket[1] });
        } catch (error) {
            if (error.status !== 401) throw error;
        }
    }
    session = session || (await get('/api/session'));
    csrf = session.csrf;
    program.version = session.version;
    return session.language;
}

// ---- events ----

const listeners = new Set();
export function listen(on) {
    listeners.add(on);
    return () => listeners.delete(on);
}
function tell(what) {
    for (const on of [...listeners]) on(what);
}
let whenLocked = () => {};
export function onLock(then) {
    whenLocked = then;
    if (over) then();
}

// One tab listens for all of them: a browser opens six connections to one host, no more, and what
// a seventh tab asks would wait for ever. It is the tab that holds the lock; when it goes, another.
const tabs = new BroadcastChannel('jalon-events');
let over = false; // the pages are shut: this tab listens no more
let leave = () => {}; // ends this tab's turn

function shut() {
    over = true;
    leave();
    whenLocked();
}
const hear = (what) => (what === 'locked' ? shut() : tell(what));
function pass(what) {
    tabs.postMessage(what);
    hear(what);
}
// Until the tab goes, the pages are shut, or the program does not let this session in any more.
function turn() {
    return new Promise((done) => {
        if (over) {
            done();
            return;
        }
        const source = new EventSource('/events');
        leave = () => {
            source.close();
            done();
        };
        for (const what of ['hello', 'saved', 'synced', 'status', 'locked']) source.addEventListener(what, () => pass(what));
        source.onerror = () => {
            pass('gone');
            if (source.readyState === EventSource.CLOSED) leave();
        };
    });
}
export async function connect() {
    tabs.onmessage = (message) => hear(message.data);
    addEventListener('pagehide', () => leave());
    while (!over) {
        await navigator.locks.request('jalon-events', turn);
        await new Promise((then) => setTimeout(then, AGAIN_MS));
    }
}
// Shut the pages of this browser. What is being typed is saved as its field goes, before that.
export function lock() {
    if (over) return;
    pass('locked');
    setTimeout(() => post('/api/lock', {}).catch(() => {}), LEAVE_MS);
}

// ---- rows ----

// An array asks for any of its values; '' in it for rows where the field is empty.
export function rowsPath(table, query = {}) {
    const words = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) {
        if (Array.isArray(value)) value.forEach((one) => words.append(key, one));
        else if (value !== '' && value !== undefined) words.append(key, value);
    }
    const tail = words.toString();
    return `/api/rows/${table}${tail ? `?${tail}` : ''}`;
}
export const rows = (table, query) => get(rowsPath(table, query));
export const row = (table, id) => get(`/api/row/${table}/${id}`);
// From the press on until the program has answered: see StatusLine.
const savers = new Set();
export function onSaving(on) {
    savers.add(on);
    return () => savers.delete(on);
}
async function saving(request) {
    for (const on of [...savers]) on(true);
    try {
        return await request();
    } finally {
        for (const on of [...savers]) on(false);
    }
}
export const save = (table, id, values, seen) => saving(() => post('/api/save', { table, id: id || '', values, seen: seen || {} }));
export const remove = (table, id, deleted) => saving(() => post('/api/delete', { table, id, deleted }));
