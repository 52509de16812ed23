/* Windows: the whole volume is what the generator makes of it, slices are made one by one, patches cover
 * every voxel. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>
#include "../scratch.h"
#include "run/synth/infer.h"
#include "base/mem.h"

enum { X = 20, Y = 24, Z = 18, VOXELS = X * Y * Z, CLASSES = 2 };

static uint8_t labels[CLASSES * VOXELS], brain[VOXELS];
static vg_case subject;

static int make_case(void **state) {
  (void)state;
  for (int z = 0, i = 0; z < Z; z++)
    for (int y = 0; y < Y; y++)
      for (int x = 0; x < X; x++, i++) {
        double r = hypot(hypot((x - X / 2.0) / X, (y - Y / 2.0) / Y), (z - Z / 2.0) / Z);
        brain[i] = r < 0.45;
        labels[i] = r < 0.45 && r >= 0.25 ? 255 : 0;
        labels[VOXELS + i] = r < 0.25 ? 255 : 0;
      }
  subject = (vg_case){.n_classes = CLASSES, .labels = labels, .brain = brain, .id = "case"};
  memcpy(subject.record.dim, (int[]){X, Y, Z}, sizeof subject.record.dim);
  return 0;
}

static vg_gan *generator(int d, int h, int w) {
  vg_gan_spec spec = {.generator = "unet",
                      .discriminator = "patch",
                      .norm = VG_NORM_NONE,
                      .in_channels = CLASSES,
                      .out_channels = 2,
                      .patch = {d, h, w},
                      .ngf = 4,
                      .ndf = 4,
                      .levels = 2,
                      .blocks = 1,
                      .d_layers = 1,
                      .d_scales = 1,
                      .input_skip = 1};
  vg_gan_objective objective = {.adversarial = "bce",
                                .reconstruction = "l1",
                                .w_adversarial = 1,
                                .w_reconstruction = 1,
                                .beta1 = 0.5,
                                .beta2 = 0.999,
                                .r1_every = 16,
                                .low_sigma = 2};
  vg_gan *gan;
  if (vg_gan_new(&spec, &objective, 3, (vg_device){0}, &gan)) fail_msg("%s", vg_error());
  return gan;
}

static void as_floats(float *out) {
  for (int i = 0; i < CLASSES * VOXELS; i++) out[i] = (float)labels[i] / 255;
}

static void assert_background(const float *out) {
  for (int i = 0; i < 2 * VOXELS; i++) {
    if (!brain[i % VOXELS]) assert_true(out[i] == -1);
    assert_true(out[i] >= -1 && out[i] <= 1);
  }
}

static void whole_is_the_generator_itself(void **state) {
  (void)state;
  vg_gan *gan = generator(8, 8, 8); /* smaller than the case on every axis */
  static float in[CLASSES * VOXELS], direct[2 * VOXELS], out[2 * VOXELS];
  as_floats(in);
  assert_int_equal(vg_gan_generate(gan, in, 1, (int[]){Z, Y, X}, NULL, direct), VG_OK);
  assert_int_equal(vg_infer(gan, &subject, VG_WINDOW_WHOLE, SIZE_MAX, NULL, out), VG_OK);
  assert_background(out);
  for (int i = 0; i < 2 * VOXELS; i++)
    if (brain[i % VOXELS]) assert_float_equal(out[i], direct[i], 1e-6);
  vg_gan_free(gan);
}

/* Patches see less around them, so they differ a little from the whole; they must not have seams or holes. */
static void patches_cover_every_voxel(void **state) {
  (void)state;
  vg_gan *gan = generator(8, 12, 8);
  static float whole[2 * VOXELS], out[2 * VOXELS], cut[2 * VOXELS];
  assert_int_equal(vg_infer(gan, &subject, VG_WINDOW_WHOLE, SIZE_MAX, NULL, whole), VG_OK);
  assert_int_equal(vg_infer(gan, &subject, VG_WINDOW_PATCH, SIZE_MAX, NULL, out), VG_OK);
  assert_background(out);
  double d = 0, var = 0;
  for (int i = 0; i < 2 * VOXELS; i++) d += fabs(out[i] - whole[i]), var += fabs(whole[i] + 1);
  assert_true(d < 0.05 * var);
  /* AUTO takes patches where the whole does not fit, and says what is missing where not even a patch does. */
  size_t patch_bytes = vg_gan_generate_bytes(vg_gan_get_spec(gan), (int[]){8, 12, 8});
  assert_int_equal(vg_infer(gan, &subject, VG_WINDOW_AUTO, patch_bytes, NULL, cut), VG_OK);
  assert_memory_equal(cut, out, sizeof out);
  assert_int_equal(vg_infer(gan, &subject, VG_WINDOW_AUTO, patch_bytes - 1, NULL, cut), VG_MEMORY);
  assert_non_null(strstr(vg_error(), "case: synthesis of 8x12x8 voxels needs"));
  assert_int_equal(vg_infer(gan, &subject, VG_WINDOW_WHOLE, patch_bytes, NULL, cut), VG_MEMORY);
  vg_gan_free(gan);
}

