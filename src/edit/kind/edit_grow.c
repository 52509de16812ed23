/* edit_grow.c: grows a tumour without a donor. A front spreads from a seed, fast along white matter and
 * slowly in grey, until the volume is reached. Fluid and the brain's edge stop it. */
#include <math.h>
#include <string.h>

#include "edit/kind/change.h"
#include "base/number/extent.h"
#include "edit/lesion/front.h"
#include "edit/brain/tissue.h"
#include "grid/grid.h"
#include "base/mem.h"
#include "base/whole.h"

static const vg_param params[] = {
    {.name = "ml",
     .type = VG_PARAM_NUMBER,
     .def = 20,
     .least = 0.01,
     .most = 1000,
     .unit = "ml",
     .help = "volume of the whole tumour, oedema included"},
    VG_SITE_COORDINATE("x", "world position of the seed, to the right; with y and z"),
    VG_SITE_COORDINATE("y", "to the front"),
    VG_SITE_COORDINATE("z", "up"),
    {.name = "region",
     .type = VG_PARAM_CHOICE,
     .text_def = "any",
     .choices = VG_REGIONS,
     .unit = "",
     .help = "where the seed is drawn"},
    {.name = "core",
     .type = VG_PARAM_NUMBER,
     .def = 0.35,
     .least = 0,
     .most = 1,
     .unit = "",
     .help = "share of the volume, reached first, that becomes tumour core; the rest is oedema"},
    {.name = "rim",
     .type = VG_PARAM_NUMBER,
     .def = 2.5,
     .least = 0,
     .most = 100,
     .unit = "mm",
     .help =
         "thickness of the enhancing rim around the core's necrosis; 0: nothing enhances, as in low grade"},
    {.name = "white",
     .type = VG_PARAM_NUMBER,
     .def = 3,
     .least = 1,
     .most = 50,
     .unit = "",
     .help = "how many times faster the tumour spreads in white matter than in grey"},
    {.name = "roughness",
     .type = VG_PARAM_NUMBER,
     .def = 0.4,
     .least = 0,
     .most = 2,
     .unit = "",
     .help = "standard deviation of the logarithm of the speed: how unevenly the tumour spreads"},
    {.name = "smoothness",
     .type = VG_PARAM_NUMBER,
     .def = 20,
     .least = 2,
     .most = 200,
     .unit = "mm",
     .help = "distance over which the roughness changes"},
    VG_SITE_PARAMS,
    VG_MASS_PARAMS,
    {0},
};

/* ---- the speed ---- */

#define WAVES 24

typedef struct speed {
  const vg_maps *maps;
  const uint8_t *open;             /* where the front may spread */
  double pace[VG_CLASSES_MAX + 1]; /* in each tissue */
  double amplitude, wave[WAVES][3], phase[WAVES];
} speed;

static void set_paces(speed *s, double white, bool anywhere) {
  vg_tissue kind[VG_CLASSES_MAX + 1];
  vg_tissue_table(&s->maps->classes, kind);
  for (int code = 0; code <= s->maps->classes.n; code++)
    s->pace[code] = kind[code] == VG_TISSUE_WHITE                ? white
                    : kind[code] == VG_TISSUE_FLUID && !anywhere ? 0
                                                                 : 1;
}

/* Draws a smooth random field of variance roughness^2: a sum of plane waves with random directions, and with
 * wavelengths from once to four times `smoothness`. */
static void draw_field(speed *s, double roughness, double smoothness, vg_rng *rng) {
  s->amplitude = roughness * sqrt(2.0 / WAVES);
  for (int i = 0; i < WAVES; i++) {
    double length = 2 * smoothness * exp2(vg_rng_uniform(rng, -1, 1)), norm = 0;
    for (int a = 0; a < 3; a++) {
      s->wave[i][a] = vg_rng_normal(rng);
      norm += s->wave[i][a] * s->wave[i][a];
    }
    for (int a = 0; a < 3; a++) s->wave[i][a] *= 2 * acos(-1.0) / (length * sqrt(norm));
    s->phase[i] = vg_rng_uniform(rng, 0, 2 * acos(-1.0));
  }
}

