/* fuzz_measure.c: two small images with label maps, of any spacing and any intensities: one of the feature
 * spaces and one of the metrics take them. */
#include <math.h>
#include <string.h>
#include "base/mem.h"
#include "eval/feature/features.h"
#include "fuzz.h"
#include "voxgan/metric.h"

enum { SIDE = 13, MOST = SIDE * SIDE * SIDE, ANATOMY = 3, TUMOUR = 3 };

typedef struct subject {
  float image[MOST];
  uint8_t brain[MOST], anatomy[MOST], tumour[MOST];
} subject;

static double spacing(fuzz_input *in) {
  const double mm = fabs(fuzz_number(in));
  return mm >= 1e-3 && mm <= 100 ? mm : 1;
}

/* Short rules make whole volumes, so that the fuzzer need not write each voxel. A voxel of the brain has an
 * anatomy class, or a tumour class. */
static void fill(subject *s, size_t n, fuzz_input *in) {
  const double a = fuzz_number(in), b = fuzz_number(in);
  const unsigned rule = fuzz_byte(in), step = 1 + fuzz_byte(in), other = 1 + fuzz_byte(in);
  memset(s, 0, sizeof *s);
  for (size_t i = 0; i < n; i++) {
    const unsigned v = (unsigned)i * step / other;
    s->brain[i] = rule & 1 || v % 5 != 0;
    if (rule & 2 && s->brain[i] && v % (2 + rule % 7) == 0) s->tumour[i] = (uint8_t)(1 + v % TUMOUR);
    if (s->brain[i] && !s->tumour[i]) s->anatomy[i] = (uint8_t)(1 + v % ANATOMY);
    s->image[i] = s->brain[i] ? (float)(v % 3 ? a * (v % 17) : b) : -1;
  }
}

static void features(const subject *s, const int dim[3], const double mm[3], unsigned how, unsigned which) {
  static const char *const names[] = {"csf", "gm", "wm", "necrosis", "oedema", "enhancing"};
  static vg_feature_plan plan;
  if (!plan.anatomy.n) {
    plan.series.n = 1;
    strcpy(plan.series.names[0], "t1");
    for (int i = 0; i < ANATOMY + TUMOUR; i++)
      if (vg_classes_add_name(i < ANATOMY ? &plan.anatomy : &plan.tumour, names[i],
                              i < ANATOMY ? VG_ROLE_ANATOMY : VG_ROLE_TUMOUR))
        VG_BUG("%s", vg_error());
  }
  plan.has_anatomy = how & 1;
  plan.has_tumour = how & 2;
  vg_feature_input in = {.plan = &plan,
                         .extent = {dim[0], dim[1], dim[2]},
                         .brain = s->brain,
                         .anatomy = s->anatomy,
                         .tumour = s->tumour,
                         .image = s->image};
  memcpy(in.dim, dim, sizeof in.dim);
  memcpy(in.mm, mm, sizeof in.mm);
  const vg_feature_row *row;
  for (unsigned i = 0; (row = vg_features_at((int)i)); i++) {
    if (i != which % 8 || row->space->by_extractor || (row->space->of_labels && !plan.has_tumour)) continue;
    const size_t n = row->space->dims(&plan);
    float *out = vg_calloc(n, sizeof *out);
    if (!out || row->space->compute(&in, out)) VG_BUG("%s: %s", row->name, vg_error());
    vg_free(out);
  }
}

static void metrics(const subject *a, const subject *b, const int dim[3], const double mm[3],
                    unsigned which) {
  static vg_regions regions;
  if (!regions.n) {
    vg_metric_regions_init(&regions);
    if (vg_metric_regions_add(&regions, "one", (const uint8_t[]){1}, 1) ||
        vg_metric_regions_add(&regions, "all", (const uint8_t[]){1, 2, 3}, 3))
      VG_BUG("%s", vg_error());
  }
  vg_metric_memo memo = {0};
  vg_metric_input in = {.regions = &regions,
                        .real = a->image,
                        .synth = b->image,
                        .cells = a->anatomy,
                        .range = 2,
                        .real_labels = a->tumour,
                        .synth_labels = b->tumour,
                        .memo = &memo};
  memcpy(in.dim, dim, sizeof in.dim);
  memcpy(in.spacing, mm, sizeof in.spacing);
  const vg_metric_row *row;
  for (unsigned i = 0; (row = vg_metric_at((int)i)); i++) {
    double values[VG_REGIONS_MAX];
    if (i != which % 32 || row->metric->kind == VG_METRIC_BOUNDARY) continue;
    if (row->metric->compute(&in, values)) VG_BUG("%s: %s", row->name, vg_error());
  }
  vg_metric_memo_release(&memo);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static subject a, b;
  fuzz_input in = fuzz_begin(data, size);
  int dim[3];
  double mm[3];
  const unsigned how = fuzz_byte(&in), which = fuzz_byte(&in);
  for (int k = 0; k < 3; k++) dim[k] = 1 + (int)(fuzz_byte(&in) % SIDE);
  for (int k = 0; k < 3; k++) mm[k] = spacing(&in);
  const size_t n = (size_t)dim[0] * (size_t)dim[1] * (size_t)dim[2];
  fill(&a, n, &in);
  fill(&b, n, &in);
  if (how & 4) features(&a, dim, mm, how, which);
  if (how & 8) metrics(&a, &b, dim, mm, which);
  return fuzz_end();
}
