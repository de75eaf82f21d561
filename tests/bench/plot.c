/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/plot.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum { WIDTH = 720, HEIGHT = 400, LEFT = 80, RIGHT = 200, TOP = 48, BOTTOM = 56 };
enum { SERIES_MAX = 4, POINTS_MAX = 8, STEPS = 5 };

struct curve {
    const char *label;
    const char *figure; /* name of the figures, one point each */
    size_t member;      /* of struct medians */
    double scale;
};
struct plot {
    const char *file, *title, *y_label;
    struct curve curves[SERIES_MAX]; /* label NULL: no more */
};
struct points {
    double x[POINTS_MAX], y[POINTS_MAX];
    size_t count;
};

static const struct plot plots[] = {
    {"rate.svg",
     "Rows per second, first sync over TLS",
     "rows per second",
     {{"control: transfer", "control: transfer", offsetof(struct medians, rate), 1},
      {"first upload", "first upload", offsetof(struct medians, rate), 1},
      {"first download", "first download", offsetof(struct medians, rate), 1},
      {"import", "import", offsetof(struct medians, rate), 1}}},
    {"cpu.svg",
     "CPU for one row of the first sync",
     "microseconds a row",
     {{"upload, server", "first upload", offsetof(struct medians, far_us), 1},
      {"upload, client", "first upload", offsetof(struct medians, near_us), 1},
      {"download, server", "first download", offsetof(struct medians, far_us), 1},
      {"download, client", "first download", offsetof(struct medians, near_us), 1}}},
    {"memory.svg",
     "Highest memory of a process",
     "megabytes",
     {{"server, upload", "first upload", offsetof(struct medians, peak_mb), 1},
      {"server, download", "first download", offsetof(struct medians, peak_mb), 1},
      {"jalon import", "import", offsetof(struct medians, peak_mb), 1},
      {"jalon status", "jalon status", offsetof(struct medians, peak_mb), 1}}},
    {"change.svg",
     "One field of 100 rows changed, by size of the database",
     "milliseconds",
     {{"open: acknowledged", "change, upload, open", offsetof(struct medians, seconds), 1000},
      {"open: at the other", "change, download, open", offsetof(struct medians, seconds), 1000},
      {"new process: sent", "change, upload", offsetof(struct medians, seconds), 1000},
      {"new process: received", "change, download", offsetof(struct medians, seconds), 1000}}},
};

static void collect(const struct figures *figures, const struct curve *curve,
                    struct points *out)
{
    out->count = 0;
    for (size_t i = 0; i < figures->count && out->count < POINTS_MAX; i++) {
        const struct figure *figure = &figures->list[i];
        double value = 0;
        if (strcmp(figure->name, curve->figure) != 0)
            continue;
        struct medians line = figures_medians(figures, figure);
        memcpy(&value, (const char *)&line + curve->member, sizeof value);
        if (value < 0)
            continue;
        size_t at = out->count++; /* by size, wherever it was measured */
        double x = (double)(figure->size == 0 ? figure->rows : figure->size);
        for (; at > 0 && out->x[at - 1] > x; at--) {
            out->x[at] = out->x[at - 1];
            out->y[at] = out->y[at - 1];
        }
        out->x[at] = x;
        out->y[at] = value * curve->scale;
    }
}

/* The next of 1, 2, 5, 10, 20 … that is not below. */
static double round_up(double value)
{
    static const double steps[] = {1, 2, 5, 10};
    double power = pow(10, floor(log10(value)));
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (steps[i] * power >= value)
            return steps[i] * power;
    return 10 * power;
}

/* What the axes span: rows in powers of ten, values from 0. */
struct span {
    double x_from, x_to; /* logarithms */
    double step, y_to;
};

static struct span span_of(const struct points *points, size_t curves)
{
    double x_min = INFINITY;
    double x_max = 1;
    double y_max = 0;
    for (size_t i = 0; i < curves; i++) {
        for (size_t k = 0; k < points[i].count; k++) {
            x_min = fmin(x_min, points[i].x[k]);
            x_max = fmax(x_max, points[i].x[k]);
            y_max = fmax(y_max, points[i].y[k]);
        }
    }
    double step = round_up(y_max / STEPS);
    return (struct span){log10(x_min), log10(x_max), step, step * ceil(y_max / step)};
}

static double across(const struct span *span, double rows)
{
    return LEFT +
           (log10(rows) - span->x_from) / (span->x_to - span->x_from) * (WIDTH - LEFT - RIGHT);
}

static double down(const struct span *span, double value)
{
    return HEIGHT - BOTTOM - value / span->y_to * (HEIGHT - TOP - BOTTOM);
}

static void head(FILE *out, const struct plot *plot)
{
    (void)fprintf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" "
        "aria-label=\"%s\">\n<title>%s</title>\n<style>\n"
        "svg{color:#1f2328;font:13px sans-serif}"
        "text{fill:currentColor}.grid{stroke:currentColor;stroke-opacity:.15}"
        ".axis{stroke:currentColor}.c{fill:none;stroke-width:2.5}"
        ".c0{stroke:#6e7781}.c1{stroke:#0969da}.c2{stroke:#1a7f37}.c3{stroke:#bc4c00}\n"
        "@media(prefers-color-scheme:dark){svg{color:#e6edf3}.c0{stroke:#8b949e}"
        ".c1{stroke:#58a6ff}.c2{stroke:#3fb950}.c3{stroke:#f0883e}}\n</style>\n",
        WIDTH, HEIGHT, plot->title, plot->title);
    (void)fprintf(out, "<text x=\"%d\" y=\"26\" font-size=\"16\">%s</text>\n", LEFT,
                  plot->title);
}

