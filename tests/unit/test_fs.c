/* test_fs.c: atomic writes, folders, walks, locks, maps and hashes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>
#include "scratch.h"
#include "base/fs.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/str.h"

static void put_file(const char *path, const char *text) {
  assert_int_equal(vg_fs_write_atomic(path, text, strlen(text)), VG_OK);
}

static void test_write_and_read(void **state) {
  (void)state;
  const char *path = in_scratch("a.txt");
  void *bytes;
  size_t len;
  uint64_t size;
  put_file(path, "first");
  put_file(path, "second");
  assert_int_equal(vg_fs_append_line(path, " line"), VG_OK);
  assert_int_equal(vg_fs_read(path, &bytes, &len), VG_OK);
  assert_int_equal(len, 12);
  assert_string_equal(bytes, "second line\n");
  vg_free(bytes);
  assert_int_equal(vg_fs_size(path, &size), VG_OK);
  assert_int_equal(size, 12);
  assert_int_equal(vg_fs_remove(path), VG_OK);
  assert_int_equal(vg_fs_remove(path), VG_OK);
  assert_false(exists(path));
  assert_int_equal(vg_fs_read(path, &bytes, &len), VG_IO);
  assert_true(vg_starts_with(vg_error(), path));
  assert_int_equal(vg_fs_read(scratch, &bytes, &len), VG_IO);
}

/* alarm() ends the test where a pipe is waited for. */
static void test_only_regular_files(void **state) {
  (void)state;
  char paths[4][256], hex[VG_HASH_LEN];
  const char *kinds[] = {"a pipe", "a folder", "a device", "a socket"};
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(paths[0], sizeof paths[0], "%s", in_scratch("pipe"));
  snprintf(paths[1], sizeof paths[1], "%s", scratch);
  snprintf(paths[2], sizeof paths[2], "/dev/zero");
  snprintf(paths[3], sizeof paths[3], "%s", in_scratch("socket"));
  assert_int_equal(mkfifo(paths[0], 0600), 0);
  int s = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_true(strlen(paths[3]) < sizeof address.sun_path);
  memcpy(address.sun_path, paths[3], strlen(paths[3]));
  assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof address), 0);
  alarm(20);
  for (int k = 0; k < 4; k++) {
    void *bytes;
    size_t len;
    vg_file f;
    vg_map map;
    assert_int_equal(vg_file_open(paths[k], &f), VG_IO);
    assert_non_null(strstr(vg_error(), kinds[k]));
    assert_int_equal(vg_fs_read(paths[k], &bytes, &len), VG_IO);
    assert_true(vg_starts_with(vg_error(), paths[k]));
    assert_int_equal(vg_hash_file(paths[k], hex), VG_IO);
    assert_int_equal(vg_map_open(paths[k], &map), VG_IO);
  }
  assert_int_equal(vg_fs_append_line(paths[0], "line"), VG_IO);
  assert_false(vg_lock_held(paths[0]));
  alarm(0);
  close(s);
}

static void test_file_that_shrinks(void **state) {
  (void)state;
  const char *path = in_scratch("shrinks");
  char bytes[6] = "";
  void *whole;
  size_t len;
  vg_file f;
  put_file(path, "abcdef");
  assert_int_equal(vg_file_open(path, &f), VG_OK);
  assert_int_equal(f.size, 6);
  assert_int_equal(vg_file_read(&f, path, 2, bytes, 4), VG_OK);
  assert_memory_equal(bytes, "cdef", 4);
  assert_int_equal(vg_fs_truncate(path, 3), VG_OK);
  assert_int_equal(vg_file_read(&f, path, 0, bytes, 6), VG_IO);
  assert_non_null(strstr(vg_error(), "has become shorter"));
  vg_file_close(&f);
  assert_int_equal(vg_fs_read_most(path, 3, &whole, &len), VG_OK);
  assert_string_equal(whole, "abc");
  vg_free(whole);
  assert_int_equal(vg_fs_read_most(path, 2, &whole, &len), VG_DATA);
}

