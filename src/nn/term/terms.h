/* terms.h: the terms of a training step's loss, one struct per VG_LOSS_TERM row of losses.def. */
#ifndef VG_NN_TERMS_H
#define VG_NN_TERMS_H
#include "nn/network/scales.h"

/* What the discriminator said of n samples of a batch: samples first, first + 1, ... of the logits. */
typedef struct vg_judged {
  const vg_verdict *verdict; /* by scale */
  int64_t first, n;
} vg_judged;

/* One micro-batch, as a term sees it. */
typedef struct vg_term_input {
  const vg_gan_spec *spec;
  const vg_gan_objective *objective;
  int64_t step;       /* taken so far */
  const vg_scales *d; /* n is 0 without a discriminator */
  const vg_loss *adversarial, *reconstruction;
  vg_tensor *input, *target, *weight; /* (N, C, D, H, W), see nn.h */
  vg_tensor *made;                    /* by the generator; detached in the discriminator's half */
  vg_tensor *divergence;              /* of the style's code; NULL without one */
  const vg_pyramid *conditions;       /* NULL without a discriminator, and for second_order */
  vg_judged real, fake;               /* real in the discriminator's half only */
  vg_tensor *present;                 /* (N) 1 for samples that count, else 0; NULL: all do */
  vg_tensor *picks;                   /* of LabelMix, see vg_discriminator; NULL: there is none */
} vg_term_input;

typedef struct vg_term {
  /* The loss, a scalar on the device. NULL: this GAN or this step does not have the term. */
  vg_tensor *(*loss)(const vg_term_input *in);
  double (*weight)(const vg_gan_objective *objective);
  /* The loss differentiates the discriminator's gradient. It is computed in fp32 by ATen's operations, which
   * have second derivatives, with a backward pass of its own. */
  bool second_order;
  bool local; /* the term sees the boxes about tumours, and their discriminator */
} vg_term;

#define VG_LOSS_TERM(half, name, help) extern const vg_term vg_term_##half##_##name;
#include "registry/losses.def"

/* The logits of scale k of what was judged. */
vg_tensor *vg_judged_logits(const vg_judged *judged, int k);
/* Sum over the scales of the adversarial loss. */
vg_tensor *vg_term_adversarial(const vg_term_input *in, const vg_judged *judged, bool real,
                               bool for_generator);
/* Sum over the scales of the gradient penalty; NULL in steps without it. */
vg_tensor *vg_term_r1(const vg_term_input *in);
/* Whether the next step has the gradient penalty. */
bool vg_term_r1_is_due(const vg_gan_objective *objective, int64_t step);

#endif
