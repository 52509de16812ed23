/* test_nn_networks.c: specs, shapes and geometry of the networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "base/mem.h"
#include "nn/layer/unet_strides.h"
#include "nn/nn.h"
#include "voxgan/registry.h"

static const vg_device cpu = {0};
static const vg_gan_objective objective = {.adversarial = "bce",
                                           .reconstruction = "l1",
                                           .w_adversarial = 1,
                                           .w_reconstruction = 100,
                                           .r1_every = 16,
                                           .low_sigma = 2,
                                           .beta1 = 0.5,
                                           .beta2 = 0.999};

static vg_gan_spec small(const char *generator, int d, int h, int w) {
  vg_gan_spec s = {.discriminator = "patch",
                   .norm = VG_NORM_INSTANCE,
                   .in_channels = 3,
                   .out_channels = 2,
                   .patch = {d, h, w},
                   .ngf = 4,
                   .ndf = 4,
                   .blocks = 2,
                   .d_layers = 2,
                   .d_scales = 1,
                   .dropout = 0.5};
  strcpy(s.generator, generator);
  return s;
}

static int nothing_left(void **state) {
  (void)state;
  if (vg_tensor_live()) print_error("%zu tensors left\n", vg_tensor_live());
  if (vg_mem_live()) print_error("%ld blocks left\n", vg_mem_live());
  return vg_tensor_live() != 0 || vg_mem_live() != 0;
}

static void strides(void **state) {
  (void)state;
  int s[VG_UNET_MAX_LEVELS][3];
  assert_int_equal(vg_unet_strides((int[]){64, 64, 64}, 0, s), 5);
  assert_int_equal(vg_unet_strides((int[]){54, 128, 128}, 0, s), 6);
  /* 54 27 13 6 3 3 3 */
  assert_int_equal(s[3][0], 2);
  assert_int_equal(s[4][0], 1);
  assert_int_equal(s[5][0], 1);
  assert_int_equal(s[5][1], 2);
  assert_int_equal(vg_unet_strides((int[]){64, 64, 64}, 3, s), 3);
  assert_int_equal(vg_unet_strides((int[]){1, 256, 256}, 0, s), 7);
  for (int i = 0; i < 7; i++) assert_int_equal(s[i][0], 1);
  assert_int_equal(vg_unet_strides((int[]){1, 3, 2}, 0, s), 0);
}

/* Generates n samples on a grid; every value must be in (-1, 1) and not constant. */
static void generates(vg_gan *gan, int n, const int dim[3]) {
  const vg_gan_spec *s = vg_gan_get_spec(gan);
  size_t voxels = (size_t)dim[0] * (size_t)dim[1] * (size_t)dim[2];
  size_t in = (size_t)n * (size_t)s->in_channels * voxels, out = (size_t)n * (size_t)s->out_channels * voxels;
  float *x = vg_malloc(in, sizeof *x), *y = vg_malloc(out, sizeof *y), low = 2, high = -2;
  for (size_t i = 0; i < in; i++) x[i] = (float)((i * 2654435761u >> 7) % 5 == 0);
  vg_status st = vg_gan_generate(gan, x, n, dim, NULL, y);
  if (st) fail_msg("%s %dx%dx%d: %s", s->generator, dim[0], dim[1], dim[2], vg_error());
  for (size_t i = 0; i < out; i++) {
    assert_true(fabsf(y[i]) <= 1);
    low = fminf(low, y[i]);
    high = fmaxf(high, y[i]);
  }
  assert_true(high > low);
  vg_free(x);
  vg_free(y);
}

