/* experiment_table.c: one metric's results as a table: a line for each row and augmentation. */
#include <math.h>
#include <string.h>
#include "experiment/result/experiment_results.h"
#include "voxgan/experiment.h"
#include "base/fs.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "io/table.h"
#include "voxgan/version.h"

/* Writes "0.8123 +- 0.0456", and the number of infinite values if there are any. */
static void cell_text(const experiment_results *r, const experiment_cell *c, const char *plus_minus,
                      char *buf, size_t size) {
  const int digits = *r->columns[c->column].metric->metric->unit ? 2 : 4;
  int at = 0;
  if (c->mean.n) at = snprintf(buf, size, "%.*f", digits, c->mean.mean);
  if (c->mean.n > 1) at += snprintf(buf + at, size - (size_t)at, " %s %.*f", plus_minus, digits, c->mean.sd);
  if (c->mean.infinite)
    snprintf(buf + at, size - (size_t)at, "%s%zu inf", c->mean.n ? ", " : "", c->mean.infinite);
}

enum { TEXTS = 16, FIRST = 3 };

vg_status vg_experiment_results_table(const experiment_results *r, const char *metric, const char *plus_minus,
                                      vg_table *t) {
  const char *header[TEXTS] = {"row", "augmentation", "seeds"};
  char titles[TEXTS][64];
  size_t columns[TEXTS], n = FIRST;
  *t = (vg_table){0};
  for (size_t c = 0; c < r->n_columns && n < TEXTS; c++) {
    const experiment_column *k = &r->columns[c];
    if (!vg_experiment_column_shown(r, c) || strcmp(k->metric->name, metric) != 0) continue;
    const char *unit = k->metric->metric->unit;
    snprintf(titles[n], sizeof titles[n], "%s %s%s%s", k->region, metric, *unit ? " " : "", unit);
    header[n] = titles[n];
    columns[n++] = c;
  }
  if (n == FIRST) return VG_OK;
  vg_status st = vg_table_init(t, n, header);
  for (int a = 0; a < 2; a++)
    for (int row = 0; row < r->design.n_rows; row++) {
      const char *cells[TEXTS] = {r->design.rows[row].name, vg_experiment_augmentation(a == 1)};
      char texts[TEXTS][64] = {{0}};
      size_t seeds = 0;
      for (size_t i = 0; i < r->n_cells; i++) {
        const experiment_cell *c = &r->cells[i];
        for (size_t k = FIRST; k < n; k++)
          if (c->row == row && c->augmented == (a == 1) && c->column == columns[k]) {
            cell_text(r, c, plus_minus, texts[k], sizeof texts[k]);
            seeds = c->seeds;
          }
      }
      snprintf(texts[2], sizeof texts[2], "%zu", seeds);
      for (size_t k = 2; k < n; k++) cells[k] = texts[k];
      if (seeds && !st) st = vg_table_add_row(t, cells);
    }
  return st;
}
