// SPDX-License-Identifier: Apache-2.0
// A device that belongs to nobody yet: an invitation that is good or not, and dossiers to try.
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { cpSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { browse, ended, inspectAll, jalon, open, run, world } from './world.js';

let w;
let browser;
let staff;
const data = (name) => join(w.dir, name);
before(async () => {
    w = await world();
    staff = w.jalonctl('staff', 'add', 'Dominique Fictif', '--structure', w.structure, '--role', 'jobcoach');
    browser = await browse();
});
after(async () => {
    await browser?.close();
    await w?.end();
});
async function welcome(name, seen = browser) {
    const ui = await w.ui(name);
    const opened = await open(seen, ui.url);
    await opened.page.getByRole('heading', { name: 'Bienvenue dans Jalon' }).waitFor();
    return { ...opened, ui };
}
async function type(page, code) {
    await page.getByRole('button', { name: "J'ai une invitation" }).click();
    await page.getByLabel("Code d'invitation").fill(code);
    await page.getByRole('button', { name: 'Inscrire cet appareil' }).click();
}
// A letter typed wrongly.
const spoilt = (code) => code.slice(0, -1) + (code.endsWith('2') ? '3' : '2');

test('two ways lead on, and nothing else is asked', async () => {
    const { context, page, errors } = await welcome('nobody');
    assert.deepEqual(await page.getByRole('button').allInnerTexts(), ["J'ai une invitation", "Essayer avec des données d'exemple"]);
    assert.equal(await page.getByRole('navigation').count(), 0);
    await inspectAll(page, 'welcome');
    await page.getByRole('button', { name: "J'ai une invitation" }).click();
    assert.ok(await page.getByLabel("Code d'invitation").evaluate((one) => one === document.activeElement));
    await inspectAll(page, 'welcome-code');
    assert.deepEqual(errors, []);
    await context.close();
});

test('a code may be typed as it comes, and the dossiers arrive', async () => {
    const other = w.jalonctl('invite', staff);
    run(jalon, '--data', data('first'), 'enrol', other);
    run(jalon, '--data', data('first'), 'add', 'person', 'name=Exemple', 'first_name=Zoé');
    run(jalon, '--data', data('first'), 'sync');
    const { context, page, errors } = await welcome('typed');
    const code = w.jalonctl('invite', staff);
    await type(page, ` ${code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'i')}\n`);
    await page.getByText("Bienvenue dans « Réseau d'essai », Dominique Fictif.").waitFor();
    await page.getByText('Tout est envoyé').waitFor();
    await page.getByRole('link', { name: 'Personnes' }).click();
    await page.getByRole('link', { name: 'Exemple Zoé' }).waitFor();
    assert.equal(JSON.parse(run(jalon, '--data', data('typed'), '--json', 'status')).live.connected, true);
    // The browser itself reports each answer that refuses; there was none.
    assert.deepEqual(errors, []);
    await context.close();
});

test('a code may come in a file', async () => {
    const { context, page } = await welcome('filed');
    const file = join(w.dir, 'invitation.txt');
    writeFileSync(file, `${w.jalonctl('invite', staff)}\n`);
    await page.getByRole('button', { name: "J'ai une invitation" }).click();
    await page.getByLabel('Lire une photo').setInputFiles(jalon);
    await page.getByText("Pas de code d'invitation à cet endroit.").waitFor();
    await page.getByLabel('Lire une photo').setInputFiles(file);
    await page.getByRole('button', { name: 'Inscrire cet appareil' }).click();
    await page.getByText('Bienvenue dans «').waitFor();
    await context.close();
});

// The half blocks a terminal shows, where what is light is drawn: rows of grey values, eight pixels
// a module.
function greyOf(lines, side = 8) {
    const light = lines.flatMap((line) => [[...line].map((c) => c === '▀' || c === '█'), [...line].map((c) => c === '▄' || c === '█')]);
    return light.flatMap((row) => Array(side).fill(row.flatMap((one) => Array(side).fill(one ? 255 : 0))));
}
const qrLines = (code) => spawnSync(w.ctl, ['--data', w.serverData, 'invite', code, '--qr'], { encoding: 'utf8' }).stderr.split('\n').filter((line) => /[▀▄█]/.test(line));
function pngOf(rows) {
    const chunk = (name, data) => {
        const body = Buffer.concat([Buffer.from(name), data]);
        const ends = Buffer.alloc(8);
        ends.writeUInt32BE(data.length, 0);
        ends.writeUInt32BE(crc32(body), 4);
        return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
    };
    const head = Buffer.alloc(13);
    head.writeUInt32BE(rows[0].length, 0);
    head.writeUInt32BE(rows.length, 4);
    head.set([8, 0, 0, 0, 0], 8);
    const bytes = deflateSync(Buffer.concat(rows.map((row) => Buffer.from([0, ...row]))));
    return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', bytes), chunk('IEND', Buffer.alloc(0))]);
}
// What a camera sees that is held at it: one frame, again and again.
function filmOf(rows) {
    const [width, height] = [640, 640];
    const grey = Buffer.alloc(width * height, 255);
    rows.forEach((row, y) => grey.set(row, (y + 8) * width + 8));
    return Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\nFRAME\n`), grey, Buffer.alloc(width * height / 2, 128)]);
}
function crc32(bytes) {
    let crc = ~0;
    for (const byte of bytes) {
        crc ^= byte;
        for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc >>> 0;
}

test('a code may come in a picture of its QR code', async () => {
    const { context, page, errors } = await welcome('pictured');
    const picture = pngOf(greyOf(qrLines(staff)));
    await page.getByRole('button', { name: "J'ai une invitation" }).click();
    await page.getByLabel('Lire une photo').setInputFiles({ name: 'rien.png', mimeType: 'image/png', buffer: pngOf(greyOf(['█▀▄█', '█▄▀█'])) });
    await page.getByText("Pas de code d'invitation à cet endroit.").waitFor();
    await page.getByLabel('Lire une photo').setInputFiles({ name: 'code.png', mimeType: 'image/png', buffer: picture });
    await page.waitForFunction(() => document.querySelector('#code').value.length > 20);
    await inspectAll(page, 'welcome-picture');
    await page.getByRole('button', { name: 'Inscrire cet appareil' }).click();
    await page.getByText('Bienvenue dans «').waitFor();
    assert.deepEqual(errors, []);
    await context.close();
});

test('a code may be held at the camera', async () => {
    const film = join(w.dir, 'film.y4m');
    writeFileSync(film, filmOf(greyOf(qrLines(staff), 6)));
    const camera = await browse('--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${film}`);
    try {
        const { page, errors } = await welcome('camera', camera);
        await page.getByRole('button', { name: "J'ai une invitation" }).click();
        await page.getByRole('button', { name: 'Montrer le code à la caméra' }).click();
        await page.waitForFunction(() => document.querySelector('#code').value.length > 20);
        await page.getByRole('button', { name: 'Montrer le code à la caméra' }).waitFor(); // it is shut
        assert.equal(await page.evaluate(() => document.querySelector('video').srcObject), null);
        await page.getByRole('button', { name: 'Inscrire cet appareil' }).click();
        await page.getByText('Bienvenue dans «').waitFor();
        assert.deepEqual(errors, []);
    } finally {
        await camera.close();
    }
});

