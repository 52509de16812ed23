/* write_radiomics.c FOLDER: computes our radiomic features of small images made from formulas, by both
 * versions of FRD. FOLDER/v1 and FOLDER/v0 hold each image as NAME.nii.gz (float) and NAME_mask.nii.gz, and
 * NAME.csv with a line "feature,value" for each feature. Their folders real, synth, real_masks and
 * synth_masks hold two sets of images; prints the version, the number of features and the distance between
 * the sets, for all features and for the first few. Images of v0 have intensities from 0 to 255. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/number/extent.h"
#include "base/str.h"
#include "eval/frd/frd.h"
#include "eval/radiomics/radiomics.h"
#include "voxgan/rng.h"
#include "voxgan/volume.h"

enum shape { BALL, SLICE, LINE, PAIR, SPECKLES };

typedef struct made {
  const char *name;
  int dim[3];
  double radius, noise; /* of the region, as a share of the sides; of the texture */
  double wave;          /* radians a voxel */
  enum shape shape;     /* which voxels of the ball are in the region */
  double mm[3];         /* 0: 2 mm */
  double steps;         /* intensities are rounded to a multiple of 1 / steps; 0: not */
} made;

/* An image with its region. */
typedef struct picture {
  vg_volume image;
  vg_labelmap mask;
  uint8_t *roi;
  double mm[3];
} picture;

static bool in_region(const made *m, const int at[3], double away, vg_rng *r) {
  const bool mid_z = at[2] == m->dim[2] / 2, mid_y = at[1] == m->dim[1] / 2;
  const bool speckle = vg_rng_uniform(r, 0, 1) < 0.5;
  switch (m->shape) {
  case SLICE:
    return away < m->radius && mid_z;
  case LINE:
    return away < m->radius && mid_z && mid_y;
  case PAIR:
    return mid_z && mid_y && (at[0] == m->dim[0] / 2 || at[0] == m->dim[0] / 2 + 1);
  case SPECKLES:
    return away < m->radius && speckle;
  case BALL:
    break;
  }
  return away < m->radius;
}

static void draw(const made *m, const vg_frd_version *frd, uint64_t seed, picture *p) {
  const size_t n = vg_extent_voxels(m->dim);
  double mm[3];
  for (int a = 0; a < 3; a++) mm[a] = m->mm[a] > 0 ? m->mm[a] : 2;
  const vg_geometry geo = {{m->dim[0], m->dim[1], m->dim[2]},
                           {{{mm[0], 0, 0, 0}, {0, mm[1], 0, 0}, {0, 0, mm[2], 0}}}};
  *p = (picture){{.geo = geo, .data = vg_malloc(n, sizeof(float))},
                 {.geo = geo, .data = vg_malloc(n, sizeof(uint16_t))},
                 vg_malloc(n, 1),
                 {mm[0], mm[1], mm[2]}};
  if (!p->image.data || !p->mask.data || !p->roi) exit(1);
  vg_rng r = vg_rng_init(seed, vg_rng_key(m->name, 0, 0)), speckles = vg_rng_init(seed, 1);
  const double phase = 6 * vg_rng_uniform(&r, 0, 1), gain = vg_rng_uniform(&r, 0.4, 0.6);
  const double size = vg_rng_uniform(&speckles, 0.92, 1); /* version 0 measures it */
  for (size_t i = 0; i < n; i++) {
    int at[3];
    vg_extent_at(m->dim, i, at);
    double squares = 0;
    for (int a = 0; a < 3; a++) squares += pow((at[a] + 0.5) / m->dim[a] - 0.5, 2);
    const double away = sqrt(squares),
                 wave = gain * sin(m->wave * at[0] + phase) * cos(0.4 * at[1] + 0.2 * at[2]);
    double v = away > 0.48 ? -1 : wave + m->noise * vg_rng_normal(&r);
    if (m->steps > 0) v = round(v * m->steps) / m->steps;
    p->image.data[i] = (float)(((double)(float)v + frd->offset) * frd->gain);
    p->roi[i] = in_region(m, at, m->shape == BALL && !frd->mm ? away / size : away, &speckles);
    p->mask.data[i] = p->roi[i];
  }
}

static void drop(picture *p) {
  vg_volume_release(&p->image);
  vg_labelmap_release(&p->mask);
  vg_free(p->roi);
}

/* Writes image and mask, and computes the features. Takes the two paths. */
static vg_status write_pair(const vg_frd_version *frd, const picture *p, char *image, char *mask,
                            double *values) {
  vg_status st = image && mask ? vg_volume_write(image, &p->image, NULL) : VG_MEMORY;
  if (!st) st = vg_volume_write_labels(mask, &p->mask, 1);
  if (!st) st = vg_radiomics_compute(frd->kind, p->image.data, p->roi, p->image.geo.dim, p->mm, values);
  vg_free(image);
  vg_free(mask);
  return st;
}

static vg_status write_case(const char *folder, const vg_frd_version *frd, const made *m) {
  static double values[VG_RADIOMICS_FEATURES];
  picture p;
  draw(m, frd, 11, &p);
  vg_status st = write_pair(frd, &p, vg_format("%s/%s.nii.gz", folder, m->name),
                            vg_format("%s/%s_mask.nii.gz", folder, m->name), values);
  char *csv = vg_format("%s/%s.csv", folder, m->name);
  FILE *f = !st && csv ? fopen(csv, "w") : NULL;
  for (int k = 0; f && k < vg_radiomics_count(frd->kind); k++) {
    char feature[96];
    fprintf(f, "%s,%.12g\n", vg_radiomics_name(frd->kind, k, feature, sizeof feature), values[k]);
  }
  if (!f || fclose(f)) st = VG_FAILED;
  vg_free(csv);
  drop(&p);
  return st;
}

