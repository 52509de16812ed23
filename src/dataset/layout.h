/* layout.h: what the layouts share with the data set that drives them. */
#ifndef VG_DATA_LAYOUT_H
#define VG_DATA_LAYOUT_H
#include "voxgan/dataset.h"
#include "voxgan/str.h"

#define VG_LAYOUT(name, help) extern const vg_layout vg_layout_##name;
#include "registry/layouts.def"
#undef VG_LAYOUT

/* The layout that the files' names speak for, or NULL with VG_DATA set. reason is for the user: why this one.
 */
const vg_layout *vg_layout_guess(const char *root, char *const *files, size_t n, const char **name,
                                 char *reason, size_t size);

/* The subject of that id, made when new; VG_DATA when another source has it. *out moves with the next new
 * one. */
vg_status vg_dataset_subject(vg_dataset *ds, const char *id, const char *person, int source,
                             vg_subject **out);
/* Index of a series, which is put in at its canonical place when new; -1 with the message set. */
int vg_dataset_series(vg_dataset *ds, const char *name);
/* By id, as subjects are to be once all are there. */
void vg_dataset_sort(vg_dataset *ds);
/* Takes path. VG_DATA when the slot has a file already. */
vg_status vg_subject_put_take(vg_subject *s, char **slot, const char *what, char *path);
vg_status vg_dataset_add_manifest(vg_dataset *ds, const char *path, int source);

/* The subject and session labels (each of size letters at most) for an id of any layout; VG_CONFIG when it
 * has no letter or digit. */
vg_status vg_bids_id(const char *wanted, char *subject, char *session, size_t size);

/* ---- other people's words (layout_words.c) ---- */

/* A channel's or column's name as a series: "T1ce", "T1-Gd" are t1c; a word of its own stays, in small
 * letters and digits. */
void vg_series_word(const char *word, char series[VG_SERIES_NAME]);
/* Adds "VALUE=NAME:ROLE" to the text of a scheme: "Enhancing tumor" and "ET" are enhancing; a word of its own
 * stays, "-" for what a class name cannot hold. role: NULL where the word must tell. */
void vg_scheme_text_add(vg_str *text, const char *value, const char *word, const vg_role *role);

#endif