static float speed_at(const void *arg, size_t voxel, const int at[3]) {
  const speed *s = arg;
  if (!s->open[voxel]) return 0;
  double mm[3], field = 0;
  vg_affine_apply(&s->maps->geo.affine, (double[]){at[0], at[1], at[2]}, mm);
  for (int i = 0; i < WAVES && s->amplitude > 0; i++)
    field += sin(s->wave[i][0] * mm[0] + s->wave[i][1] * mm[1] + s->wave[i][2] * mm[2] + s->phase[i]);
  return (float)(s->pace[s->maps->anatomy[voxel]] * exp(s->amplitude * field));
}

/* ---- the seed ---- */

/* Keeps in `allowed` the components that a front can enter and that have at least n voxels. */
static vg_status find_room(const speed *s, size_t n, double voxel_ml, uint8_t *allowed) {
  const vg_maps *m = s->maps;
  size_t all = vg_geometry_voxels(&m->geo), pieces, *sizes = NULL, largest = 0;
  uint32_t *label = vg_malloc(all, sizeof *label);
  if (!label) return VG_MEMORY;
  for (size_t i = 0; i < all; i++) allowed[i] &= s->pace[m->anatomy[i]] > 0;
  vg_status st = vg_components(allowed, m->geo.dim, 6, label, &pieces, &sizes);
  for (size_t i = 0; i < all && !st; i++) allowed[i] = label[i] && sizes[label[i] - 1] >= n;
  for (size_t i = 0; i < pieces && !st; i++) largest = sizes[i] > largest ? sizes[i] : largest;
  if (!st && largest < n)
    st = vg_fail(VG_REFUSED, "no room for %.4g ml: the largest connected piece of free tissue has %.4g ml",
                 (double)n * voxel_ml, (double)largest * voxel_ml);
  vg_free(sizes);
  vg_free(label);
  return st;
}

/* The voxel at a point; false outside the grid. */
static bool voxel_at(const vg_geometry *geo, const vg_affine *to_voxel, const double mm[3], int at[3],
                     size_t *index) {
  double v[3];
  vg_affine_apply(to_voxel, mm, v);
  *index = 0;
  for (int a = 2; a >= 0; a--) {
    const double nearest = floor(v[a] + 0.5);
    if (!(v[a] > -0.5 && nearest < geo->dim[a])) return false;
    at[a] = vg_index_of(nearest, geo->dim[a]);
    *index = *index * (size_t)geo->dim[a] + (size_t)at[a];
  }
  return true;
}

/* Share of a ball that is open, estimated at sample points. */
static double share_open(const speed *s, const vg_affine *to_voxel, const double centre[3], double radius) {
  enum { STEPS = 7 };
  int in = 0, open = 0;
  for (int i = -STEPS; i <= STEPS; i++)
    for (int j = -STEPS; j <= STEPS; j++)
      for (int k = -STEPS; k <= STEPS; k++) {
        if (i * i + j * j + k * k > STEPS * STEPS) continue;
        const double step = radius / STEPS;
        const double mm[3] = {centre[0] + i * step, centre[1] + j * step, centre[2] + k * step};
        int at[3];
        size_t voxel;
        in++;
        open += voxel_at(&s->maps->geo, to_voxel, mm, at, &voxel) && s->open[voxel];
      }
  return (double)open / in;
}

/* Says why a front cannot start at the seed that the user gave. */
static vg_status refuse_seed(const speed *s, const double mm[3], const size_t *voxel) {
  vg_tissue kind[VG_CLASSES_MAX + 1];
  vg_tissue_table(&s->maps->classes, kind);
  bool fluid = voxel && kind[s->maps->anatomy[*voxel]] == VG_TISSUE_FLUID;
  const char *why = !voxel || !s->maps->brain[*voxel] ? "outside the brain"
                    : fluid                           ? "in fluid"
                            : "too near to another tumour, or in too small a piece of tissue";
  return vg_fail(VG_REFUSED, "the seed %.1f, %.1f, %.1f lies %s", mm[0], mm[1], mm[2], why);
}

