/* layout.h: the interface between layouts and the data set that calls them. */
#ifndef VG_DATA_LAYOUT_H
#define VG_DATA_LAYOUT_H
#include "voxgan/dataset.h"
#include "base/str.h"

/* The role of a file, derived from its path relative to the data set's root. */
typedef enum vg_file_kind { VG_FILE_OTHER, VG_FILE_SERIES, VG_FILE_TUMOUR, VG_FILE_ANATOMY } vg_file_kind;
typedef struct vg_file_role {
  vg_file_kind kind;
  char id[128]; /* the case: unique below the root, e.g. BraTS-GLI-00001-000 or sub-1000_ses-02; "" if only
                   the data set as a whole determines it (vg_layout.pair) */
  char person[128]; /* the split keeps these together: BraTS-GLI-00001, sub-1000 */
  char series[VG_SERIES_NAME];
  bool all_channels; /* kind SERIES: the file holds every channel of the source, one volume each */
} vg_file_role;

typedef struct vg_layout {
  const char *tumour_scheme;  /* name of the scheme of its tumour labels, or NULL */
  const char *anatomy_scheme; /* the same for anatomy labels */
  /* Returns false if the path does not belong to this layout. source is NULL while the layout is being
   * guessed; then only names count. */
  bool (*classify)(const vg_source *source, const char *relative_path, vg_file_role *out);
  /* Makes the relative path of a file of a case; kind SERIES uses series. VG_CONFIG: the layout has no name
   * for it. NULL: names depend on more than that, and src/output writes them. */
  vg_status (*path)(const char *id, vg_file_kind kind, const char *series, char *buf, size_t size);
  /* Reads from the n files below source->root what names do not contain: the channels, and the schemes that
   * the user did not give (n == 0). NULL: names suffice. */
  vg_status (*open)(vg_source *source, char *const *files, size_t n);
  /* Assigns the files that classify() could not attribute to a case to the known cases of ds. NULL:
   * classify() always knows the case. */
  vg_status (*pair)(vg_dataset *ds, int source, char *const *files, size_t n);
  /* For "auto": how many of the n files below root fit this layout. May write the evidence into reason. NULL:
   * this layout is never guessed from a folder. */
  size_t (*score)(const char *root, char *const *files, size_t n, char *reason, size_t size);
  int precedence;  /* of equal scores the higher precedence wins */
  bool any_name;   /* its label schemes apply to a label map whose name fits no layout */
  bool one_folder; /* two data sets of it below one folder are not one: each has its own description */
  bool any_scan;   /* it takes images whose names fit no layout, where images alone are wanted */
  /* For a data set that is a single file: the ending of its name, and the function that adds its subjects.
   * NULL: it is a folder. */
  const char *suffix;
  vg_status (*add_file)(vg_dataset *ds, const char *path, int source);
} vg_layout;

/* The role, but for its kind, of a volume whose path below the root is the id of its subject, whatever its
 * name. false: not a volume, or too long a path. */
bool vg_layout_any_role(const char *path, vg_file_role *out);
/* Whether a name says that the file is a label map: "seg", "label" or "parc" at the begin or end of a word.
 */
bool vg_layout_says_labels(const char *path);
/* The series of a scan of which nothing is known. */
#define VG_SERIES_SCAN "scan"

/* Rows of layouts.def. */
const vg_layout *vg_layout_find(const char *name); /* NULL */

#define VG_LAYOUT(name, help) extern const vg_layout vg_layout_##name;
#include "registry/layouts.def"
#undef VG_LAYOUT

/* ---- the registry (layout.c) ---- */

/* The name of the layout with the highest score for the files below root, or NULL with VG_DATA set. reason:
 * the evidence, for the user. */
const char *vg_layout_guess(const char *root, char *const *files, size_t n, char *reason, size_t size);
/* The usual score: how many of the n files fit the layout. */
size_t vg_layout_count(const vg_layout *layout, char *const *files, size_t n);
/* The name of the layout that reads a data set from this one file, by its suffix, or NULL. */
const char *vg_layout_of_file(const char *path);
/* The name of the layout whose label schemes apply to a label map of any name, or that takes a scan of any
 * name.
 */
const char *vg_layout_of_any_name(bool scan);
/* Whether the file's name fits any layout. */
bool vg_layout_knows(const char *file);
/* VG_CONFIG: unknown name; the message suggests a layout. */
vg_status vg_layout_unknown(const char *name);
/* Adds a row at run time. False if there is no room. name, help and layout are borrowed. */
bool vg_layout_add(const char *name, const char *help, const vg_layout *layout);

/* Whether BraTS files named ID_flair and ID_seg are from 2017 or later (layout_edition.c), where value 3 is
 * unused. The first evidence counts: ids, then the folder's name, then label values. reason: the evidence. */
bool vg_brats_from_2017(const vg_layout *layout, const char *root, char *const *files, size_t n, char *reason,
                        size_t size);

