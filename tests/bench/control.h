/* SPDX-License-Identifier: Apache-2.0 */
/* The control: the least that could move the same rows, without merge, rights or checks. */
#ifndef BENCH_CONTROL_H
#define BENCH_CONTROL_H

#include "bench/figures.h"

/* Two processes and a TCP connection over loopback: SELECT, MessagePack, mbedTLS; then INSERT
 * of the row and a log row, a durable commit every 10,000 rows. */
void control_transfer(const char *dir, uint64_t rows, struct sample *out);
/* One durable transaction for each row with its log row, in this process. */
void control_record(const char *dir, uint64_t rows, struct sample *out);
/* The same rows and log rows with a durable commit every 10,000, in this process. */
void control_batch(const char *dir, uint64_t rows, struct sample *out);
/* The same with a durable commit every so many rows. */
void control_commits(const char *dir, uint64_t rows, uint64_t commit_rows, struct sample *out);

#endif
