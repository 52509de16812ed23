/* membership.h: measures how well a model knows a subject, to find out whether the model was trained on it.
 *
 * An attack uses two scores that differ between training subjects and others:
 *   error   the loss of what the model makes of the subject's own input against the subject's own target, on
 *           the prepared grid inside the brain: of images the mean absolute difference in [-1, 1] over all
 *           series, of label maps the cross-entropy of the class fractions (Yeom et al., CSF 2018; for GANs
 *           Hilprecht et al., PETS 2019). A model that has learned a subject by heart errs less on it.
 *   judged  the discriminator's mean logit of the subject's real pair, over windows of the training patch
 *           that overlap by half (LOGAN, Hayes et al., PETS 2019). A discriminator that has learned a subject
 *           by heart finds it more real.
 *
 * Networks with initial weights, which know nobody, give the same scores. They show how two groups of
 * subjects differ without any training.
 */
#ifndef VOXGAN_MEMBERSHIP_H
#define VOXGAN_MEMBERSHIP_H
#include "voxgan/dataset.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_membership_subject {
  const vg_dataset *set;
  const vg_subject *subject; /* subjects of set, with the model's series and label maps */
} vg_membership_subject;

typedef struct vg_membership_options {
  const char *model; /* a run folder, or a model file; discriminators are then searched beside it */
  const vg_membership_subject *subjects;
  size_t n;
  const char
      *beside; /* a folder for anatomy maps, where the model learned on maps that another model finds */
  const char *device; /* NULL: cpu */
  int threads;        /* 0: all */
} vg_membership_options;

/* NaN for a missing score: without a whole checkpoint in the run folder there is no discriminator. */
typedef struct vg_membership {
  double error, judged;
  double untrained_error, untrained_judged;
} vg_membership;

/* A vg_membership_fn (voxgan/evaluate.h): computes one entry of out for each subject. The generator comes
 * from the model file, the discriminator from the newest whole checkpoint. Errors name the subject. */
vg_status vg_membership_score(const vg_membership_options *options, vg_membership *out); /* src/run */

#ifdef __cplusplus
}
#endif
#endif
