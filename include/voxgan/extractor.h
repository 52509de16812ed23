/* extractor.h: a network of the user as a feature space. It turns each input into a row of features.
 *
 * The network is a TorchScript file (torch.jit.save). Its forward() takes one tensor, (N, C, S, S) or (N, C,
 * S, S, S), and returns one, (N, D) or (N, D, ...); axes after D are averaged. If it returns a tuple or list,
 * the first tensor counts. The module with libtorch opens the file (run.h); the code that computes features
 * only calls it.
 */
#ifndef VOXGAN_EXTRACTOR_H
#define VOXGAN_EXTRACTOR_H
#include <stdbool.h>
#include <stddef.h>
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_extractor {
  bool flat;    /* inputs are slices, else volumes */
  int channels; /* of an input; all channels hold the same values */
  int size;     /* voxels along each of its axes */
  size_t dims;  /* features per input */
  /* inputs: (n, channels, [size,] size, size); out: (n, dims). May be called from several threads. */
  vg_status (*extract)(const struct vg_extractor *x, const float *inputs, size_t n, float *out);
  void *own; /* data of the code that opened it */
} vg_extractor;

typedef struct vg_extractor_options {
  const char *path;
  const char *input;  /* "2d,3,224": slices or volumes (3d), channels, size; NULL: the first that works of
                         3d,1,96;  3d,3,96; 2d,3,224; 2d,1,224 */
  const char *device; /* NULL: cpu */
  int threads;        /* 0: all */
} vg_extractor_options;

#ifdef __cplusplus
}
#endif
#endif
