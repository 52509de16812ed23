/* contact_sheet.h: an overview of a data set on PNG pages. Each case has a row: its labels and each series,
 * at the axial slice through the centre of the tumour, or of the brain if there is no tumour.
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
  int most;          /* cases to show, picked evenly from a larger data set; the sheet mentions it. 0: 50 */
  int rows;          /* cases of a page; 0: 25, which is the most */
  bool neurological; /* the patient's left is on the viewer's left; false (radiological): on the right */
} vg_contact_sheet_options;

/* Writes dir/contact-sheet-01.png, ... and removes the pages of an earlier, longer one. Intensities are
 * windowed from the 1st to the 99.5th percentile of the brain. Images have their physical proportions, and
 * all cases the same scale. options NULL: the defaults. pages may be NULL. VG_DATA: a file cannot be read, or
 * a case has no file. */
vg_status vg_contact_sheet(const vg_dataset *ds, const vg_contact_sheet_options *options, const char *dir,
                           int *pages);

#ifdef __cplusplus
}
#endif
#endif
