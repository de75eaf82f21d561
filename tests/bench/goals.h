/* SPDX-License-Identifier: Apache-2.0 */
/* What was found beside what is aimed at. */
#ifndef BENCH_GOALS_H
#define BENCH_GOALS_H

#include "bench/figures.h"

void goals_table(const struct figures *figures, FILE *out);
/* An array. */
void goals_json(const struct figures *figures, FILE *out);

#endif
