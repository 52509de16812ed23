/* profile_step.c: measures the time of a training step by layer and operation.
 *
 *   profile_step [SIZE [NGF [fp32|bf16 [STEPS]]]]
 *
 * A patch of SIZE^3 (64), ngf = ndf = NGF (16), 8 one-hot classes to 4 series, batch 1, on the CPU with all
 * threads: the mean of STEPS (5) steps after 2 others. The tables compare the rates of convolutions with the
 * rate of libtorch's product of large matrices in the same precision, measured in the same run. The tables
 * are Markdown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/mem.h"
#include "nn/nn.h"

enum { CLASSES = 8, SERIES = 4, WARM_UP = 2 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void draw(float *labels, float *images, size_t voxels) {
  vg_rng r = vg_rng_init(1, vg_rng_key("profile", 0, 0));
  for (size_t i = 0; i < voxels; i++) {
    size_t class = (size_t)(vg_rng_u64(&r) % CLASSES);
    labels[class * voxels + i] = 1;
    for (size_t s = 0; s < SERIES; s++)
      images[s * voxels + i] = (float)vg_rng_uniform(&r, 0, 0.4) + (float)class / CLASSES - 0.7f;
  }
}

static int by_time(const void *a, const void *b) {
  const vg_profile_row *x = a, *y = b;
  return (x->seconds < y->seconds) - (x->seconds > y->seconds);
}

/* Adds row to its operation's sum. */
static void add(vg_profile_row *ops, int *n, const vg_profile_row *row) {
  int i = 0;
  while (i < *n && strcmp(ops[i].op, row->op) != 0) i++;
  if (i == *n) {
    ops[(*n)++] = *row;
    return;
  }
  ops[i].seconds += row->seconds;
  ops[i].flops += row->flops;
  ops[i].calls += row->calls;
}

static void print_row(const char *layer, const vg_profile_row *r, int steps, double step, double rate) {
  double seconds = r->seconds / steps;
  printf("| %s%s%s | %.1f | %.2f | %.1f |", layer, *layer ? " | " : "", r->op, (double)r->calls / steps,
         1e3 * seconds, 100 * seconds / step);
  if (r->flops > 0)
    printf(" %.1f | %.0f |\n", r->flops / r->seconds * 1e-9, 100 * r->flops / r->seconds / rate);
  else
    printf(" | |\n");
}

static int report(const vg_profile_row *rows, int n, int steps, double step, double rate) {
  vg_profile_row *sorted = VG_NEW_N(vg_profile_row, n), *ops = VG_NEW_N(vg_profile_row, n);
  int n_ops = 0;
  vg_profile_row listed = {.op = "in all"};
  if (!sorted || !ops) return 1;
  memcpy(sorted, rows, (size_t)n * sizeof *rows);
  qsort(sorted, (size_t)n, sizeof *sorted, by_time);
  for (int i = 0; i < n; i++) {
    add(ops, &n_ops, &sorted[i]);
    listed.seconds += sorted[i].seconds;
    listed.flops += sorted[i].flops;
  }
  qsort(ops, (size_t)n_ops, sizeof *ops, by_time);
  printf("| layer | operation | calls | ms | %% of the step | GF/s | %% of the matrix product |\n");
  printf("| --- | --- | --- | --- | --- | --- | --- |\n");
  for (int i = 0; i < n; i++)
    if (sorted[i].seconds > 0.002 * step * steps)
      print_row(*sorted[i].layer ? sorted[i].layer : "-", &sorted[i], steps, step, rate);
  printf("\n| operation | calls | ms | %% of the step | GF/s | %% of the matrix product |\n");
  printf("| --- | --- | --- | --- | --- | --- |\n");
  for (int i = 0; i < n_ops; i++) print_row("", &ops[i], steps, step, rate);
  vg_profile_row other = {.op = "not listed", .seconds = step * steps - listed.seconds, .calls = steps};
  print_row("", &other, steps, step, rate);
  printf("\nstep %.2f ms; its convolutions %.2f Gflop, %.2f ms at the matrix product's rate\n", 1e3 * step,
         listed.flops / steps * 1e-9, 1e3 * listed.flops / steps / rate);
  vg_free(sorted);
  vg_free(ops);
  return 0;
}

int main(int argc, char **argv) {
  int size = argc > 1 ? atoi(argv[1]) : 64, ngf = argc > 2 ? atoi(argv[2]) : 16;
  const char *precision = argc > 3 ? argv[3] : "fp32";
  const bool bf16 = !strcmp(precision, "bf16");
  int steps = argc > 4 ? atoi(argv[4]) : 5, n_rows = 0, failed = 1;
  size_t voxels = (size_t)size * (size_t)size * (size_t)size;
  vg_gan_spec spec = {.generator = "unet",
                      .discriminator = "patch",
                      .norm = VG_NORM_INSTANCE,
                      .in_channels = CLASSES,
                      .out_channels = SERIES,
                      .patch = {size, size, size},
                      .ngf = ngf,
                      .ndf = ngf,
                      .blocks = 9,
                      .d_layers = 3,
                      .d_scales = 1};
  vg_gan_objective objective = {.adversarial = "bce",
                                .reconstruction = "l1",
                                .w_adversarial = 1,
                                .w_reconstruction = 100,
                                .beta1 = 0.5,
                                .beta2 = 0.999,
                                .r1_every = 16,
                                .low_sigma = 2,
                                .precision = bf16 ? VG_PRECISION_BF16 : VG_PRECISION_FP32};
  vg_gan *gan = NULL;
  vg_gan_losses losses;
  double start = 0;
  if (size < 1 || ngf < 1 || steps < 1 || (!bf16 && strcmp(precision, "fp32") != 0)) {
    fprintf(stderr, "usage: profile_step [SIZE [NGF [fp32|bf16 [STEPS]]]]\n");
    return 2;
  }
  vg_tensor_threads(0);
  float *labels = VG_NEW_N(float, CLASSES *voxels), *images = VG_NEW_N(float, SERIES *voxels);
  if (!labels || !images) goto out;
  draw(labels, images, voxels);
  if (vg_gan_new(&spec, &objective, 1, (vg_device){0}, &gan)) goto out;
  char device[64];
  double rate = vg_profile_gemm(VG_F32), half = vg_profile_gemm(VG_BF16);
  printf("%s; matrix product: fp32 %.0f GF/s, bf16 %.0f GF/s; %d^3, ngf %d, %s\n\n",
         vg_device_describe((vg_device){0}, device, sizeof device), rate * 1e-9, half * 1e-9, size, ngf,
         precision);
  const vg_gan_batch batch = {.n = 1, .dim = {size, size, size}, .input = labels, .target = images};
  for (int i = 0; i < WARM_UP + steps; i++) {
    if (i == WARM_UP) {
      vg_profile_start();
      start = now();
    }
    if (vg_gan_step(gan, &batch, 1, 2e-4, 2e-4, &losses)) goto out;
  }
  double step = (now() - start) / steps;
  const vg_profile_row *rows = vg_profile_stop(&n_rows);
  failed = report(rows, n_rows, steps, step, bf16 ? half : rate);
  printf("peak memory %.0f MiB\n", (double)vg_tensor_peak_bytes((vg_device){0}) / 1048576);
out:
  if (failed) fprintf(stderr, "profile_step: %s\n", vg_error());
  vg_gan_free(gan);
  vg_free(labels);
  vg_free(images);
  return failed;
}
