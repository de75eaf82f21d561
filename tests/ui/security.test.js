// SPDX-License-Identifier: Apache-2.0
// Bytes on raw sockets: what another page, name, user or program of this machine hears.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { world } from './world.js';

let w;
let ui;
let port;
before(async () => {
    w = await world('anna');
    ui = await w.ui('anna');
    port = Number(new URL(ui.url).port);
});
after(() => w?.end());

// Send the bytes; what came back until the other side closed, or until `enough` matches.
function say(bytes, enough, host = '127.0.0.1') {
    return new Promise((resolve, reject) => {
        let heard = '';
        const socket = connect(port, host, () => socket.write(bytes));
        socket.setEncoding('latin1');
        socket.on('data', (text) => {
            heard += text;
            if (enough && enough.test(heard)) socket.destroy();
        });
        socket.on('close', () => resolve(heard));
        socket.on('error', (error) => (error.code === 'ECONNRESET' ? resolve(heard) : reject(error)));
    });
}
const status = (heard) => Number(heard.split(' ')[1]);
const us = () => `Host: 127.0.0.1:${port}\r\n`;

// One request, with the headers given; a body makes it a POST.
function ask(path, headers = {}, body) {
    const lines = { Host: `127.0.0.1:${port}`, Connection: 'close', ...headers };
    if (body !== undefined) lines['Content-Length'] = String(Buffer.byteLength(body));
    const head = Object.entries(lines).filter(([, v]) => v !== null).map(([k, v]) => `${k}: ${v}\r\n`).join('');
    return say(`${body === undefined ? 'GET' : 'POST'} ${path} HTTP/1.1\r\n${head}\r\n${body ?? ''}`);
}
const ours = () => ({ Origin: `http://127.0.0.1:${port}`, 'Sec-Fetch-Site': 'same-origin', 'Content-Type': 'application/json' });

let session;
async function enter() {
    if (session) return session;
    const ticket = w.cli('anna', 'ui', '--no-open').split('#')[1];
    const heard = await ask('/api/open', ours(), JSON.stringify({ ticket }));
    assert.equal(status(heard), 200);
    const cookie = heard.match(/Set-Cookie: (jalon-\d+=[0-9a-f]+); HttpOnly; SameSite=Strict; Path=\/\r\n/)[1];
    const csrf = JSON.parse(heard.split('\r\n\r\n')[1]).csrf;
    session = { Cookie: cookie, 'X-Jalon-Csrf': csrf };
    return session;
}

test('malformed requests get 400 and the connection ends', async () => {
    const lines = [
        'GET / HTTP/1.1\nHost: a\n\n', `GET / HTTP/1.1\r\n\r\n`, `GET / HTTP/1.1\r\n${us()}${us()}\r\n`, 'GET /\r\n\r\n',
        `GET / HTTP/1.0\r\n${us()}\r\n`, `GET / HTTP/3.0\r\n${us()}\r\n`, `GET http://127.0.0.1/ HTTP/1.1\r\n${us()}\r\n`,
        `GET / HTTP/1.1\r\n${us()} folded\r\n\r\n`, `GET / HTTP/1.1\r\n${us()}: empty\r\n\r\n`, `GET / HTTP/1.1\r\nHost : a\r\n\r\n`,
        `GET / HTTP/1.1\r\n${us()}X: a\rb\r\n\r\n`, `GET / HTTP/1.1\r\n${us()}X: a\0b\r\n\r\n`,
        `POST /api/save HTTP/1.1\r\n${us()}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
        `POST /api/save HTTP/1.1\r\n${us()}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}`,
        `POST /api/save HTTP/1.1\r\n${us()}Content-Length: -1\r\n\r\n`, '\x16\x03\x01\x02\x00', '\r\n\r\n',
    ];
    for (const line of lines) {
        const heard = await say(line);
        assert.equal(status(heard), 400, JSON.stringify(line));
        assert.match(heard, /\r\nConnection: close\r\n/);
    }
});

test('limits: head, headers, body', async () => {
    assert.equal(status(await say(`GET /${'a'.repeat(5000)} HTTP/1.1\r\n${us()}\r\n`)), 431);
    assert.equal(status(await say(`GET / HTTP/1.1\r\n${us()}X: ${'a'.repeat(9000)}\r\n\r\n`)), 431);
    assert.equal(status(await say(`GET / HTTP/1.1\r\n${us()}${'X: y\r\n'.repeat(70)}\r\n`)), 431);
    const head = Object.entries({ ...ours(), ...(await enter()) }).map(([k, v]) => `${k}: ${v}\r\n`).join('');
    assert.equal(status(await say(`POST /api/save HTTP/1.1\r\n${us()}${head}Content-Length: 999999999\r\n\r\n`)), 413);
    assert.equal(status(await say(`GET / HTTP/1.1\r\n${us()}Content-Length: 1\r\n\r\na`)), 413);
});

test('two requests on one connection are answered in order', async () => {
    const heard = await say(`GET /icon.svg HTTP/1.1\r\n${us()}\r\nGET /app.css HTTP/1.1\r\n${us()}Connection: close\r\n\r\n`);
    assert.deepEqual(heard.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 200']);
});

test('without cookie 401, with another host or origin 403, and no data', async () => {
    assert.equal(status(await ask('/api/rows/person')), 401);
    assert.equal(status(await ask('/events')), 401);
    assert.equal(status(await ask('/api/rows/person', { Cookie: `jalon-${port}=${'0'.repeat(64)}` })), 401);
    const good = await enter();
    assert.equal(status(await ask('/api/rows/person', good)), 200);
    assert.equal(status(await ask('/api/rows/person', { ...good, Host: 'evil.example' })), 403);
    assert.equal(status(await ask('/', { Host: `evil.example:${port}` })), 403);
    assert.equal(status(await ask('/api/rows/person', { ...good, 'Sec-Fetch-Site': 'cross-site' })), 403);
    assert.equal(status(await ask('/api/rows/person', { ...good, Origin: 'http://evil.example' })), 403);
    assert.equal(status(await ask('/events', { ...good, 'Sec-Fetch-Site': 'same-site' })), 403);
});

test('a change needs origin, site, type and CSRF word', async () => {
    const good = { ...ours(), ...(await enter()) };
    const body = JSON.stringify({ table: 'company', values: { name: 'Menuiserie Fictive' } });
    for (const [name, value] of [['Origin', null], ['Origin', 'null'], ['Origin', `http://localhost:${port}`], ['Sec-Fetch-Site', null],
        ['Sec-Fetch-Site', 'none'], ['X-Jalon-Csrf', null], ['X-Jalon-Csrf', '0'.repeat(64)]])
        assert.equal(status(await ask('/api/save', { ...good, [name]: value }, body)), 403, `${name}: ${value}`);
    assert.equal(status(await ask('/api/save', { ...good, Cookie: null }, body)), 401);
    assert.equal(status(await ask('/api/save', { ...good, 'Content-Type': 'text/plain' }, body)), 415);
    assert.equal(JSON.parse(w.cli('anna', '--json', 'list', 'company')).length, 0);
    assert.equal(status(await ask('/api/save', good, body)), 200);
    assert.equal(JSON.parse(w.cli('anna', '--json', 'list', 'company')).length, 1);
});

