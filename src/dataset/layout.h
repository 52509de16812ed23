/* layout.h: what the layouts share with the data set that drives them. */
#ifndef VG_DATA_LAYOUT_H
#define VG_DATA_LAYOUT_H
#include "voxgan/dataset.h"
#include "base/str.h"

/* What a file is, told from its path relative to the data set's root. */
typedef enum vg_file_kind { VG_FILE_OTHER, VG_FILE_SERIES, VG_FILE_TUMOUR, VG_FILE_ANATOMY } vg_file_kind;
typedef struct vg_file_role {
  vg_file_kind kind;
  char id[128]; /* the case: unique below the root, e.g. BraTS-GLI-00001-000 or sub-1000_ses-02; "" where only
                   the data set as a whole tells it (vg_layout.pair) */
  char person[128]; /* the split keeps these together: BraTS-GLI-00001, sub-1000 */
  char series[VG_SERIES_NAME];
} vg_file_role;

typedef struct vg_layout {
  const char *tumour_scheme;  /* name of the scheme of its tumour labels, or NULL when it has none */
  const char *anatomy_scheme; /* of its anatomy labels */
  /* false: the path is none of this layout's. source: NULL while the layout is being guessed, when only the
   * names count. */
  bool (*classify)(const vg_source *source, const char *relative_path, vg_file_role *out);
  /* Relative path for a file of a case; kind SERIES uses series. VG_CONFIG when the layout has no name for
   * it. NULL: its names depend on more than that (voxgan/format.h writes them). */
  vg_status (*path)(const char *id, vg_file_kind kind, const char *series, char *buf, size_t size);
  /* Learns what names alone do not say from the n files below source->root: the channels, and schemes where
   * the user named none (n == 0). NULL: names say it all. */
  vg_status (*open)(vg_source *source, char *const *files, size_t n);
  /* Gives those of the n files that classify told no case of to the cases that are in ds. NULL: there are
   * none. */
  vg_status (*pair)(vg_dataset *ds, int source, char *const *files, size_t n);
  /* How many of the n files below root speak for this layout, for "auto"; may write why into reason. NULL:
   * the layout is never guessed from a folder. */
  size_t (*score)(const char *root, char *const *files, size_t n, char *reason, size_t size);
  int precedence; /* the higher one wins where scores are equal */
  bool any_name;  /* its label schemes serve a label map that no layout names */
  /* A data set that is one file: what its name ends in, and how its subjects are added. NULL: it is a folder.
   */
  const char *suffix;
  vg_status (*add_file)(vg_dataset *ds, const char *path, int source);
} vg_layout;

/* Rows of layouts.def. */
const vg_layout *vg_layout_find(const char *name); /* NULL */

#define VG_LAYOUT(name, help) extern const vg_layout vg_layout_##name;
#include "registry/layouts.def"
#undef VG_LAYOUT

/* ---- the registry (layout.c) ---- */

/* The name of the layout that scores highest on the files below root, or NULL with VG_DATA set. reason: why
 * this one, for the user. */
const char *vg_layout_guess(const char *root, char *const *files, size_t n, char *reason, size_t size);
/* How many of the n files the layout names: the usual score. */
size_t vg_layout_count(const vg_layout *layout, char *const *files, size_t n);
/* The name of the layout that reads a data set from this one file (its suffix), or NULL. */
const char *vg_layout_of_file(const char *path);
/* The name of the layout whose label schemes serve a label map of any name. */
const char *vg_layout_of_any_name(void);
/* Whether any layout names this file. */
bool vg_layout_knows(const char *file);
/* VG_CONFIG: there is no layout of that name; the message suggests one. */
vg_status vg_layout_unknown(const char *name);
/* Adds a row at run time; false where there is no room. name, help and layout are borrowed. */
bool vg_layout_add(const char *name, const char *help, const vg_layout *layout);

/* Whether files that BraTS names ID_flair and ID_seg are of 2017 or later (layout_edition.c), where value 3
 * is unused; the first evidence counts: ids, the folder's name, label values. reason: which. */
bool vg_brats_from_2017(const vg_layout *layout, const char *root, char *const *files, size_t n, char *reason,
                        size_t size);

/* ---- the table (subjects.c) ---- */

/* The place of the subject of that id, or ds->n (id_index.c). The index behind it lasts until subjects change
 * places. */
vg_status vg_dataset_find_id(vg_dataset *ds, const char *id, size_t *at);
void vg_dataset_forget_ids(vg_dataset *ds);
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
void vg_subject_release(vg_subject *s);

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