static void shapes(void **state) {
  (void)state;
  static const char *const generators[] = {"unet", "unet_k3", "resnet", "spade"};
  static const int patches[][3] = {{16, 16, 16}, {13, 32, 32}, {1, 32, 32},
                                   {32, 32, 1},  {3, 17, 21},  {6, 20, 16}};
  for (size_t g = 0; g < 4; g++)
    for (size_t k = 0; k < 3; k++)
      for (size_t p = 0; p < sizeof patches / sizeof *patches; p++) {
        vg_gan_spec s = small(generators[g], patches[p][0], patches[p][1], patches[p][2]);
        s.norm = (vg_net_norm)k;
        s.upsample = (vg_net_upsample)((k + p) % 3);
        if (p % 3 == 1) s.modulation = VG_MODULATION_CONV;
        s.encoder = p % 2;
        s.noise = g != 2 && p % 3;
        s.style = g == 3 && p % 2 ? 3 : 0;
        vg_gan *gan;
        if (vg_gan_new(&s, &objective, 1, cpu, &gan)) fail_msg("%s: %s", generators[g], vg_error());
        generates(gan, 2, s.patch);
        int least[3], other[3];
        vg_gan_min_dim(gan, least);
        for (int a = 0; a < 3; a++) {
          assert_true(least[a] >= 1 && least[a] <= s.patch[a]);
          other[a] = s.patch[a] + 3; /* another extent than the patch's, and another oddness */
        }
        generates(gan, 1, other);
        /* the least is allowed; one voxel fewer is a clear no */
        generates(gan, 1, least);
        for (int a = 0; a < 3; a++) {
          if (least[a] == 1) continue;
          float dummy = 0;
          least[a]--;
          assert_int_equal(vg_gan_generate(gan, &dummy, 1, least, NULL, &dummy), VG_CONFIG);
          assert_non_null(strstr(vg_error(), "too small"));
          least[a]++;
        }
        vg_gan_free(gan);
      }
}

/* ---- a grid ---- */

enum { GRID_PATCH = 32, GRID_SIDE = 96, GRID_FROM = 32, GRID_LENGTH = 32 };

/* Amplitude of period p along rows (or columns) of the middle of an image, where no border reaches, under
 * Hann's window, which hides slow changes; root mean square over the rows. */
static double periodic(const float *image, int p, bool columns) {
  double power = 0;
  for (int r = GRID_FROM; r < GRID_FROM + GRID_LENGTH; r++) {
    double re = 0, im = 0, mean = 0;
    for (int i = 0; i < GRID_LENGTH; i++)
      mean += image[columns ? (GRID_FROM + i) * GRID_SIDE + r : r * GRID_SIDE + GRID_FROM + i] / GRID_LENGTH;
    for (int i = 0; i < GRID_LENGTH; i++) {
      const double v =
          image[columns ? (GRID_FROM + i) * GRID_SIDE + r : r * GRID_SIDE + GRID_FROM + i] - mean;
      const double hann = 1 - cos(2 * M_PI * i / GRID_LENGTH);
      re += v * hann * cos(2 * M_PI * i / p) / GRID_LENGTH;
      im += v * hann * sin(2 * M_PI * i / p) / GRID_LENGTH;
    }
    power += (re * re + im * im) / GRID_LENGTH;
  }
  return sqrt(power);
}

/* The grid in a network's image of one class everywhere: its largest component of period 2 or 4, relative to
 * the image's largest value. */
static double grid_of(vg_gan *gan) {
  const vg_gan_spec *s = vg_gan_get_spec(gan);
  const size_t n = (size_t)GRID_SIDE * GRID_SIDE;
  float *x = vg_calloc(n * (size_t)s->in_channels, sizeof *x);
  float *y = vg_calloc(n * (size_t)s->out_channels, sizeof *y);
  double worst = 0, largest = 0;
  for (size_t i = 0; i < n; i++) x[i] = 1;
  if (vg_gan_generate(gan, x, 1, (int[]){1, GRID_SIDE, GRID_SIDE}, NULL, y)) fail_msg("%s", vg_error());
  for (int c = 0; c < s->out_channels; c++) {
    for (int p = 2; p <= 4; p += 2)
      for (int columns = 0; columns < 2; columns++)
        worst = fmax(worst, periodic(y + (size_t)c * n, p, columns));
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(y[(size_t)c * n + i]));
  }
  vg_free(x);
  vg_free(y);
  return largest > 0 ? worst / largest : 0;
}

