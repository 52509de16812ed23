/* text.h: text and blocks of memory that the library hands to its caller.
 *
 * A function whose comment says (vg_free) returns a block of the library's own allocator. Release it with
 * vg_free(), not with free().
 */
#ifndef VOXGAN_TEXT_H
#define VOXGAN_TEXT_H
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

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
