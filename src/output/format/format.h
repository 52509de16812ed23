/* format.h: the ways to write a data set: file names, label values, and the files that describe it as a
 * whole.
 *
 * A format is a row of formats.def, and names the layout that reads its data sets back. */
#ifndef VOXGAN_FORMAT_H
#define VOXGAN_FORMAT_H
#include "base/file/owned.h"
#include "voxgan/dataset.h"
#include "dataset/layout.h"
#include "voxgan/labels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The properties of a data set that formats use. */
typedef struct vg_format_set {
  const char *name;      /* of the folder of the data set, if the format has one: nnunet's "501_Synthetic" */
  const char *licence;   /* NULL: none is named */
  vg_series_list series; /* to write, in the order of channels; n 0: label maps only */
  bool real;             /* the images are scans of persons, so no text may call them synthetic */
  vg_classes classes;    /* all that may occur */
  vg_scheme tumour, anatomy; /* values to write; n 0: that map is not written. If two classes share a
                                value, it reads back as the first of them */
} vg_format_set;

typedef struct vg_dataset_format {
  const char *layout; /* the layout that reads the data set back */
  bool any_class;     /* it has a label value for every class */
  /* How well the format suits a data set as its default: 0 is not at all, and the highest rank wins. Only the
   * set's series and `real` are known yet. NULL: 0. */
  int (*rank)(const vg_format_set *set);
  /* Sets the label values of the set's classes in set->tumour and set->anatomy. On entry they have the values
   * of the sources (n 0: none), and keep them if the format has no values of its own. VG_CONFIG: a class has
   * no value. The functions below need a set that this one has completed. */
  vg_status (*schemes)(vg_format_set *set);
  /* Turns any text into an id of the format: may add "sub-" in front, and drops forbidden letters. */
  vg_status (*id)(const char *wanted, char *buf, size_t size);
  /* The path of a file below the root of the data set; only kind SERIES uses series. */
  vg_status (*path)(const vg_format_set *set, const char *id, vg_file_kind kind, const char *series,
                    char *buf, size_t size);
  /* Writes the files that describe the whole data set, once its n cases are finished; NULL: none. The program
   * itself writes dataset_description.json. */
  vg_status (*finish)(const vg_format_set *set, const char *root, const char *const *ids, size_t n);
  /* Adds the paths of all files that finish may write; NULL where finish is. */
  vg_status (*closing)(const vg_format_set *set, vg_owned *files);
} vg_dataset_format;

const vg_dataset_format *vg_dataset_format_find(const char *name); /* NULL */
const char *vg_dataset_format_at(int i, const vg_dataset_format **format,
                                 const char **help); /* name; NULL past the last */
/* The name of the format for a data set whose user names none: the first format that `layout` reads back, or
 * else the one of the highest rank (of equal ranks, the first). */
const char *vg_dataset_format_default(const char *layout, const vg_format_set *set);
/* The first format that has a label value for every class. */
const char *vg_dataset_format_any(void);

#define VG_FORMATS_MAX 31
/* Appends a format while the program runs: it is then listed, chosen by name and written as those of
 * formats.def are. name, help and format are borrowed for good. VG_CONFIG: the registry is full, or has a
 * format of that name. Not safe beside other threads. */
vg_status vg_dataset_format_add(const char *name, const char *help, const vg_dataset_format *format);

#ifdef __cplusplus
}
#endif
#endif
