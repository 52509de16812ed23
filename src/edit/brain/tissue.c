/* tissue.c: the kind and depth of classes, by their names. */
#include "edit/brain/tissue.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* Keeps letters and digits, in lower case, so that "Cortical-GM" and "cortical_gm" are one name. */
static void plain_name(const char *name, char out[VG_CLASS_NAME]) {
  size_t n = 0;
  for (; *name && n + 1 < VG_CLASS_NAME; name++)
    if (isalnum((unsigned char)*name)) out[n++] = (char)tolower((unsigned char)*name);
  out[n] = '\0';
}

/* The first row with a word that occurs in the name decides. White matter comes before the structures that
 * contain some of it. */
static const struct {
  vg_tissue kind;
  const char *words[14];
} tissues[] = {
    {VG_TISSUE_FLUID, {"csf", "ventric", "fluid", "cistern"}},
    {VG_TISSUE_WHITE, {"wm", "white", "callosum", "stem", "midbrain", "pons", "medulla"}},
    {VG_TISSUE_GREY,
     {"gm", "grey", "gray", "cort", "cerebell", "thalam", "caudate", "putamen", "pallid", "accumbens",
      "hippo", "amygdala", "nucle"}},
};

static vg_tissue tissue_of(const char *name) {
  char plain[VG_CLASS_NAME];
  plain_name(name, plain);
  for (size_t r = 0; r < sizeof tissues / sizeof tissues[0]; r++)
    for (size_t p = 0; p < sizeof tissues[r].words / sizeof tissues[r].words[0] && tissues[r].words[p]; p++)
      if (strstr(plain, tissues[r].words[p])) return tissues[r].kind;
  return VG_TISSUE_OTHER;
}

void vg_tissue_table(const vg_classes *classes, vg_tissue kind[VG_CLASSES_MAX + 1]) {
  kind[0] = VG_TISSUE_NONE;
  for (int i = 0; i < classes->n; i++)
    kind[i + 1] = classes->roles[i] == VG_ROLE_ANATOMY ? tissue_of(classes->names[i]) : VG_TISSUE_NONE;
}

enum { RANK_OEDEMA, RANK_CORE, RANK_SOLID, RANK_NECROSIS, RANKS };

static int rank_of(const char *name) {
  static const struct {
    const char *name;
    int rank;
  } known[] = {{"oedema", RANK_OEDEMA},        {"edema", RANK_OEDEMA},      {"snfh", RANK_OEDEMA},
               {"nonenhancing", RANK_SOLID},   {"net", RANK_SOLID},         {"solid", RANK_SOLID},
               {"necrosis", RANK_NECROSIS},    {"necrotic", RANK_NECROSIS}, {"ncr", RANK_NECROSIS},
               {"necroticcore", RANK_NECROSIS}};
  char plain[VG_CLASS_NAME];
  plain_name(vg_class_whole(name), plain);
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (!strcmp(plain, known[i].name)) return known[i].rank;
  return RANK_CORE;
}

int vg_tumour_depths(const vg_classes *classes, int depth[VG_CLASSES_MAX + 1]) {
  int n = 0;
  for (int code = 0; code <= classes->n; code++) depth[code] = -1;
  for (int rank = 0; rank < RANKS; rank++)
    for (int i = 0; i < classes->n; i++)
      if (classes->roles[i] == VG_ROLE_TUMOUR && rank_of(classes->names[i]) == rank) depth[i + 1] = n++;
  return n;
}

uint8_t vg_tumour_code(const vg_classes *classes, const char *name) {
  int i = vg_classes_find(classes, name);
  return i >= 0 && classes->roles[i] == VG_ROLE_TUMOUR ? (uint8_t)(i + 1) : 0;
}
