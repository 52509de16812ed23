/* test_tensor.c: handles, scopes, sticky errors, devices, data in and out. */
#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "tensor/tensor.h"

#define CPU ((vg_device){0, 0})

static const int64_t six[2] = {2, 3};
static const float values[6] = {1, 2, 3, 4, 5, 6};

static int no_handles_left(void **state) {
  (void)state;
  vg_no_grad(false);
  return vg_tensor_live() == 0 && vg_tensor_check() == VG_OK ? 0 : -1;
}

static void scopes_free_what_they_made(void **state) {
  (void)state;
  vg_scope *outer = vg_scope_push();
  vg_tensor *a = vg_tensor_from(values, six, 2, CPU);
  vg_scope *inner = vg_scope_push();
  vg_tensor *b = vg_add(a, a), *c = vg_mul(b, b);
  assert_int_equal(vg_tensor_live(), 3);
  assert_ptr_equal(vg_scope_pop(inner, c), c);
  assert_int_equal(vg_tensor_live(), 2);
  assert_float_equal(vg_item(vg_sum(c)), 4 * 91, 1e-3);
  /* keeping what belongs further out leaves it there */
  inner = vg_scope_push();
  assert_ptr_equal(vg_scope_pop(inner, a), a);
  assert_int_equal(vg_size(a, 1), 3);
  /* released early, and retained past every scope */
  vg_release(c);
  vg_tensor *kept = vg_retain(vg_scale(a, 2, 1));
  vg_scope_pop(outer, NULL);
  assert_int_equal(vg_tensor_live(), 1);
  assert_int_equal(vg_numel(kept), 6);
  vg_release(kept);
  vg_release(NULL);
  assert_null(vg_retain(NULL));
}

static void the_first_error_sticks(void **state) {
  (void)state;
  vg_scope *s = vg_scope_push();
  vg_tensor *a = vg_tensor_from(values, six, 2, CPU), *b = vg_zeros((int64_t[]){4, 5}, 2, CPU);
  vg_tensor *bad = vg_relu(vg_mul(vg_add(a, b), a));
  assert_null(bad);
  assert_null(vg_reshape(a, (int64_t[]){7}, 1)); /* a later fault does not replace it */
  assert_int_equal(vg_tensor_check(), VG_FAILED);
  assert_non_null(strstr(vg_error(), "add: "));
  assert_null(strchr(vg_error(), '\n'));
  assert_int_equal(vg_tensor_check(), VG_OK);
  assert_non_null(vg_add(a, a));

  assert_null(vg_add(NULL, a)); /* a NULL of the caller's own is an error too */
  assert_int_equal(vg_tensor_check(), VG_FAILED);
  assert_non_null(strstr(vg_error(), "NULL"));
  vg_backward(NULL);
  assert_int_equal(vg_tensor_check(), VG_FAILED);
  assert_true(isnan(vg_item(NULL)));
  assert_int_equal(vg_tensor_check(), VG_FAILED);
  assert_int_equal(vg_size(NULL, 0), 0);
  assert_int_equal(vg_numel(NULL), 0);
  assert_null(vg_grad(NULL));
  assert_int_equal(vg_tensor_check(), VG_OK);
  vg_scope_pop(s, NULL);
}