/* Series in: fractions that add up to 1, and outside the brain nothing but background. */
static void fractions_of_images(void **state) {
  (void)state;
  static int16_t image[VOXELS];
  static float in[VOXELS], direct[3 * VOXELS], out[3 * VOXELS];
  vg_gan_spec spec = {.generator = "unet",
                      .discriminator = "none",
                      .norm = VG_NORM_NONE,
                      .in_channels = 1,
                      .out_channels = 3,
                      .patch = {8, 8, 8},
                      .ngf = 4,
                      .ndf = 4,
                      .levels = 2,
                      .blocks = 1,
                      .d_layers = 1,
                      .d_scales = 1,
                      .softmax = 1};
  vg_gan_objective objective = {.adversarial = "bce",
                                .reconstruction = "ce_dice",
                                .w_reconstruction = 1,
                                .beta1 = 0.5,
                                .beta2 = 0.999,
                                .r1_every = 16,
                                .low_sigma = 2};
  vg_gan *gan;
  if (vg_gan_new(&spec, &objective, 3, (vg_device){0}, &gan)) fail_msg("%s", vg_error());
  vg_case c = subject;
  for (int i = 0; i < VOXELS; i++) {
    image[i] = (int16_t)(brain[i] ? i % 30000 : -32767);
    in[i] = (float)image[i] / 32767;
  }
  c.image = image;
  c.n_series = 1;
  assert_int_equal(vg_gan_generate(gan, in, 1, (int[]){Z, Y, X}, NULL, direct), VG_OK);
  for (int window = VG_WINDOW_WHOLE; window <= VG_WINDOW_PATCH; window++) {
    assert_int_equal(vg_infer(gan, &c, (vg_window)window, SIZE_MAX, NULL, out), VG_OK);
    for (int i = 0; i < VOXELS; i++) {
      assert_true(fabsf(out[i] + out[VOXELS + i] + out[2 * VOXELS + i] - 1) < 1e-5f);
      if (!brain[i]) assert_true(out[i] == 1);
      if (brain[i] && window == VG_WINDOW_WHOLE) assert_float_equal(out[i], direct[i], 1e-6);
    }
  }
  vg_gan_free(gan);

  /* Left to itself: by patches where an instance norm knows nothing else. */
  for (int k = 0; k < 2; k++) {
    spec.norm = k ? VG_NORM_INSTANCE : VG_NORM_NONE;
    assert_int_equal(vg_gan_new(&spec, &objective, 3, (vg_device){0}, &gan), VG_OK);
    assert_int_equal(vg_infer(gan, &c, k ? VG_WINDOW_PATCH : VG_WINDOW_WHOLE, SIZE_MAX, NULL, direct), VG_OK);
    assert_int_equal(vg_infer(gan, &c, VG_WINDOW_AUTO, SIZE_MAX, NULL, out), VG_OK);
    assert_memory_equal(out, direct, sizeof out);
    assert_int_equal(vg_infer(gan, &c, k ? VG_WINDOW_WHOLE : VG_WINDOW_PATCH, SIZE_MAX, NULL, direct), VG_OK);
    assert_memory_not_equal(out, direct, sizeof out);
    vg_gan_free(gan);
  }
}

static void slices_go_one_by_one(void **state) {
  (void)state;
  vg_gan *gan = generator(1, Y, X);
  static float in[CLASSES * Y * X], direct[2 * Y * X], out[2 * VOXELS];
  assert_int_equal(vg_infer(gan, &subject, VG_WINDOW_AUTO, SIZE_MAX, NULL, out), VG_OK);
  assert_background(out);
  for (int z = 0; z < Z; z++) {
    for (int c = 0; c < CLASSES; c++)
      for (int i = 0; i < Y * X; i++) in[c * Y * X + i] = (float)labels[c * VOXELS + z * Y * X + i] / 255;
    assert_int_equal(vg_gan_generate(gan, in, 1, (int[]){1, Y, X}, NULL, direct), VG_OK);
    for (int s = 0; s < 2; s++)
      for (int i = 0; i < Y * X; i++)
        if (brain[z * Y * X + i])
          assert_float_equal(out[s * VOXELS + z * Y * X + i], direct[s * Y * X + i], 1e-6);
  }
  vg_gan_free(gan);
  assert_int_equal(vg_tensor_live(), 0);
}

