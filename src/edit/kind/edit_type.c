/* edit_type.c: changes the classes of the tumour. The classes of the core (everything but oedema) follow from
 * the depth below the core's surface, and the oedema from the distance to the core. The core's outline stays.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "edit/kind/change.h"
#include "edit/brain/heal.h"
#include "edit/displace/mass.h"
#include "edit/brain/memo.h"
#include "edit/brain/tissue.h"
#include "voxgan/edit.h"
#include "grid/grid.h"
#include "base/mem.h"
#include "base/whole.h"

#define LOW_GRADE_OEDEMA 3 /* mm */

static const vg_param params[] = {
    {.name = "grade",
     .type = VG_PARAM_CHOICE,
     .text_def = "keep",
     .choices = "keep|low|high",
     .unit = "",
     .help = "low: no enhancement, no necrosis, oedema of 3 mm; high: a ring that enhances around necrosis; "
             "the parameters below override it"},
    {.name = "enhancing",
     .type = VG_PARAM_CHOICE,
     .text_def = "keep",
     .choices = "keep|none|ring",
     .unit = "",
     .help = "none: the core does not enhance; ring: its outer rim enhances around necrosis"},
    {.name = "rim",
     .type = VG_PARAM_NUMBER,
     .def = 3,
     .least = 0.1,
     .most = 50,
     .unit = "mm",
     .help = "thickness of the ring"},
    {.name = "necrosis",
     .type = VG_PARAM_NUMBER,
     .def = NAN,
     .least = 0,
     .most = 1,
     .unit = "",
     .help = "share of the core that is necrosis, deepest voxels first; the rest inside a ring is then "
             "non-enhancing"},
    {.name = "oedema",
     .type = VG_PARAM_NUMBER,
     .def = NAN,
     .least = 0,
     .most = 100,
     .unit = "mm",
     .help = "width of the oedema around the core; 0: none"},
    VG_MASS_PARAMS,
    {.name = NULL}};

typedef enum enhancement { KEEP, NONE, RING } enhancement;

typedef struct wish {
  enhancement enhancing;
  double rim, necrosis, oedema; /* NAN: unchanged */
} wish;

/* Codes; 0 where the classes lack one. */
typedef struct codes {
  uint8_t necrosis, nonenhancing, enhancing, oedema;
} codes;

/* The tumour's box with room for the oedema, and the core's signed distance in it. */
typedef struct box {
  int lo[3], extent[3];
  size_t n;
  double mm[3];
  size_t *at; /* voxel of the maps */
  uint8_t *mask;
  float *depth; /* mm, negative inside the core */
} box;

static wish wish_of(const vg_edit_call *call) {
  const char *grade = vg_call_text(call, "grade"), *enhancing = vg_call_text(call, "enhancing");
  wish w = {.enhancing = !strcmp(enhancing, "none")   ? NONE
                         : !strcmp(enhancing, "ring") ? RING
                                                      : KEEP,
            .rim = vg_call_number(call, "rim"),
            .necrosis = vg_call_number(call, "necrosis"),
            .oedema = vg_call_number(call, "oedema")};
  bool low = !strcmp(grade, "low"), high = !strcmp(grade, "high");
  if ((low || high) && !vg_call_given(call, "enhancing")) w.enhancing = low ? NONE : RING;
  if (low && isnan(w.necrosis)) w.necrosis = 0;
  if (low && isnan(w.oedema)) w.oedema = LOW_GRADE_OEDEMA;
  return w;
}

/* ---- the core ---- */

typedef struct voxel {
  float depth;
  float off_centre; /* squared mm; orders voxels of equal depth */
  size_t at;        /* in the maps */
} voxel;

static int deepest_first(const void *a, const void *b) {
  const voxel *p = a, *q = b;
  if (p->depth != q->depth) return p->depth < q->depth ? -1 : 1;
  if (p->off_centre != q->off_centre) return p->off_centre < q->off_centre ? -1 : 1;
  return p->at < q->at ? -1 : p->at > q->at;
}

