/* test_torch_open.c: threads that open the libtorch module at the same time load it once. The linker puts
 * the functions __wrap_* in place of dlopen, dlsym and dlerror (Makefile), so no module is needed. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "jobs/stamp.h"

static const vg_torch_module module = {.stamp = VG_TORCH_STAMP};
static const vg_torch_module *entry; /* what dlsym finds; NULL: the module cannot be loaded */
static int calls, inside, most_inside;
static pthread_mutex_t counters = PTHREAD_MUTEX_INITIALIZER;

void *__wrap_dlopen(const char *path, int flags);
void *__wrap_dlsym(void *handle, const char *name);
char *__wrap_dlerror(void);

/* Takes long enough for a second thread to enter. */
void *__wrap_dlopen(const char *path, int flags) {
  (void)flags;
  assert_non_null(strstr(path, "voxgan-torch.so"));
  pthread_mutex_lock(&counters);
  calls++;
  if (++inside > most_inside) most_inside = inside;
  pthread_mutex_unlock(&counters);
  usleep(50000);
  pthread_mutex_lock(&counters);
  inside--;
  pthread_mutex_unlock(&counters);
  return &inside;
}

void *__wrap_dlsym(void *handle, const char *name) {
  assert_ptr_equal(handle, &inside);
  assert_string_equal(name, "vg_torch_entry");
  return (void *)(uintptr_t)entry;
}

char *__wrap_dlerror(void) {
  return (char *)(uintptr_t) "no module";
}

typedef struct opened {
  vg_status status;
  const vg_torch_module *module;
} opened;

static void *open_it(void *arg) {
  opened *o = arg;
  o->status = vg_torch_open(&o->module);
  return NULL;
}

enum { THREADS = 4 };

static void open_at_once(opened *all) {
  pthread_t threads[THREADS];
  calls = most_inside = 0;
  memset(all, 0, THREADS * sizeof *all);
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, open_it, &all[i]), 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
}

/* Runs first: a module that was opened stays open. */
static void a_failure_is_tried_again_one_at_a_time(void **state) {
  (void)state;
  opened all[THREADS];
  entry = NULL;
  open_at_once(all);
  for (int i = 0; i < THREADS; i++) {
    assert_int_equal(all[i].status, VG_DEVICE);
    assert_null(all[i].module);
  }
  assert_int_equal(calls, THREADS);
  assert_int_equal(most_inside, 1);
}

static void threads_open_it_once(void **state) {
  (void)state;
  opened all[THREADS];
  entry = &module;
  open_at_once(all);
  for (int i = 0; i < THREADS; i++) {
    assert_int_equal(all[i].status, VG_OK);
    assert_ptr_equal(all[i].module, &module);
  }
  assert_int_equal(calls, 1);
}

int main(void) {
  char dir[] = "/tmp/vg_torch_open_XXXXXX", path[64];
  if (!mkdtemp(dir)) return 1;
  snprintf(path, sizeof path, "%s/voxgan-torch.so", dir);
  FILE *f = fopen(path, "w");
  if (!f || fclose(f)) return 1;
  setenv("VOXGAN_MODULES", dir, 1);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_failure_is_tried_again_one_at_a_time),
      cmocka_unit_test(threads_open_it_once),
  };
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  unlink(path);
  rmdir(dir);
  return failed;
}