/* The mean of what the network makes of the slices across each axis, each laid out as its patch is. */
static void all_views_are_averaged(void **state) {
  (void)state;
  static int16_t image[VOXELS];
  static float want[2 * VOXELS], in[Y * Z], direct[2 * Y * Z], out[2 * VOXELS];
  vg_gan_spec spec = {.generator = "unet_k3",
                      .discriminator = "none",
                      .norm = VG_NORM_INSTANCE,
                      .in_channels = 1,
                      .out_channels = 2,
                      .patch = {8, 1, 8}, /* across y: the other axes lie as z and x do */
                      .views = VG_VIEWS_ALL,
                      .ngf = 4,
                      .ndf = 4,
                      .levels = 1,
                      .blocks = 1,
                      .d_layers = 1,
                      .d_scales = 1,
                      .softmax = 1};
  const vg_gan_objective objective = {.adversarial = "bce",
                                      .reconstruction = "ce_dice",
                                      .w_reconstruction = 1,
                                      .beta1 = 0.5,
                                      .beta2 = 0.999,
                                      .r1_every = 16,
                                      .low_sigma = 2};
  static const int size[3] = {Z, Y, X};
  vg_gan *gan;
  if (vg_gan_new(&spec, &objective, 3, (vg_device){0}, &gan)) fail_msg("%s", vg_error());
  vg_case c = subject;
  c.image = image;
  c.n_series = 1;
  for (int i = 0; i < VOXELS; i++) image[i] = (int16_t)(brain[i] ? i * 37 % 30000 : -32767);
  memset(want, 0, sizeof want);
  for (int axis = 0; axis < 3; axis++) {
    const int row = axis ? 0 : 1, column = axis == 2 ? 1 : 2, n = size[row] * size[column];
    const int step[3] = {Y * X, X, 1};
    for (int k = 0; k < size[axis]; k++) {
      const int first = k * step[axis];
      for (int i = 0; i < n; i++) {
        const int at = first + i / size[column] * step[row] + i % size[column] * step[column];
        in[i] = (float)image[at] / 32767;
      }
      assert_int_equal(vg_gan_generate(gan, in, 1, (int[]){size[row], 1, size[column]}, NULL, direct), VG_OK);
      for (int i = 0; i < n; i++) {
        const int at = first + i / size[column] * step[row] + i % size[column] * step[column];
        for (int q = 0; q < 2; q++) want[q * VOXELS + at] += direct[q * n + i] / 3;
      }
    }
  }
  assert_int_equal(vg_infer(gan, &c, VG_WINDOW_WHOLE, SIZE_MAX, NULL, out), VG_OK);
  for (int i = 0; i < VOXELS; i++) {
    assert_float_equal(out[i] + out[VOXELS + i], 1, 1e-5);
    if (brain[i]) assert_float_equal(out[i], want[i], 1e-5);
  }
  /* A scan of one slice has no other views: across y it is what the network makes of that slice. */
  const int first = Y / 2 * X;
  uint8_t inside[X * Z];
  int16_t flat[X * Z];
  for (int i = 0; i < X * Z; i++) {
    const int at = first + i / X * Y * X + i % X;
    inside[i] = brain[at];
    flat[i] = image[at];
    in[i] = (float)flat[i] / 32767;
  }
  c.record.dim[1] = 1;
  c.brain = inside;
  c.image = flat;
  assert_int_equal(vg_gan_generate(gan, in, 1, (int[]){Z, 1, X}, NULL, direct), VG_OK);
  assert_int_equal(vg_infer(gan, &c, VG_WINDOW_WHOLE, SIZE_MAX, NULL, out), VG_OK);
  for (int i = 0; i < X * Z; i++)
    if (inside[i]) assert_float_equal(out[i], direct[i], 1e-5);
  vg_gan_free(gan);

  /* Refused: images, noise, volumes. */
  spec.softmax = 0;
  assert_int_equal(vg_gan_new(&spec, &objective, 3, (vg_device){0}, &gan), VG_CONFIG);
  assert_non_null(strstr(vg_error(), "net.views all is for train.direction image2label"));
  spec.softmax = 1;
  spec.noise = true;
  assert_int_equal(vg_gan_new(&spec, &objective, 3, (vg_device){0}, &gan), VG_CONFIG);
  assert_non_null(strstr(vg_error(), "net.noise"));
  spec.noise = false;
  spec.patch[1] = 8;
  assert_int_equal(vg_gan_new(&spec, &objective, 3, (vg_device){0}, &gan), VG_CONFIG);
  assert_non_null(strstr(vg_error(), "not 8x8x8"));
  assert_int_equal(vg_tensor_live(), 0);
}