/* Files of /proc have no size. */
static void test_file_without_size(void **state) {
  (void)state;
  void *bytes;
  size_t len;
  assert_int_equal(vg_fs_read("/proc/self/status", &bytes, &len), VG_OK);
  assert_true(len > 100 && vg_starts_with(bytes, "Name:"));
  vg_free(bytes);
}

static size_t files_in(const char *dir) {
  char **files;
  size_t n;
  assert_int_equal(vg_fs_walk(dir, &files, &n), VG_OK);
  vg_strv_free(files);
  return n;
}

/* A file-size limit stands in for a full disk: both end a write early. */
static void test_failed_write_leaves_nothing(void **state) {
  (void)state;
  char dir[256], path[300];
  snprintf(dir, sizeof dir, "%s", in_scratch("full"));
  snprintf(path, sizeof path, "%s/big", dir);
  assert_int_equal(vg_fs_make_dirs(dir), VG_OK);
  put_file(path, "old");
  pid_t child = fork();
  if (!child) {
    static char big[100000];
    struct rlimit limit = {4096, 4096};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    vg_status st = vg_fs_write_atomic(path, big, sizeof big);
    _exit(st == VG_IO && strstr(vg_error(), "big") && strstr(vg_error(), "100000 bytes") ? 0 : 1);
  }
  int status;
  waitpid(child, &status, 0);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  void *bytes;
  size_t len;
  assert_int_equal(vg_fs_read(path, &bytes, &len), VG_OK);
  assert_string_equal(bytes, "old");
  vg_free(bytes);
  assert_int_equal(files_in(dir), 1);
  assert_int_equal(vg_fs_write_atomic(in_scratch("no/such/folder"), "x", 1), VG_IO);
}

static void test_folders(void **state) {
  (void)state;
  char dir[256];
  snprintf(dir, sizeof dir, "%s", in_scratch("x/y//z/"));
  assert_int_equal(vg_fs_make_dirs(dir), VG_OK);
  assert_true(exists(dir));
  assert_int_equal(vg_fs_make_dirs(dir), VG_OK);
  assert_int_equal(vg_fs_require_writable_dir(dir), VG_OK);
  assert_int_equal(files_in(dir), 0);
  put_file(in_scratch("x/file"), "");
  assert_int_equal(vg_fs_make_dirs(in_scratch("x/file/below")), VG_IO);
  assert_non_null(strstr(vg_error(), "x/file"));
  assert_int_equal(vg_fs_require_writable_dir(in_scratch("x/file")), VG_IO);
  if (geteuid()) { /* nothing is closed to root */
    assert_int_equal(chmod(dir, 0555), 0);
    assert_int_equal(vg_fs_require_writable_dir(dir), VG_IO);
    chmod(dir, 0755);
  }
}

