/* contact_sheet.h: a data set in one look: PNG pages with a row a case, its labels and each series at the
 * axial slice through the tumour's centre (the brain's, where there is no tumour).
 *
 *     vg_dataset ds = {0};
 *     st = vg_dataset_add(&ds, root, format->layout, NULL, NULL);
 *     if (!st) st = vg_contact_sheet(&ds, NULL, root, &pages);
 */
#ifndef VOXGAN_CONTACT_SHEET_H
#define VOXGAN_CONTACT_SHEET_H
#include <stdbool.h>
#include "voxgan/dataset.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_contact_sheet_options {
  const char *title; /* NULL: the first source's folder */
  int most;          /* cases shown, picked evenly from a larger data set, which the sheet says; 0: 50 */
  int rows;          /* of a page; 0: 25, which is the most */
  bool neurological; /* the patient's left is on the viewer's left; otherwise, radiological, on the right */
} vg_contact_sheet_options;

/* Writes dir/contact-sheet-01.png, ... and removes the pages of an earlier, longer one. Images are read from
 * the data set's files, windowed from the 1st to the 99.5th percentile of their brain and drawn in their
 * physical proportions, all cases at one scale. options NULL: the defaults. pages may be NULL. VG_DATA: a
 * file that cannot be read, a case without any file. */
vg_status vg_contact_sheet(const vg_dataset *ds, const vg_contact_sheet_options *options, const char *dir,
                           int *pages);

#ifdef __cplusplus
}
#endif
#endif
