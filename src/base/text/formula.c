/* formula.c: marks cells that spreadsheets would run as formulas. */
#include "base/text/formula.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Whether the text begins as a formula does. East Asian editions also take the wide forms of the signs. */
static bool begins_formula(const char *text) {
  static const char *const wide[] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};
  if (*text && strchr("=+-@\t\r\n", *text)) return true;
  for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
    if (!strncmp(text, wide[i], 3)) return true;
  return false;
}

static bool is_number(const char *text) {
  char *end;
  if (!strchr("+-", *text) || strchr(text, '(')) return false;
  strtod(text, &end);
  return end > text && !*end;
}

/* A text that already has marks gets one more, so that reading takes away no more than writing added. */
const char *vg_formula_mark(const char *cell) {
  if (!begins_formula(cell + strspn(cell, "'"))) return "";
  return is_number(cell) ? "" : "'";
}

void vg_formula_unmark(char *cell) {
  if (*cell == '\'' && begins_formula(cell + strspn(cell, "'"))) memmove(cell, cell + 1, strlen(cell));
}
