/* fs.h: files that appear whole or not at all, folders, locks, maps and hashes.
 *
 * Errors name the path. Paths returned are the caller's (vg_free).
 */
#ifndef VOXGAN_FS_H
#define VOXGAN_FS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What lies at path, through links. A file system that does not answer (EIO, EACCES, ESTALE, ...) has not
 * said that nothing is there: only ENOENT and ENOTDIR mean "absent", any other answer is VG_IO. */
vg_status vg_fs_exists(const char *path, bool *exists);
/* The same for a file that a data set or a run may hold. VG_DATA: a link to nowhere, which says that the file
 * is wanted but not here, as git-annex leaves it. */
vg_status vg_fs_holds(const char *path, bool *exists);
vg_status vg_fs_is_dir(const char *path, bool *is_dir);
/* Makes the folder and its parents. VG_OK if it already exists. */
vg_status vg_fs_make_dirs(const char *path);
/* The same, then checks that a file can be made in the folder. */
vg_status vg_fs_require_writable_dir(const char *path);
char *vg_fs_join(const char *dir, const char *name);
/* The last component, borrowed from path. */
const char *vg_fs_basename(const char *path);
char *vg_fs_dirname(const char *path);

/* An open regular file. This is the door for every file that is read: a folder, pipe, socket or device is
 * refused (VG_IO) instead of waited for. Files are read, not mapped: a mapped file that somebody shortens
 * ends the program by SIGBUS. */
typedef struct vg_file {
  int fd;
  uint64_t size; /* when it was opened */
} vg_file;
vg_status vg_file_open(const char *path, vg_file *f);
/* Reads n bytes from offset `at` on; VG_IO where the file has become too short for them. */
vg_status vg_file_read(const vg_file *f, const char *path, uint64_t at, void *to, size_t n);
void vg_file_close(vg_file *f);

/* Reads a whole file into memory (vg_free) and adds one NUL, which *len does not count. */
vg_status vg_fs_read(const char *path, void **bytes, size_t *len);
/* The same for a file of at most so many bytes; VG_DATA for a larger one. */
vg_status vg_fs_read_most(const char *path, uint64_t most, void **bytes, size_t *len);
/* The same for a file that may be absent: *bytes is NULL and *len 0 then. */
vg_status vg_fs_read_optional(const char *path, void **bytes, size_t *len);
vg_status vg_fs_size(const char *path, uint64_t *bytes);
/* Writes path.tmp.RANDOM beside it, fsyncs it, renames it and fsyncs the folder, so that after a power
 * failure the old file or the new one is there. A failure leaves no partial file; on a full disk the message
 * gives the number of bytes. */
vg_status vg_fs_write_atomic(const char *path, const void *bytes, size_t len);
/* The same, but never replaces a file: *made is false where path already exists. Of several processes that
 * do this at once, one makes the file. */
vg_status vg_fs_write_new(const char *path, const void *bytes, size_t len, bool *made);
/* Whether path is the folder dir or lies in it, through whatever links; path need not be there yet. */
bool vg_fs_within(const char *path, const char *dir);
/* Makes path a symbolic link to the absolute path of the file target. Replaces what path was. */
vg_status vg_fs_link(const char *target, const char *path);
/* Appends to the file with a single write and fsyncs it. Makes a missing file. _line adds '\n'. */
vg_status vg_fs_append(const char *path, const void *bytes, size_t len);
vg_status vg_fs_append_line(const char *path, const char *line);
vg_status vg_fs_remove(const char *path); /* VG_OK if it does not exist */
/* Truncates the file to a number of bytes. */
vg_status vg_fs_truncate(const char *path, uint64_t bytes);
/* Whether a file is called as those that vg_fs_write_atomic is writing, PATH.tmp.RANDOM: length of PATH, 0
 * for any other file. */
size_t vg_fs_partial(const char *path);
/* Removes from the folder what vg_fs_write_atomic was writing when its process was killed: files of that name
 * whose writer's lock is free. Nothing is removed through a link. */
vg_status vg_fs_sweep(const char *dir);
/* The same for one file: only what was to become path goes. VG_OK where its folder is not there. */
vg_status vg_fs_sweep_of(const char *path);
/* The same for one such name in the folder dir, open as fd. alone: the caller knows that no other process
 * writes here. Then links of that name go too, and files where the file system has no locks. */
vg_status vg_fs_sweep_one(const char *dir, int fd, const char *name, bool alone);

/* Lists every regular file below root, as paths relative to root, sorted by byte value. Skips names that
 * begin with '.'. Follows links to folders once (no loops). */
vg_status vg_fs_walk(const char *root, char ***files, size_t *n); /* vg_strv_free */
/* The same, but a folder below root that cannot be read does not stop the walk: *faults lists it, and the
 * links to nowhere (vg_fs_faults_free). */
typedef struct vg_fs_fault {
  char *path; /* relative to root */
  int fault;  /* errno */
  bool folder;
} vg_fs_fault;
typedef struct vg_fs_faults {
  vg_fs_fault *items;
  size_t n;
} vg_fs_faults;
vg_status vg_fs_walk_faults(const char *root, char ***files, size_t *n, vg_fs_faults *faults);
void vg_fs_faults_free(vg_fs_faults *faults);
/* 0, or the errno that says why the file cannot be read by this process. */
int vg_fs_unreadable(const char *path);
/* The same for a folder that may be absent: an empty list then. */
vg_status vg_fs_walk_optional(const char *root, char ***files, size_t *n);

/* Takes an exclusive advisory lock on path (made when missing, never through a link) and waits for it, which
 * it says after two seconds; VG_INTERRUPTED after a signal (interrupt.c). On a file system without flock() a
 * claim takes its place: a file path.claim.RANDOM that names its process. */
typedef struct vg_lock {
  int fd;
  char *claim; /* NULL: flock() holds it */
} vg_lock;
vg_status vg_lock_take(const char *path, vg_lock *lock);
/* The same without waiting: *taken tells. */
vg_status vg_lock_try(const char *path, vg_lock *lock, bool *taken);
/* Holds it together with others who share it, or who will. *taken is false while one holds it alone. */
vg_status vg_lock_share(const char *path, vg_lock *lock, bool *taken);
/* From now on shares what it holds alone. */
void vg_lock_admit(vg_lock *lock);
void vg_lock_release(vg_lock *lock);
/* Whether a process holds the lock. Makes no file. False if that cannot be found out. */
bool vg_lock_held(const char *path);
/* Who holds it by a claim, as the end of a message: " (process 7 on node3; if it has ended, remove FILE)"; ""
 * where nobody does, or flock() holds it. Borrowed until the thread's next call. */
const char *vg_lock_holder(const char *path);

typedef struct vg_map {
  const void *bytes;
  size_t len;
} vg_map;
/* A read-only shared mapping, for files that only this program writes, and never in place: those of the
 * cache. An empty file gives len 0. */
vg_status vg_map_open(const char *path, vg_map *map);
void vg_map_release(vg_map *map);

/* SHA-256 (FIPS 180-4) in lower-case hex. */
void vg_hash(const void *bytes, size_t len, char hex[VG_HASH_LEN]);
/* The hash of n pieces of memory, one after another. */
void vg_hash_pieces(const vg_map *pieces, size_t n, char hex[VG_HASH_LEN]);
vg_status vg_hash_file(const char *path, char hex[VG_HASH_LEN]);
/* HMAC-SHA256 (RFC 2104). */
void vg_hmac(const void *key, size_t key_len, const void *bytes, size_t len, char hex[VG_HASH_LEN]);

#ifdef __cplusplus
}
#endif
#endif
