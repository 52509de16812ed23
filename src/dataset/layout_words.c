/* layout_words.c: other spellings of the series and classes that voxgan has names for. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "dataset/layout.h"

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

static const word class_words[] = {
    {"necrosis", "necrosis"},
    {"necrotic", "necrosis"},
    {"necroticcore", "necrosis"},
    {"necrotictumorcore", "necrosis"},
    {"ncr", "necrosis"},
    {"ncrnet", "necrosis"},
    {"netc", "necrosis"},
    {"oedema", "oedema"},
    {"edema", "oedema"},
    {"ed", "oedema"},
    {"snfh", "oedema"},
    {"peritumoraledema", "oedema"},
    {"peritumouraloedema", "oedema"},
    {"nonenhancing", "nonenhancing"},
    {"nonenhancingtumor", "nonenhancing"},
    {"nonenhancingtumour", "nonenhancing"},
    {"net", "nonenhancing"},
    {"enhancing", "enhancing"},
    {"enhancingtumor", "enhancing"},
    {"enhancingtumour", "enhancing"},
    {"gdenhancingtumor", "enhancing"},
    {"et", "enhancing"},
    {"csf", "csf"},
    {"cerebrospinalfluid", "csf"},
    {"gm", "gm"},
    {"greymatter", "gm"},
    {"graymatter", "gm"},
    {"wm", "wm"},
    {"whitematter", "wm"},
};

static void simplify(const char *word_text, char *out, size_t size) {
  size_t n = 0;
  for (const char *c = word_text; *c && n + 1 < size; c++)
    if (isalnum((unsigned char)*c)) out[n++] = (char)tolower((unsigned char)*c);
  out[n] = '\0';
}

static const char *look_up(const word *words, size_t n, const char *simple) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(words[i].spelling, simple) == 0) return words[i].name;
  return NULL;
}

void vg_series_word(const char *text, char series[VG_SERIES_NAME]) {
  char simple[64];
  simplify(text, simple, sizeof simple);
  const char *name = look_up(series_words, sizeof series_words / sizeof *series_words, simple);
  snprintf(series, VG_SERIES_NAME, "%.*s", VG_SERIES_NAME - 1, name ? name : simple);
}

static vg_role role_of(const char *simple) {
  static const char *const stems[] = {"tumo",   "lesion", "gliom", "metasta", "necro",
                                      "enhanc", "edema",  "cyst",  "cavit"};
  for (size_t i = 0; i < sizeof stems / sizeof *stems; i++)
    if (strstr(simple, stems[i])) return VG_ROLE_TUMOUR;
  return VG_ROLE_ANATOMY;
}

void vg_scheme_text_add(vg_str *text, const char *value, const char *label, const vg_role *role) {
  char simple[64], own[VG_CLASS_NAME];
  simplify(label, simple, sizeof simple);
  const char *name = look_up(class_words, sizeof class_words / sizeof *class_words, simple);
  if (!name) {
    snprintf(own, sizeof own, "%s", label);
    for (char *c = own; *c; c++)
      if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-') *c = '-';
    name = own;
  }
  simplify(name, simple, sizeof simple);
  vg_role is = role ? *role : role_of(simple);
  vg_str_addf(text, "%s%s=%s:%s", text->len ? "," : "", value, name, vg_role_name(is));
}