static void faults_become_statuses(void **state) {
  (void)state;
  vg_scope *s = vg_scope_push();
  const vg_conv_geo geo = {{1, 1, 1}, {0, 0, 0}}, nowhere = {{0, 1, 1}, {0, 0, 0}};
  vg_tensor *x = vg_zeros((int64_t[]){1, 2, 3, 3, 3}, 5, CPU),
            *w = vg_zeros((int64_t[]){4, 2, 4, 4, 4}, 5, CPU);
  vg_tensor *other = vg_zeros((int64_t[]){4, 3, 1, 1, 1}, 5, CPU), *flat = vg_zeros((int64_t[]){4}, 1, CPU);
  assert_null(vg_conv3d(x, w, NULL, &geo)); /* the kernel is larger than the input */
  assert_int_equal(vg_tensor_check(), VG_FAILED);
  assert_null(vg_conv3d(x, other, NULL, &geo)); /* channels */
  assert_int_equal(vg_tensor_check(), VG_FAILED);
  assert_null(vg_conv3d(flat, other, NULL, &geo));
  assert_int_equal(vg_tensor_check(), VG_FAILED);
  assert_null(vg_conv3d(x, vg_zeros((int64_t[]){4, 2, 1, 1, 1}, 5, CPU), NULL, &nowhere));
  assert_int_equal(vg_tensor_check(), VG_FAILED);
  const int stride[3] = {2, 2, 2}, out[3] = {6, 6, 8};
  assert_null(vg_upconv3d(x, vg_zeros((int64_t[]){2, 1, 4, 4, 4}, 5, CPU), NULL, stride, out));
  assert_int_equal(vg_tensor_check(), VG_FAILED);
#ifndef __SANITIZE_ADDRESS__ /* which ends the program at such a size */
  assert_null(vg_zeros((int64_t[]){1 << 20, 1 << 20, 1 << 20}, 3, CPU)); /* 4 EiB */
  const vg_status st = vg_tensor_check();
  assert_true(st == VG_MEMORY || st == VG_FAILED);
  assert_null(vg_zeros((int64_t[]){1 << 20, 1 << 20, 256}, 3, CPU)); /* 1 PiB: beyond the address space */
  assert_int_equal(vg_tensor_check(), VG_MEMORY);
#endif
  /* our own kernels have no second derivative, and say so */
  vg_requires_grad(x, true);
  assert_null(vg_gradient(vg_leaky_relu(x, 0.2), x));
  assert_int_equal(vg_tensor_check(), VG_FAILED);
  assert_non_null(strstr(vg_error(), "no second derivative"));
  vg_requires_grad(x, false);
  vg_backward(x); /* needs no gradient */
  assert_int_equal(vg_tensor_check(), VG_FAILED);
  assert_true(isnan(vg_item(x)));
  assert_int_equal(vg_tensor_check(), VG_FAILED);
  vg_scope_pop(s, NULL);
}

typedef struct segment_plan {
  vg_tensor *w;
  int fail; /* 1: by a shape, 2: by memory; when it is run again */
} segment_plan;

static vg_tensor *segment(const void *context, vg_tensor *const in[VG_SEGMENT_INPUTS], vg_rand *rand,
                          bool again) {
  const segment_plan *p = context;
  vg_tensor *const a = in[0], *const b = in[2];
  if (again && p->fail == 1) return vg_add(a, vg_zeros((int64_t[]){7}, 1, CPU));
  if (again && p->fail == 2) return vg_zeros((int64_t[]){1 << 20, 1 << 20, 256}, 3, CPU);
  vg_scope *s = vg_scope_push();
  vg_tensor *y = vg_mul(vg_tanh(vg_mul(a, p->w)), vg_dropout(a, 0.5, rand));
  return vg_scope_pop(s, b ? vg_mul(y, vg_exp(b)) : y);
}

/* A segment that is computed again has the gradients of one that is kept, also where its inputs need none;
 * what goes wrong the second time is an error of the backward pass. */
