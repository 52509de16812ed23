/* format.h: how a data set is written: file names, label values, and the files that describe it as a whole.
 *
 * A format is a row of formats.def. What it writes, the layout that it names reads back.
 */
#ifndef VOXGAN_FORMAT_H
#define VOXGAN_FORMAT_H
#include "base/owned.h"
#include "voxgan/dataset.h"
#include "dataset/layout.h"
#include "voxgan/labels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a format needs to know of the data set. */
typedef struct vg_format_set {
  const char *name;      /* of the data set's folder, where the format has one: nnunet's "501_Synthetic" */
  vg_series_list series; /* written, in the order of channels; n 0: label maps only */
  bool real;             /* the images are scans of persons, so nothing may call them synthetic */
  vg_classes classes;    /* that may occur */
  vg_scheme tumour, anatomy; /* values written; n 0: that map is not written. Two classes may share a value:
                                the first of them is what it reads back as */
} vg_format_set;

typedef struct vg_dataset_format {
  const char *layout; /* that reads it back */
  /* Values for the set's classes, into set->tumour and set->anatomy, which come as the sources have them (n 0
   * where they have none) and stay so where the format leaves values open. VG_CONFIG when a class has none.
   * The other functions want a set that has been here. */
  vg_status (*schemes)(vg_format_set *set);
  /* An id as the format wants it, from any text: "sub-" put in front, letters that it forbids left out. */
  vg_status (*id)(const char *wanted, char *buf, size_t size);
  /* Path of a file below the data set's root; kind SERIES uses series. */
  vg_status (*path)(const vg_format_set *set, const char *id, vg_file_kind kind, const char *series,
                    char *buf, size_t size);
  /* Writes what describes the data set as a whole, once its n cases are there; NULL: nothing. The voxgan part
   * of dataset_description.json is not its business. */
  vg_status (*finish)(const vg_format_set *set, const char *root, const char *const *ids, size_t n);
  /* Adds the paths of all files that finish may write; NULL where finish is. */
  vg_status (*closing)(const vg_format_set *set, vg_owned *files);
} vg_dataset_format;

const vg_dataset_format *vg_dataset_format_find(const char *name); /* NULL */
const char *vg_dataset_format_at(int i, const vg_dataset_format **format,
                                 const char **help); /* name; NULL past the last */

#ifdef __cplusplus
}
#endif
#endif
