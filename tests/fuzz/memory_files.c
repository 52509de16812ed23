/* memory_files.c: the files of fuzz targets, in memory, and what else targets share (fuzz.h). A system call
 * costs more than parsing a small file. Linked with -Wl,--wrap=NAME for every __wrap_NAME here (Makefile). */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/pool.h"
#include "fuzz.h"
#include "voxgan/log.h"

#define ROOT "/mem"
#define FILES_MOST 64
#define FIRST_FD 1000000

static struct {
  char path[256];
  const uint8_t *bytes;
  size_t size;
} files[FILES_MOST];
static int n_files;

static bool is_ours(const char *path) {
  return !strncmp(path, ROOT "/", sizeof ROOT) || !strcmp(path, ROOT);
}

static int find(const char *path) {
  for (int i = 0; i < n_files; i++)
    if (!strcmp(files[i].path, path)) return i;
  return -1;
}

/* A folder is whatever some file lies in, and the root. */
static bool is_folder(const char *path) {
  const size_t len = strlen(path);
  for (int i = 0; i < n_files; i++)
    if (!strncmp(files[i].path, path, len) && (files[i].path[len] == '/' || (len && path[len - 1] == '/')))
      return true;
  return !strcmp(path, ROOT);
}

void fuzz_file(const char *path, const void *bytes, size_t size) {
  int i = find(path);
  if (i < 0 && (n_files == FILES_MOST || strlen(path) >= sizeof files[0].path)) return;
  if (i < 0) strcpy(files[i = n_files++].path, path);
  files[i].bytes = bytes;
  files[i].size = size;
}

/* ---- system calls ---- */

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...) {
  if (!is_ours(path)) return __real_open(path, flags, 0666);
  const int i = find(path);
  if (i >= 0 && !(flags & (O_WRONLY | O_RDWR))) return FIRST_FD + i;
  errno = i >= 0 ? EACCES : is_folder(path) ? EISDIR : ENOENT;
  return -1;
}

int __real_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...) {
  return is_ours(path) ? __wrap_open(path, flags) : __real_openat(folder, path, flags, 0666);
}

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd) {
  return fd >= FIRST_FD ? 0 : __real_close(fd);
}

ssize_t __real_pread(int fd, void *to, size_t n, off_t at);
ssize_t __wrap_pread(int fd, void *to, size_t n, off_t at);
ssize_t __wrap_pread(int fd, void *to, size_t n, off_t at) {
  if (fd < FIRST_FD) return __real_pread(fd, to, n, at);
  const size_t size = files[fd - FIRST_FD].size;
  if (at < 0 || (size_t)at >= size) return 0;
  if (n > size - (size_t)at) n = size - (size_t)at;
  memcpy(to, files[fd - FIRST_FD].bytes + at, n);
  return (ssize_t)n;
}

/* pread() of a build with _FORTIFY_SOURCE. */
ssize_t __wrap___pread_chk(int fd, void *to, size_t n, off_t at, size_t room);
ssize_t __wrap___pread_chk(int fd, void *to, size_t n, off_t at, size_t room) {
  return n <= room ? __wrap_pread(fd, to, n, at) : -1;
}

static int describe(int i, struct stat *s) {
  *s = (struct stat){.st_mode = i >= 0 ? S_IFREG | 0600 : S_IFDIR | 0700, .st_ino = (ino_t)i + 2};
  s->st_size = i >= 0 ? (off_t)files[i].size : 0;
  return 0;
}

int __real_fstat(int fd, struct stat *s);
int __wrap_fstat(int fd, struct stat *s);
int __wrap_fstat(int fd, struct stat *s) {
  return fd < FIRST_FD ? __real_fstat(fd, s) : describe(fd - FIRST_FD, s);
}

int __real_stat(const char *path, struct stat *s);
int __wrap_stat(const char *path, struct stat *s);
int __wrap_stat(const char *path, struct stat *s) {
  if (!is_ours(path)) return __real_stat(path, s);
  const int i = find(path);
  if (i >= 0 || is_folder(path)) return describe(i, s);
  errno = ENOENT;
  return -1;
}

int __real_lstat(const char *path, struct stat *s);
int __wrap_lstat(const char *path, struct stat *s);
int __wrap_lstat(const char *path, struct stat *s) {
  return is_ours(path) ? __wrap_stat(path, s) : __real_lstat(path, s);
}

int __real_faccessat(int dir, const char *path, int mode, int flags);
int __wrap_faccessat(int dir, const char *path, int mode, int flags);
int __wrap_faccessat(int dir, const char *path, int mode, int flags) {
  struct stat s;
  return is_ours(path) ? __wrap_stat(path, &s) : __real_faccessat(dir, path, mode, flags);
}

char *__real_realpath(const char *path, char *to);
char *__wrap_realpath(const char *path, char *to);
char *__wrap_realpath(const char *path, char *to) {
  if (is_ours(path) && !to) return strdup(path);
  return __real_realpath(path, to);
}

int __wrap_fsync(int fd);
int __wrap_fsync(int fd) {
  (void)fd;
  return 0;
}

/* ---- folders ---- */

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

