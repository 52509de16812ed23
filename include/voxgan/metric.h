/* metric.h: the registry of metrics between a real and a synthetic case.
 *
 * A metric is a row of metrics.def and one `const vg_metric vg_metric_NAME`. It is computed for all regions
 * of a case at once, so that an expensive intermediate result (an SSIM map) is made once, however many
 * regions average it:
 *
 *     vg_regions regions;
 *     vg_metric_regions_init(&regions);
 *     vg_metric_regions_add(&regions, "brain", (const uint8_t[]){1, 2}, 2);   // cells 1 and 2
 *     vg_metric_regions_add(&regions, "tumour", (const uint8_t[]){2}, 1);
 *     vg_metric_memo memo = {0};
 *     vg_metric_input in = {.dim = {240, 240, 155}, .regions = &regions, .real = a, .synth = b,
 *                           .cells = cells, .range = 2, .memo = &memo};
 *     double value[VG_REGIONS_MAX];
 *     st = vg_metric_find("ssim")->metric->compute(&in, value);        // value[0] brain, value[1] tumour
 *     vg_metric_memo_release(&memo);
 *
 * A new metric is one row in metrics.def and one struct in a file of src/eval/metric. Its name then works in
 * eval, `voxgan list`, baselines and the test that walks every row. The suites are rows of suites.def.
 *
 * Values that are not finite have a meaning. NaN: the metric is undefined there; tables and statistics omit
 * it. INFINITY: the value has no bound; statistics count such values and do not average them.
 */
#ifndef VOXGAN_METRIC_H
#define VOXGAN_METRIC_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VG_REGIONS_MAX 64
#define VG_REGION_NAME 32
#define VG_CELLS 256

/* Named regions, which may overlap, as unions of cells: every voxel carries one cell index (0 to 255), and
 * bit r of member[cell] says whether that cell belongs to region r. */
typedef struct vg_regions {
  int n;
  char names[VG_REGIONS_MAX][VG_REGION_NAME];
  uint64_t member[VG_CELLS];
} vg_regions;

void vg_metric_regions_init(vg_regions *r);
/* VG_CONFIG: too many regions, a name that is too long or already used. */
vg_status vg_metric_regions_add(vg_regions *r, const char *name, const uint8_t *cells, size_t n_cells);

/* What a metric compares. */
typedef enum vg_metric_kind {
  VG_METRIC_IMAGE,   /* intensities: real, synth, cells, range */
  VG_METRIC_OVERLAP, /* label maps: real_labels, synth_labels, whose values are the regions' cells */
  VG_METRIC_LESION,  /* label maps of lesions, and lesion_rules */
  VG_METRIC_BOUNDARY /* intensities across surfaces: the input of IMAGE, real_surfaces, synth_surfaces */
} vg_metric_kind;

/* Results that several metrics of one input share. The first metric that needs one computes and stores it.
 * Initialise with {0}; use it for one input only; the caller calls _release. */
typedef struct vg_metric_memo {
  struct {
    void (*maker)(void);
    void *block;
  } kept[8];
  int n;
} vg_metric_memo;
void vg_metric_memo_release(vg_metric_memo *m);

/* The definition of a lesion (the BraTS 2023 challenges, github.com/rachitsaluja/BraTS-2023-Metrics): a
 * component, by 26 neighbours, of the real mask dilated by a 3x3x3 structure without its corners. A component
 * of the synthetic mask that overlaps a lesion belongs to it. */
typedef struct vg_lesion_rules {
  const char *challenge; /* "GLI" */
  int dilations;
  double above_mm3; /* smaller real lesions are ignored, and so are synthetic components that overlap them */
} vg_lesion_rules;
#define VG_LESION_MISS_MM 374.0
const vg_lesion_rules *vg_metric_lesion_rules_at(int i); /* GLI, SSA, PED, MEN, MET; NULL past the last */
/* VG_CONFIG names an unknown challenge. */
vg_status vg_metric_lesion_rules_find(const char *challenge, const vg_lesion_rules **out);

/* Signed distance, mm, to the surface of a mask (vg_signed_distance), in a box of the grid that contains all
 * voxels within some reach of the surface. distance is NULL for an empty mask. */
