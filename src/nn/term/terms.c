/* terms.c: what several terms share. */
#include "nn/term/terms.h"

vg_tensor *vg_judged_logits(const vg_judged *judged, int k) {
  vg_tensor *logits = judged->verdict[k].logits;
  return judged->n < vg_size(logits, 0) ? vg_narrow(logits, 0, judged->first, judged->n) : logits;
}

static vg_tensor *loss_of(const vg_term_input *in, int k, vg_tensor *logits, bool real, bool for_generator) {
  const vg_discriminator *kind = in->d->kind;
  return kind->loss ? kind->loss(logits, in->conditions->at[k], real, for_generator)
                    : in->adversarial->adversarial(logits, real, for_generator);
}

/* The mean over the samples, of which those that are not present count as 0. */
static vg_tensor *loss_of_present(const vg_term_input *in, int k, vg_tensor *logits, bool real,
                                  bool for_generator) {
  const int64_t n = vg_size(logits, 0);
  vg_tensor *sum = NULL;
  for (int64_t i = 0; i < n; i++) {
    vg_tensor *loss = loss_of(in, k, vg_narrow(logits, 0, i, 1), real, for_generator);
    loss = vg_sum(vg_mul(loss, vg_narrow(in->present, 0, i, 1)));
    sum = sum ? vg_add(sum, loss) : loss;
  }
  return vg_scale(sum, 1.0 / (double)n, 0);
}

vg_tensor *vg_term_adversarial(const vg_term_input *in, const vg_judged *judged, bool real,
                               bool for_generator) {
  vg_tensor *sum = NULL;
  for (int k = 0; k < in->d->n; k++) {
    vg_tensor *logits = vg_judged_logits(judged, k);
    vg_tensor *loss = in->present ? loss_of_present(in, k, logits, real, for_generator)
                                  : loss_of(in, k, logits, real, for_generator);
    sum = sum ? vg_add(sum, loss) : loss;
  }
  return sum;
}
