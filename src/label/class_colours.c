/* class_colours.c: two palettes, and the names that have a fixed colour. */
#include "label/class_colours.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "label/cluster_colours.h"

typedef struct known {
  const char *name;
  uint8_t rgb[3];
} known;

/* Light colours for a dark ground that colour-blind readers can distinguish (after the sets of P. Tol and of
 * Okabe and Ito). */
static const known tumours[] = {{"necrosis", {230, 159, 0}},  {"oedema", {86, 180, 233}},
                                {"enhancing", {0, 158, 115}}, {"nonenhancing", {240, 228, 66}},
                                {"cavity", {204, 121, 167}},  {"cyst", {153, 221, 255}},
                                {"tumour", {204, 51, 17}},    {"core", {238, 136, 102}}};
/* Tissues are grey by their brightness on T1, fluid is bluish, the other parts have a tint. */
static const known tissues[] = {
    {"csf", {62, 84, 120}},        {"gm", {112, 112, 112}},          {"wm", {176, 176, 176}},
    {"brain", {112, 112, 112}},    {"cortical_gm", {112, 112, 112}}, {"deep_gm", {140, 112, 92}},
    {"ventricles", {44, 62, 108}}, {"cerebellum", {96, 134, 108}},   {"brainstem", {164, 150, 104}}};

enum { PLACES = 12 };
static const uint8_t bright[PLACES][3] = {{255, 170, 187}, {68, 187, 153},  {119, 68, 170},  {170, 170, 0},
                                          {0, 114, 178},   {136, 34, 85},   {221, 221, 221}, {255, 112, 40},
                                          {120, 220, 80},  {200, 120, 255}, {255, 220, 160}, {90, 110, 255}};
static const uint8_t muted[PLACES][3] = {{70, 70, 84},    {104, 86, 86},   {88, 112, 120},  {130, 122, 96},
                                         {112, 136, 112}, {140, 116, 136}, {150, 136, 120}, {120, 144, 156},
                                         {168, 156, 140}, {150, 164, 150}, {176, 164, 180}, {190, 190, 178}};

static const known *find(const char *name, vg_role role) {
  const bool tumour = role == VG_ROLE_TUMOUR;
  const known *list = tumour ? tumours : tissues;
  const size_t n = tumour ? sizeof tumours / sizeof *tumours : sizeof tissues / sizeof *tissues;
  for (size_t i = 0; i < n; i++)
    if (!strcmp(list[i].name, name)) return &list[i];
  return NULL;
}

/* "t1_cluster3" has colour 3; other names a hash (FNV-1a). */
static size_t colour_of(const char *name) {
  size_t digits = strlen(name);
  while (digits && isdigit((unsigned char)name[digits - 1])) digits--;
  if (name[digits]) return (size_t)strtoul(name + digits, NULL, 10) % PLACES;
  uint32_t h = 2166136261u;
  for (; *name; name++) h = (h ^ (unsigned char)*name) * 16777619u;
  return h % PLACES;
}

/* vg_classes_clusters(), wherever the tumour classes lie. */
static bool are_clusters(const vg_classes *classes, vg_clusters *of) {
  vg_classes anatomy = {0};
  for (int i = 0; i < classes->n; i++)
    if (classes->roles[i] == VG_ROLE_ANATOMY)
      memcpy(anatomy.names[anatomy.n++], classes->names[i], VG_CLASS_NAME);
  return vg_classes_clusters(&anatomy, of);
}

void vg_class_colours(const vg_classes *classes, vg_colours out) {
  bool taken[2][PLACES] = {{false}};
  vg_clusters of;
  const bool clusters = are_clusters(classes, &of);
  int anatomy = 0;
  for (int i = 0; i < classes->n; i++) {
    const bool tumour = classes->roles[i] == VG_ROLE_TUMOUR;
    if (clusters && !tumour) {
      vg_cluster_colour(&of, anatomy++, out[i]);
      continue;
    }
    const known *own = find(classes->names[i], classes->roles[i]);
    if (own) {
      memcpy(out[i], own->rgb, 3);
      continue;
    }
    size_t at = colour_of(classes->names[i]);
    for (int k = 0; k < PLACES && taken[tumour][at]; k++) at = (at + 1) % PLACES;
    taken[tumour][at] = true;
    memcpy(out[i], tumour ? bright[at] : muted[at], 3);
  }
}

void vg_scheme_colours(const vg_scheme *scheme, uint8_t (*out)[3]) {
  vg_classes classes = {0};
  vg_colours colours;
  for (int i = 0; i < scheme->n && classes.n < VG_CLASSES_MAX; i++) {
    if (scheme->labels[i].role == VG_ROLE_BACKGROUND) continue;
    if (vg_classes_find(&classes, scheme->labels[i].name) >= 0) continue;
    memcpy(classes.names[classes.n], scheme->labels[i].name, VG_CLASS_NAME);
    classes.roles[classes.n++] = scheme->labels[i].role;
  }
  vg_class_colours(&classes, colours);
  for (int i = 0; i < scheme->n; i++) {
    const int at = vg_classes_find(&classes, scheme->labels[i].name);
    memcpy(out[i], colours[at < 0 ? VG_CLASSES_MAX - 1 : at], 3);
  }
}
