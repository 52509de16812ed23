/* detector.h: a small network that learns to tell two groups of patches apart (a classifier two-sample test;
 * Lopez-Paz and Oquab, ICLR 2017). Suite detect asks for such networks; the module with libtorch trains them.
 *
 * The network has four 3x3 convolutions of 16, 24, 48 and 64 channels with leaky ReLU. The last three halve
 * the patch. The mean of the last layer over the patch goes through one linear layer to a logit. It trains
 * with Adam on batches of equally many patches of both groups, each mirrored left-right at random.
 */
#ifndef VG_EVAL_DETECTOR_H
#define VG_EVAL_DETECTOR_H
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a patch goes: it trains the network, or the network is asked about it, or neither. */
typedef enum vg_detector_use { VG_DETECTOR_TRAINS, VG_DETECTOR_ASKED, VG_DETECTOR_UNUSED } vg_detector_use;

typedef struct vg_detector_options {
  size_t n;                      /* patches; 0: only checks that a network could be trained */
  int channels, edge;            /* of each */
  const uint8_t *const *patches; /* (n), each (channels, edge, edge); 0 to 255 stand for [-1, 1] */
  const uint8_t *second;         /* (n) 1: of the second group */
  const uint8_t *use;            /* (n) vg_detector_use; both groups have patches that train */
  uint64_t seed;
  int steps;
} vg_detector_options;

/* A vg_detector_fn (voxgan/evaluate.h). Trains one network, and sets the logit of each patch that it is asked
 * about: above 0 if the patch looks like the second group. Other entries stay as they are. Uses only the
 * calling thread, and may be called from several threads at once; the logits do not depend on that. Devices
 * other than the CPU are not used. VG_INTERRUPTED. */
vg_status vg_detector_train(const vg_detector_options *options, float *logits); /* src/run */

#ifdef __cplusplus
}
#endif
#endif