test('a code that does not pass says which way, and whom to ask', async () => {
    const { context, page } = await welcome('wrong');
    const code = w.jalonctl('invite', staff);
    const again = async (text) => {
        await page.getByLabel("Code d'invitation").fill(text);
        await page.getByRole('button', { name: 'Inscrire cet appareil' }).click();
    };
    await type(page, spoilt(code));
    await page.getByText("Ce n'est pas un code complet").waitFor();
    await page.getByText('à la personne qui vous a donné celle-ci').waitFor();
    assert.equal(await page.getByLabel("Code d'invitation").getAttribute('aria-invalid'), 'true');
    await inspectAll(page, 'welcome-wrong');

    run(jalon, '--data', data('user'), 'enrol', code);
    await again(code);
    await page.getByText('Ce code a déjà servi pour un autre appareil').waitFor();

    // An invitation the server does not know: its data are those from before it was made.
    await w.unserve();
    cpSync(data('server'), data('older'), { recursive: true });
    await w.serve(w.address);
    const lost = w.jalonctl('invite', staff);
    await w.unserve();
    await again(lost);
    await page.getByText('Le serveur ne répond pas').waitFor();
    await page.getByText('le code reste bon').waitFor();
    renameSync(data('server'), data('newer'));
    renameSync(data('older'), data('server'));
    await w.serve(w.address);
    await again(lost);
    await page.getByText('Le serveur ne connaît pas (ou plus) ce code').waitFor();
    await again(w.jalonctl('invite', staff));
    await page.getByText('Bienvenue dans «').waitFor();
    await context.close();
});

test('dossiers to try are marked, stay here, and go with one click', async () => {
    const { context, page, errors, ui } = await welcome('trying');
    await page.getByRole('button', { name: "Essayer avec des données d'exemple" }).click();
    await page.getByText("Données d'exemple").waitFor();
    await page.getByRole('heading', { name: 'Séances du jour 3' }).waitFor();
    await page.getByRole('link', { name: 'Personnes' }).click();
    await page.getByText('9 fiches').waitFor();
    assert.equal(await page.getByRole('row', { name: /EXEMPLE/ }).count(), 9);
    await inspectAll(page, 'example-persons');
    await page.getByRole('link', { name: /Zoé/ }).click();
    await page.getByRole('button', { name: "Modifier l'identité" }).click();
    await page.getByLabel("Contact d'urgence").fill('sa sœur');
    await page.locator('.field', { hasText: "Contact d'urgence" }).locator('.mark.saved').waitFor();
    assert.deepEqual(errors, []);
    await context.close();
    await ended(ui.child, 'SIGTERM');

    // It is still there another time; the device's own replica stays empty, and nothing can sync.
    const again = await w.ui('trying');
    assert.deepEqual(JSON.parse(run(jalon, '--data', data('trying'), '--json', 'list', 'person')), []);
    const second = await open(browser, again.url);
    await second.page.getByText("Données d'exemple").waitFor();
    await ended(again.child, 'SIGTERM');
    const code = w.jalonctl('invite', staff);
    assert.throws(() => run(jalon, '--data', join(data('trying'), 'example'), 'sync'), /pas encore inscrit/);
    assert.throws(() => run(jalon, '--data', join(data('trying'), 'example'), 'enrol', code), /déjà inscrit/);
    await second.context.close();

    const third = await w.ui('trying');
    const { page: last, context: end } = await open(browser, third.url);
    await last.getByRole('button', { name: 'Retirer les exemples' }).click();
    await last.getByRole('heading', { name: 'Bienvenue dans Jalon' }).waitFor();
    await type(last, w.jalonctl('invite', staff));
    await last.getByText('Bienvenue dans «').waitFor();
    await last.getByText('Tout est envoyé').waitFor();
    assert.doesNotMatch(w.jalonctl('--json', 'person', 'list'), /EXEMPLE/);
    assert.doesNotMatch(w.jalonctl('--json', 'company', 'list'), /EXEMPLE/);
    await end.close();
});