/* Steps on labels in blocks and images with noise, so that a discriminator has something to find. */
static void train_a_little(vg_gan *gan, int steps) {
  const vg_gan_spec *s = vg_gan_get_spec(gan);
  const size_t n = (size_t)GRID_PATCH * GRID_PATCH;
  float *x = vg_calloc(n * (size_t)s->in_channels, sizeof *x);
  float *y = vg_calloc(n * (size_t)s->out_channels, sizeof *y);
  vg_rng r = vg_rng_init(7, vg_rng_key("grid", 0, 0));
  for (int k = 0; k < steps; k++) {
    memset(x, 0, n * (size_t)s->in_channels * sizeof *x);
    const int at = (int)vg_rng_below(&r, 16), side = 4 + (int)vg_rng_below(&r, 12);
    for (size_t i = 0; i < n; i++) {
      const int h = (int)i / GRID_PATCH - at, w = (int)i % GRID_PATCH - at;
      const int label = h >= 0 && w >= 0 && h < side && w < side;
      x[(size_t)label * n + i] = 1;
      for (int c = 0; c < s->out_channels; c++)
        y[(size_t)c * n + i] = (float)fmax(-1, fmin(1, (label ? 0.6 : -0.3) + 0.1 * vg_rng_normal(&r)));
    }
    const vg_gan_batch b = {.n = 1, .dim = {1, GRID_PATCH, GRID_PATCH}, .input = x, .target = y};
    vg_gan_losses l;
    if (vg_gan_step(gan, &b, 1, 2e-3, 2e-4, &l)) fail_msg("%s", vg_error());
  }
  vg_free(x);
  vg_free(y);
}

/* Resizing and interpolating leave what is constant constant, whatever the weights are, in every generator.
 * Transposed convolutions do not, which shows that the measure sees a grid; an instance norm may hide theirs,
 * since it makes what is constant 0. */
static void no_grid(void **state) {
  (void)state;
  for (const vg_registry_row *row = vg_registry_find("generators")->rows; row->name; row++)
    for (int k = 0; k < 4; k++) {
      const bool resize = k > 0;
      vg_gan_spec s = small(row->name, 1, GRID_PATCH, GRID_PATCH);
      vg_gan *gan;
      s.upsample = k == 3 ? VG_UPSAMPLE_LINEAR : resize ? VG_UPSAMPLE_RESIZE : VG_UPSAMPLE_TRANSPOSED;
      s.norm = k == 1 ? VG_NORM_INSTANCE : VG_NORM_BATCH;
      s.levels = 2;
      s.ngf = 8;
      s.dropout = 0;
      s.encoder = k != 3; /* these two of spade */
      s.modulation = k % 2 ? VG_MODULATION_CONV : VG_MODULATION_CLASS;
      if (vg_gan_new(&s, &objective, 1, cpu, &gan)) fail_msg("%s: %s", row->name, vg_error());
      for (int trained = 0; trained < 2; trained++) {
        if (trained) train_a_little(gan, 12);
        const double grid = grid_of(gan);
        if (resize && !(grid < 1e-5)) fail_msg("%s has a grid of %g", row->name, grid);
        if (!resize && trained && !(grid > 1e-3))
          fail_msg("%s: the measure sees no grid: %g", row->name, grid);
      }
      vg_gan_free(gan);
    }
}

/* The layers of a 64^3 U-Net and PatchGAN: pix2pix's, in numbers of parameters. */
static void parameters(void **state) {
  (void)state;
  vg_gan_spec s = small("unet", 64, 64, 64);
  s.in_channels = 8;
  s.out_channels = 4;
  s.ngf = s.ndf = 16;
  s.d_layers = 3;
  vg_gan *gan;
  assert_int_equal(vg_gan_new(&s, &objective, 1, cpu, &gan), VG_OK);
  size_t down = 64 * (8 * 16 + 16 * 32 + 32 * 64 + 64 * 128 + 128 * 128) + 16 + 128;
  size_t up = 64 * (128 * 128 + 256 * 64 + 128 * 32 + 64 * 16 + 32 * 4) + 4;
  assert_int_equal(vg_gan_parameters(gan, false), down + up);
  assert_int_equal(vg_gan_parameters(gan, true),
                   64 * (12 * 16 + 16 * 32 + 32 * 64 + 64 * 128 + 128) + 16 + 1);
  vg_gan_free(gan);
}

