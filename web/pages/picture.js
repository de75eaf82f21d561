// SPDX-License-Identifier: Apache-2.0
// The text of a QR code in a picture, or before the camera: read here, on this device. A script
// of its own, loaded when somebody asks for it.
import decode from 'qr/decode.js';

const SIDES = [1600, 900, 500]; // a code may be too fine or too coarse at one of them

function pixels(source, width, height, side) {
    const scale = Math.min(1, side / Math.max(width, height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.fillStyle = '#fff'; // what is transparent is paper
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(source, 0, 0, canvas.width, canvas.height);
    return context.getImageData(0, 0, canvas.width, canvas.height);
}
function textIn(source, width, height, sides) {
    for (const side of sides) {
        try {
            return decode(pixels(source, width, height, side));
        } catch {
            // not at this size
        }
    }
    return '';
}

// '' when there is none.
export async function readPicture(file) {
    let picture;
    try {
        picture = await createImageBitmap(file);
    } catch {
        return '';
    }
    try {
        return textIn(picture, picture.width, picture.height, SIDES);
    } finally {
        picture.close();
    }
}

// Look through the camera into `video` until a code is there, or the signal says stop.
export async function readCamera(video, signal) {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' }, audio: false });
    try {
        video.srcObject = stream;
        await video.play();
        while (!signal.aborted) {
            const text = video.videoWidth ? textIn(video, video.videoWidth, video.videoHeight, [SIDES[1]]) : '';
            if (text) return text;
            await new Promise((then) => requestAnimationFrame(then));
        }
        return '';
    } finally {
        stream.getTracks().forEach((track) => track.stop());
        video.srcObject = null;
    }
}
