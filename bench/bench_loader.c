/* bench_loader.c: the prepared bytes of a folder's subjects, and the CPU time of one sample of their images
 * and labels.
 *
 *   bench_loader DATA SERIES CACHE SIDE   prints, for samples of SIDE^3 voxels as they lie in the scan,
 * turned and bent, and with altered intensities: the least ms of three rounds
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/mem.h"
#include "sample/loader.h"
#include "voxgan/log.h"

enum { ROUNDS = 3, SAMPLES = 8 };

static vg_status prepare(const char *data, const char *series, const char *cache, vg_dataset *set,
                         vg_case **out) {
  vg_prep_settings s = {.margin = 4, .percentile = {0.5, 99.5}};
  size_t bytes = 0;
  vg_status st = vg_dataset_add(set, data, "auto", NULL, NULL);
  if (!st) st = vg_series_parse(series, &s.series);
  if (!st) st = vg_classes_add_name(&s.classes, VG_CLASS_BRAIN, VG_ROLE_ANATOMY);
  if (!st) st = vg_classes_add(&s.classes, &set->sources[0].tumour_scheme, VG_ROLE_TUMOUR);
  if (!st && !(*out = VG_NEW_N(vg_case, set->n))) st = VG_MEMORY;
  for (size_t i = 0; i < set->n && !st; i++) {
    st = vg_prepare_cached(cache, set, &set->subjects[i], &s, &(*out)[i]);
    bytes += (*out)[i].map.len;
  }
  if (!st) printf("%zu cases, %.1f MB each\n", set->n, (double)bytes / (double)set->n / 1e6);
  return st;
}

/* A loader makes samples ahead, so its own thread's time is what counts: all of the process's. */
static vg_status round_of(const vg_case *cases, size_t n, const vg_loader_settings *s, double *ms) {
  vg_loader *l;
  vg_status st = vg_loader_new(cases, n, s, &l);
  const clock_t began = clock();
  for (int i = 0; i < SAMPLES && !st; i++) {
    const vg_batch *b;
    st = vg_loader_next(l, &b);
  }
  vg_loader_free(l);
  *ms = (double)(clock() - began) * 1e3 / CLOCKS_PER_SEC / SAMPLES;
  return st;
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    vg_augment how;
  } ways[] = {{"plain", {.share = 0}},
              {"bent", {.share = 1, .rotate = 15, .scale = 0.1, .elastic = 2}},
              {"altered", {.share = 1, .bias = 0.3, .contrast = 0.2, .gamma = 0.2}}};
  vg_dataset set = {0};
  vg_case *cases = NULL;
  if (argc != 5) return 2;
  const int side = atoi(argv[4]);
  vg_status st = prepare(argv[1], argv[2], argv[3], &set, &cases);
  for (size_t w = 0; w < sizeof ways / sizeof *ways && !st; w++) {
    double best = 1e9;
    for (int k = 0; k < ROUNDS && !st; k++) {
      double ms;
      vg_loader_settings s = {.batch = 1,
                              .patch = {side, side, side},
                              .samples_per_epoch = 1000,
                              .tumour_share = 0.5,
                              .flip = true,
                              .tumour_weight = 1,
                              .augment = ways[w].how,
                              .seed = (uint64_t)k};
      st = round_of(cases, set.n, &s, &ms);
      if (ms < best) best = ms;
    }
    printf("%-8s %8.2f ms a sample of %d^3\n", ways[w].name, best, side);
    fflush(stdout);
  }
  if (st) fprintf(stderr, "bench_loader: %s\n", vg_error());
  for (size_t i = 0; cases && i < set.n; i++) vg_case_release(&cases[i]);
  vg_free(cases);
  vg_dataset_release(&set);
  return st ? 1 : 0;
}