/* frd-score needs more subjects than features, or its matrix root fails. */
enum { SUBJECTS = 14, FEW = 8 };

static vg_status write_set(const char *folder, const vg_frd_version *frd, const char *name, const made *m,
                           uint64_t seed, double *values) {
  char *images = vg_format("%s/%s", folder, name), *masks = vg_format("%s/%s_masks", folder, name);
  vg_status st = images && masks ? vg_fs_make_dirs(images) : VG_MEMORY;
  if (!st) st = vg_fs_make_dirs(masks);
  for (int i = 0; i < SUBJECTS && !st; i++) {
    picture p;
    draw(m, frd, seed + (uint64_t)i, &p);
    st = write_pair(frd, &p, vg_format("%s/%d.nii.gz", images, i), vg_format("%s/%d.nii.gz", masks, i),
                    values + i * vg_radiomics_count(frd->kind));
    drop(&p);
  }
  vg_free(images);
  vg_free(masks);
  return st;
}

/* Prints the distance between all features, or the first few: constant ones do not count. */
static vg_status print_distance(const char *name, const vg_frd_version *frd, double *real, double *synth,
                                int features) {
  const int all = vg_radiomics_count(frd->kind);
  size_t n = SUBJECTS, m = SUBJECTS, dims = 0;
  vg_set_distance d;
  for (int i = 0; i < SUBJECTS; i++)
    for (int k = features; k < all; k++) real[i * all + k] = synth[i * all + k] = 0;
  vg_status st = vg_frd_distance(frd, real, &n, synth, &m, &dims, &d);
  if (!st) printf("%s %d %.9g\n", name, features, frd->logarithm ? log(d.value) : d.value);
  return st;
}

static vg_status write_sets(const char *folder, const char *name, const vg_frd_version *frd) {
  static double real[SUBJECTS * VG_RADIOMICS_FEATURES], synth[SUBJECTS * VG_RADIOMICS_FEATURES];
  const made one = {"a", {26, 28, 24}, 0.4, 0.2, 0.7, BALL, {0}, 0};
  const made other = {"b", {26, 28, 24}, 0.4, 0.15, 0.65, BALL, {0}, 0};
  vg_status st = write_set(folder, frd, "real", &one, 100, real);
  if (!st) st = write_set(folder, frd, "synth", &other, 500, synth);
  if (!st) st = print_distance(name, frd, real, synth, vg_radiomics_count(frd->kind));
  if (!st) st = print_distance(name, frd, real, synth, FEW);
  return st;
}

int main(int argc, char **argv) {
  static const made all[] = {{"brain", {40, 47, 36}, 0.46, 0.15, 0.7, BALL, {0}, 0},
                             {"tumour", {41, 38, 30}, 0.16, 0.1, 0.7, BALL, {0}, 0},
                             {"flat", {24, 22, 20}, 0.4, 0, 0.7, BALL, {0}, 0},
                             {"small", {30, 30, 30}, 0.07, 0.2, 0.7, BALL, {0}, 0},
                             {"few", {30, 31, 29}, 0.04, 0.2, 0.7, BALL, {0}, 0}};
  /* Shapes that only version 0 sees, and regions that filters don't fit into. */
  static const made shapes[] = {{"oblong", {40, 37, 26}, 0.4, 0.15, 0.7, BALL, {0.9, 1.1, 3}, 0},
                                {"speckles", {24, 22, 20}, 0.45, 0.2, 0.7, SPECKLES, {1, 1.7, 2.6}, 0},
                                {"slice", {30, 26, 9}, 0.4, 0.2, 0.7, SLICE, {1, 1, 5}, 0},
                                {"line", {30, 26, 9}, 0.4, 0.2, 0.7, LINE, {1, 1.5, 5}, 0},
                                {"pair", {12, 10, 9}, 0.4, 0.2, 0.7, PAIR, {1, 1.5, 5}, 0},
                                {"one_level", {12, 14, 13}, 0.4, 0, 0, BALL, {0}, 0.25},
                                {"few_levels", {12, 14, 13}, 0.4, 0.4, 0, BALL, {0}, 1}};
  static const struct {
    const char *name;
    const vg_frd_version *frd;
  } versions[] = {{"v1", &vg_frd_v1}, {"v0", &vg_frd_v0}};
  for (size_t k = 0; argc == 2 && k < 2; k++) {
    char *folder = vg_format("%s/%s", argv[1], versions[k].name);
    const vg_frd_version *frd = versions[k].frd;
    vg_status st = folder ? vg_fs_make_dirs(folder) : VG_MEMORY;
    for (size_t i = 0; i < sizeof all / sizeof *all && !st; i++) st = write_case(folder, frd, &all[i]);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes && frd == &vg_frd_v0 && !st; i++)
      st = write_case(folder, frd, &shapes[i]);
    if (!st) st = write_sets(folder, versions[k].name, frd);
    vg_free(folder);
    if (st) return 1;
  }
  return argc != 2;
}
