/* test_tfevents.c: the bytes of an event, by hand and by an independent reader; one file after another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "oracle.h"
#include "scratch.h"
#include "base/fs.h"
#include "base/mem.h"
#include "picture/png.h"
#include "base/str.h"
#include "io/tfevents.h"

/* The folder's only file; *path is vg_free's. */
static void only_file(const char *dir, char **path) {
  char **files;
  size_t n;
  assert_int_equal(vg_fs_walk(dir, &files, &n), VG_OK);
  assert_int_equal(n, 1);
  assert_true(vg_starts_with(files[0], "events.out.tfevents.1"));
  *path = vg_fs_join(dir, files[0]);
  vg_strv_free(files);
}

/* The file's first record is known but for its time; the CRC of its length is that of TensorFlow's own files.
 */
static void test_bytes(void **state) {
  (void)state;
  const char *dir = in_scratch("bytes");
  vg_tfevents *e;
  char *path;
  void *read;
  size_t len;
  assert_int_equal(vg_tfevents_new(dir, 1, &e), VG_OK);
  only_file(dir, &path);
  assert_int_equal(vg_fs_read(path, &read, &len), VG_OK);
  const uint8_t *b = read;
  assert_memory_equal(b, "\x1a\0\0\0\0\0\0\0", 8); /* 26 bytes follow */
  assert_int_equal(b[12], 0x09);                   /* wall_time, 64 bits */
  assert_memory_equal(b + 21,
                      "\x10\0\x1a\x0d"
                      "brain.Event:2",
                      17);
  assert_int_equal(b[42], 15);
  assert_int_equal(b[42 + 12], 0x09);
  assert_memory_equal(b + 42 + 21, "\x10\x01\x3a\x02\x08\x01", 6); /* step 1; session_log {status START} */
  assert_int_equal(len, 42 + 16 + 15);
  vg_free(read);

  /* Nothing reaches the file before it is flushed; what is not is dropped. */
  uint64_t size;
  vg_tfevents_scalar(e, 3, "a", 1);
  assert_int_equal(vg_fs_size(path, &size), VG_OK);
  assert_int_equal(size, len);
  assert_int_equal(vg_tfevents_png(e, 3, "p", "GIF89a, and it goes on", 22), VG_DATA);
  assert_int_equal(vg_tfevents_flush(e), VG_OK);
  assert_int_equal(vg_fs_size(path, &size), VG_OK);
  vg_tfevents_scalar(e, 4, "a", 1);
  vg_tfevents_free(e);
  assert_int_equal(vg_fs_size(path, &(uint64_t){0}), VG_OK);
  assert_true(size > len);
  vg_free(path);
}

static void test_read_back(void **state) {
  (void)state;
  require_python("struct");
  const char *dir = in_scratch("back"), *png = in_scratch("p.png");
  vg_tfevents *e;
  vg_picture p;
  void *bytes;
  size_t len;
  assert_int_equal(vg_picture_new(300, 7, &p), VG_OK);
  assert_int_equal(vg_picture_write(png, &p), VG_OK);
  vg_picture_release(&p);
  assert_int_equal(vg_fs_read(png, &bytes, &len), VG_OK);
  assert_int_equal(vg_tfevents_new(dir, 1, &e), VG_OK);
  for (int step = 10; step <= 40; step += 10) vg_tfevents_scalar(e, step, "train/l1", step + 0.5);
  assert_int_equal(vg_tfevents_png(e, 40, "preview", bytes, len), VG_OK);
  assert_int_equal(vg_tfevents_flush(e), VG_OK);
  vg_tfevents_free(e);
  /* Within the same second: the new file sorts after the first, and takes back all from step 21. */
  assert_int_equal(vg_tfevents_new(dir, 21, &e), VG_OK);
  vg_tfevents_scalar(e, 30, "train/l1", -1e-3);
  vg_tfevents_scalar(e, INT64_C(5000000000), "validation/t1/mae", 2);
  assert_int_equal(vg_tfevents_png(e, 30, "preview", bytes, len), VG_OK);
  assert_int_equal(vg_tfevents_flush(e), VG_OK);
  vg_tfevents_free(e);
  vg_free(bytes);
  char want[512];
  snprintf(want, sizeof want,
           "10 train/l1 10.5\n20 train/l1 20.5\n30 train/l1 -0.0010000000474974513\n"
           "5000000000 validation/t1/mae 2.0\n30 preview PNG 300x7 %zu\n",
           len);
  char *code = vg_format("import subprocess, sys; sys.exit(subprocess.check_output([sys.executable, "
                         "'tests/oracle/tfevents_reader.py', '%s'], text=True) != sys.argv[1])",
                         dir);
  char *argv[] = {(char *)ORACLE_PYTHON, (char *)"-c", code, want, NULL};
  assert_int_equal(run_argv(argv, 0), 0);
  vg_free(code);
}

static void test_clear(void **state) {
  (void)state;
  const char *dir = in_scratch("clear"), *file = in_scratch("file");
  vg_tfevents *e;
  assert_int_equal(vg_tfevents_clear(dir), VG_OK);
  assert_int_equal(vg_tfevents_new(dir, 1, &e), VG_OK);
  vg_tfevents_free(e);
  assert_int_equal(vg_fs_append_line(in_scratch("clear/notes"), "mine"), VG_OK);
  assert_int_equal(vg_tfevents_clear(dir), VG_OK);
  char **files;
  size_t n;
  assert_int_equal(vg_fs_walk(dir, &files, &n), VG_OK);
  assert_int_equal(n, 1);
  assert_string_equal(files[0], "notes");
  vg_strv_free(files);
  /* Where no folder can be; and without events. */
  assert_int_equal(vg_fs_append_line(file, "x"), VG_OK);
  assert_int_equal(vg_tfevents_new(in_scratch("file/t"), 1, &e), VG_IO);
  vg_tfevents_scalar(NULL, 1, "a", 1);
  assert_int_equal(vg_tfevents_flush(NULL), VG_OK);
}

/* Each allocation fails once: an error, never half a record. */
static void test_no_memory(void **state) {
  (void)state;
  const char *dir = in_scratch("memory");
  const long live = vg_mem_live();
  vg_status st = VG_MEMORY;
  for (long n = 1; st; n++) {
    vg_tfevents *e;
    assert_int_equal(vg_tfevents_clear(dir), VG_OK);
    vg_mem_fail_after(n);
    st = vg_tfevents_new(dir, 1, &e);
    if (!st) {
      vg_tfevents_scalar(e, 1, "a", 1);
      st = vg_tfevents_flush(e);
      vg_tfevents_free(e);
    }
    vg_mem_fail_after(0);
    assert_true(!st || st == VG_MEMORY);
    assert_int_equal(vg_mem_live(), live);
  }
  assert_int_equal(run_python("tfevents_reader.py", dir, NULL), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bytes),
      cmocka_unit_test(test_read_back),
      cmocka_unit_test(test_clear),
      cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
