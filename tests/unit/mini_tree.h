/* mini_tree.h: small data sets in the scratch folder: an ellipsoid brain whose tumour is on one side, so that
 * left differs from right.
 *
 * Include after cmocka.h and scratch.h. */
#ifndef VG_TESTS_MINI_TREE_H
#define VG_TESTS_MINI_TREE_H
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "voxgan/dataset.h"
#include "base/fs.h"
#include "base/mem.h"
#include "voxgan/volume.h"

static inline void must(vg_status st) {
  if (st) fail_msg("%s: %s", vg_status_name(st), vg_error());
}

static inline void must_say(vg_status st, vg_status wanted, const char *text) {
  if (st != wanted || !strstr(vg_error(), text))
    fail_msg("%s '%s', wanted %s '%s'", vg_status_name(st), vg_error(), vg_status_name(wanted), text);
}

/* A file whose content does not matter. */
static inline void touch(const char *dir, const char *relative) {
  char *path = vg_fs_join(dir, relative), *parent = vg_fs_dirname(path);
  must(vg_fs_make_dirs(parent));
  must(vg_fs_write_atomic(path, "x", 1));
  vg_free(path);
  vg_free(parent);
}

static inline void mini_write_text(const char *dir, const char *relative, const char *text) {
  char *path = vg_fs_join(dir, relative);
  must(vg_fs_write_atomic(path, text, strlen(text)));
  vg_free(path);
}

/* A test program's exit code: blocks that are still allocated after all tests are a failure too. */
static inline int without_leaks(int failed) {
  if (!failed && vg_mem_live() != 0) {
    fprintf(stderr, "%ld blocks leaked\n", vg_mem_live());
    return 1;
  }
  return failed;
}

/* Axes by code ("RAS", "LPS", "ASR"...), spacing in mm, the middle of the grid at the origin. dim and mm are
 * along the stored axes. */
static inline vg_geometry mini_geometry(const char *code, int nx, int ny, int nz, double mx, double my,
                                        double mz) {
  vg_geometry g = {.dim = {nx, ny, nz}};
  double mm[3] = {mx, my, mz};
  for (int a = 0; a < 3; a++) {
    static const char letters[] = "RLAPSI";
    int at = (int)(strchr(letters, code[a]) - letters), row = at / 2;
    double step = at % 2 ? -mm[a] : mm[a];
    g.affine.m[row][a] = step;
    g.affine.m[row][3] = -step * (g.dim[a] - 1) / 2;
  }
  return g;
}

/* The tissue at a world position: 0 outside, 1 brain, 2 oedema, 3 enhancing, 4 necrosis. The tumour is right
 * and front. */
static inline int mini_tissue(const double mm[3], double radius) {
  double r[3] = {mm[0] / (0.8 * radius), mm[1] / radius, mm[2] / (0.8 * radius)};
  if (r[0] * r[0] + r[1] * r[1] + r[2] * r[2] > 1) return 0;
  double d = sqrt(pow(mm[0] - 0.3 * radius, 2) + pow(mm[1] - 0.3 * radius, 2) + pow(mm[2], 2)) / radius;
  return d < 0.1 ? 4 : d < 0.2 ? 3 : d < 0.35 ? 2 : 1;
}

/* Tissue's mean plus a slope along x and y, so that no axis can be mistaken. */
static inline vg_volume mini_image(vg_geometry g, double radius, float background, float gain) {
  static const float mean[] = {0, 100, 160, 220, 60};
  vg_volume v;
  must(vg_volume_new(&g, &v));
  size_t i = 0;
  for (int z = 0; z < g.dim[2]; z++)
    for (int y = 0; y < g.dim[1]; y++)
      for (int x = 0; x < g.dim[0]; x++, i++) {
        double mm[3], ijk[3] = {x, y, z};
        vg_affine_apply(&g.affine, ijk, mm);
        int t = mini_tissue(mm, radius);
        v.data[i] = t ? gain * (mean[t] + (float)(mm[0] / radius * 20 + mm[1] / radius * 10)) : background;
      }
  return v;
}

/* values[tissue]. */
static inline vg_labelmap mini_labels(vg_geometry g, double radius, const uint16_t values[5]) {
  vg_labelmap m;
  must(vg_labelmap_new(&g, &m));
  size_t i = 0;
  for (int z = 0; z < g.dim[2]; z++)
    for (int y = 0; y < g.dim[1]; y++)
      for (int x = 0; x < g.dim[0]; x++, i++) {
        double mm[3], ijk[3] = {x, y, z};
        vg_affine_apply(&g.affine, ijk, mm);
        m.data[i] = values[mini_tissue(mm, radius)];
      }
  return m;
}

static inline void mini_write_image(const char *dir, const char *relative, vg_geometry g, double radius,
                                    float background, float gain) {
  char *path = vg_fs_join(dir, relative), *parent = vg_fs_dirname(path);
  vg_volume v = mini_image(g, radius, background, gain);
  must(vg_fs_make_dirs(parent));
  must(vg_volume_write(path, &v, NULL));
  vg_volume_release(&v);
  vg_free(path);
  vg_free(parent);
}

static inline void mini_write_labels(const char *dir, const char *relative, vg_geometry g, double radius,
                                     const uint16_t values[5]) {
  char *path = vg_fs_join(dir, relative), *parent = vg_fs_dirname(path);
  vg_labelmap m = mini_labels(g, radius, values);
  must(vg_fs_make_dirs(parent));
  must(vg_volume_write_labels(path, &m, 1));
  vg_labelmap_release(&m);
  vg_free(path);
  vg_free(parent);
}

#endif
