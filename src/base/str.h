/* str.h: how a growable string (voxgan/text.h) is built, and the few string helpers that everything needs.
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
#include "voxgan/text.h"

#ifdef __cplusplus
extern "C" {
#endif

void vg_str_add(vg_str *s, const char *text);
void vg_str_add_bytes(vg_str *s, const void *bytes, size_t n);
void vg_str_addf(vg_str *s, const char *fmt, ...) VG_PRINTF(2, 3);
/* Puts text into CSV form: quoted when it holds a comma, a quote or a line break. */
void vg_str_add_csv(vg_str *s, const char *text);
/* A finite number in the shortest form that reads back the same, with a point in every locale. */
void vg_str_add_number(vg_str *s, double v);
bool vg_str_failed(const vg_str *s);
/* The text, now the caller's (vg_free); NULL after a failed add. s is empty afterwards. */
char *vg_str_take(vg_str *s);
void vg_str_clear(vg_str *s);

/* A fresh formatted string (vg_free), or NULL with the message set. */
char *vg_format(const char *fmt, ...) VG_PRINTF(1, 2);

bool vg_starts_with(const char *s, const char *prefix);
bool vg_ends_with(const char *s, const char *suffix);
/* Whole-string conversions: false on trailing junk, overflow or an empty string. */
bool vg_parse_i64(const char *s, long long *out);
bool vg_parse_f64(const char *s, double *out);

/* Splits at sep, trimming blanks: a NULL-terminated array (vg_strv_free), count in *n (may be NULL).
 * A blank string has no items. */
char **vg_split(const char *s, char sep, size_t *n);

#ifdef __cplusplus
}
#endif
#endif
