/* model_file.h: a model is one safetensors file: the generator's weights, and in the metadata all that
 * synthesis needs to repeat what training did, so that no flag has to be given twice. */
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
/* path: the file, or a run folder that holds model.safetensors. */
vg_status vg_model_load(const char *path, vg_device device, model_info *info, vg_gan **gan);

/* The file itself, of such a path (vg_free). */
vg_status vg_model_path(const char *path, char **out);
/* Starts gan from the weights of another model, or of a checkpoint (which holds the discriminator's too),
 * where names and shapes match, and says what did and what did not. VG_DATA when nothing matches. out: the
 * counts, to be released. info: of the run that starts; its classes and series are compared with the model's.
 */
vg_status vg_model_start_from(const char *file, const model_info *info, vg_gan *gan, vg_gan_transfer *out);

/* The networks that a config asks for. */
void vg_spec_from_config(const vg_config *c, int n_classes, int n_series, const int patch[3],
                         vg_gan_spec *out);

#endif
