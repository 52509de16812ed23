/* readers_score.c: scores what readers answered. */
#include "eval/readers/readers.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/number/statistic.h"
#include "base/str.h"
#include "base/text/plural.h"
#include "io/table.h"
#include "voxgan/log.h"

typedef enum answer { NONE = -1, REAL, SYNTHETIC } answer;

/* Reads "real" or "synthetic", or a beginning of either, in any case. */
static bool parse_answer(const char *text, answer *out) {
  static const char *const words[] = {"real", "synthetic"};
  size_t n = 0;
  while (isspace((unsigned char)*text)) text++;
  for (; text[n] && !isspace((unsigned char)text[n]); n++) continue;
  *out = NONE;
  if (!n) return true;
  for (int w = 0; w < 2; w++) {
    size_t k = 0;
    while (k < n && words[w][k] && tolower((unsigned char)text[k]) == words[w][k]) k++;
    if (k == n) *out = (answer)w;
  }
  return *out != NONE;
}

static vg_status require_column(const vg_table *t, const char *path, const char *name, size_t *out) {
  const int c = vg_table_col(t, name);
  if (c < 0) return vg_fail(VG_DATA, "%s: has no column %s", path, name);
  *out = (size_t)c;
  return VG_OK;
}

/* The cases and what they are. */
typedef struct key {
  vg_table table;
  size_t case_column, n;
  answer *truth; /* (n) of table row i + 1 */
} key;

static vg_status check_seal(const char *path) {
  char *dir = vg_fs_dirname(path), *seal = dir ? vg_format("%s/study/seal.txt", dir) : NULL, hex[VG_HASH_LEN];
  bool exists = false;
  void *text = NULL;
  size_t len;
  vg_status st = seal ? vg_fs_holds(seal, &exists) : VG_MEMORY;
  if (!st && !exists)
    vg_warn("%s: no study/seal.txt lies beside it, so nothing shows that the key was not changed", path);
  if (!st && exists) st = vg_fs_read(seal, &text, &len);
  if (!st && exists) st = vg_hash_file(path, hex);
  if (!st && exists && (len < VG_HASH_LEN - 1 || memcmp(text, hex, VG_HASH_LEN - 1) != 0))
    st = vg_fail(VG_DATA, "%s: is not the key that %s was made of", path, seal);
  vg_free(text);
  vg_free(seal);
  vg_free(dir);
  return st;
}

static vg_status read_key(const char *path, key *k) {
  size_t truth = 0;
  vg_status st = vg_table_read(path, &k->table);
  if (!st) st = check_seal(path);
  if (!st) st = require_column(&k->table, path, "case", &k->case_column);
  if (!st) st = require_column(&k->table, path, "truth", &truth);
  if (st) return st;
  if (k->table.rows < 2) return vg_fail(VG_DATA, "%s: has no case", path);
  k->n = k->table.rows - 1;
  k->truth = VG_NEW_N(answer, k->n);
  if (!k->truth) return VG_MEMORY;
  for (size_t i = 0; i < k->n; i++) {
    const char *word = vg_table_cell(&k->table, i + 1, truth);
    if (!parse_answer(word, &k->truth[i]) || k->truth[i] == NONE)
      return vg_fail(VG_DATA, "%s: row %zu: truth '%s' is neither real nor synthetic", path, i + 1, word);
  }
  return VG_OK;
}

static vg_status read_answers(const char *path, const key *k, answer *out) {
  vg_table t = {0};
  size_t name = 0, given = 0;
  vg_status st = vg_table_read_sheet(path, &t);
  if (!st) st = require_column(&t, path, "case", &name);
  if (!st) st = require_column(&t, path, "answer", &given);
  for (size_t i = 0; i < k->n; i++) out[i] = NONE;
  for (size_t row = 1; row < t.rows && !st; row++) {
    const char *of = vg_table_cell(&t, row, name), *text = vg_table_cell(&t, row, given);
    size_t i = 0;
    answer a;
    while (i < k->n && strcmp(vg_table_cell(&k->table, i + 1, k->case_column), of) != 0) i++;
    if (i == k->n)
      st = vg_fail(VG_DATA, "%s: row %zu: the key has no case '%s'", path, row, of);
    else if (!parse_answer(text, &a))
      st = vg_fail(VG_DATA, "%s: row %zu: answer '%s' is neither real nor synthetic", path, row, text);
    else if (a != NONE && out[i] != NONE)
      st = vg_fail(VG_DATA, "%s: row %zu: a second answer to case '%s'", path, row, of);
    else if (a != NONE)
      out[i] = a;
  }
  vg_table_release(&t);
  return st;
}