typedef struct vg_surface {
  int lo[3], extent[3];
  float *distance; /* (extent z, y, x) */
} vg_surface;
#define VG_PROFILE_MM 10 /* the reach that boundary metrics need */

/* How far apart surfaces may lie and still agree, mm, unless the caller says otherwise. */
#define VG_SURFACE_MM 1.0

/* One case. Volumes are x-fastest, (Z, Y, X); any extent may be 1, and metrics ignore such an axis (a slice
 * is measured in 2-D). All borrowed. */
typedef struct vg_metric_input {
  int dim[3];        /* x, y, z */
  double spacing[3]; /* mm along x, y, z */
  double voxel_mm3;  /* 0: the product of spacing. Less in a sheared grid */
  const vg_regions *regions;
  const float *real, *synth;
  const uint8_t *cells;
  double range; /* data range: largest minus smallest value that can occur; 2 for [-1, 1] */
  const uint8_t *real_labels, *synth_labels;
  const vg_lesion_rules *lesion_rules; /* NULL: GLI's */
  double surface_mm;                   /* tolerance of nsd; 0: VG_SURFACE_MM */
  /* one surface a region; cells are then unused */
  const vg_surface *real_surfaces, *synth_surfaces;
  const struct vg_boundary *boundary; /* finished profiles that replace images and surfaces; or NULL */
  vg_metric_memo *memo;               /* never NULL */
} vg_metric_input;

typedef struct vg_metric {
  const char *unit; /* "" for a pure number, "dB", "mm", "ml" */
  vg_metric_kind kind;
  double ideal; /* value for two equal cases; may be INFINITY */
  /* Sets values[r] for each region r. NaN: the metric is undefined (an empty region; for psnr and ssim, a
   * range that is not positive). Uses the thread pool. Fails only for lack of memory. */
  vg_status (*compute)(const vg_metric_input *in, double *values);
} vg_metric;

/* Which values are better. */
typedef enum vg_better {
  VG_BETTER_LOWER,
  VG_BETTER_HIGHER,
  VG_BETTER_IDEAL /* nearer to the ideal */
} vg_better;

typedef struct vg_metric_row {
  const char *name;
  const char *suite; /* the group that `--suite` names: "image", "overlap" */
  vg_better better;
  const char *help;
  const vg_metric *metric;
} vg_metric_row;

/* How much `now` is worse than `before`, in the metric's unit; negative if it is better. */
double vg_metric_deterioration(vg_better better, double ideal, double before, double now);
double vg_metric_worse_by(const vg_metric_row *row, double before, double now);

/* A metric between two sets of subjects. Each subject is a point of a feature space. */
typedef struct vg_set_metric_row {
  const char *name;
  const char *suite;
  vg_better better;
  double ideal;
  const char *help;
} vg_set_metric_row;
const vg_set_metric_row *vg_set_metric_at(int i); /* in the order of set_metrics.def; NULL past the last */
const vg_set_metric_row *vg_set_metric_find(const char *name);

const vg_metric_row *vg_metric_at(int i);              /* in the order of metrics.def; NULL past the last */
const vg_metric_row *vg_metric_find(const char *name); /* NULL when there is none */
const char *vg_metric_kind_name(vg_metric_kind kind);
/* How many of its 5 scales ms_ssim uses on a grid. At the coarsest scale the smallest extent (above 1) must
 * still have the 11 voxels of the window: 4 scales for 240x240x155. */
int vg_metric_ms_ssim_scales(const int dim[3]);
/* The name of the i-th suite, in the order of suites.def; NULL past the last. */
const char *vg_eval_suites_at(int i);
/* Parses "image,overlap" and sets bit i for suite i. "all" means every suite; NULL means the default, image
 * and overlap. VG_CONFIG names an unknown suite and the nearest known one. */
vg_status vg_eval_suites_parse(const char *text, uint32_t *bits);
bool vg_eval_suites_have(const char *suite, uint32_t bits);
/* Whether bits contain the metric's suite. */
bool vg_metric_in_suites(const vg_metric_row *row, uint32_t bits);

#define VG_METRIC(name, suite, better, help) extern const vg_metric vg_metric_##name;
#include "voxgan/metrics.def"
#undef VG_METRIC

#ifdef __cplusplus
}
#endif
#endif
