/* bench_io.c: our half of `make bench-io`; bench_io.py drives it and nibabel in turn.
 *
 * Commands on stdin, one answer line each on stdout (seconds of each repetition):
 *   make PATH            writes a volume like a skull-stripped scan, 240x240x155 int16
 *   read PATH REPS       file to float
 *   load PATH            keeps the volume for `write`
 *   write PATH REPS      float to an int16 file
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "voxgan/log.h"
#include "voxgan/volume.h"
#include "voxgan/rng.h"

static vg_volume kept;

static int fault(void) {
  fprintf(stderr, "bench_io: %s\n", vg_error());
  return 1;
}

/* An ellipsoid of brain size (a sixth of the grid, as in BraTS), smooth folds of contrast, Rician
 * noise of 3 %, nothing outside. */
static int make_volume(const char *path) {
  vg_geometry g = {{240, 240, 155}, {{{-1, 0, 0, 0}, {0, -1, 0, 239}, {0, 0, 1, 0}}}};
  vg_volume v;
  vg_rng r = vg_rng_init(1, vg_rng_key("bench", 0, 0));
  if (vg_volume_new(&g, &v)) return fault();
  for (int z = 0; z < 155; z++) {
    for (int y = 0; y < 240; y++) {
      for (int x = 0; x < 240; x++) {
        double a = (x - 119.5) / 68, b = (y - 119.5) / 85, c = (z - 77) / 65.0;
        if (a * a + b * b + c * c > 1) continue;
        double fold =
            sin(x * 0.21 + 2 * sin(y * 0.07)) + sin(y * 0.17 + 2 * sin(z * 0.09)) + sin(z * 0.23 + a);
        double clean = 600 + 120 * fold;
        double re = clean + 18 * vg_rng_normal(&r), im = 18 * vg_rng_normal(&r);
        v.data[((size_t)z * 240 + (size_t)y) * 240 + (size_t)x] = (float)sqrt(re * re + im * im);
      }
    }
  }
  /* Level 6, as scanners' converters use. */
  vg_status st = vg_volume_write(
      path, &v, &(vg_volume_write_options){.dtype = VG_DT_I16, .xform_code = 1, .compression = 6});
  vg_volume_release(&v);
  return st ? fault() : 0;
}

static int run(const char *verb, const char *path, int reps) {
  if (!strcmp(verb, "make")) return make_volume(path);
  if (!strcmp(verb, "load")) {
    vg_volume_release(&kept);
    return vg_volume_read(path, &kept, NULL) ? fault() : 0;
  }
  for (int i = 0; i < reps; i++) {
    vg_volume v = {0};
    double from = vg_now();
    vg_status st =
        !strcmp(verb, "read")
            ? vg_volume_read(path, &v, NULL)
            : vg_volume_write(path, &kept, &(vg_volume_write_options){.dtype = VG_DT_I16, .xform_code = 1});
    double took = vg_now() - from;
    vg_volume_release(&v);
    if (st) return fault();
    printf("%.6f ", took);
  }
  return 0;
}

int main(void) {
  char line[4200], verb[8], path[4096];
  while (fgets(line, sizeof line, stdin)) {
    int reps = 0;
    if (sscanf(line, "%7s %4095s %d", verb, path, &reps) < 2) return 2;
    if (run(verb, path, reps)) return 1;
    printf("\n");
    fflush(stdout);
  }
  vg_volume_release(&kept);
  return 0;
}
