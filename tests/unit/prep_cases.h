/* prep_cases.h: cases made from balls, for tests of their preparation. */
#ifndef VG_TESTS_PREP_CASES_H
#define VG_TESTS_PREP_CASES_H
#include "mini_tree.h"
#include "scratch.h"
#include "prep/prep.h"

#define RADIUS 20.0

static const uint16_t tumour_values[5] = {0, 0, 2, 4, 1}, tissue_values[5] = {0, 2, 3, 3, 1};

static inline size_t voxels(const vg_case *c) {
  return (size_t)c->record.dim[0] * (size_t)c->record.dim[1] * (size_t)c->record.dim[2];
}

static inline const char *fresh(const char *name) {
  const char *dir = in_scratch(name);
  must(vg_fs_make_dirs(dir));
  return dir;
}

static inline vg_prep_settings settings_for(const char *series, const char *classes) {
  vg_prep_settings s = {.margin = 3, .percentile = {0.5, 99.5}};
  if (*series) must(vg_series_parse(series, &s.series));
  vg_scheme scheme;
  must(vg_scheme_parse(classes, &scheme));
  must(vg_classes_add(&s.classes, &scheme, VG_ROLE_ANATOMY));
  must(vg_classes_add(&s.classes, &scheme, VG_ROLE_TUMOUR));
  return s;
}

#define BRAIN_AND_TUMOUR "9=brain,1=necrosis:tumour,2=oedema:tumour,4=enhancing:tumour"

/* One case `k` with t1, t2 and a tumour map on a grid; background and gain as in mini_image. */
static inline vg_dataset make_set(const char *name, vg_geometry g, float background, float gain) {
  const char *dir = fresh(name);
  mini_write_image(dir, "k/k_t1.nii", g, RADIUS, background, gain);
  mini_write_image(dir, "k/k_t2.nii", g, RADIUS, background, -gain);
  mini_write_labels(dir, "k/k_seg.nii", g, RADIUS, tumour_values);
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, dir, "brats2021", NULL, NULL));
  return ds;
}

static inline double channel_ml(const vg_case *c, int channel) {
  double sum = 0;
  size_t n = voxels(c);
  for (size_t i = 0; i < n; i++) sum += c->labels[(size_t)channel * n + i];
  return sum / 255 * c->record.spacing[0] * c->record.spacing[1] * c->record.spacing[2] / 1000;
}

/* World place of the middle of prepared voxel (x, y, z), from the record alone. */
static inline void place_of(const vg_prep_record *r, int x, int y, int z, double mm[3]) {
  double ijk[3], native[3];
  const int at[3] = {x, y, z};
  vg_geometry_spacing(&r->ras, native);
  for (int a = 0; a < 3; a++) {
    double from_middle = (at[a] + 0.5 - r->dim[a] / 2.0) * r->spacing[a];
    ijk[a] = r->crop_lo[a] + r->crop_dim[a] / 2.0 - 0.5 + from_middle / native[a];
  }
  vg_affine_apply(&r->ras.affine, ijk, mm);
}

static inline void set_spacing(vg_prep_settings *s, double mm) {
  for (int a = 0; a < 3; a++) s->spacing[a] = mm;
}

#endif