static void number(FILE *out, double x, double y, const char *anchor, double value)
{
    (void)fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    if (value >= 1000000 && fmod(value, 100000) == 0)
        (void)fprintf(out, "%gM</text>\n", value / 1000000);
    else if (value >= 1000)
        (void)fprintf(out, "%gk</text>\n", value / 1000);
    else
        (void)fprintf(out, "%g</text>\n", value);
}

static void axes(FILE *out, const struct plot *plot, const struct span *span)
{
    int bottom = HEIGHT - BOTTOM;
    for (int i = 0; i <= (int)lround(span->y_to / span->step); i++) {
        double value = i * span->step;
        double y = down(span, value);
        (void)fprintf(out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>\n", LEFT, y,
                      WIDTH - RIGHT);
        number(out, LEFT - 8, y + 4, "end", value);
    }
    for (int power = (int)ceil(span->x_from - 1e-9); power <= (int)(span->x_to + 1e-9);
         power++) {
        double x = across(span, pow(10, power));
        (void)fprintf(out, "<path class=\"axis\" d=\"M%.1f %dv5\"/>\n", x, bottom);
        number(out, x, bottom + 20, "middle", pow(10, power));
    }
    (void)fprintf(out, "<path class=\"axis\" fill=\"none\" d=\"M%d %dV%dH%d\"/>\n", LEFT, TOP,
                  bottom, WIDTH - RIGHT);
    (void)fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">rows</text>\n",
                  (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12);
    (void)fprintf(out,
                  "<text transform=\"translate(20 %d) rotate(-90)\" text-anchor=\"middle\">%s"
                  "</text>\n",
                  (TOP + bottom) / 2, plot->y_label);
}

/* Labels stand at the ends of their curves, but apart. */
static void labels(FILE *out, const struct plot *plot, const struct points *points,
                   const struct span *span, size_t curves)
{
    size_t order[SERIES_MAX] = {0};
    double y[SERIES_MAX] = {0};
    for (size_t i = 0; i < curves; i++) {
        y[i] = points[i].count == 0 ? HEIGHT : down(span, points[i].y[points[i].count - 1]);
        size_t at = i;
        for (; at > 0 && y[order[at - 1]] > y[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    double last = 0;
    for (size_t i = 0; i < curves; i++) {
        size_t k = order[i];
        if (points[k].count == 0)
            continue;
        last = fmax(y[k], last + 18);
        (void)fprintf(out, "<path class=\"c c%zu\" d=\"M%d %.1fh16\"/>\n", k,
                      WIDTH - RIGHT + 10, last);
        (void)fprintf(out, "<text x=\"%d\" y=\"%.1f\">%s</text>\n", WIDTH - RIGHT + 32,
                      last + 4, plot->curves[k].label);
    }
}

static void curve(FILE *out, size_t which, const struct points *points, const struct span *span)
{
    if (points->count == 0)
        return;
    (void)fprintf(out, "<path class=\"c c%zu\" d=\"", which);
    for (size_t i = 0; i < points->count; i++)
        (void)fprintf(out, "%c%.1f %.1f", i == 0 ? 'M' : 'L', across(span, points->x[i]),
                      down(span, points->y[i]));
    (void)fprintf(out, "\"/>\n");
    for (size_t i = 0; i < points->count; i++)
        (void)fprintf(out, "<circle class=\"c c%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>\n",
                      which, across(span, points->x[i]), down(span, points->y[i]));
}

static void draw(FILE *out, const struct plot *plot, const struct points *points, size_t curves)
{
    struct span span = span_of(points, curves);
    head(out, plot);
    axes(out, plot, &span);
    for (size_t i = 0; i < curves; i++)
        curve(out, i, &points[i], &span);
    labels(out, plot, points, &span, curves);
    (void)fprintf(out, "</svg>\n");
}

static bool draw_file(const struct figures *figures, const struct plot *plot, const char *dir)
{
    struct points points[SERIES_MAX] = {0};
    size_t curves = 0;
    size_t most = 0;
    for (; curves < SERIES_MAX && plot->curves[curves].label != NULL; curves++) {
        collect(figures, &plot->curves[curves], &points[curves]);
        most = points[curves].count > most ? points[curves].count : most;
    }
    if (most < 2)
        return true;
    char path[400];
    (void)snprintf(path, sizeof path, "%.300s/%s", dir, plot->file);
    FILE *out = fopen(path, "w");
    if (out == NULL)
        return false;
    draw(out, plot, points, curves);
    return fclose(out) == 0;
}

bool plot_all(const struct figures *figures, const char *dir)
{
    bool good = true;
    for (size_t i = 0; i < sizeof plots / sizeof *plots; i++)
        good = draw_file(figures, &plots[i], dir) && good;
    return good;
}