/* A decoder whose noise is as strong as the rest. */
static vg_gan *noisy(void) {
  vg_gan *gan = generator(12, 12, 12);
  vg_gan_spec spec = *vg_gan_get_spec(gan);
  vg_gan_free(gan);
  strcpy(spec.generator, "spade");
  strcpy(spec.discriminator, "none");
  spec.noise = true;
  spec.upsample = VG_UPSAMPLE_RESIZE;
  vg_gan_objective objective = {.adversarial = "bce",
                                .reconstruction = "l1",
                                .w_reconstruction = 1,
                                .beta1 = 0.5,
                                .beta2 = 0.999,
                                .r1_every = 16,
                                .low_sigma = 2};
  if (vg_gan_new(&spec, &objective, 3, (vg_device){0}, &gan)) fail_msg("%s", vg_error());
  const char *file = in_scratch("noisy.safetensors");
  vg_st_entry *e;
  vg_st_file f;
  size_t n;
  assert_int_equal(vg_gan_state_get(gan, VG_GAN_GENERATOR, &e, &n), VG_OK);
  for (size_t i = 0; i < n; i++) { /* drawn weights are small, and strengths 0 */
    size_t count = 1;
    for (int k = 0; k < e[i].ndim; k++) count *= (size_t)e[i].shape[k];
    float *v = (float *)(uintptr_t)e[i].data;
    for (size_t k = 0; k < count; k++) v[k] = strstr(e[i].name, "noise.bias") ? 0.2f : 4 * v[k];
  }
  assert_int_equal(vg_st_write(file, e, n, NULL), VG_OK);
  vg_gan_state_free(e, n);
  assert_int_equal(vg_st_open(file, &f), VG_OK);
  assert_int_equal(vg_gan_state_set(gan, VG_GAN_GENERATOR, file, &f), VG_OK);
  vg_st_release(&f);
  return gan;
}

static double far(const float *a, const float *b) {
  double d = 0;
  for (int i = 0; i < 2 * VOXELS; i++) d += fabs(a[i] - b[i]);
  return d;
}

/* Windows see one field of noise, so they give the image that the whole gives, but for what they cannot see
 * around them; with noise by window they would be as far from it as another draw is. */
static void windows_share_their_noise(void **state) {
  (void)state;
  static float whole[2 * VOXELS], windows[2 * VOXELS], other[2 * VOXELS], mean[2 * VOXELS], again[2 * VOXELS];
  vg_gan *gan = noisy();
  const vg_volume_draw a = {.noise = 1, .id = {1, 2, {0}}}, b = {.noise = 1, .id = {1, 3, {0}}};
  assert_int_equal(vg_infer(gan, &subject, VG_WINDOW_WHOLE, SIZE_MAX, &a, whole), VG_OK);
  assert_int_equal(vg_infer(gan, &subject, VG_WINDOW_WHOLE, SIZE_MAX, &b, other), VG_OK);
  assert_int_equal(vg_infer(gan, &subject, VG_WINDOW_WHOLE, SIZE_MAX, NULL, mean), VG_OK);
  assert_int_equal(vg_infer(gan, &subject, VG_WINDOW_PATCH, SIZE_MAX, &a, windows), VG_OK);
  assert_int_equal(vg_infer(gan, &subject, VG_WINDOW_PATCH, SIZE_MAX, &a, again), VG_OK);
  assert_memory_equal(windows, again, sizeof windows);
  assert_background(windows);
  assert_true(far(whole, other) > 1.2 * far(whole, mean));
  if (!(far(windows, whole) < 0.3 * far(whole, other)))
    fail_msg("windows are %g from the whole, another draw %g", far(windows, whole), far(whole, other));
  vg_gan_free(gan);
  assert_int_equal(vg_tensor_live(), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(windows_share_their_noise, scratch_setup, scratch_teardown),
      cmocka_unit_test(whole_is_the_generator_itself),
      cmocka_unit_test(patches_cover_every_voxel),
      cmocka_unit_test(fractions_of_images),
      cmocka_unit_test(slices_go_one_by_one),
      cmocka_unit_test(all_views_are_averaged),
  };
  return cmocka_run_group_tests(tests, make_case, NULL);
}
