// SPDX-License-Identifier: Apache-2.0
// The pages made for one task each, with their addresses.
import { Company } from './company.js';
import { Visit } from './visit.js';

const ID = '([0-9a-f-]{36})';
export const sheets = [
    [new RegExp(`^#/visit/${ID}$`), Visit],
    [new RegExp(`^#/company/${ID}$`), Company],
];