static void refused(const vg_gan_spec *s, const vg_gan_objective *o, const char *says) {
  vg_gan *gan;
  assert_int_equal(vg_gan_new(s, o, 1, cpu, &gan), VG_CONFIG);
  assert_null(gan);
  if (!strstr(vg_error(), says)) fail_msg("\"%s\" does not say \"%s\"", vg_error(), says);
}

static void bad_specs(void **state) {
  (void)state;
  const vg_gan_spec good = small("unet", 16, 16, 16);
#define REFUSED(change, says)       \
  do {                              \
    vg_gan_spec s = good;           \
    vg_gan_objective o = objective; \
    change;                         \
    refused(&s, &o, says);          \
  } while (0)
  REFUSED(strcpy(s.generator, "vnet"), "net.generator is \"vnet\", but must be one of unet|");
  REFUSED(strcpy(s.discriminator, "disc"), "net.discriminator is \"disc\"");
  REFUSED(s.norm = (vg_net_norm)3, "net.norm has no choice 3");
  REFUSED(s.in_channels = 0, "channels");
  REFUSED(s.patch[1] = 0, "patch_h is 0");
  REFUSED(s.patch[0] = s.patch[1] = s.patch[2] = 5, "too small for unet");
  REFUSED(s.levels = 9, "levels 9: a patch of 16x16x16 allows 2 to 3");
  REFUSED(s.levels = 1, "levels 1");
  REFUSED(s.ngf = 0, "net.ngf is 0");
  REFUSED(s.ndf = -3, "net.ndf is -3");
  REFUSED(s.dropout = 1, "net.dropout is 1, but must be from 0 to 0.95");
  REFUSED(s.dropout = NAN, "dropout");
  REFUSED(s.d_layers = 0, "net.d_layers is 0");
  REFUSED(s.d_scales = 0, "net.d_scales is 0, but must be from 1 to 4");
  REFUSED(s.d_scales = 5, "net.d_scales is 5");
  REFUSED((strcpy(s.generator, "resnet"), s.blocks = 0), "net.blocks is 0");
  REFUSED((strcpy(s.generator, "unet_k3"), s.levels = 4), "levels 4: a patch of 16x16x16 allows 1 to 3");
  REFUSED(strcpy(o.adversarial, "l1"), "train.adversarial is \"l1\"");
  REFUSED(strcpy(o.reconstruction, "auto"), "not resolved");
  REFUSED(strcpy(o.reconstruction, "bce"), "train.reconstruction is \"bce\"");
  REFUSED(o.w_adversarial = -1, "train.w_adversarial is -1");
  REFUSED(o.w_reconstruction = NAN, "train.w_reconstruction");
  REFUSED(o.w_feature = -1, "train.w_feature is -1");
  REFUSED(o.w_r1 = NAN, "train.w_r1");
  REFUSED((o.w_r1 = 1, o.r1_every = 0), "train.r1_every is 0");
  REFUSED((o.w_feature = 1, o.w_adversarial = 0, strcpy(s.discriminator, "none")), "needs a discriminator");
  REFUSED((strcpy(s.discriminator, "oasis"), s.softmax = 1, s.out_channels = 3),
          "needs train.direction label2image");
  REFUSED((strcpy(s.discriminator, "oasis"), s.patch[0] = 3, s.patch[1] = 3, s.patch[2] = 3), "too small");
  REFUSED(o.w_local = 1, "train.w_local is 1, which needs");
  REFUSED((s.local[0] = 8, o.w_local = 1), "box of 8x0x0 voxels is empty");
  REFUSED((s.local[0] = s.local[1] = s.local[2] = 2, strcpy(s.discriminator, "none")),
          "needs one of whole samples");
  REFUSED(o.beta2 = 1, "train.beta2 is 1");
}

