/* bench_eval.c: our half of `make bench-eval`; bench_eval.py drives it and its peers in turn.
 *
 * Commands on stdin, one answer line each on stdout (figures, then seconds of each repetition):
 *   make DIR              writes DIR/{real,synth}.nii.gz in [-1, 1] and DIR/{real,synth}_seg.nii.gz,
 * 240x240x155 load DIR              keeps all four ssim REPS             mean SSIM over the whole volume
 *   overlap REPS          Dice, HD95 and ASSD of label 1 (a tumour whose edge is off by a millimetre or two)
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "voxgan/log.h"
#include "base/mem.h"
#include "voxgan/metric.h"
#include "voxgan/volume.h"
#include "voxgan/rng.h"

enum { NX = 240, NY = 240, NZ = 155, N = NX * NY * NZ };
static float *real, *synth;
static uint8_t *cells, *real_seg, *synth_seg;

static int fault(void) {
  fprintf(stderr, "bench_eval: %s\n", vg_error());
  return 1;
}

static vg_status write_volume(const char *dir, const char *name, uint64_t seed) {
  vg_geometry g = {{NX, NY, NZ}, {{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}}};
  vg_volume v;
  vg_rng r = vg_rng_init(seed, 0);
  char path[4200];
  snprintf(path, sizeof path, "%s/%s.nii.gz", dir, name);
  if (vg_volume_new(&g, &v)) return VG_MEMORY;
  for (int i = 0; i < N; i++) {
    int x = i % NX, y = i / NX % NY, z = i / (NX * NY);
    double a = (x - 119.5) / 68, b = (y - 119.5) / 85, c = (z - 77) / 65.0;
    double fold = sin(x * 0.21 + 2 * sin(y * 0.07)) + sin(y * 0.17 + 2 * sin(z * 0.09)) + sin(z * 0.23 + a);
    double value = 0.25 * fold + 0.05 * vg_rng_normal(&r);
    v.data[i] = a * a + b * b + c * c > 1 ? -1 : (float)fmin(1, fmax(-1, value));
  }
  vg_status st = vg_volume_write(path, &v, NULL);
  vg_volume_release(&v);
  return st;
}

static vg_status write_labels(const char *dir, const char *name, double shift) {
  vg_geometry g = {{NX, NY, NZ}, {{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}}};
  vg_labelmap m;
  char path[4200];
  snprintf(path, sizeof path, "%s/%s_seg.nii.gz", dir, name);
  if (vg_labelmap_new(&g, &m)) return VG_MEMORY;
  for (int i = 0; i < N; i++) {
    double x = i % NX - 140 - shift, y = i / NX % NY - 110, z = i / (NX * NY) - 80 + shift;
    double lobes = 1 + 0.15 * sin(5 * atan2(y, x) + shift) + 0.1 * sin(0.3 * z);
    m.data[i] = sqrt(x * x / 900 + y * y / 1200 + z * z / 700) < lobes;
  }
  vg_status st = vg_volume_write_labels(path, &m, 1);
  vg_labelmap_release(&m);
  return st;
}

static vg_status load_volume(const char *dir, const char *name, float **out) {
  vg_volume v = {0};
  char path[4200];
  snprintf(path, sizeof path, "%s/%s.nii.gz", dir, name);
  vg_status st = vg_volume_read(path, &v, NULL);
  *out = v.data;
  return st;
}

static vg_status load_labels(const char *dir, const char *name, uint8_t **out) {
  vg_labelmap m = {0};
  char path[4200];
  snprintf(path, sizeof path, "%s/%s_seg.nii.gz", dir, name);
  vg_status st = vg_volume_read_labels(path, &m, NULL);
  *out = vg_malloc(N, 1);
  if (!st && !*out) st = VG_MEMORY;
  for (int i = 0; i < N && !st; i++) (*out)[i] = (uint8_t)m.data[i];
  vg_labelmap_release(&m);
  return st;
}

static int make(const char *dir) {
  if (write_volume(dir, "real", 1) || write_volume(dir, "synth", 2) || write_labels(dir, "real", 0) ||
      write_labels(dir, "synth", 1.5))
    return fault();
  return 0;
}

static int load(const char *dir) {
  if (load_volume(dir, "real", &real) || load_volume(dir, "synth", &synth) ||
      load_labels(dir, "real", &real_seg) || load_labels(dir, "synth", &synth_seg) ||
      !(cells = vg_malloc(N, 1)))
    return fault();
  memset(cells, 1, N);
  return 0;
}

/* Metrics up to NULL, all of one input. */
static int measure(const char *const *metrics, int reps) {
  static vg_regions regions;
  double seconds[64];
  vg_metric_regions_init(&regions);
  if (vg_metric_regions_add(&regions, "all", (const uint8_t[]){1}, 1)) return fault();
  for (int k = 0; k < reps && k < 64; k++) {
    vg_metric_memo memo = {0};
    vg_metric_input in = {.dim = {NX, NY, NZ},
                          .spacing = {1, 1, 1},
                          .regions = &regions,
                          .real = real,
                          .synth = synth,
                          .cells = cells,
                          .range = 2,
                          .real_labels = real_seg,
                          .synth_labels = synth_seg,
                          .memo = &memo};
    double value, from = vg_now();
    for (int m = 0; metrics[m]; m++) {
      if (vg_metric_find(metrics[m])->metric->compute(&in, &value)) return fault();
      if (!k) printf("%.9g ", value);
    }
    seconds[k] = vg_now() - from;
    vg_metric_memo_release(&memo);
  }
  for (int k = 0; k < reps && k < 64; k++) printf("%.6f ", seconds[k]);
  return 0;
}

int main(void) {
  char line[4200], verb[16], argument[4096];
  while (fgets(line, sizeof line, stdin)) {
    int reps, bad;
    if (sscanf(line, "%15s %4095s", verb, argument) != 2) return 2;
    if (!strcmp(verb, "make"))
      bad = make(argument);
    else if (!strcmp(verb, "load"))
      bad = load(argument);
    else if (sscanf(argument, "%d", &reps) != 1)
      return 2;
    else if (!strcmp(verb, "ssim"))
      bad = measure((const char *const[]){"ssim", NULL}, reps);
    else
      bad = measure((const char *const[]){"dice", "hd95", "assd", NULL}, reps);
    if (bad) return 1;
    printf("\n");
    fflush(stdout);
  }
  vg_free(real);
  vg_free(synth);
  vg_free(cells);
  vg_free(real_seg);
  vg_free(synth_seg);
  return 0;
}
