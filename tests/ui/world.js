// SPDX-License-Identifier: Apache-2.0
// What a browser test needs: a real server, enrolled clients with their pages, a browser. Own
// folders, free ports; everything waits for words, nothing sleeps.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import AxeBuilder from '@axe-core/playwright';
import { chromium } from 'playwright-core';

const bin = process.env.JALON_BIN ?? 'build/release'; // absolute, as run.sh gives it
const shots = process.env.JALON_SHOTS ?? join(bin, 'shots');
const env = { ...process.env, LANG: 'fr_BE.UTF-8', LC_ALL: '', LC_MESSAGES: '' };
export const jalon = join(bin, 'client/jalon');

export function run(program, ...words) {
    return execFileSync(program, words, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

// Start a program that stays; its first line that matches.
export function stay(program, words, pattern, more = {}) {
    return new Promise((resolve, reject) => {
        const child = spawn(program, words, { env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
        let said = '';
        let errors = '';
        child.stderr.on('data', (bytes) => { errors += bytes; });
        child.stdout.on('data', (bytes) => {
            said += bytes;
            const found = said.match(pattern);
            if (found) resolve({ child, found, said: () => said, errors: () => errors });
        });
        child.on('exit', (code) => reject(new Error(`${program} ended with ${code}: ${errors}`)));
    });
}
export function ended(child, signal) {
    return new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
        child.on('exit', (code) => resolve(code));
        child.kill(signal);
    });
}

// A network with one structure, a server, and a client for each name.
export async function world(...people) {
    const dir = mkdtempSync(join(tmpdir(), 'jalon-ui-'));
    const server = join(dir, 'server');
    const jalonctl = (...words) => run(join(bin, 'server/jalonctl'), '--data', server, ...words);
    const w = { dir, jalonctl, ctl: join(bin, 'server/jalonctl'), serverData: server, clients: {}, running: [] };
    run(join(bin, 'server/jalond'), 'init', '--data', server, '--network', "Réseau d'essai");
    w.serve = async (address = '127.0.0.1:0') => {
        const s = await stay(join(bin, 'server/jalond'), ['serve', '--data', server, '--sync', address], /^sync (\S+)$/m);
        w.server = s.child;
        w.address = s.found[1];
        w.running.push(s.child);
    };
    w.unserve = () => ended(w.server, 'SIGTERM');
    await w.serve();
    w.structure = jalonctl('structure', 'add', "EI L'Atelier Fictif", '--type', 'EI');
    jalonctl('parameter', 'add', 'key=jobcoach_sees', 'value=structure', `structure=${w.structure}`, 'valid_from=2020-01-01');
    w.enrol = (name, role = 'jobcoach') => {
        const staff = jalonctl('staff', 'add', `${name} Exemple`, '--structure', w.structure, '--role', role);
        const data = join(dir, name);
        run(jalon, '--data', data, 'enrol', jalonctl('invite', staff));
        run(jalon, '--data', data, 'sync');
        w.clients[name] = data;
    };
    for (const name of people) w.enrol(name);
    w.cli = (name, ...words) => run(jalon, '--data', w.clients[name], ...words);
    w.ui = async (name) => {
        const data = w.clients[name] ?? join(dir, name);
        const s = await stay(jalon, ['--data', data, 'ui', '--port', '0', '--no-open'], /https?:\S+/);
        w.running.push(s.child);
        return { ...s, url: s.found[0], data };
    };
    w.end = async () => {

        for (const child of w.running.reverse()) await ended(child, 'SIGTERM');
        rmSync(dir, { recursive: true, force: true });
    };
    return w;
}

export function browse(...more) {
    return chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
            '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', ...more],
    });
}

// A page that fails the test when it says anything on the console, or asks anybody else.
export async function open(browser, url, { width = 1280, height = 800, dark = false } = {}) {
    const context = await browser.newContext({
        locale: 'fr-BE', timezoneId: 'Europe/Brussels', viewport: { width, height }, colorScheme: dark ? 'dark' : 'light',
    });
    const page = await context.newPage();
    const errors = [];
    const origin = new URL(url).origin;
    page.on('console', (m) => m.type() === 'error' && errors.push(m.text()));
    page.on('pageerror', (e) => errors.push(String(e)));
    page.on('request', (r) => !r.url().startsWith(origin) && !r.url().startsWith('data:') && errors.push(`asked ${r.url()}`));
    await page.goto(url);
    return { context, page, errors };
}

// What every page must hold at any width: nothing sideways, nothing axe objects to.
export async function inspect(page, name) {
    mkdirSync(shots, { recursive: true });
    await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
    const wide = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wide[0] <= wide[1], `${name}: ${wide[0]} px of content in ${wide[1]} px`);
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
    assert.deepEqual(violations.map((v) => `${name}: ${v.id}: ${v.nodes.map((n) => n.target).join(' ')}`), []);
}
// The same in four shapes; JALON_SHAPES=2 takes two of them, for whoever is in a hurry.
export async function inspectAll(page, name) {
    for (const width of [1280, 320])
        for (const colorScheme of ['light', 'dark']) {
            if (process.env.JALON_SHAPES === '2' && (width === 320) !== (colorScheme === 'dark')) continue;
            await page.setViewportSize({ width, height: 800 });
            await page.emulateMedia({ colorScheme });
            await inspect(page, `${name}-${width}-${colorScheme}`);
        }
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ colorScheme: 'light' });
}
