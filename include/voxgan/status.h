/* status.h: what functions hand to their caller: a result, the message of a failure, text, memory.
 *
 * Every fallible function returns a vg_status, outputs last. The code that detects a fault sets the message,
 * which names the file, the key or the subject. Callers pass the status up unchanged, or add context with
 * vg_fail_in():
 *
 *     vg_status st = vg_volume_read(path, &vol);
 *     if (st) return vg_fail_in(st, "subject %s", id);   // "subject 7: a.nii: bad magic"
 *
 * The message is thread-local. vg_pool_run() carries it from a worker to its caller.
 */
#ifndef VOXGAN_STATUS_H
#define VOXGAN_STATUS_H
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The exit codes of the program, and what each one says. */
#define VG_EXIT_MAP(X)                                                 \
  X(0, "ok")                                                           \
  X(1, "failed: reading or writing, or an error of the program's own") \
  X(2, "wrong usage or configuration")                                 \
  X(3, "bad input data")                                               \
  X(4, "device or memory")                                             \
  X(5, "worse than the baseline (eval)")                               \
  X(130, "interrupted, state saved")

/* Name, value, exit code of the program, text. Values are part of the ABI: they never change, and a new
 * status gets the next free one. */
#define VG_STATUS_MAP(X)                            \
  X(OK, 0, 0, "ok")                                 \
  X(FAILED, 1, 1, "failed")                         \
  X(IO, 2, 1, "cannot read or write")               \
  X(NONFINITE, 3, 1, "not finite")                  \
  X(REFUSED, 4, 1, "not possible as asked")         \
  X(USAGE, 5, 2, "wrong usage")                     \
  X(CONFIG, 6, 2, "wrong configuration")            \
  X(DATA, 7, 3, "bad input data")                   \
  X(DEVICE, 8, 4, "device not available or failed") \
  X(MEMORY, 9, 4, "out of memory")                  \
  X(REGRESSION, 10, 5, "worse than the baseline")   \
  X(INTERRUPTED, 11, 130, "interrupted")

typedef enum vg_status {
#define X(name, value, code, text) VG_##name = value,
  VG_STATUS_MAP(X)
#undef X
} vg_status;

#if defined(__GNUC__)
#define VG_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define VG_NORETURN __attribute__((noreturn))
#else
#define VG_PRINTF(fmt, args)
#define VG_NORETURN
#endif

/* The program's documented exit code for a status. */
int vg_status_exit_code(vg_status st);
const char *vg_status_name(vg_status st);
const char *vg_status_text(vg_status st);

/* Sets this thread's message and returns st. */
vg_status vg_fail(vg_status st, const char *fmt, ...) VG_PRINTF(2, 3);
/* VG_IO (VG_MEMORY for ENOMEM) with "path: verb: the text of errno". */
vg_status vg_fail_errno(const char *path, const char *verb);
/* Writes the system's text for an errno into buf. Thread-safe, unlike strerror(). */
#define VG_ERRNO_TEXT 128
const char *vg_errno_text(int fault, char buf[VG_ERRNO_TEXT]);
/* Puts "context: " in front of the message already set and returns st. */
vg_status vg_fail_in(vg_status st, const char *fmt, ...) VG_PRINTF(2, 3);

/* This thread's last message, "" when none; borrowed until the next failure. */
const char *vg_error(void);
void vg_error_clear(void);

/* Reports a bug of the program itself: prints file, line and text, then calls abort(). */
VG_NORETURN void vg_bug_at(const char *file, int line, const char *fmt, ...) VG_PRINTF(3, 4);
#define VG_BUG(...) vg_bug_at(__FILE__, __LINE__, __VA_ARGS__)

/* ---- text and blocks of memory that the library hands to its caller ----
 *
 * A function whose comment says (vg_free) returns a block of the library's own allocator. Release it with
 * vg_free(), not with free(). */
void vg_free(void *p); /* NULL is legal */
/* Frees a NULL-terminated array of strings. */
void vg_strv_free(char **v);

/* A growable string. Initialise it with VG_STR_INIT or {0}. */
typedef struct vg_str {
  char *text; /* NUL-terminated; NULL while the string is empty */
  size_t len, cap;
  bool failed;
} vg_str;

#define VG_STR_INIT \
  { NULL, 0, 0, false }

/* The text, never NULL. Borrowed. */
const char *vg_str_text(const vg_str *s);
void vg_str_release(vg_str *s);

/* Characters of a SHA-256 in lower-case hex, with the NUL. */
#define VG_HASH_LEN 65

#ifdef __cplusplus
}
#endif
#endif
