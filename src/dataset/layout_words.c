/* layout_words.c: other spellings of the series and classes that voxgan has names for. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dataset/layout.h"
#include "base/str.h"
#include "label/class_words.h"

typedef struct word {
  const char *spelling; /* in lower-case letters and digits only */
  const char *name;
} word;

static const word series_words[] = {
    {"t1", "t1"},         {"t1w", "t1"},   {"t1n", "t1"},        {"t1native", "t1"}, {"t1weighted", "t1"},
    {"t1c", "t1c"},       {"t1ce", "t1c"}, {"t1cw", "t1c"},      {"t1wce", "t1c"},   {"cet1", "t1c"},
    {"cet1w", "t1c"},     {"t1gd", "t1c"}, {"t1wgd", "t1c"},     {"t1post", "t1c"},  {"t1contrast", "t1c"},
    {"t2", "t2"},         {"t2w", "t2"},   {"t2weighted", "t2"}, {"flair", "flair"}, {"t2f", "flair"},
    {"t2flair", "flair"},
};

const char *vg_series_known(const char *text) {
  char simple[64];
  vg_word_simplify(text, simple, sizeof simple);
  for (size_t i = 0; i < sizeof series_words / sizeof *series_words; i++)
    if (strcmp(series_words[i].spelling, simple) == 0) return series_words[i].name;
  return NULL;
}

void vg_series_word(const char *text, char series[VG_SERIES_NAME]) {
  char simple[64];
  vg_word_simplify(text, simple, sizeof simple);
  const char *name = vg_series_known(text);
  snprintf(series, VG_SERIES_NAME, "%.*s", VG_SERIES_NAME - 1, name ? name : simple);
}

void vg_scheme_text_add(vg_str *text, const char *value, const char *label, vg_role role) {
  char own[VG_CLASS_NAME];
  const char *name;
  vg_role by_name;
  vg_class_word(label, &name, &by_name);
  if (!name) {
    snprintf(own, sizeof own, "%s", label);
    for (char *c = own; *c; c++)
      if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-') *c = '-';
    name = own;
  }
  vg_str_addf(text, "%s%s=%s:%s", text->len ? "," : "", value, name, vg_role_name(role));
}

bool vg_bids_says_tumour(const char *entity) {
  static const char *const keys[] = {"seg-", "label-", "desc-"};
  static const char *const words[] = {"tumour", "tumor", "lesion", "glioma"};
  for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
    for (size_t i = 0; i < sizeof words / sizeof words[0] && vg_starts_with(entity, keys[k]); i++)
      if (strncasecmp(entity + strlen(keys[k]), words[i], strlen(words[i])) == 0) return true;
  return false;
}