static vg_status list_core(const box *b, voxel **out, size_t *n) {
  double sum[3] = {0};
  size_t found = 0, row = (size_t)b->extent[0], slice = row * (size_t)b->extent[1];
  for (size_t i = 0; i < b->n; i++) {
    if (!b->mask[i]) continue;
    sum[0] += (double)(i % row), sum[1] += (double)(i % slice / row), sum[2] += (double)(i / slice);
    found++;
  }
  voxel *list = *out = vg_malloc(found, sizeof *list);
  if (!list) return VG_MEMORY;
  *n = found;
  found = 0;
  for (size_t i = 0; i < b->n; i++) {
    if (!b->mask[i]) continue;
    const double at[3] = {(double)(i % row), (double)(i % slice / row), (double)(i / slice)};
    double off = 0;
    for (int a = 0; a < 3; a++) off += pow((at[a] - sum[a] / (double)*n) * b->mm[a], 2);
    list[found++] = (voxel){b->depth[i], (float)off, b->at[i]};
  }
  qsort(list, *n, sizeof *list, deepest_first);
  return VG_OK;
}

/* Without a class for the non-enhancing core, BraTS gives it the label of necrosis. */
static void make_core(vg_maps *m, const codes *c, const wish *w, const voxel *core, size_t n) {
  uint8_t solid = c->nonenhancing ? c->nonenhancing : c->necrosis;
  bool shared = !isnan(w->necrosis), had_enhancing = false;
  size_t dead = shared ? vg_count_of(round(w->necrosis * (double)n)) : 0;
  for (size_t i = 0; i < n; i++) had_enhancing |= m->tumour[core[i].at] == c->enhancing;
  /* Replaces necrosis above its share, if the enhancement is kept. */
  uint8_t around = had_enhancing || !c->nonenhancing ? c->enhancing : c->nonenhancing;
  for (size_t i = 0; i < n; i++) {
    uint8_t *t = &m->tumour[core[i].at];
    bool rim = core[i].depth > -w->rim;
    if (shared && i < dead)
      *t = c->necrosis;
    else if (w->enhancing == NONE)
      *t = shared || *t == c->enhancing ? solid : *t;
    else if (w->enhancing == RING && (rim || (shared && !c->nonenhancing)))
      *t = c->enhancing;
    else if (w->enhancing == RING)
      *t = shared ? c->nonenhancing : c->necrosis ? c->necrosis : solid;
    else if (shared && *t == c->necrosis)
      *t = around;
  }
}

/* VG_REFUSED if the edit needs a class that the maps lack. */
static vg_status check_classes(const codes *c, const wish *w) {
  bool shared = !isnan(w->necrosis);
  const char *lacks = w->enhancing == RING && !c->enhancing                                 ? "enhancing"
                      : w->enhancing != KEEP && !c->necrosis && !c->nonenhancing            ? "necrosis"
                      : w->necrosis > 0 && !c->necrosis                                     ? "necrosis"
                      : shared && w->enhancing == KEEP && !c->enhancing && !c->nonenhancing ? "enhancing"
                      : w->oedema > 0 && !c->oedema                                         ? "oedema"
                                                                                            : NULL;
  return lacks ? vg_fail(VG_REFUSED, "the label maps have no class %s", lacks) : VG_OK;
}

/* ---- the oedema ---- */

/* Sets wanted (over the box) to the core and the brain voxels within `width` of it, outside the ventricles.
 * Only voxels connected to the core count, because distances reach across a ventricle. */
static vg_status reach_of_oedema(const vg_maps *m, const box *b, const uint8_t *ventricles, double width,
                                 uint8_t *wanted) {
  size_t pieces = 0;
  uint32_t *label = vg_malloc(b->n, sizeof *label);
  uint8_t *cored = NULL;
  vg_status st = label ? VG_OK : VG_MEMORY;
  for (size_t i = 0; i < b->n; i++) {
    bool near = width > 0 && b->depth[i] <= width && m->brain[b->at[i]] && !ventricles[b->at[i]];
    wanted[i] = b->mask[i] || near;
  }
  if (!st) st = vg_components(wanted, b->extent, 26, label, &pieces, NULL);
  if (!st && !(cored = vg_calloc(pieces + 1, 1))) st = VG_MEMORY;
  for (size_t i = 0; i < b->n && !st; i++)
    if (b->mask[i]) cored[label[i]] = 1;
  for (size_t i = 0; i < b->n && !st; i++) wanted[i] = wanted[i] && cored[label[i]];
  vg_free(label);
  vg_free(cored);
  return st;
}

