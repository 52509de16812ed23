/* nnunet_labels.h: label values of tumour classes as nnU-Net's own converters of BraTS number them. Data sets
 * that agree in this can be trained on together. */
#ifndef VG_NNUNET_LABELS_H
#define VG_NNUNET_LABELS_H
#include "io/json.h"
#include "voxgan/labels.h"

/* Numbers the tumour classes: oedema 1, necrosis 2, enhancing 3, then the others in their order;
 * non-enhancing tumour takes its place between necrosis and enhancing. */
void vg_nnunet_number(const vg_classes *classes, vg_scheme *out);
/* Whether the labels are those of BraTS, so that nnU-Net's targets are regions: oedema, necrosis, enhancing
 * and perhaps a cavity, numbered as above. */
bool vg_nnunet_has_regions(const vg_scheme *s);
/* Adds "labels" to dataset.json, and "regions_class_order" where they are regions: whole tumour, core,
 * enhancing and, apart from these, the cavity. */
void vg_nnunet_put_labels(vg_json *dataset, const vg_scheme *s);
/* The usual name of a channel in nnU-Net's BraTS sets. No name is "CT", which would change the normalisation.
 */
const char *vg_nnunet_channel(const char *series);
/* "Dataset501_Synthetic" from a name "Dataset501_Synthetic", "501_Synthetic", "Synthetic" or none at all. */
vg_status vg_nnunet_folder(const char *name, char *buf, size_t size);

#endif
