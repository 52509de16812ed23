/* cmd_cache.c: voxgan cache: shows what a cache of prepared volumes holds, and prunes it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/mem.h"
#include "base/number/axes.h"
#include "base/text/plural.h"
#include "cli/cli.h"
#include "io/table.h"
#include "prep/cache/cache_list.h"

static const char *rule_text;
static bool dry_run;

static const cli_option options[] = {
    {"prune", CLI_TEXT, &rule_text, "RULE",
     "30d or 12h: remove volumes that were not used for that long; 50GB or 500MB: remove those unused for "
     "longest, until the cache is that small",
     false},
    {"dry-run", CLI_FLAG, &dry_run, NULL, "with --prune: list what would be removed", false},
    {NULL, CLI_FLAG, NULL, NULL, NULL, false},
};

static int by_spacing(const vg_cached *a, const vg_cached *b) {
  int d = 0;
  for (int k = 0; k < 3 && !d; k++) d = (a->spacing[k] > b->spacing[k]) - (a->spacing[k] < b->spacing[k]);
  return d;
}

/* "own", "1.5 mm" or "1.8 x 1.8 x own mm". */
static void spacing_text(const double mm[3], char out[64]) {
  char one[3][16];
  for (int a = 0; a < 3; a++) snprintf(one[a], sizeof one[a], mm[a] > 0 ? "%.3g" : "own", mm[a]);
  if (!vg_axes_same(mm))
    snprintf(out, 64, "%s x %s x %s mm", one[0], one[1], one[2]);
  else
    snprintf(out, 64, "%s%s", one[0], mm[0] > 0 ? " mm" : "");
}

static bool alike(const vg_cached *a, const vg_cached *b) {
  return !strcmp(a->data, b->data) && !strcmp(a->series, b->series) && !strcmp(a->classes, b->classes) &&
         by_spacing(a, b) == 0;
}

static int by_group(const void *a, const void *b) {
  const vg_cached *x = a, *y = b;
  int d = strcmp(x->data, y->data);
  if (!d) d = strcmp(x->series, y->series);
  if (!d) d = strcmp(x->classes, y->classes);
  return d ? d : by_spacing(x, y);
}

static vg_status add_group(vg_table *t, const vg_cached *c, size_t n) {
  uint64_t bytes = 0;
  time_t last = 0;
  int classes = *c->classes != '\0';
  bool used = false;
  char voxels[64], count[32], size[32], ago[32], number[32];
  for (size_t i = 0; i < n; i++) {
    bytes += c[i].bytes;
    used |= c[i].in_use;
    if (c[i].used.tv_sec > last) last = c[i].used.tv_sec;
  }
  for (const char *p = c->classes; *p; p++) classes += *p == ',';
  spacing_text(c->spacing, voxels);
  snprintf(count, sizeof count, "%zu", n);
  snprintf(number, sizeof number, "%d", classes);
  const char *known = *c->data ? c->data : "(of an earlier version)";
  return vg_table_add_row(
      t, (const char *const[]){known, *c->data ? voxels : "", *c->series ? c->series : "",
                               *c->data ? number : "", count, vg_bytes(bytes, size),
                               used ? "in use" : vg_duration(fmax(0, difftime(time(NULL), last)), ago)});
}

/* One row for each data set and way of preparing it. */
static vg_status print_groups(vg_cached *c, size_t n) {
  static const char *const header[] = {"data",     "voxels", "series",    "classes",
                                       "subjects", "size",   "unused for"};
  vg_table t;
  vg_status st = vg_table_init(&t, 7, header);
  if (n) qsort(c, n, sizeof *c, by_group);
  for (size_t i = 0, end; i < n && !st; i = end) {
    for (end = i + 1; end < n && alike(&c[i], &c[end]);) end++;
    st = add_group(&t, &c[i], end - i);
  }
  if (!st) vg_table_print(stdout, &t);
  vg_table_release(&t);
  return st;
}

/* Moves the cases that stay to the front. */
static size_t keep(vg_cache_list *l, uint64_t *bytes, uint64_t *gone) {
  size_t n = 0;
  *bytes = *gone = 0;
  for (size_t i = 0; i < l->n; i++) {
    *(l->cases[i].removed ? gone : bytes) += l->cases[i].bytes;
    if (l->cases[i].removed) continue;
    const vg_cached stays = l->cases[i];
    l->cases[i] = l->cases[n];
    l->cases[n++] = stays;
  }
  return n;
}

static vg_status run(char **args, int n_args) {
  const char *named = getenv("VOXGAN_CACHE");
  vg_cache_list l = {0};
  vg_prune rule = {.dry_run = dry_run};
  char *folder = NULL, size[32], gone_size[32];
  vg_status st = VG_OK;
  if (dry_run && !rule_text) return vg_fail(VG_USAGE, "--dry-run needs --prune");
  if (rule_text) st = vg_prune_parse(rule_text, &rule);
  if (!st) st = vg_cache_find(n_args ? args[0] : named && *named ? named : ".", &folder);
  if (!st) st = rule_text ? vg_cache_prune(folder, &rule, &l) : vg_cache_read(folder, &l);
  if (!st) {
    uint64_t bytes, gone;
    const size_t n = keep(&l, &bytes, &gone);
    if (rule_text)
      printf("%s %zu of %zu prepared %s, %s\n", dry_run ? "would remove" : "removed", l.n - n, l.n,
             vg_plural(l.n, "subject", "subjects"), vg_bytes(gone, gone_size));
    printf("%s: %zu prepared %s, %s%s", folder, n, vg_plural(n, "subject", "subjects"), vg_bytes(bytes, size),
           l.users ? "" : "\n");
    if (l.users) printf("; in use by %zu %s\n", l.users, vg_plural(l.users, "process", "processes"));
    if (n) st = print_groups(l.cases, n);
  }
  vg_cache_list_release(&l);
  vg_free(folder);
  return st;
}

const cli_command vg_cli_cmd_cache = {
    .name = "cache",
    .arguments = "[DIR]",
    .summary = "show what a cache of prepared volumes holds, and prune it",
    .details = "DIR is a cache, a run, or the folder with runs and their voxgan-cache (default: "
               "$VOXGAN_CACHE, else\n"
               "the current folder). Prepared volumes can be made again at any time. Pruning never removes "
               "one that\n"
               "a running training uses.\n"
               "\n"
               "example:\n"
               "  voxgan cache runs\n"
               "  voxgan cache runs --prune 30d\n"
               "  voxgan cache runs --prune 100GB --dry-run\n",
    .options = options,
    .least_args = 0,
    .most_args = 1,
    .run = run,
};