static void segments_are_recomputed(void **state) {
  (void)state;
  float grad[2][3][6];
  const int64_t shape = 6;
  for (int with_b = 0; with_b < 2; with_b++)
    for (int leaf = 0; leaf < 2; leaf++) {
      for (int k = 0; k < 2; k++) {
        vg_scope *s = vg_scope_push();
        vg_rand *rand = vg_rand_new(3, CPU);
        vg_tensor *x = vg_requires_grad(vg_tensor_from(values, &shape, 1, CPU), leaf);
        vg_tensor *b = with_b ? vg_requires_grad(vg_full(&shape, 1, 0.3, CPU), true) : NULL;
        const segment_plan p = {.w = vg_requires_grad(vg_full(&shape, 1, 0.7, CPU), true)};
        vg_tensor *a = leaf ? vg_scale(x, 1.5, 0) : x;
        vg_tensor *const in[VG_SEGMENT_INPUTS] = {a, NULL, b};
        vg_tensor *y = k ? vg_recompute(segment, &p, sizeof p, in, rand) : segment(&p, in, rand, false);
        vg_tensor *more = vg_dropout(y, 0.5, rand); /* the stream goes on as if nothing had happened */
        vg_backward(vg_sum(vg_square(vg_add(y, more))));
        assert_int_equal(vg_tensor_check(), VG_OK);
        memset(grad[k], 0, sizeof grad[k]);
        assert_int_equal(vg_tensor_copy_out(vg_grad(p.w), grad[k][0], 6), VG_OK);
        if (leaf) assert_int_equal(vg_tensor_copy_out(vg_grad(x), grad[k][1], 6), VG_OK);
        if (with_b) assert_int_equal(vg_tensor_copy_out(vg_grad(b), grad[k][2], 6), VG_OK);
        vg_rand_free(rand);
        vg_scope_pop(s, NULL);
      }
      assert_memory_equal(grad[0], grad[1], sizeof grad[0]);
    }
  vg_scope *s = vg_scope_push();
  vg_tensor *a = vg_tensor_from(values, &shape, 1, CPU);
  vg_rand *rand = vg_rand_new(3, CPU);
  for (int fail = 1; fail <= 2; fail++) {
#ifdef __SANITIZE_ADDRESS__ /* which ends the program at such a size */
    if (fail == 2) continue;
#endif
    const segment_plan p = {.w = vg_requires_grad(vg_full(&shape, 1, 0.7, CPU), true), .fail = fail};
    vg_tensor *const in[VG_SEGMENT_INPUTS] = {a};
    vg_backward(vg_sum(vg_recompute(segment, &p, sizeof p, in, rand)));
    assert_int_equal(vg_tensor_check(), fail == 1 ? VG_FAILED : VG_MEMORY);
  }
  vg_rand_free(rand);
  vg_scope_pop(s, NULL);
}

static void data_goes_in_and_out(void **state) {
  (void)state;
  vg_scope *s = vg_scope_push();
  float in[6], out[6];
  memcpy(in, values, sizeof in);
  vg_tensor *a = vg_tensor_from(in, six, 2, CPU);
  in[0] = 99; /* it was copied */
  assert_int_equal(vg_tensor_copy_out(a, out, 6), VG_OK);
  assert_memory_equal(out, values, sizeof out);
  assert_int_equal(vg_tensor_copy_out(a, out, 5), VG_FAILED);
  assert_int_equal(vg_ndim(a), 2);
  assert_int_equal(vg_size(a, -1), 3);
  /* a view is read in its own order */
  assert_int_equal(vg_tensor_copy_out(vg_permute(a, (int[]){1, 0}, 2), out, 6), VG_OK);
  assert_memory_equal(out, ((float[]){1, 4, 2, 5, 3, 6}), sizeof out);
  /* types */
  assert_int_equal(vg_tensor_copy_out(vg_cast(vg_scale(a, 1, 0.5), VG_I64), out, 6), VG_OK);
  assert_memory_equal(out, values, sizeof out);
  assert_int_equal(vg_tensor_copy_out(vg_cast(a, VG_BF16), out, 6), VG_OK);
  assert_memory_equal(out, values, sizeof out);
  assert_int_equal(vg_tensor_copy_out(vg_add(vg_cast(a, VG_F16), vg_cast(a, VG_F16)), out, 6), VG_OK);
  assert_float_equal(out[5], 12, 0);
  assert_ptr_not_equal(vg_to(a, CPU), a);
  /* overwriting a leaf is outside autograd */
  vg_requires_grad(a, true);
  assert_int_equal(vg_tensor_copy_in(a, ((float[]){6, 5, 4, 3, 2, 1}), 6), VG_OK);
  assert_float_equal(vg_item(vg_narrow(vg_narrow(a, 0, 0, 1), 1, 0, 1)), 6, 0);
  assert_int_equal(vg_tensor_copy_in(a, in, 7), VG_FAILED);
  float moved[6];
  vg_tensor *to = vg_full((int64_t[]){2, 3}, 2, 2, CPU), *other = vg_full((int64_t[]){3, 2}, 2, 2, CPU);
  vg_tensor_lerp(a, to, 0.25);
  assert_int_equal(vg_tensor_copy_out(a, moved, 6), VG_OK);
  for (int i = 0; i < 6; i++) assert_true(moved[i] == 0.75f * (float)(6 - i) + 0.5f);
  vg_tensor_lerp(a, to, 1);
  assert_int_equal(vg_tensor_copy_out(a, moved, 6), VG_OK);
  for (int i = 0; i < 6; i++) assert_true(moved[i] == 2);
  vg_tensor_lerp(a, other, 0.5);
  assert_int_equal(vg_tensor_check(), VG_FAILED);
  vg_tensor_lerp(a, NULL, 0.5);
  assert_int_equal(vg_tensor_check(), VG_FAILED);
  assert_float_equal(vg_item(vg_full((int64_t[]){1}, 1, 2.5, CPU)), 2.5, 0);
  vg_scope_pop(s, NULL);
}

