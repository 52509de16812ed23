/* model_file.h: a model is one safetensors file: the generator's weights, and in the metadata everything
 * that synthesis needs to prepare data as training did, so that users give no option twice. */
#ifndef VG_RUN_MODEL_FILE_H
#define VG_RUN_MODEL_FILE_H
#include "voxgan/config.h"
#include "nn/nn.h"
#include "prep/prep.h"

typedef struct model_info {
  vg_config config; /* of the run that trained it */
  vg_gan_spec spec;
  vg_prep_settings prep;
  vg_range ranges[VG_SERIES_MAX]; /* of the training scanner, by series */
  char hash[VG_HASH_LEN];         /* SHA-256 of the file; set by load */
} model_info;

/* Series in, label maps out. */
static inline bool model_segments(const model_info *m) {
  return m->spec.softmax;
}

vg_status vg_model_save(const char *path, vg_gan *gan, const model_info *info, const char *note);
/* path: as in vg_model_path(). Says which model is taken where its name is also that of a file or folder
 * here.
 */
vg_status vg_model_load(const char *path, vg_device device, model_info *info, vg_gan **gan);

/* Path of the file itself (vg_free): of a path with a slash, a file *.safetensors, or a run folder that holds
 * model.safetensors; else of the model of that name in the folder models; else of what has that name here. */
vg_status vg_model_path(const char *path, char **out);
/* Path of a model by its name: NAME.safetensors in $VOXGAN_MODELS, else beside the module that runs
 * (vg_free). VG_DATA: there is none. */
vg_status vg_model_find(const char *name, char **out);
/* The classes of a model with the limits of its tumours' parts; none (not divided), if it has none, as a
 * checkpoint. path: as in vg_model_path(). */
vg_status vg_model_parts(const char *path, vg_classes *out);
/* Copies the weights of another model, or of a checkpoint (which also has the discriminator's), into gan
 * where names and shapes match, and logs which did. VG_DATA when none matches. info describes the run that
 * starts; a warning names classes and series that differ from the model's. out: the counts, to be released.
 */
vg_status vg_model_start_from(const char *file, const model_info *info, vg_gan *gan, vg_gan_transfer *out);

/* The networks for a config and data of these classes, series and patch. */
void vg_spec_from_config(const vg_config *c, int n_classes, int n_series, const int patch[3],
                         vg_gan_spec *out);

#endif
