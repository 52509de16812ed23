/* class_words.c: the spellings of classes that voxgan knows. */
#include "label/class_words.h"

#include <ctype.h>
#include <string.h>

typedef struct spelling {
  const char *word; /* in lower-case letters and digits only */
  const char *name;
} spelling;

static const spelling tumours[] = {
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
    {"rc", "cavity"},
    {"resectioncavity", "cavity"},
    {"cc", "cyst"},
    {"cysticcomponent", "cyst"},
};

static const spelling tissues[] = {
    {"csf", "csf"}, {"cerebrospinalfluid", "csf"}, {"gm", "gm"}, {"greymatter", "gm"}, {"graymatter", "gm"},
    {"wm", "wm"},   {"whitematter", "wm"},
};

void vg_word_simplify(const char *text, char *out, size_t size) {
  size_t n = 0;
  for (const char *c = text; *c && n + 1 < size; c++)
    if (isalnum((unsigned char)*c)) out[n++] = (char)tolower((unsigned char)*c);
  out[n] = '\0';
}

static const char *look_up(const spelling *words, size_t n, const char *simple) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(words[i].word, simple) == 0) return words[i].name;
  return NULL;
}

static bool contains_any(const char *simple, const char *const *stems) {
  for (; *stems; stems++)
    if (strstr(simple, *stems)) return true;
  return false;
}

static bool begins_with(const char *simple, const char *stem) {
  return strncmp(simple, stem, strlen(stem)) == 0;
}

/* Whether the words around a stem of a tumour make it something else: "non-tumour", "tumour-free", "nasal
 * cavity". A tumour that does not enhance is one. */
static bool is_doubtful(const char *simple) {
  static const char *const before[] = {"non", "not", "no", "without", "outside", NULL};
  static const char *const cavities[] = {"resect", "surg", "postop", "tumo", NULL};
  for (const char *const *b = before; *b; b++)
    if (begins_with(simple, *b) && !strstr(simple, "enhanc")) return true;
  if (strstr(simple, "free")) return true;
  return strstr(simple, "cavit") && strcmp(simple, "cavity") != 0 && !contains_any(simple, cavities);
}

vg_word vg_class_word(const char *word, const char **name, vg_role *role) {
  static const char *const tumour_stems[] = {"tumo",   "lesion", "gliom", "metasta", "necro",
                                             "enhanc", "edema",  "cyst",  "cavit",   NULL};
  static const char *const anatomy_stems[] = {
      "brain",  "ventric", "cerebell", "thalam",   "cortex", "cortical", "hippocamp", "putamen", "caudate",
      "pallid", "amygdal", "accumb",   "callosum", "matter", "fluid",    "skull",     "bone",    "anatomy",
      "tissue", "healthy", "choroid",  "scalp",    "pons",   "medulla",  NULL};
  char simple[64];
  vg_word_simplify(word, simple, sizeof simple);
  *name = NULL;
  if (strcmp(simple, "background") == 0 || strcmp(simple, "bg") == 0) return VG_WORD_BACKGROUND;
  if (strcmp(simple, "ignore") == 0) return VG_WORD_IGNORE;
  if ((*name = look_up(tumours, sizeof tumours / sizeof *tumours, simple))) {
    *role = VG_ROLE_TUMOUR;
    return VG_WORD_CLASS;
  }
  if ((*name = look_up(tissues, sizeof tissues / sizeof *tissues, simple))) {
    *role = VG_ROLE_ANATOMY;
    return VG_WORD_CLASS;
  }
  const bool tumour = contains_any(simple, tumour_stems), anatomy = contains_any(simple, anatomy_stems);
  if ((!tumour && !anatomy) || (tumour && is_doubtful(simple))) return VG_WORD_UNKNOWN;
  *role = tumour ? VG_ROLE_TUMOUR : VG_ROLE_ANATOMY;
  return VG_WORD_CLASS;
}

bool vg_class_head_table(const vg_classes *classes, bool head[VG_CLASSES_MAX + 1]) {
  static const char *const stems[] = {"skull", "scalp", "skin", "bone", "muscle", "extracerebral", NULL};
  char simple[64];
  bool any = false;
  memset(head, 0, (VG_CLASSES_MAX + 1) * sizeof *head);
  for (int k = 0; k < classes->n; k++) {
    vg_word_simplify(classes->names[k], simple, sizeof simple);
    any |= head[k + 1] = classes->roles[k] == VG_ROLE_ANATOMY && contains_any(simple, stems);
  }
  return any;
}