static void gradients_add_up_and_are_cleared(void **state) {
  (void)state;
  vg_scope *s = vg_scope_push();
  vg_tensor *a = vg_requires_grad(vg_tensor_from(values, six, 2, CPU), true);
  assert_null(vg_grad(a));
  for (int i = 0; i < 2; i++) vg_backward(vg_sum(vg_square(a)));
  float g[6];
  assert_int_equal(vg_tensor_copy_out(vg_grad(a), g, 6), VG_OK);
  for (int i = 0; i < 6; i++) assert_float_equal(g[i], 4 * values[i], 1e-5);
  vg_zero_grad(a);
  vg_tensor *none = vg_grad(a);
  if (none) assert_float_equal(vg_item(vg_sum(none)), 0, 0);
  vg_tensor *loss = vg_sum(vg_mul(a, vg_detach(a)));
  vg_backward(loss);
  assert_int_equal(vg_tensor_copy_out(vg_grad(a), g, 6), VG_OK);
  for (int i = 0; i < 6; i++) assert_float_equal(g[i], values[i], 1e-6);
  assert_int_equal(vg_tensor_check(), VG_OK);
  vg_backward(loss); /* the graph is gone */
  assert_int_equal(vg_tensor_check(), VG_FAILED);

  assert_false(vg_no_grad(true));
  vg_tensor *apart = vg_sum(vg_square(a));
  assert_true(vg_no_grad(false));
  vg_backward(apart);
  assert_int_equal(vg_tensor_check(), VG_FAILED);
  vg_scope_pop(s, NULL);
}

static void streams_are_their_own(void **state) {
  (void)state;
  vg_scope *s = vg_scope_push();
  vg_rand *a = vg_rand_new(7, CPU), *b = vg_rand_new(7, CPU);
  const int64_t n = 1000;
  float x[1000], y[1000];
  vg_tensor_copy_out(vg_randn(&n, 1, 3, 0.5, a), x, 1000);
  vg_tensor_copy_out(vg_randn(&n, 1, 3, 0.5, b), y, 1000);
  assert_memory_equal(x, y, sizeof x);
  double sum = 0, square = 0;
  for (int i = 0; i < 1000; i++) sum += x[i], square += (x[i] - 3) * (x[i] - 3);
  assert_true(fabs(sum / 1000 - 3) < 0.1 && fabs(sqrt(square / 1000) - 0.5) < 0.1);
  vg_tensor_copy_out(vg_randn(&n, 1, 3, 0.5, b), y, 1000);
  assert_memory_not_equal(x, y, sizeof x);
  vg_rand_free(a);
  vg_rand_free(b);
  vg_rand_free(NULL);
  vg_scope_pop(s, NULL);
}

static void wishes(void **state) {
  (void)state;
  static const struct {
    const char *text;
    vg_device_wish wish;
    int index;
  } known[] = {{"cpu", VG_WISH_CPU, 0},
               {"cuda", VG_WISH_ANY_GPU, 0},
               {"auto", VG_WISH_AUTO, 0},
               {"cuda:0", VG_WISH_ONE_GPU, 0},
               {"cuda:127", VG_WISH_ONE_GPU, 127}};
  vg_device_wish wish;
  int index;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    assert_int_equal(vg_device_wish_parse(known[i].text, &wish, &index), VG_OK);
    assert_int_equal(wish, known[i].wish);
    assert_int_equal(index, known[i].index);
  }
  assert_int_equal(vg_device_wish_parse("cuda:128", &wish, &index), VG_USAGE);
}