static vg_status make_oedema(vg_maps *m, const box *b, const codes *c, double width,
                             const uint8_t *ventricles, const vg_mass_settings *mass) {
  size_t n = vg_geometry_voxels(&m->geo);
  uint8_t *wanted = vg_malloc(b->n, 1), *added = vg_calloc(n, 1), *gap = vg_calloc(n, 1);
  vg_status st = wanted && added && gap ? VG_OK : VG_MEMORY;
  if (!st) st = reach_of_oedema(m, b, ventricles, width, wanted);
  if (st) goto out;
  bool grown = false, bared = false;
  for (size_t i = 0; i < b->n; i++) {
    size_t v = b->at[i];
    if (b->mask[i]) continue;
    bool was = m->tumour[v] != 0;
    m->tumour[v] = wanted[i] ? c->oedema : 0;
    added[v] = wanted[i] && !was;
    gap[v] = was && !wanted[i] && !m->anatomy[v];
    grown |= added[v];
    bared |= gap[v];
  }
  if (bared) st = vg_heal(m, gap, VG_FILL_NEAREST);
  if (!st && grown && mass->share > 0) st = vg_mass_effect(m, added, mass);
out:
  vg_free(wanted);
  vg_free(added);
  vg_free(gap);
  return st;
}

/* ---- core and oedema ---- */

static vg_status find_ventricles(const vg_maps *m, vg_memo *memo, uint8_t **out) {
  vg_brain_frame frame;
  *out = vg_malloc(vg_geometry_voxels(&m->geo), 1);
  vg_status st = *out ? vg_memo_frame(memo, m, &frame) : VG_MEMORY;
  return st ? st : vg_memo_ventricles(memo, m, &frame, *out);
}

static vg_status find_core(const vg_maps *m, const codes *c, double room, box *b) {
  const int *dim = m->geo.dim;
  vg_geometry_spacing(&m->geo, b->mm);
  double least = fmin(b->mm[0], fmin(b->mm[1], b->mm[2]));
  if (!vg_mask_box(m->tumour, dim, vg_int_of(ceil(room / least)) + 2, b->lo, b->extent))
    return vg_fail(VG_REFUSED, "there is no tumour");
  b->n = (size_t)b->extent[0] * (size_t)b->extent[1] * (size_t)b->extent[2];
  b->at = vg_malloc(b->n, sizeof *b->at);
  b->mask = vg_malloc(b->n, 1);
  b->depth = vg_malloc(b->n, sizeof *b->depth);
  if (!b->at || !b->mask || !b->depth) return VG_MEMORY;
  bool any = false;
  size_t i = 0;
  for (int z = 0; z < b->extent[2]; z++)
    for (int y = 0; y < b->extent[1]; y++) {
      size_t row = ((size_t)(b->lo[2] + z) * (size_t)dim[1] + (size_t)(b->lo[1] + y)) * (size_t)dim[0];
      for (int x = 0; x < b->extent[0]; x++, i++) {
        size_t v = b->at[i] = row + (size_t)(b->lo[0] + x);
        b->mask[i] = m->tumour[v] && m->tumour[v] != c->oedema;
        any |= b->mask[i];
      }
    }
  if (!any) return vg_fail(VG_REFUSED, "the tumour has no core, it is all oedema");
  return vg_signed_distance(b->mask, b->extent, b->mm, b->depth);
}

static vg_status apply(vg_maps *maps, const vg_edit_call *call) {
  wish w = wish_of(call);
  const vg_classes *k = &maps->classes;
  codes c = {vg_tumour_code(k, "necrosis"), vg_tumour_code(k, "nonenhancing"), vg_tumour_code(k, "enhancing"),
             vg_tumour_code(k, "oedema")};
  vg_mass_settings mass = vg_mass_of_call(call);
  box b = {0};
  voxel *core = NULL;
  uint8_t *ventricles = NULL;
  size_t n = 0;
  /* A grade changes only the classes that the maps have. */
  if (!c.oedema && !vg_call_given(call, "oedema")) w.oedema = NAN;
  vg_status st = check_classes(&c, &w);
  if (!st) st = find_core(maps, &c, isnan(w.oedema) ? 0 : w.oedema, &b);
  if (!st) st = list_core(&b, &core, &n);
  bool spreads = c.oedema && !isnan(w.oedema);
  if (!st && spreads) st = find_ventricles(maps, call->memo, &ventricles);
  if (!st) make_core(maps, &c, &w, core, n);
  if (!st && spreads) st = make_oedema(maps, &b, &c, w.oedema, ventricles, &mass);
  vg_free(ventricles);
  vg_free(core);
  vg_free(b.at);
  vg_free(b.mask);
  vg_free(b.depth);
  return st;
}

const vg_edit vg_edit_type = {.params = params, .may_split = true, .apply = apply};
