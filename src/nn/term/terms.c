/* terms.c: what several terms share. */
#include "nn/term/terms.h"

vg_tensor *vg_term_adversarial(const vg_term_input *in, const vg_judged *judged, bool real,
                               bool for_generator) {
  vg_tensor *sum = NULL;
  for (int k = 0; k < in->d->n; k++) {
    vg_tensor *logits = judged->verdict[k].logits;
    if (judged->n < vg_size(logits, 0)) logits = vg_narrow(logits, 0, judged->first, judged->n);
    vg_tensor *loss = in->adversarial->adversarial(logits, real, for_generator);
    sum = sum ? vg_add(sum, loss) : loss;
  }
  return sum;
}
