/* data_note.h: voxgan-data.json in the folder of a data set: its layout and the meaning of its label values,
 * where the file names and the volumes alone do not show them.
 *
 *     {"layout": "brats2021", "tumour_labels": "1=tumour", "anatomy_labels": "tissues"}
 *
 * With layout csv, the folder's manifest.csv lists the subjects. `voxgan split` writes it into its parts, so
 * that they mean the same as the whole. No key is required.
 */
#ifndef VG_DATASET_DATA_NOTE_H
#define VG_DATASET_DATA_NOTE_H
#include "voxgan/dataset.h"

#define VG_DATA_NOTE "voxgan-data.json"

/* Sets layout to the note's, "" without a note or a layout in it. VG_DATA: there is no layout of that name.
 */
vg_status vg_data_note_layout(const char *root, char layout[32]);
/* Sets the schemes that are not set yet by the note, or by the dataset_description.json of a data set that
 * voxgan wrote. */
vg_status vg_data_note_schemes(vg_source *source);
/* The note for a part of this source, as a text (vg_free). */
char *vg_data_note_of(const vg_source *source);

#endif
