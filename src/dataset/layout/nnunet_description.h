/* nnunet_description.h: what dataset.json of nnU-Net, and of the Medical Segmentation Decathlon, says about
 * channels and labels. */
#ifndef VG_NNUNET_DESCRIPTION_H
#define VG_NNUNET_DESCRIPTION_H
#include "dataset/layout.h"
#include "io/json.h"

/* Finds the dataset.json of the data set among the files of a root, parses it and calls `read` with it. */
typedef vg_status (*vg_nnunet_reader)(const char *path, const vg_json *root, vg_source *source);
vg_status vg_nnunet_open(vg_source *source, char *const *files, size_t n, vg_nnunet_reader read);
/* Reads a required key; the message names a key that is spelled nearly so. */
vg_status vg_nnunet_need(const char *path, const vg_json *root, const char *key, vg_json_type type,
                         const vg_json **out);
/* The series of channels "0", "1", ... of names, the object called `key`. */
vg_status vg_nnunet_channels(const char *path, const char *key, const vg_json *names, vg_series_list *out);
/* Labels as {name: value}, or {name: [values]} where nnU-Net's target is regions. role: of all labels; NULL:
 * derive it from their names. anatomy_named: the user has named a scheme for anatomy, which is then the role
 * of unknown names if no label is a tumour. */
vg_status vg_nnunet_labels(const char *path, const vg_json *labels, const vg_role *role, bool anatomy_named,
                           vg_scheme *out);
/* Puts the scheme into the source, as that of the tumour if it has a tumour class, else of the anatomy,
 * unless the user named one. */
void vg_nnunet_take_labels(vg_source *source, const vg_scheme *target);

#endif
