// SPDX-License-Identifier: Apache-2.0
// The pages lock when nobody has used them for a while: in one window for all of them. What was
// on them leaves the window, and the session it was opened with ends.
import { useEffect, useState } from 'preact/hooks';
import { lock, onLock } from './api.js';
import { html } from './html.js';
import { Icon } from './icons.js';
import { t } from './text.js';

const LOOK_MS = 5 * 1000;
const MINUTE_MS = 60 * 1000;

// True once locked. idleMin: 0 never.
export function useLock(idleMin) {
    const [locked, setLocked] = useState(false);
    useEffect(() => onLock(() => setLocked(true)), []);
    useEffect(() => {
        if (!idleMin || locked) return undefined;
        let last = Date.now();
        const channel = new BroadcastChannel('jalon');
        const used = () => {
            if (Date.now() - last < 1000) return;
            last = Date.now();
            channel.postMessage('used');
        };
        channel.onmessage = () => { last = Date.now(); };
        // Time goes on while a laptop sleeps: what counts is the clock, not the number of looks.
        const look = () => {
            if (Date.now() - last < idleMin * MINUTE_MS) return;
            lock();
        };
        const signs = ['keydown', 'pointerdown', 'pointermove', 'wheel'];
        signs.forEach((sign) => addEventListener(sign, used, { passive: true }));
        const timer = setInterval(look, LOOK_MS);
        document.addEventListener('visibilitychange', look);
        return () => {
            clearInterval(timer);
            document.removeEventListener('visibilitychange', look);
            signs.forEach((sign) => removeEventListener(sign, used));
            channel.close();
        };
    }, [idleMin, locked]);
    return locked;
}

export function Locked() {
    return html`<main class="plain locked"><h1><${Icon} name="lock" /> ${t('Jalon est verrouillé')}</h1>
        <p>${t("Tout ce que vous aviez écrit est enregistré. Rouvrez Jalon par l'icône du bureau, ou par la commande « jalon ».")}</p>
        <p class="buttons"><button type="button" class="quiet" onClick=${() => location.reload()}>${t("C'est fait, continuer ici")}</button></p></main>`;
}
