/* SPDX-License-Identifier: Apache-2.0 */
/* Plain-text tables for a terminal: columns aligned by what the eye sees, not by bytes. */
#ifndef IO_GRID_H
#define IO_GRID_H

#include "proto/buf.h"
#include "proto/err.h"
#include "proto/mem.h"

enum { GRID_COLUMNS_MAX = 64 };

/* Columns a terminal needs for the text: combining marks and control characters 0, wide
 * characters (CJK, emoji) 2, roughly; a byte that is not UTF-8 counts 1. */
size_t grid_width(struct str text);
/* Append the text so that it needs exactly `width` columns: cut with an ellipsis, or padded on
 * the right (left when right_aligned). Control characters come out as spaces, so that no text
 * can steer the terminal. */
void grid_fit(struct buf *out, struct str text, size_t width, bool right_aligned);

enum grid_style { GRID_PLAIN, GRID_BOLD, GRID_DIM, GRID_RED, GRID_GREEN, GRID_YELLOW };
/* Append the text in a style; plain when color is false. Control characters as in grid_fit. */
void grid_paint(struct buf *out, struct str text, enum grid_style style, bool color);

/* Append the text, any length, without what could steer the terminal; its lines stay lines. */
void grid_clean(struct buf *out, struct str text);

struct grid_column {
    const char *title; /* heading, in the person's language */
    bool right;        /* numbers: aligned on the right */
    size_t width_max;  /* longer cells are cut with an ellipsis; 0: never */
};

/* Collects the cells row by row, then prints. A zeroed struct is not a grid: grid_init. */
struct grid {
    /* private */
    const struct grid_column *columns;
    size_t n;                       /* columns */
    size_t cells;                   /* cells added */
    size_t width[GRID_COLUMNS_MAX]; /* widest cell so far, title included */
    struct buf text;                /* the cells: length, style, bytes */
};
/* The columns must outlive the grid. */
void grid_init(struct grid *grid, const struct grid_column *columns, size_t n);
void grid_done(struct grid *grid);
/* Add the next cell; after the last column a new row begins. */
void grid_cell(struct grid *grid, struct str text, enum grid_style style);
/* Append heading and rows; every row must be whole. No heading when there is no row.
 * ERR_NOMEM, ERR_LIMIT from here or from adding cells. */
NODISCARD enum err grid_print(const struct grid *grid, bool color, struct buf *out);

#endif