static void test_paths(void **state) {
  (void)state;
  static const char *const cases[][3] = {
      {"a/b.nii", "a", "b.nii"}, {"b.nii", ".", "b.nii"}, {"/b", "/", "b"}, {"/a/b", "/a", "b"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *dir = vg_fs_dirname(cases[i][0]);
    assert_string_equal(dir, cases[i][1]);
    assert_string_equal(vg_fs_basename(cases[i][0]), cases[i][2]);
    vg_free(dir);
  }
  static const char *const joins[][3] = {
      {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"a", "/b", "/b"}, {"/", "b", "/b"}};
  for (size_t i = 0; i < sizeof joins / sizeof *joins; i++) {
    char *path = vg_fs_join(joins[i][0], joins[i][1]);
    assert_string_equal(path, joins[i][2]);
    vg_free(path);
  }
}

static void test_walk(void **state) {
  (void)state;
  static const char *const made[] = {"walk/b/2",        "walk/b/10",  "walk/a.x",
                                     "walk/.hidden/no", "walk/b/.no", "walk/c/d/e"};
  for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
    char *dir = vg_fs_dirname(in_scratch(made[i]));
    assert_int_equal(vg_fs_make_dirs(dir), VG_OK);
    vg_free(dir);
    put_file(in_scratch(made[i]), "x");
  }
  assert_int_equal(symlink("..", in_scratch("walk/b/loop")), 0);
  assert_int_equal(symlink("c", in_scratch("walk/also_c")), 0);
  assert_int_equal(symlink("nowhere", in_scratch("walk/dangling")), 0);
  assert_int_equal(symlink("a.x", in_scratch("walk/link_to_file")), 0);
  assert_int_equal(vg_fs_make_dirs(in_scratch("elsewhere")), VG_OK);
  put_file(in_scratch("elsewhere/f"), "x");
  assert_int_equal(symlink("../elsewhere", in_scratch("walk/out")), 0);
  static const char *const want[] = {"a.x", "b/10", "b/2", "c/d/e", "dangling", "link_to_file", "out/f"};
  char **files;
  size_t n;
  vg_fs_faults faults;
  assert_int_equal(vg_fs_walk(in_scratch("walk"), &files, &n), VG_OK);
  assert_int_equal(n, sizeof want / sizeof *want);
  for (size_t i = 0; i < n; i++) assert_string_equal(files[i], want[i]);
  assert_null(files[n]);
  vg_strv_free(files);
  assert_int_equal(vg_fs_walk(in_scratch("absent"), &files, &n), VG_IO);
  assert_int_equal(vg_fs_walk_optional(in_scratch("absent"), &files, &n), VG_OK);
  assert_int_equal(n, 0);
  vg_strv_free(files);
  /* A loop of links is not "absent": nobody knows what lies behind it. */
  assert_int_equal(symlink("round", in_scratch("round")), 0);
  bool is;
  void *bytes;
  assert_int_equal(vg_fs_exists(in_scratch("round"), &is), VG_IO);
  assert_int_equal(vg_fs_is_dir(in_scratch("round"), &is), VG_IO);
  assert_int_equal(vg_fs_read_optional(in_scratch("round"), &bytes, &n), VG_IO);
  assert_int_equal(vg_fs_walk_optional(in_scratch("round"), &files, &n), VG_IO);
  assert_int_equal(vg_fs_holds(in_scratch("round"), &is), VG_IO);
  assert_int_equal(symlink("nowhere", in_scratch("lost")), 0);
  assert_int_equal(vg_fs_exists(in_scratch("lost"), &is), VG_OK);
  assert_false(is);
  assert_int_equal(vg_fs_holds(in_scratch("lost"), &is), VG_DATA);
  assert_non_null(strstr(vg_error(), "lost: cannot open: it is a link to nowhere"));
  assert_int_equal(vg_fs_holds(in_scratch("absent"), &is), VG_OK);
  assert_false(is);
  assert_int_equal(vg_fs_holds(in_scratch("walk/a.x"), &is), VG_OK);
  assert_true(is);
  assert_int_equal(vg_fs_exists(in_scratch("walk/a.x/below"), &is), VG_OK);
  assert_false(is);
  assert_int_equal(vg_fs_read_optional(in_scratch("absent"), &bytes, &n), VG_OK);
  assert_null(bytes);
  assert_int_equal(vg_fs_walk_faults(in_scratch("walk"), &files, &n, &faults), VG_OK);
  assert_int_equal(n, sizeof want / sizeof *want);
  assert_int_equal(faults.n, 1);
  assert_string_equal(faults.items[0].path, "dangling");
  assert_int_equal(faults.items[0].fault, ENOENT);
  assert_false(faults.items[0].folder);
  vg_fs_faults_free(&faults);
  vg_strv_free(files);
  for (long fail = 1;; fail++) {
    long live = vg_mem_live();
    vg_mem_fail_after(fail);
    vg_status st = vg_fs_walk_faults(in_scratch("walk"), &files, &n, &faults);
    vg_mem_fail_after(0);
    if (!st) {
      vg_fs_faults_free(&faults);
      vg_strv_free(files);
      break;
    }
    assert_int_equal(st, VG_MEMORY);
    assert_int_equal(vg_mem_live(), live);
  }
}

