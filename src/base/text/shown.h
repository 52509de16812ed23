/* shown.h: text as a terminal may show it. Ids, file names and metadata are data of others, and could contain
 * escape sequences. Everything that reaches stdout or stderr passes through here.
 *
 * A character that does not print becomes an escape: \u001b, \U000e0041, or \xff for a byte that is not
 * UTF-8. These are the control characters (C0, DEL, C1), those that change the direction of text, and those
 * that are invisible line breaks or tags. Escapes keep JSON texts valid and equal.
 */
#ifndef VG_BASE_SHOWN_H
#define VG_BASE_SHOWN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the character at text prints as it is. *n: its bytes, at least 1 and at most len. */
bool vg_shown_as_is(const char *text, size_t len, size_t *n);
/* The escape of the character with n bytes at text. */
void vg_shown_escape(const char *text, size_t n, char out[16]);
/* Writes text with escapes, also for line breaks. Needs no memory. */
void vg_shown_put(FILE *to, const char *text);
/* A stream to a file descriptor that writes text with escapes, but keeps line breaks and tabs. NULL: out of
 * memory. For the program's stdout; nobody closes it. */
FILE *vg_shown_stream(int fd);

#ifdef __cplusplus
}
#endif
#endif
