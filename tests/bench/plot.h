/* SPDX-License-Identifier: Apache-2.0 */
/* Curves as SVG, readable on light and dark paper. */
#ifndef BENCH_PLOT_H
#define BENCH_PLOT_H

#include "bench/figures.h"

/* Write the curves over the number of rows into this folder: rate.svg, cpu.svg, memory.svg and
 * change.svg, those of which there are at least two sizes. False when a file could not be
 * written; errno tells. */
bool plot_all(const struct figures *figures, const char *dir);

#endif