/* While a child holds the lock, we must wait for it. */
static void test_lock(void **state) {
  (void)state;
  const char *path = in_scratch("lock");
  int ready[2];
  assert_int_equal(pipe(ready), 0);
  pid_t child = fork();
  if (!child) {
    vg_lock lock;
    if (vg_lock_take(path, &lock)) _exit(1);
    if (write(ready[1], "r", 1) != 1) _exit(1);
    usleep(100000);
    put_file(in_scratch("released"), "");
    vg_lock_release(&lock);
    _exit(0);
  }
  char c;
  assert_int_equal(read(ready[0], &c, 1), 1);
  vg_lock lock;
  assert_int_equal(vg_lock_take(path, &lock), VG_OK);
  assert_true(exists(in_scratch("released")));
  vg_lock_release(&lock);
  waitpid(child, NULL, 0);
  close(ready[0]);
  close(ready[1]);
}

/* A process that waits for a lock stops at the first SIGINT, with the handlers of the program installed. */
static void test_interrupted_wait(void **state) {
  (void)state;
  const char *path = in_scratch("busy");
  vg_lock lock;
  assert_int_equal(vg_lock_take(path, &lock), VG_OK);
  for (int ms = 0; ms <= 200; ms += 100) {
    int ready[2], status = 0;
    char c;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (!child) {
      vg_lock mine;
      vg_interrupt_install();
      if (write(ready[1], "r", 1) != 1) _exit(1);
      vg_status st = vg_lock_take(path, &mine);
      _exit(strstr(vg_error(), "interrupted while waiting for") ? vg_status_exit_code(st) : 1);
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    usleep((useconds_t)ms * 1000);
    assert_int_equal(kill(child, SIGINT), 0);
    int tries = 0;
    while (!waitpid(child, &status, WNOHANG) && tries++ < 500) usleep(10000);
    if (tries > 500) kill(child, SIGKILL);
    assert_true(tries <= 500);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 130);
    close(ready[0]);
    close(ready[1]);
  }
  vg_lock_release(&lock);
}

static void test_lock_try(void **state) {
  (void)state;
  vg_lock one = {.fd = -1}, two = {.fd = -1};
  bool taken;
  const char *path = in_scratch("try");
  assert_int_equal(vg_lock_try(path, &one, &taken), VG_OK);
  assert_true(taken);
  assert_true(vg_lock_held(path));
  assert_int_equal(vg_lock_try(path, &two, &taken), VG_OK);
  assert_false(taken);
  vg_lock_release(&one);
  assert_false(vg_lock_held(path));
  assert_false(vg_lock_held(in_scratch("no lock")));
  assert_false(exists(in_scratch("no lock")));
  assert_int_equal(vg_lock_try(path, &two, &taken), VG_OK);
  assert_true(taken);
  vg_lock_release(&two);
  assert_int_equal(vg_lock_try(in_scratch("no/such/folder/lock"), &one, &taken), VG_IO);
}

/* What a killed write leaves goes; what only looks like it stays, and so does what a process id made of old.
 */
static void test_sweep(void **state) {
  (void)state;
  static const char *const names[] = {"m.tmp.0123456789abcdef",
                                      "m.st.tmp.ffffffffffffffff",
                                      "m.tmp.12.0",
                                      "m.tmp.0123456789abcde",
                                      "m.tmp.0123456789abcdeg",
                                      "m.tmp.0123456789abcdef.gz",
                                      ".tmp.0123456789abcdef",
                                      "m.tmp",
                                      "m"};
  enum { N = sizeof names / sizeof names[0] };
  char dir[256], path[300];
  snprintf(dir, sizeof dir, "%s", in_scratch("sweep"));
  assert_int_equal(vg_fs_make_dirs(dir), VG_OK);
  for (int i = 0; i < N; i++) {
    snprintf(path, sizeof path, "%s/%s", dir, names[i]);
    put_file(path, "");
  }
  assert_int_equal(vg_fs_sweep(dir), VG_OK);
  for (int i = 0; i < N; i++) {
    snprintf(path, sizeof path, "%s/%s", dir, names[i]);
    assert_int_equal(exists(path), i >= 2);
  }
  assert_int_equal(vg_fs_sweep(in_scratch("absent")), VG_IO);
}

static void test_truncate(void **state) {
  (void)state;
  uint64_t size;
  put_file(in_scratch("long"), "0123456789");
  assert_int_equal(vg_fs_truncate(in_scratch("long"), 4), VG_OK);
  assert_int_equal(vg_fs_size(in_scratch("long"), &size), VG_OK);
  assert_int_equal(size, 4);
  assert_int_equal(vg_fs_truncate(in_scratch("absent"), 4), VG_IO);
}

