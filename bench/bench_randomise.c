/* bench_randomise.c: our half of `make bench-randomise`; bench_randomise.py drives it and SciPy in turn.
 *
 * Commands on stdin, one answer line each on stdout:
 *   step NAME REPS    seconds of each repetition of one step on the sample: deform, contrast, bias, blur,
 * slices, noise, rician, gamma sample REPS       seconds of each whole sample of one series size voxels along
 * an axis
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ranges.h"
#include "base/mem.h"
#include "prep/randomise/blur.h"
#include "prep/randomise/contrast.h"
#include "prep/randomise/deform.h"
#include "prep/randomise/field.h"
#include "prep/randomise/noise.h"
#include "prep/randomise/scanner.h"
#include "prep/randomise/tone.h"
#include "voxgan/log.h"

enum { SIDE = 96, N = SIDE * SIDE * SIDE, MAP = 160, KINDS = 40 };
static const int dim[3] = {SIDE, SIDE, SIDE};
static float *v, *work, *shift[3], *scratch;
static uint8_t *map, *kinds;
static vg_kinds table;
static vg_randomise_source source;

static void field(double cell, vg_rng *r, float *out) {
  const vg_field f = vg_field_of(dim, (const double[3]){cell, cell, cell}, 1);
  vg_field_draw(&f, r, scratch, out);
}

static void deform(vg_rng *r) {
  vg_deform d;
  vg_deform_draw(&how, r, &d);
  for (int a = 0; a < 3; a++) field(25, r, shift[a]);
  vg_deform_kinds(&d, &source, dim, (const float *[3]){shift[0], shift[1], shift[2]}, kinds);
}

static void contrast(vg_rng *r) {
  vg_contrast c;
  vg_contrast_draw(&how, &table, r, &c);
  vg_noise_normals(1, vg_rng_u64(r), shift[0], N);
  field(20, r, shift[1]);
  vg_contrast_paint(&c, kinds, shift[1], shift[0], v, N);
}

static void bias(vg_rng *r) {
  field(50, r, shift[0]);
  vg_tone_shade(v, shift[0], N);
}

static void blur(vg_rng *r) {
  (void)r;
  vg_blur(v, dim, (const double[3]){0.5, 0.5, 0.5}, work);
}

static void slices(vg_rng *r) {
  (void)r;
  const double step[3] = {5, 1, 1}, half[3] = {0.5, 0.5, 0.5};
  const vg_scanner s = vg_scanner_of(dim, step, half);
  vg_blur(v, dim, (const double[3]){vg_scanner_sigma(5), 0, 0}, work);
  vg_scanner_sample(&s, dim, v, work);
  vg_scanner_back(&s, dim, v, work);
}

static void noise(vg_rng *r) {
  vg_noise_gaussian(v, N, 0.05, 1, vg_rng_u64(r), shift[0]);
}

static void rician(vg_rng *r) {
  vg_noise_rician(v, N, 0.05, 1, vg_rng_u64(r), shift[0]);
}

static void gamma_curve(vg_rng *r) {
  double range[2];
  (void)r;
  vg_tone_range(v, kinds, N, (const double[2]){0.5, 99.5}, range);
  vg_tone_map(v, N, range[0], range[1], 1.1);
}

static const struct {
  const char *name;
  void (*run)(vg_rng *);
} steps[] = {{"deform", deform}, {"contrast", contrast}, {"bias", bias},     {"blur", blur},
             {"slices", slices}, {"noise", noise},       {"rician", rician}, {"gamma", gamma_curve}};

static void set_up(void) {
  v = vg_malloc(N, sizeof *v);
  work = vg_malloc(N, sizeof *work);
  /* The steps of one sample share memory, as in randomise.c. */
  shift[0] = vg_malloc(3 * (size_t)N, sizeof **shift);
  scratch = vg_malloc(2 * (size_t)N, sizeof *scratch);
  map = vg_malloc((size_t)MAP * MAP * MAP, 1);
  kinds = vg_malloc(N, 1);
  if (!v || !work || !shift[0] || !scratch || !map || !kinds) exit(1);
  shift[1] = shift[0] + N;
  shift[2] = shift[1] + N;
  /* Blocks of 8 voxels, as thick as structures of a brain. */
  for (int z = 0, i = 0; z < MAP; z++)
    for (int y = 0; y < MAP; y++)
      for (int x = 0; x < MAP; x++, i++) map[i] = (uint8_t)((z / 8 * 7 + y / 8 * 3 + x / 8) % (KINDS + 1));
  table.n = KINDS;
  for (int k = 1; k <= KINDS; k++) table.contrast[k] = (uint8_t)k, table.klass[k] = (uint8_t)(k % 4);
  source = (vg_randomise_source){.kinds = map,
                                 .dim = {MAP, MAP, MAP},
                                 .mm = {1, 1, 1},
                                 .table = &table,
                                 .centre = {80, 80, 80},
                                 .sample_mm = {1, 1, 1}};
}

int main(void) {
  char line[64], name[32];
  int reps;
  vg_rng r = vg_rng_init(1, 1);
  vg_randomiser *randomiser;
  set_up();
  if (vg_randomiser_new(&how, dim, &randomiser)) return 1;
  while (fgets(line, sizeof line, stdin)) {
    if (!strncmp(line, "size", 4)) printf("%d", SIDE);
    if (sscanf(line, "step %31s %d", name, &reps) == 2)
      for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        for (int k = 0; k < reps && !strcmp(steps[i].name, name); k++) {
          const double began = vg_now();
          steps[i].run(&r);
          printf("%.6f ", vg_now() - began);
        }
    if (sscanf(line, "sample %d", &reps) == 1)
      for (int k = 0; k < reps; k++) {
        const double began = vg_now();
        vg_randomiser_make(randomiser, &source, 1, (uint64_t)k, 3, shift[0], 1, v);
        printf("%.6f ", vg_now() - began);
      }
    putchar('\n');
    fflush(stdout);
  }
  vg_randomiser_free(randomiser);
  return 0;
}