/* Finds a seed with roughly enough free tissue around it. With region NULL, mm holds the user's position. The
 * frame is not read for region "any". */
static vg_status find_seed(const speed *s, double ml, const vg_site_rules *rules, const vg_brain_frame *frame,
                           const char *region, vg_rng *rng, double mm[3], int seed[3]) {
  vg_affine to_voxel;
  size_t voxel;
  int tries = region ? rules->tries : 1;
  double radius = cbrt(0.75 * ml * 1000 / acos(-1.0)), best = 0;
  if (!vg_affine_invert(&s->maps->geo.affine, &to_voxel)) VG_BUG("maps with a flat grid");
  for (int i = 0; i < tries; i++) {
    vg_status st = region ? vg_site_draw(s->maps, s->open, frame, region, rng, mm) : VG_OK;
    if (st) return st;
    bool in = voxel_at(&s->maps->geo, &to_voxel, mm, seed, &voxel);
    if (!in || !s->open[voxel]) return refuse_seed(s, mm, in ? &voxel : NULL);
    double share = share_open(s, &to_voxel, mm, radius);
    if (share >= rules->fit) return VG_OK;
    best = fmax(best, share);
  }
  return vg_fail(
      VG_REFUSED,
      "no site for a tumour of %.4g ml %s%s: %d tried, the best had %.0f%% of a ball on free tissue", ml,
      region ? "in region " : "at the seed", region ? region : "", tries, 100 * best);
}

/* ---- the classes ---- */

typedef struct palette {
  uint8_t oedema, rim, core;
} palette;

static uint8_t first_known(const vg_classes *c, const char *const names[3]) {
  uint8_t code = 0;
  for (int i = 0; i < 3 && names[i] && !code; i++) code = vg_tumour_code(c, names[i]);
  return code;
}

/* Chooses the codes to paint with, and replaces classes that the maps lack. oedema 0: the maps have none, so
 * the whole tumour is core. */
static vg_status choose_classes(const vg_classes *c, bool enhances, palette *p) {
  static const char *const within[] = {"necrosis", "nonenhancing", "enhancing"};
  static const char *const solid[] = {"nonenhancing", "necrosis", "enhancing"};
  int depth[VG_CLASSES_MAX + 1];
  if (c->divided)
    return vg_fail(VG_CONFIG,
                   "the model divides tumours by their intensities (data.tumour_parts), and a grown tumour "
                   "has none: use graft");
  if (!vg_tumour_depths(c, depth)) return vg_fail(VG_REFUSED, "the maps have no tumour class");
  uint8_t outermost = 0;
  while (depth[outermost]) outermost++;
  p->oedema = vg_tumour_code(c, "oedema");
  p->rim = enhances ? vg_tumour_code(c, "enhancing") : 0;
  p->core = first_known(c, p->rim ? within : solid);
  if (!p->core) p->core = outermost;
  if (!p->rim) p->rim = p->core;
  return VG_OK;
}

/* Paints the n voxels of `order`: the first `core` of them as core, with necrosis more than `rim` mm below
 * the core's surface, and the others as oedema. */