static void estimates(void **state) {
  (void)state;
  static const char *const generators[] = {"unet", "unet_k3", "resnet", "spade"};
  for (int g = 0; g < 4; g++) {
    vg_gan_spec s = small(generators[g], 32, 32, 32);
    size_t base = vg_gan_step_bytes(&s, &objective, 1, s.patch),
           free_base = vg_gan_generate_bytes(&s, s.patch);
    assert_true(free_base > 32 * 32 * 32 * 5 * sizeof(float));
    assert_true(base > 2 * free_base);
    assert_true(vg_gan_step_bytes(&s, &objective, 2, s.patch) > base);
    for (int a = 0; a < 3; a++) {
      int dim[3] = {32, 32, 32};
      dim[a] = 40;
      assert_true(vg_gan_step_bytes(&s, &objective, 1, dim) > base);
      assert_true(vg_gan_generate_bytes(&s, dim) > free_base);
    }
    vg_gan_objective less = objective;
    less.recompute = true;
    vg_gan_spec wide = s;
    wide.ngf = 32;
    assert_true(vg_gan_step_bytes(&wide, &less, 1, s.patch) <
                vg_gan_step_bytes(&wide, &objective, 1, s.patch));
    less = objective;
    less.ema = 0.9; /* one more copy of the generator, and nothing else */
    vg_gan *gan;
    assert_int_equal(vg_gan_new(&s, &less, 1, cpu, &gan), VG_OK);
    assert_int_equal(vg_gan_step_bytes(&s, &less, 1, s.patch) - base,
                     vg_gan_parameters(gan, false) * sizeof(float));
    /* Saving: a generator with its average, gradient and moments (5), and the copy of all but the gradient
     * (4); a discriminator (7), and its copy (3). */
    assert_int_equal(vg_gan_save_bytes(&s, &less),
                     (9 * vg_gan_parameters(gan, false) + 10 * vg_gan_parameters(gan, true)) * sizeof(float));
    vg_gan_free(gan);
    wide = s;
    wide.ngf *= 2;
    assert_true(vg_gan_step_bytes(&wide, &objective, 1, s.patch) > base);
    assert_true(vg_gan_generate_bytes(&wide, s.patch) > free_base);
    wide = s;
    wide.ndf *= 2;
    assert_true(vg_gan_step_bytes(&wide, &objective, 1, s.patch) > base);
    wide = s;
    wide.d_scales = 2; /* an eighth of the first's voxels */
    assert_true(vg_gan_step_bytes(&wide, &objective, 1, s.patch) > base);
    assert_true(vg_gan_step_bytes(&wide, &objective, 1, s.patch) < base + base / 4);
    wide = s;
    wide.local[0] = wide.local[1] = wide.local[2] = 16; /* an eighth of the voxels, and weights of its own */
    assert_true(vg_gan_step_bytes(&wide, &objective, 1, s.patch) > base);
    wide.local[0] = 100; /* no more than the patch */
    size_t most = vg_gan_step_bytes(&wide, &objective, 1, s.patch);
    wide.local[0] = 32;
    assert_int_equal(vg_gan_step_bytes(&wide, &objective, 1, s.patch), most);
  }
}

/* A failed allocation anywhere in building is an error that leaves nothing behind. */
static void out_of_memory(void **state) {
  (void)state;
  static const char *const discriminators[] = {"patch", "oasis"};
  vg_gan_spec s = small("unet", 1, 16, 16);
  s.local[0] = 1;
  s.local[1] = s.local[2] = 16;
  for (int k = 0; k < 2; k++) {
    strcpy(s.discriminator, discriminators[k]);
    bool built = false;
    for (long n = 1; !built; n++) {
      vg_gan *gan;
      vg_mem_fail_after(n);
      vg_status st = vg_gan_new(&s, &objective, 1, cpu, &gan);
      vg_mem_fail_after(0);
      if ((built = !st)) {
        vg_gan_free(gan);
        assert_true(n > 10);
        continue;
      }
      assert_int_equal(st, VG_MEMORY);
      assert_null(gan);
      assert_int_equal(vg_mem_live(), 0);
      assert_int_equal(vg_tensor_live(), 0);
    }
  }
}

int main(void) {
  vg_tensor_threads(0);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(strides),
      cmocka_unit_test_teardown(shapes, nothing_left),
      cmocka_unit_test_teardown(no_grid, nothing_left),
      cmocka_unit_test_teardown(parameters, nothing_left),
      cmocka_unit_test_teardown(bad_specs, nothing_left),
      cmocka_unit_test(estimates),
      cmocka_unit_test_teardown(out_of_memory, nothing_left),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
