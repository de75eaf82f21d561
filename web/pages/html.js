// SPDX-License-Identifier: Apache-2.0
// Markup as tagged templates: everything that comes in is text, never markup.
import { h } from 'preact';
import htm from 'htm';

export const html = htm.bind(h);