test('every answer carries the headers that hold a browser to this page', async () => {
    for (const heard of [await ask('/'), await ask('/api/rows/person'), await ask('/nowhere'), await say('x\n')]) {
        assert.match(heard, /\r\nContent-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self';/);
        assert.match(heard, /\r\nX-Content-Type-Options: nosniff\r\n/);
        assert.match(heard, /\r\nReferrer-Policy: no-referrer\r\n/);
        assert.match(heard, /\r\nCross-Origin-Opener-Policy: same-origin\r\n/);
        assert.match(heard, /\r\nCross-Origin-Resource-Policy: same-origin\r\n/);
        assert.doesNotMatch(heard, /Access-Control/i);
    }
    assert.match(await ask('/api/rows/person', await enter()), /\r\nCache-Control: no-store\r\n/);
    const heard = await ask('/app.js');
    const etag = heard.match(/\r\nETag: (\S+)\r\n/)[1];
    assert.equal(status(await ask('/app.js', { 'If-None-Match': etag })), 304);
});

test('other methods are refused, HEAD has no body', async () => {
    assert.equal(status(await say(`DELETE / HTTP/1.1\r\n${us()}Connection: close\r\n\r\n`)), 405);
    assert.equal(status(await say(`OPTIONS /api/save HTTP/1.1\r\n${us()}Connection: close\r\n\r\n`)), 405);
    const heard = await say(`HEAD / HTTP/1.1\r\n${us()}Connection: close\r\n\r\n`);
    assert.equal(status(heard), 200);
    assert.ok(heard.endsWith('\r\n\r\n'));
});

test('what is asked wrongly is told in words, and harms nothing', async () => {
    const good = { ...ours(), ...(await enter()) };
    const save = async (body) => status(await ask('/api/save', good, typeof body === 'string' ? body : JSON.stringify(body)));
    assert.equal(await save('{'), 422);
    assert.equal(await save('[]'), 422);
    assert.equal(await save({ table: 'nothing', values: {} }), 404);
    assert.equal(await save({ table: 'company', values: { nothing: 1 } }), 422);
    assert.equal(await save({ table: 'company', values: { name: ['a'] } }), 422);
    assert.equal(await save({ table: 'company', values: {} }), 422);
    assert.equal(await save({ table: 'company', id: 'x', values: { name: 'a' } }), 422);
    assert.equal(await save({ table: 'company', id: '00000000-0000-7000-8000-000000000000', values: { name: 'a' } }), 404);
    assert.equal(status(await ask('/api/rows/company?nothing=1', good)), 422);
    assert.equal(status(await ask('/api/rows/company?q=%ff', good)), 200);
    assert.equal(status(await ask('/api/rows/company?name=%ff', good)), 422);
    assert.equal(status(await ask('/api/row/company/x', good)), 422);
    assert.equal(status(await ask('/api/resolve', good, JSON.stringify({ id: '--data=/nowhere', keep: 'current' }))), 404);
    assert.equal(status(await ask('/api/resolve', good, JSON.stringify({ id: '00000000-0000-7000-8000-000000000000' }))), 422);
    assert.equal(status(await ask('/api/duplicate', good, JSON.stringify({ id: 'x', decision: 'perhaps' }))), 422);
    assert.equal(JSON.parse(w.cli('anna', '--json', 'list', 'company')).length, 1);
});

test('a file comes as bytes, to a row that is there, with the same proofs', async () => {
    const good = { ...ours(), ...(await enter()), 'Content-Type': 'application/octet-stream' };
    const company = JSON.parse(w.cli('anna', '--json', 'list', 'company'))[0].id;
    const path = `/api/attach/company/${company}?title=note.txt&kind=other`;
    assert.equal(status(await ask(path, { ...good, 'X-Jalon-Csrf': null }, 'abc')), 403);
    assert.equal(status(await ask(path, { ...good, Origin: 'http://evil.example' }, 'abc')), 403);
    assert.equal(status(await ask(path, { ...good, Cookie: null }, 'abc')), 401);
    assert.equal(status(await ask(path, { ...good, 'Content-Type': 'application/json' }, '{}')), 415);
    assert.equal(status(await ask('/api/save', good, '{}')), 415);
    const head = Object.entries(good).map(([k, v]) => `${k}: ${v}\r\n`).join('');
    assert.equal(status(await say(`POST ${path} HTTP/1.1\r\n${us()}${head}Content-Length: ${50 * 1024 * 1024 + 1}\r\n\r\n`)), 413);
    assert.equal(status(await ask(path, good, '')), 422);
    assert.equal(status(await ask('/api/attach/company/00000000-0000-7000-8000-000000000000', good, 'abc')), 404);
    assert.equal(status(await ask(`/api/attach/contact/${company}`, good, 'abc')), 404);
    assert.equal(status(await ask(`/api/attach/company/${company}?kind=nothing`, good, 'abc')), 422);
    assert.equal(JSON.parse(w.cli('anna', '--json', 'list', 'document')).length, 0);
    const made = await ask(path, good, 'abc');
    assert.equal(status(made), 200);
    const { id, mime, size } = JSON.parse(made.split('\r\n\r\n')[1]).row;
    assert.deepEqual([mime, size], ['text/plain', 3]);
    const heard = await ask(`/api/content/${id}`, good);
    assert.match(heard, /\r\nContent-Type: application\/octet-stream\r\nContent-Disposition: attachment\r\n/);
    assert.ok(heard.endsWith('\r\n\r\nabc'));
    assert.ok((await ask(`/api/content/${id}?offset=2`, good)).endsWith('\r\n\r\nc'));
    assert.equal(status(await ask(`/api/content/${id}?offset=3`, good)), 422);
    assert.equal(status(await ask(`/api/content/${id}`)), 401);
    assert.equal(status(await ask('/api/content/00000000-0000-7000-8000-000000000000', good)), 404);
});

test('seventeen connections: the ones too many are closed, the others go on', async () => {
    const sockets = await Promise.all(Array.from({ length: 24 }, () => new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1', () => resolve(socket));
        socket.on('error', () => {});
    })));
    const closed = await Promise.all(sockets.map((socket) => new Promise((resolve) => {
        socket.on('close', () => resolve(true));
        socket.on('data', () => resolve(false));
        socket.write(`GET /icon.svg HTTP/1.1\r\n${us()}\r\n`, () => {});
    })));
    assert.ok(closed.filter(Boolean).length >= 8, String(closed));
    assert.ok(closed.filter((one) => !one).length >= 1);
    for (const socket of sockets) socket.destroy();
    // Their places are free as soon as their ends have arrived.
    let again = NaN;
    for (let i = 0; i < 500 && again !== 200; i++) again = status(await ask('/icon.svg'));
    assert.equal(again, 200);
});

test('another user of this machine hears nothing', { skip: process.getuid() !== 0 && 'only root becomes somebody else' }, async () => {
    const script = `const s = require('net').connect(${port}, '127.0.0.1', () => s.write('GET / HTTP/1.1\\r\\nHost: 127.0.0.1:${port}\\r\\n\\r\\n'));
        let n = 0; s.on('data', (d) => { n += d.length; }); s.on('error', () => {}); s.on('close', () => console.log(n));`;
    const heard = execFileSync(process.execPath, ['-e', script], { uid: 65534, gid: 65534, cwd: '/', encoding: 'utf8' });
    assert.equal(heard.trim(), '0');
    assert.equal(status(await ask('/icon.svg')), 200);
});

test('it listens on loopback only', () => {
    const table = execFileSync('cat', ['/proc/net/tcp', '/proc/net/tcp6'], { encoding: 'utf8' });
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    const addresses = [...table.matchAll(new RegExp(`^ *\\d+: (\\w+):${hex} 0+:0000 0A`, 'gm'))].map((m) => m[1]);
    assert.ok(addresses.length >= 1);
    for (const address of addresses) assert.match(address, /^(0100007F|00000000000000000000000001000000)$/);
});