/* VG_DATA: the layout was guessed, the user named no scheme, and the label values contradict each other. */
vg_status vg_brats_check_edition(const vg_layout *layout, const vg_source *source, char *const *files,
                                 size_t n);
/* What files with the names of 2023 and later hold (layout_task.c). */
typedef enum vg_brats_task {
  VG_BRATS_2023,     /* glioma before treatment, SSA, MEN, MET: 1 necrosis, 2 oedema, 3 enhancing */
  VG_BRATS_TREATED,  /* glioma, some after treatment: and 4 resection cavity */
  VG_BRATS_PED,      /* children from 2024 on: 1 enhancing, 2 nonenhancing, 3 cyst, 4 oedema */
  VG_BRATS_PED_2023, /* children of 2023: as VG_BRATS_2023 */
  VG_BRATS_DOUBT
} vg_brats_task;
/* By ids, the years in the names of BraTS's folders and, for children, label values. reason: the evidence, or
 * of a doubt how to decide it. */
vg_brats_task vg_brats_task_of(const vg_layout *layout, const char *root, char *const *files, size_t n,
                               vg_str *reason);
/* VG_DATA: the files are children's and layout brats2023 does not fit them, or there is a doubt, and the user
 * named no scheme. */
vg_status vg_brats_check_task(const vg_layout *layout, const vg_source *source, char *const *files, size_t n);
/* VG_DATA: ids of the files are children's and the layout is not for them, or the other way round, and the
 * user named no scheme. */
vg_status vg_brats_check_ids(const vg_layout *layout, const vg_source *source, char *const *files, size_t n,
                             bool children);
/* The task that the id at the start of a name shows; VG_BRATS_PED: children of any year; VG_BRATS_DOUBT:
 * none. */
vg_brats_task vg_brats_task_of_name(const char *name);
/* Whether an id names a task of BraTS 2023 or later. */
bool vg_brats_is_task_id(const char *id);

/* ---- the table (subjects.c) ---- */

/* The number of the subject of that id, or ds->n (id_index.c). Its index lasts until subjects change
 * their order. */
vg_status vg_dataset_find_id(vg_dataset *ds, const char *id, size_t *at);
void vg_dataset_forget_ids(vg_dataset *ds);
/* Finds or makes the subject with this id. *out is valid until the next new subject. VG_DATA: another source
 * has the id. */
vg_status vg_dataset_subject(vg_dataset *ds, const char *id, const char *person, int source,
                             vg_subject **out);
/* Index of a series; a new one is inserted in canonical order. -1, with the message set: failure. */
int vg_dataset_series(vg_dataset *ds, const char *name);
/* Sorts the subjects by id. Call it after the last one was added. */
void vg_dataset_sort(vg_dataset *ds);
/* Takes ownership of path. VG_DATA: the slot already has a file. */
vg_status vg_subject_put_take(vg_subject *s, char **slot, const char *what, char *path);
void vg_subject_release(vg_subject *s);

/* Makes the subject and session labels (each at most size letters) for an id of any layout. VG_CONFIG: the id
 * has no letter or digit. */
vg_status vg_bids_id(const char *wanted, char *subject, char *session, size_t size);

/* Whether a BIDS entity such as "label-tumour" marks a tumour map. */
bool vg_bids_says_tumour(const char *entity);
/* Sets the schemes that the user did not name from the tables *dseg.tsv that apply to the label maps among
 * the n files (bids_tables.c). VG_DATA: a table is faulty, tables disagree, or only some maps have one. */
vg_status vg_bids_tables_apply(const vg_layout *layout, vg_source *source, char *const *files, size_t n);
/* Compares tissue values whose meaning the layout assumes with T1-weighted scans of a few subjects. VG_DATA:
 * csf is not the darkest tissue (layout_edition.c). */
vg_status vg_dataset_check_tissues(const vg_dataset *ds, int source);
/* Sets the origins of the source's subjects, where the folder has the manifest.csv of a study. */
vg_status vg_dataset_read_origins(vg_dataset *ds, int source);
#define VG_BIDS_TABLE "dseg.tsv"
/* Writes VG_BIDS_TABLE for the scheme below root. */
vg_status vg_bids_tables_write(const char *root, const vg_scheme *scheme);

/* ---- names that others use (layout_words.c) ---- */

/* The canonical name of a known spelling of a series ("T1ce", "T1-Gd": t1c), or NULL. */
const char *vg_series_known(const char *word);
/* Converts the name of a channel or column to a series: "T1ce" and "T1-Gd" become t1c. An unknown word stays,
 * in lower-case letters and digits. */
void vg_series_word(const char *word, char series[VG_SERIES_NAME]);
/* Adds "VALUE=NAME:ROLE" to the text of a scheme. "Enhancing tumor" and "ET" become enhancing. An unknown
 * word stays, with "-" for characters that a class name cannot contain. */
void vg_scheme_text_add(vg_str *text, const char *value, const char *word, vg_role role);

#endif
