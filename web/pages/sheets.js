// SPDX-License-Identifier: Apache-2.0
// The pages made for one task each, with their addresses.
import { Agreement } from './agreement.js';
import { Assessment } from './assessment.js';
import { Company } from './company.js';
import { Import } from './import.js';
import { Referral } from './referral.js';
import { Reports } from './reports.js';
import { Search } from './search.js';
import { Team } from './team.js';
import { Visit } from './visit.js';

const ID = '([0-9a-f-]{36})';
export const sheets = [
    [new RegExp(`^#/visit/${ID}$`), Visit],
    [/^#\/import$/, Import],
    [/^#\/team$/, Team],
    [/^#\/reports(?:\/(I\d+))?$/, Reports],
    [/^#\/search(?:\/(.*))?$/, Search],
    [new RegExp(`^#/company/${ID}$`), Company],
    [new RegExp(`^#/assessment/${ID}$`), Assessment],
    [new RegExp(`^#/agreement/${ID}$`), Agreement],
    [new RegExp(`^#/referral/(new)/${ID}$`), Referral],
    [new RegExp(`^#/referral/${ID}$`), Referral],
];