static vg_status paint(vg_maps *m, const uint32_t *order, size_t n, size_t core, double rim,
                       const palette *p) {
  int lo[3] = {0}, dim[3] = {0};
  double mm[3];
  size_t nx = (size_t)m->geo.dim[0], ny = (size_t)m->geo.dim[1];
  for (size_t i = 0; i < n; i++) m->tumour[order[i]] = p->oedema;
  for (size_t i = 0; i < core; i++) {
    int at[3] = {(int)(order[i] % nx), (int)(order[i] / nx % ny), (int)(order[i] / nx / ny)};
    for (int a = 0; a < 3; a++) {
      int end = i ? lo[a] + dim[a] : at[a] + 1;
      lo[a] = i && lo[a] < at[a] ? lo[a] : at[a];
      dim[a] = (end > at[a] + 1 ? end : at[a] + 1) - lo[a];
    }
  }
  if (!core) return VG_OK;
  for (int a = 0; a < 3; a++) lo[a]--, dim[a] += 2; /* one voxel around the core */
  size_t all = vg_extent_voxels(dim);
  uint8_t *mask = vg_calloc(all, 1);
  float *distance = vg_malloc(all, sizeof *distance);
  vg_status st = mask && distance ? VG_OK : VG_MEMORY;
  for (int pass = 0; pass < 2 && !st; pass++) {
    for (size_t i = 0; i < core; i++) {
      size_t x = order[i] % nx - (size_t)lo[0], y = order[i] / nx % ny - (size_t)lo[1],
             z = order[i] / nx / ny - (size_t)lo[2];
      size_t in_box = (z * (size_t)dim[1] + y) * (size_t)dim[0] + x;
      if (!pass)
        mask[in_box] = 1;
      else
        m->tumour[order[i]] = -(double)distance[in_box] < rim ? p->rim : p->core;
    }
    vg_geometry_spacing(&m->geo, mm);
    if (!pass) st = vg_signed_distance(mask, dim, mm, distance);
  }
  vg_free(distance);
  vg_free(mask);
  return st;
}

static vg_status grow(vg_change *c, const vg_edit_call *call, const char *region, double mm[3]) {
  vg_maps *m = c->maps;
  palette p = {0};
  speed s = {.maps = m, .open = c->allowed};
  double edge[3], ml = vg_call_number(call, "ml"), rim = vg_call_number(call, "rim");
  vg_geometry_spacing(&m->geo, edge);
  double voxel_ml = vg_geometry_voxel_ml(&m->geo), voxels = round(ml / voxel_ml);
  if (voxels < 1) return vg_fail(VG_REFUSED, "%g ml is less than half a voxel", ml);
  size_t n = vg_count_of(voxels), reached;
  int seed[3];
  vg_status st = choose_classes(&m->classes, rim > 0, &p);
  if (st) return st;
  set_paces(&s, vg_call_number(call, "white"), c->rules.anywhere);
  draw_field(&s, vg_call_number(call, "roughness"), vg_call_number(call, "smoothness"), call->rng);
  if ((st = find_room(&s, n, voxel_ml, c->allowed))) return st;
  if ((st = find_seed(&s, ml, &c->rules, &c->frame, region, call->rng, mm, seed))) return st;
  uint32_t *order = vg_malloc(n, sizeof *order);
  st = order ? vg_front_run(m->geo.dim, edge, seed, speed_at, &s, n, order, &reached) : VG_MEMORY;
  if (!st && reached < n) VG_BUG("a front found no room where there is room");
  double core = p.oedema ? vg_call_number(call, "core") : 1;
  if (!st) st = paint(m, order, n, vg_count_of(fmin(round(core * voxels), voxels)), rim, &p);
  vg_free(order);
  return st;
}

static vg_status apply(vg_maps *maps, const vg_edit_call *call) {
  double mm[3] = {vg_call_number(call, "x"), vg_call_number(call, "y"), vg_call_number(call, "z")};
  int given = !isnan(mm[0]) + !isnan(mm[1]) + !isnan(mm[2]);
  if (given && given < 3) return vg_fail(VG_CONFIG, "give all of x, y and z");
  if (given && vg_call_given(call, "region"))
    return vg_fail(VG_CONFIG, "give a position x, y, z or a region");
  const char *region = given ? NULL : vg_call_text(call, "region");
  vg_change c;
  vg_status st = vg_change_begin(&c, maps, call, region && strcmp(region, "any"));
  if (!st) st = grow(&c, call, region, mm);
  return vg_change_end(&c, st);
}

static double volume(const vg_edit_call *call, double before) {
  (void)before;
  return vg_call_number(call, "ml");
}

const vg_edit vg_edit_grow = {.params = params,
                              .makes_tumour = true,
                              .adds_pieces = 1,
                              .region_param = "region",
                              .volume = volume,
                              .apply = apply};
