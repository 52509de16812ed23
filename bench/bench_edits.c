/* bench_edits.c: `make bench-edits DATA=LABELS`: what train.edits costs the loader. LABELS holds label maps
 * that the schemes synthseg-tissues and synthseg-contrasts know.
 *
 * Prints CPU milliseconds a sample of one thread, for volumes of 96^3 voxels of 1 mm and slices of 128x144
 * of 1.5 mm, without edits and with them in half of the samples; and those of one edited map, which samples
 * of an epoch share. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "ranges.h"
#include "base/mem.h"
#include "base/pool.h"
#include "prep/maps_read.h"
#include "study/train_edits.h"
#include "voxgan/log.h"

enum { CASES = 4 };

static double cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(vg_status st) {
  if (!st) return;
  fprintf(stderr, "bench_edits: %s\n", vg_error());
  exit(1);
}

/* Times the second epoch: donors are there then, and frames are known. */
static double sample_ms(const vg_case *cases, size_t n, const vg_train_edits *edits, const int patch[3],
                        int samples, bool edited) {
  vg_loader_settings s = {.batch = 1,
                          .patch = {patch[0], patch[1], patch[2]},
                          .samples_per_epoch = samples,
                          .tumour_share = 0.5,
                          .tumour_weight = 1,
                          .seed = 1,
                          .background = true,
                          .randomise = &how,
                          .kinds = vg_train_edits_kinds(edits),
                          .editor = edited ? vg_train_edits_editor(edits) : NULL,
                          .synthetic_share = 1,
                          .threads = 1,
                          .ahead = 1};
  vg_loader *l;
  const vg_batch *b;
  must(vg_loader_new(cases, n, &s, &l));
  double began = 0;
  for (int i = 0; i < 2 * samples; i++) {
    if (i == samples) began = cpu();
    must(vg_loader_next(l, &b));
  }
  const double ms = 1e3 * (cpu() - began) / samples;
  vg_loader_free(l);
  return ms;
}

static double map_ms(const vg_case *cases, size_t n, const vg_train_edits *edits) {
  const vg_map_editor *e = vg_train_edits_editor(edits);
  const double began = cpu();
  for (size_t i = 0; i < n; i++) {
    const vg_edited_map *map;
    must(e->take(e->arg, &cases[i], i, 1000, 0, &map));
    if (map) e->give(e->arg, map);
  }
  return 1e3 * (cpu() - began) / (double)n;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  vg_dataset set = {0};
  vg_threads_set(1);
  must(vg_dataset_add(&set, argv[1], "labels", NULL, "synthseg-tissues"));
  const size_t n = set.n < CASES ? set.n : CASES;
  static const struct {
    const char *name;
    double mm;
    int patch[3], samples;
  } shapes[] = {{"96x96x96", 1, {96, 96, 96}, 40}, {"128x144", 1.5, {1, 144, 128}, 400}};
  for (int k = 0; k < 2; k++) {
    vg_prep_settings prep = {.spacing = {shapes[k].mm, shapes[k].mm, shapes[k].mm},
                             .margin = 4,
                             .percentile = {0.5, 99.5},
                             .synthetic = true,
                             .heads = true};
    const vg_train_edits_options o = {
        .chain = argv[2], .donors = "", .target = VG_EDITS_TUMOUR, .share = 0.5, .variants = 1, .seed = 1};
    vg_train_edits *edits;
    vg_case cases[CASES] = {0};
    must(vg_series_parse(VG_SERIES_ANY, &prep.series));
    must(vg_scheme_parse("synthseg-contrasts", &prep.contrasts));
    must(vg_classes_add(&prep.classes, &set.sources[0].anatomy_scheme, VG_ROLE_ANATOMY));
    must(vg_train_edits_open(&o, &prep.classes, &edits));
    must(vg_prep_add_kinds(&prep, &set.sources[0].anatomy_scheme));
    must(vg_train_edits_set_kinds(edits, &prep.kinds, &prep.contrasts, &prep.classes));
    for (size_t i = 0; i < n; i++) must(vg_prepare(&set, &set.subjects[i], &prep, &cases[i]));
    const double without = sample_ms(cases, n, edits, shapes[k].patch, shapes[k].samples, false);
    const double with = sample_ms(cases, n, edits, shapes[k].patch, shapes[k].samples, true);
    printf("{\"case\": \"%s\", \"sample_ms\": %.2f, \"edited_ms\": %.2f, \"map_ms\": %.0f, \"maps\": %zu, "
           "\"samples\": %d}\n",
           shapes[k].name, without, with, map_ms(cases, n, edits), n, shapes[k].samples);
    fflush(stdout);
    for (size_t i = 0; i < n; i++) vg_case_release(&cases[i]);
    vg_train_edits_free(edits);
  }
  vg_dataset_release(&set);
  return 0;
}