static void test_map_and_hash(void **state) {
  (void)state;
  vg_map map;
  char hex[VG_HASH_LEN];
  put_file(in_scratch("abc"), "abc");
  put_file(in_scratch("empty"), "");
  assert_int_equal(vg_map_open(in_scratch("abc"), &map), VG_OK);
  assert_int_equal(map.len, 3);
  assert_memory_equal(map.bytes, "abc", 3);
  vg_map_release(&map);
  assert_int_equal(vg_map_open(in_scratch("empty"), &map), VG_OK);
  assert_int_equal(map.len, 0);
  vg_map_release(&map);
  assert_int_equal(vg_map_open(scratch, &map), VG_IO);
  /* FIPS 180-4 examples */
  assert_int_equal(vg_hash_file(in_scratch("abc"), hex), VG_OK);
  assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert_int_equal(vg_hash_file(in_scratch("empty"), hex), VG_OK);
  assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert_int_equal(vg_hash_file(in_scratch("absent"), hex), VG_IO);
  const vg_map pieces[] = {{"a", 1}, {"", 0}, {"bc", 2}};
  vg_hash_pieces(pieces, 3, hex);
  assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_links(void **state) {
  (void)state;
  char *text;
  size_t len;
  put_file(in_scratch("target"), "seen through a link");
  assert_int_equal(vg_fs_make_dirs(in_scratch("links/deep")), VG_OK);
  for (int again = 0; again < 2; again++)
    assert_int_equal(vg_fs_link(in_scratch("target"), in_scratch("links/one")), VG_OK);
  assert_int_equal(vg_fs_read(in_scratch("links/one"), (void **)&text, &len), VG_OK);
  assert_string_equal(text, "seen through a link");
  vg_free(text);
  /* A link to a link leads to the file; a file's own place is refused, and the file stays. */
  assert_int_equal(vg_fs_link(in_scratch("links/one"), in_scratch("links/two")), VG_OK);
  assert_int_equal(vg_fs_remove(in_scratch("links/one")), VG_OK);
  assert_true(exists(in_scratch("links/two")));
  assert_int_equal(vg_fs_link(in_scratch("links/two"), in_scratch("target")), VG_IO);
  assert_int_equal(vg_fs_read(in_scratch("target"), (void **)&text, &len), VG_OK);
  vg_free(text);
  assert_int_equal(vg_fs_link(in_scratch("nothing"), in_scratch("links/three")), VG_IO);
  assert_int_equal(vg_fs_link(in_scratch("target"), in_scratch("no/folder")), VG_IO);

  assert_true(vg_fs_within(in_scratch("links"), in_scratch("links")));
  assert_true(vg_fs_within(in_scratch("links/deep/not/there/yet"), in_scratch("links")));
  assert_true(vg_fs_within(in_scratch("links"), "/"));
  assert_false(vg_fs_within(in_scratch("links"), in_scratch("links/deep")));
  assert_false(vg_fs_within(in_scratch("linksbeside"), in_scratch("links")));
  assert_false(vg_fs_within("relative", in_scratch("links")));
  assert_int_equal(symlink(in_scratch("links/deep"), in_scratch("way")), 0);
  assert_true(vg_fs_within(in_scratch("way/x"), in_scratch("links")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_write_and_read),
      cmocka_unit_test(test_only_regular_files),
      cmocka_unit_test(test_file_that_shrinks),
      cmocka_unit_test(test_file_without_size),
      cmocka_unit_test(test_failed_write_leaves_nothing),
      cmocka_unit_test(test_folders),
      cmocka_unit_test(test_paths),
      cmocka_unit_test(test_walk),
      cmocka_unit_test(test_lock),
      cmocka_unit_test(test_lock_try),
      cmocka_unit_test(test_interrupted_wait),
      cmocka_unit_test(test_sweep),
      cmocka_unit_test(test_truncate),
      cmocka_unit_test(test_map_and_hash),
      cmocka_unit_test(test_links),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