double vg_readers_kappa(const int *second, size_t n_cases, int n_raters) {
  if (n_raters < 2 || !n_cases) return NAN;
  const double n = n_raters, cases = (double)n_cases;
  double agreement = 0, share = 0;
  for (size_t i = 0; i < n_cases; i++) {
    const double b = second[i], a = n - b;
    agreement += (a * a + b * b - n) / (n * (n - 1) * cases);
    share += b / (n * cases);
  }
  const double chance = share * share + (1 - share) * (1 - share);
  return chance < 1 ? (agreement - chance) / (1 - chance) : NAN;
}

/* ---- the figures ---- */

static double mean_of(double *v, size_t n) {
  return vg_statistic_mean(v, n);
}

static vg_status add_reader(vg_table *t, const char *path, const key *k, const answer *given) {
  size_t right[2] = {0, 0}, of[2] = {0, 0};
  for (size_t i = 0; i < k->n; i++) {
    if (given[i] == NONE) continue;
    of[k->truth[i]]++;
    right[k->truth[i]] += given[i] == k->truth[i];
  }
  const vg_estimate e = vg_statistic_share(right[REAL] + right[SYNTHETIC], of[REAL] + of[SYNTHETIC]);
  char answered[24], value[24] = "", interval[40] = "", parts[2][24] = {"", ""};
  snprintf(answered, sizeof answered, "%zu", of[REAL] + of[SYNTHETIC]);
  if (!isnan(e.value)) {
    snprintf(value, sizeof value, "%.3f", e.value);
    snprintf(interval, sizeof interval, "%.3f to %.3f", e.low, e.high);
  }
  for (int g = 0; g < 2; g++)
    if (of[g]) snprintf(parts[g], sizeof parts[g], "%.3f", (double)right[g] / (double)of[g]);
  char *name = vg_strdup(vg_fs_basename(path));
  const size_t len = name ? strlen(name) : 0;
  if (len > 4 && !strcmp(name + len - 4, ".csv")) name[len - 4] = '\0';
  vg_status st =
      name ? vg_table_add_row(t, (const char *const[]){name, answered, value, interval, parts[0], parts[1]})
           : VG_MEMORY;
  vg_free(name);
  return st;
}

/* All readers: given is (n readers, cases). */
static vg_status print_all(FILE *to, const key *k, const answer *given, int n) {
  double *accuracy = vg_malloc(k->n, sizeof *accuracy);
  int *synthetic = VG_NEW_N(int, k->n);
  size_t known = 0, by_all = 0;
  vg_status st = accuracy && synthetic ? VG_OK : VG_MEMORY;
  for (size_t i = 0; i < k->n && !st; i++) {
    double right = 0;
    int answered = 0, said = 0;
    for (int r = 0; r < n; r++) {
      const answer a = given[(size_t)r * k->n + i];
      answered += a != NONE;
      said += a == SYNTHETIC;
      right += a == k->truth[i];
    }
    if (answered) accuracy[known++] = right / answered;
    if (answered == n) synthetic[by_all++] = said;
  }
  vg_estimate all = {NAN, NAN, NAN};
  if (!st) {
    all.value = vg_statistic_mean(accuracy, known);
    st = vg_statistic_bootstrap(mean_of, accuracy, known, VG_INTERVAL_LINEAR, "readers", &all.low, &all.high);
  }
  if (!st && !isnan(all.value)) {
    fprintf(to, "\nall readers: accuracy %.3f (%.3f to %.3f) over %zu %s; 0.5 is chance\n", all.value,
            all.low, all.high, known, vg_plural(known, "case", "cases"));
  }
  const double kappa = st ? NAN : vg_readers_kappa(synthetic, by_all, n);
  if (!isnan(kappa))
    fprintf(to, "agreement: Fleiss' kappa %.3f over %zu %s that all %d readers answered\n", kappa, by_all,
            vg_plural(by_all, "case", "cases"), n);
  vg_free(accuracy);
  vg_free(synthetic);
  return st;
}

vg_status vg_readers_score(const char *const *files, int n, const char *path, FILE *to) {
  static const char *const header[] = {"reader",       "answered",      "accuracy",
                                       "95% interval", "of real cases", "of synthetic cases"};
  key k = {0};
  vg_table t = {0};
  vg_status st = read_key(path, &k);
  answer *given = st ? NULL : VG_NEW_N(answer, (size_t)n * k.n);
  if (!st) st = given ? vg_table_init(&t, 6, header) : VG_MEMORY;
  for (int r = 0; r < n && !st; r++) {
    st = read_answers(files[r], &k, given + (size_t)r * k.n);
    if (!st) st = add_reader(&t, files[r], &k, given + (size_t)r * k.n);
  }
  if (!st) vg_table_print(to, &t);
  if (!st) st = print_all(to, &k, given, n);
  vg_table_release(&t);
  vg_free(given);
  vg_free(k.truth);
  vg_table_release(&k.table);
  return st;
}