vg_status __wrap_vg_fs_walk(const char *root, char ***out, size_t *n);
vg_status __wrap_vg_fs_walk(const char *root, char ***out, size_t *n) {
  const size_t len = strlen(root);
  if (!is_folder(root)) return vg_fail(VG_IO, "%s: cannot open folder", root);
  if (!(*out = VG_NEW_N(char *, n_files + 1))) return VG_MEMORY;
  *n = 0;
  for (int i = 0; i < n_files; i++) {
    const char *below = files[i].path + len;
    if (strncmp(files[i].path, root, len) || *below != '/' || strstr(below, "/.")) continue;
    if (!((*out)[(*n)++] = vg_strdup(below + 1))) return VG_MEMORY;
  }
  qsort(*out, *n, sizeof **out, by_text);
  return VG_OK;
}

vg_status __wrap_vg_fs_walk_faults(const char *root, char ***out, size_t *n, vg_fs_faults *faults);
vg_status __wrap_vg_fs_walk_faults(const char *root, char ***out, size_t *n, vg_fs_faults *faults) {
  *faults = (vg_fs_faults){NULL, 0};
  return __wrap_vg_fs_walk(root, out, n);
}

vg_status __wrap_vg_fs_walk_optional(const char *root, char ***out, size_t *n);
vg_status __wrap_vg_fs_walk_optional(const char *root, char ***out, size_t *n) {
  if (is_folder(root)) return __wrap_vg_fs_walk(root, out, n);
  *n = 0;
  return (*out = VG_NEW_N(char *, 1)) ? VG_OK : VG_MEMORY;
}

/* ---- nothing is written ---- */

vg_status __wrap_vg_fs_make_dirs(const char *path);
vg_status __wrap_vg_fs_make_dirs(const char *path) {
  (void)path;
  return VG_OK;
}

vg_status __wrap_vg_fs_write_atomic(const char *path, const void *bytes, size_t len);
vg_status __wrap_vg_fs_write_atomic(const char *path, const void *bytes, size_t len) {
  (void)path;
  /* A read of every byte, for the sanitizers. */
  volatile uint8_t sum = 0;
  for (size_t i = 0; i < len; i++) sum = (uint8_t)(sum ^ ((const uint8_t *)bytes)[i]);
  return VG_OK;
}

vg_status __wrap_vg_fs_write_new(const char *path, const void *bytes, size_t len, bool *made);
vg_status __wrap_vg_fs_write_new(const char *path, const void *bytes, size_t len, bool *made) {
  *made = true;
  return __wrap_vg_fs_write_atomic(path, bytes, len);
}

vg_status __wrap_vg_fs_remove(const char *path);
vg_status __wrap_vg_fs_remove(const char *path) {
  (void)path;
  return VG_OK;
}

/* ---- inputs ---- */

fuzz_input fuzz_begin(const uint8_t *data, size_t size) {
  static bool ready;
  if (!ready) {
    vg_threads_set(1);
    vg_log_set_level(VG_LOG_ERROR);
    ready = true;
  }
  n_files = 0;
  vg_error_clear();
  return (fuzz_input){data, data + size};
}

int fuzz_end(void) {
  if (vg_mem_live()) VG_BUG("%ld blocks leaked", vg_mem_live());
  return 0;
}

size_t fuzz_left(const fuzz_input *in) {
  return (size_t)(in->end - in->at);
}

unsigned fuzz_byte(fuzz_input *in) {
  return in->at < in->end ? *in->at++ : 0;
}

double fuzz_number(fuzz_input *in) {
  static const double special[] = {0,   1,    -1,  1e-3,  0.9e-3, 100,      101,   1e-10,  1e7, 999999,
                                   1e6, 1e17, NAN, -1e-3, -100,   INFINITY, 1e-40, 5e-324, 2.5, -0.7};
  const unsigned b = fuzz_byte(in);
  if (b < 160) return ((double)b - 80) / 16;
  return special[b % (sizeof special / sizeof *special)];
}

/* Cuts the part before a line "%%" off the input. */
static size_t cut(fuzz_input *in, const uint8_t **from) {
  const size_t left = fuzz_left(in);
  const uint8_t *mark = left ? memmem(in->at, left, "\n%%\n", 4) : NULL;
  *from = in->at;
  in->at = mark ? mark + 4 : in->end;
  /* The line break before the mark belongs to the part. */
  return (size_t)((mark ? mark + 1 : in->end) - *from);
}

char *fuzz_text(fuzz_input *in) {
  const uint8_t *from;
  const size_t n = cut(in, &from);
  char *text = vg_malloc(n + 1, 1);
  if (!text) VG_BUG("%s", vg_error());
  if (n) memcpy(text, from, n);
  for (size_t i = 0; i < n; i++)
    if (!text[i]) text[i] = ' ';
  text[n] = '\0';
  return text;
}

void fuzz_file_part(const char *path, fuzz_input *in) {
  const uint8_t *from;
  const size_t n = cut(in, &from);
  fuzz_file(path, from, n);
}

void fuzz_allow(vg_status st, unsigned statuses) {
  if (st && !(statuses >> st & 1)) VG_BUG("%s: %s", vg_status_name(st), vg_error());
}
