/* names.c: lists of names, and the name nearest to a word. */
#include "base/names.h"

#include <string.h>

const char *vg_names_at(const vg_names *names, size_t i) {
  if (i >= names->n) return NULL;
  if (names->at) return names->at(names->rows, i);
  const char *row = (const char *)names->rows + i * names->size, *name;
  if (names->inside) return row;
  memcpy(&name, row, sizeof name);
  return name;
}

int vg_names_find(vg_names names, const char *name) {
  const char *at;
  for (size_t i = 0; (at = vg_names_at(&names, i)); i++)
    if (!strcmp(at, name)) return (int)i;
  return -1;
}

void vg_names_join(vg_names names, vg_str *to) {
  const char *at;
  for (size_t i = 0; (at = vg_names_at(&names, i)); i++) vg_str_addf(to, "%s%s", i ? ", " : "", at);
}

/* Damerau-Levenshtein (optimal string alignment): a swap of neighbours is the commonest slip. */
#define WORD_MAX 63
static size_t edit_distance(const char *a, size_t n, const char *b, size_t m) {
  size_t row[3][WORD_MAX + 1];
  for (size_t j = 0; j <= m; j++) row[0][j] = j;
  for (size_t i = 1; i <= n; i++) {
    size_t *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
    now[0] = i;
    for (size_t j = 1; j <= m; j++) {
      size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
      if (last[j] + 1 < best) best = last[j] + 1;
      if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
        best = before[j - 2] + 1;
      now[j] = best;
    }
  }
  return row[n % 3][m];
}

/* How many letters two words share at their begin and at their end. */
static size_t ends_shared(const char *a, size_t n, const char *b, size_t m) {
  size_t front = 0, back = 0;
  while (front < n && front < m && a[front] == b[front]) front++;
  while (back < n - front && back < m - front && a[n - 1 - back] == b[m - 1 - back]) back++;
  return front + back;
}

/* Of equally near names the one whose ends fit: of brats2013 and brats2021 the latter for "brats21". */
const char *vg_names_nearest(vg_names names, const char *word) {
  size_t n = strlen(word), best = n / 3 + 1, shared = 0;
  const char *nearest = NULL, *at;
  if (n > WORD_MAX) return NULL;
  for (size_t i = 0; (at = vg_names_at(&names, i)); i++) {
    size_t m = strlen(at);
    if (m > WORD_MAX) continue;
    size_t d = edit_distance(word, n, at, m), ends = ends_shared(word, n, at, m);
    if (d < best || (nearest && d == best && ends > shared)) {
      best = d;
      shared = ends;
      nearest = at;
    }
  }
  return nearest;
}
