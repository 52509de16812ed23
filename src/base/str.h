/* str.h: builds a growable string (voxgan/status.h), and a few string helpers that all code needs.
 *
 *     vg_str s = VG_STR_INIT;
 *     vg_str_addf(&s, "%s/%s.nii.gz", dir, id);
 *     if (vg_str_failed(&s)) ...        // sticky: one check after a block of adds
 *     vg_str_release(&s);
 */
#ifndef VOXGAN_STR_H
#define VOXGAN_STR_H
#include <stdbool.h>
#include <stddef.h>
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

void vg_str_add(vg_str *s, const char *text);
void vg_str_add_bytes(vg_str *s, const void *bytes, size_t n);
void vg_str_addf(vg_str *s, const char *fmt, ...) VG_PRINTF(2, 3);
/* Adds text in CSV form: quoted if it contains a comma, a quote or a line break, and marked as text if a
 * spreadsheet would take it for a formula (text/formula.h). */
void vg_str_add_csv(vg_str *s, const char *text);
/* Adds text as a terminal may show it (text/shown.h). */
void vg_str_add_shown(vg_str *s, const char *text);
/* Adds text as one word of a shell's command line: quoted, unless no shell gives it a meaning. */
void vg_str_add_word(vg_str *s, const char *text);
/* The same as a text of its own (vg_free); NULL: no memory. */
char *vg_shell_word(const char *text);
/* Adds a finite number in the shortest form that reads back the same, with a point in every locale. */
void vg_str_add_number(vg_str *s, double v);
bool vg_str_failed(const vg_str *s);
/* Hands the text to the caller (vg_free) and empties s. NULL after a failed add. */
char *vg_str_take(vg_str *s);
void vg_str_clear(vg_str *s);

/* Returns a new formatted string (vg_free), or NULL with the message set. */
char *vg_format(const char *fmt, ...) VG_PRINTF(1, 2);

bool vg_starts_with(const char *s, const char *prefix);
bool vg_ends_with(const char *s, const char *suffix);
/* The same, whether its letters are small or capital: for the endings of files, SCAN.NII.GZ for one. */
bool vg_has_ending(const char *s, const char *ending);
/* Whole-string conversions: false on trailing junk, overflow or an empty string. */
bool vg_parse_i64(const char *s, long long *out);
bool vg_parse_f64(const char *s, double *out);

/* Splits at sep and trims blanks. Returns a NULL-terminated array (vg_strv_free) and its length in *n (may be
 * NULL). A blank string has no items. */
char **vg_split(const char *s, char sep, size_t *n);

#ifdef __cplusplus
}
#endif
#endif
