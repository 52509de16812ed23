/* names.h: a list of names, wherever it is kept: looking one up, "did you mean", and the list as text.
 *
 * Rows of registries, option tables and arrays of strings all begin with a pointer to a name, so one walk
 * serves them all:
 *
 *     const char *near = vg_names_nearest(VG_NAMES(edit->params), word);
 */
#ifndef VG_BASE_NAMES_H
#define VG_BASE_NAMES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

typedef struct vg_names {
  const void *rows;
  size_t size; /* of a row, bytes */
  size_t n;    /* at most so many rows; a row whose name is NULL ends the list earlier */
  const char *(*at)(const void *rows, size_t i); /* name i, NULL past the last. NULL: the rows have them */
  bool inside; /* a row is the name itself, where others begin with a pointer to it */
} vg_names;

/* Rows up to the one whose name is NULL. */
#define VG_NAMES(rows) ((vg_names){(rows), sizeof *(rows), SIZE_MAX, NULL, false})
#define VG_NAMES_N(rows, n) ((vg_names){(rows), sizeof *(rows), (n), NULL, false})
/* The first n of rows that are arrays of letters, such as names of classes. */
#define VG_NAMES_INSIDE(rows, n) ((vg_names){(rows), sizeof *(rows), (size_t)(n), NULL, true})
/* Names that a function finds in a list of any kind. */
#define VG_NAMES_BY(at, list) ((vg_names){(list), 0, SIZE_MAX, (at), false})

const char *vg_names_at(const vg_names *names, size_t i); /* NULL past the last */
/* The index of a name, or -1. */
int vg_names_find(vg_names names, const char *name);
/* The name with the smallest edit distance to word, the first of equally near ones; NULL when none is near
 * enough (more than a third of the word's letters differ). */
const char *vg_names_nearest(vg_names names, const char *word);
/* Appends "a, b, c". */
void vg_names_join(vg_names names, vg_str *to);

#endif
