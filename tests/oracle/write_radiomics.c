/* write_radiomics.c FOLDER: computes our radiomic features of small images made from formulas. Writes each
 * image as NAME.nii.gz (float) and NAME_mask.nii.gz, and NAME.csv with a line "feature,value" for each
 * feature. The folders real, synth, real_masks and synth_masks hold two sets of images; prints the number of
 * features and the distance between the sets, for all features and for the first few. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "eval/frd/frd.h"
#include "eval/radiomics/radiomics.h"
#include "voxgan/rng.h"
#include "voxgan/volume.h"

typedef struct made {
  const char *name;
  int dim[3];
  double radius, noise; /* of the region, as a share of the sides; of the texture */
  double wave;          /* radians a voxel */
} made;

/* An image with its region. */
typedef struct picture {
  vg_volume image;
  vg_labelmap mask;
  uint8_t *roi;
} picture;

static void draw(const made *m, uint64_t seed, picture *p) {
  const size_t n = (size_t)m->dim[0] * (size_t)m->dim[1] * (size_t)m->dim[2];
  const vg_geometry geo = {{m->dim[0], m->dim[1], m->dim[2]}, {{{2, 0, 0, 0}, {0, 2, 0, 0}, {0, 0, 2, 0}}}};
  *p = (picture){{.geo = geo, .data = vg_malloc(n, sizeof(float))},
                 {.geo = geo, .data = vg_malloc(n, sizeof(uint16_t))},
                 vg_malloc(n, 1)};
  if (!p->image.data || !p->mask.data || !p->roi) exit(1);
  vg_rng r = vg_rng_init(seed, vg_rng_key(m->name, 0, 0));
  const double phase = 6 * vg_rng_uniform(&r, 0, 1), gain = vg_rng_uniform(&r, 0.4, 0.6);
  for (size_t i = 0; i < n; i++) {
    const int x = (int)(i % (size_t)m->dim[0]), y = (int)(i / (size_t)m->dim[0] % (size_t)m->dim[1]);
    const int z = (int)(i / ((size_t)m->dim[0] * (size_t)m->dim[1]));
    const double dx = (x + 0.5) / m->dim[0] - 0.5, dy = (y + 0.5) / m->dim[1] - 0.5,
                 dz = (z + 0.5) / m->dim[2] - 0.5;
    const double away = sqrt(dx * dx + dy * dy + dz * dz);
    const double wave = gain * sin(m->wave * x + phase) * cos(0.4 * y + 0.2 * z);
    p->image.data[i] = away > 0.48 ? -1.0F : (float)(wave + m->noise * vg_rng_normal(&r));
    p->roi[i] = away < m->radius;
    p->mask.data[i] = p->roi[i];
  }
}

static void drop(picture *p) {
  vg_volume_release(&p->image);
  vg_labelmap_release(&p->mask);
  vg_free(p->roi);
}

/* Writes image and mask, and computes the features. Takes the two paths. */
static vg_status write_pair(const picture *p, char *image, char *mask, double *values) {
  vg_status st = image && mask ? vg_volume_write(image, &p->image, NULL) : VG_MEMORY;
  if (!st) st = vg_volume_write_labels(mask, &p->mask, 1);
  if (!st)
    st = vg_radiomics_compute(&vg_radiomics_v1, p->image.data, p->roi, p->image.geo.dim,
                              (const double[]){2, 2, 2}, values);
  vg_free(image);
  vg_free(mask);
  return st;
}

static vg_status write_case(const char *folder, const made *m) {
  static double values[VG_RADIOMICS_FEATURES];
  picture p;
  draw(m, 11, &p);
  vg_status st = write_pair(&p, vg_format("%s/%s.nii.gz", folder, m->name),
                            vg_format("%s/%s_mask.nii.gz", folder, m->name), values);
  char *csv = vg_format("%s/%s.csv", folder, m->name);
  FILE *f = !st && csv ? fopen(csv, "w") : NULL;
  for (int k = 0; f && k < VG_RADIOMICS_FEATURES; k++) {
    char feature[96];
    fprintf(f, "%s,%.12g\n", vg_radiomics_name(&vg_radiomics_v1, k, feature, sizeof feature), values[k]);
  }
  if (!f || fclose(f)) st = VG_FAILED;
  vg_free(csv);
  drop(&p);
  return st;
}

/* frd-score needs more subjects than features, or its matrix root fails. */
enum { SUBJECTS = 14, FEW = 8 };

static vg_status write_set(const char *folder, const char *name, const made *m, uint64_t seed,
                           double *values) {
  char *images = vg_format("%s/%s", folder, name), *masks = vg_format("%s/%s_masks", folder, name);
  vg_status st = images && masks ? vg_fs_make_dirs(images) : VG_MEMORY;
  if (!st) st = vg_fs_make_dirs(masks);
  for (size_t i = 0; i < SUBJECTS && !st; i++) {
    picture p;
    draw(m, seed + i, &p);
    st = write_pair(&p, vg_format("%s/%zu.nii.gz", images, i), vg_format("%s/%zu.nii.gz", masks, i),
                    values + i * VG_RADIOMICS_FEATURES);
    drop(&p);
  }
  vg_free(images);
  vg_free(masks);
  return st;
}

/* Prints the distance between all features, or the first few: constant ones do not count. */
static vg_status print_distance(double *real, double *synth, int features) {
  size_t n = SUBJECTS, m = SUBJECTS, dims = 0;
  vg_set_distance d;
  for (int i = 0; i < SUBJECTS; i++)
    for (int k = features; k < VG_RADIOMICS_FEATURES; k++)
      real[i * VG_RADIOMICS_FEATURES + k] = synth[i * VG_RADIOMICS_FEATURES + k] = 0;
  vg_status st = vg_frd_distance(real, &n, synth, &m, &dims, &d);
  if (!st) printf("%zu %.9g\n", dims, log(d.value));
  return st;
}

static vg_status write_sets(const char *folder) {
  static double real[SUBJECTS * VG_RADIOMICS_FEATURES], synth[SUBJECTS * VG_RADIOMICS_FEATURES];
  const made one = {"a", {26, 28, 24}, 0.4, 0.2, 0.7}, other = {"b", {26, 28, 24}, 0.4, 0.15, 0.65};
  vg_status st = write_set(folder, "real", &one, 100, real);
  if (!st) st = write_set(folder, "synth", &other, 500, synth);
  if (!st) st = print_distance(real, synth, VG_RADIOMICS_FEATURES);
  if (!st) st = print_distance(real, synth, FEW);
  return st;
}

int main(int argc, char **argv) {
  static const made all[] = {{"brain", {40, 47, 36}, 0.46, 0.15, 0.7},
                             {"tumour", {41, 38, 30}, 0.16, 0.1, 0.7},
                             {"flat", {24, 22, 20}, 0.4, 0, 0.7},
                             {"small", {30, 30, 30}, 0.07, 0.2, 0.7},
                             {"few", {30, 31, 29}, 0.04, 0.2, 0.7}};
  if (argc != 2 || vg_fs_make_dirs(argv[1])) return 1;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (write_case(argv[1], &all[i])) return 1;
  return write_sets(argv[1]) != VG_OK;
}