static void devices(void **state) {
  (void)state;
  vg_device d = {5, 5};
  char text[64];
  assert_int_equal(vg_device_parse("cpu", &d), VG_OK);
  assert_int_equal(d.kind, 0);
  assert_int_equal(vg_device_parse("auto", &d), VG_OK);
  const bool gpu = d.kind == 1;
  assert_int_equal(vg_device_parse("cuda", &d), gpu ? VG_OK : VG_DEVICE);
  if (!gpu && !strstr(vg_error(), "device cuda: no CUDA device found") &&
      !strstr(vg_error(), "device cuda: this libtorch is built without CUDA"))
    fail_msg("%s", vg_error());
  assert_int_equal(d.kind, gpu);
  static const char *const wrong[] = {"", "gpu", "cuda:", "cuda:x", "cuda:1x", "CPU", "cuda:-1"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_int_equal(vg_device_parse(wrong[i], &d), VG_USAGE);
  assert_int_equal(vg_device_parse("cuda:99", &d), VG_DEVICE);
  vg_tensor_threads(1);
  assert_string_equal(vg_device_describe(CPU, text, sizeof text), "cpu (1 thread)");
  vg_tensor_threads(3);
  assert_string_equal(vg_device_describe(CPU, text, sizeof text), "cpu (3 threads)");
  vg_tensor_threads(0);
  vg_device_describe(CPU, text, sizeof text);
  assert_memory_equal(text, "cpu (", 5);
  assert_true(strchr(vg_torch_version(), '.') != NULL);
  const size_t before = vg_tensor_peak_bytes(CPU);
  vg_scope *s = vg_scope_push();
  assert_non_null(vg_full((int64_t[]){8 << 20}, 1, 1, CPU));
  assert_true(before > 0 && vg_tensor_peak_bytes(CPU) >= before);
  vg_scope_pop(s, NULL);
}

static const vg_profile_row *row_of(const vg_profile_row *rows, int n, const char *layer, const char *op) {
  for (int i = 0; i < n; i++)
    if (!strcmp(rows[i].layer, layer) && !strcmp(rows[i].op, op)) return &rows[i];
  return NULL;
}

/* A layer's backward pass is the layer's, whatever is current when it runs. */
static void a_profile_adds_up(void **state) {
  (void)state;
  const int64_t shape[5] = {1, 3, 8, 8, 8}, weights[5] = {4, 3, 4, 4, 4};
  const vg_conv_geo geo = {{2, 2, 2}, {1, 1, 1}};
  const double flops = 2.0 * 4 * 3 * 64 * 64; /* output channels, input channels, taps, positions */
  vg_scope *s = vg_scope_push();
  vg_tensor *x = vg_requires_grad(vg_zeros(shape, 5, CPU), true);
  vg_tensor *w = vg_requires_grad(vg_full(weights, 5, 0.1, CPU), true);
  int n;
  vg_profile_start();
  vg_profile_layer("first");
  vg_tensor *y = vg_conv3d(x, w, NULL, &geo);
  vg_profile_layer("loss");
  vg_backward(vg_sum(y));
  const vg_profile_row *rows = vg_profile_stop(&n);
  assert_int_equal(vg_tensor_check(), VG_OK);
  const char *const ops[] = {"conv forward", "conv backward data", "conv backward weight"};
  for (int i = 0; i < 3; i++) {
    const vg_profile_row *r = row_of(rows, n, "first", ops[i]);
    assert_non_null(r);
    assert_int_equal(r->calls, 1);
    assert_float_equal(r->flops, flops, 0.5);
    assert_true(r->seconds > 0);
  }
  assert_non_null(row_of(rows, n, "loss", "sum"));
  assert_non_null(row_of(rows, n, "loss", "backward: others"));
  /* what runs afterwards is nobody's */
  vg_sum(x);
  assert_int_equal(row_of(rows, n, "loss", "sum")->calls, 1);
  vg_scope_pop(s, NULL);
}

/* What another thread finds, and leaves behind, of the two switches. */
typedef struct switches {
  bool own, half;
} switches;

static void *switch_both(void *arg) {
  switches *found = arg;
  found->own = vg_tensor_own_kernels(false);
  found->half = vg_tensor_bf16(true);
  return NULL;
}

static void threads_switch_for_themselves(void **state) {
  (void)state;
  switches found = {false, true};
  pthread_t thread;
  assert_true(vg_tensor_own_kernels(false));
  assert_false(vg_tensor_bf16(true));
  assert_int_equal(pthread_create(&thread, NULL, switch_both, &found), 0);
  pthread_join(thread, NULL);
  assert_true(found.own); /* a new thread has the defaults */
  assert_false(found.half);
  assert_false(vg_tensor_own_kernels(true));
  assert_true(vg_tensor_bf16(false));
  assert_int_equal(pthread_create(&thread, NULL, switch_both, &found), 0);
  pthread_join(thread, NULL);
  assert_true(vg_tensor_own_kernels(true)); /* and changes its own only */
  assert_false(vg_tensor_bf16(false));
}

/* KiB of address space for which huge pages were asked. */
static long huge_kib(void) {
  FILE *f = fopen("/proc/self/smaps", "r");
  char line[512];
  long size = 0, sum = 0;
  while (f && fgets(line, sizeof line, f)) {
    sscanf(line, "Size: %ld kB", &size);
    if (!strncmp(line, "VmFlags:", 8) && strstr(line, " hg")) sum += size;
  }
  if (f) fclose(f);
  return sum;
}

/* Each copy of a generator that is not freed is 2.6 KB: 1.3 MB of 500 generators, 1.6 MB of 300 segments. */
static void generators_are_freed(void **state) {
  (void)state;
  const int64_t shape = 6;
  size_t grown = 0;
  for (int round = 0; round < 2; round++) {
    const size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 500; i++) vg_rand_free(vg_rand_new((uint64_t)i, CPU));
    vg_rand *rand = vg_rand_new(3, CPU);
    for (int i = 0; i < 300; i++) {
      vg_scope *s = vg_scope_push();
      const segment_plan p = {.w = vg_requires_grad(vg_full(&shape, 1, 0.7, CPU), true)};
      vg_tensor *const in[VG_SEGMENT_INPUTS] = {vg_tensor_from(values, &shape, 1, CPU)};
      vg_backward(vg_sum(vg_recompute(segment, &p, sizeof p, in, rand)));
      vg_scope_pop(s, NULL);
    }
    vg_rand_free(rand);
    assert_int_equal(vg_tensor_check(), VG_OK);
    const size_t after = mallinfo2().uordblks;
    grown = after > before ? after - before : 0; /* of the second round: caches are full by then */
  }
  assert_in_range(grown, 0, 200000);
}

static void large_tensors_lie_in_huge_pages(void **state) {
  (void)state;
  if (access("/sys/kernel/mm/transparent_hugepage/enabled", R_OK)) skip();
  vg_tensor_threads(0);
  vg_scope *s = vg_scope_push();
  const long before = huge_kib();
  vg_zeros((const int64_t[]){64 << 18}, 1, CPU); /* 64 MiB */
  assert_int_equal(vg_tensor_check(), VG_OK);
  assert_in_range(huge_kib() - before, 60 << 10, 64 << 10);
  vg_scope_pop(s, NULL);
}

int main(void) {
#define TEST(f) cmocka_unit_test_teardown(f, no_handles_left)
  const struct CMUnitTest tests[] = {
      TEST(scopes_free_what_they_made),
      TEST(the_first_error_sticks),
      TEST(faults_become_statuses),
      TEST(segments_are_recomputed),
      TEST(data_goes_in_and_out),
      TEST(gradients_add_up_and_are_cleared),
      TEST(streams_are_their_own),
      TEST(wishes),
      TEST(devices),
      TEST(a_profile_adds_up),
      TEST(threads_switch_for_themselves),
      TEST(generators_are_freed),
      TEST(large_tensors_lie_in_huge_pages),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
