/* case_maker.h: what makes the images of a study's cases, or the maps of a set of images. */
#ifndef VG_OUTPUT_CASE_MAKER_H
#define VG_OUTPUT_CASE_MAKER_H
#include <stdbool.h>
#include "prep/prep.h"
#include "voxgan/volume.h"
#include "voxgan/produce.h"

/* Cases between their making and their writing; index k of a case gives slot k % VG_PRODUCE_DEPTH. */
#define VG_PRODUCE_DEPTH 3

/* What makes images of a case's maps, or maps of its images. load, make and image of one slot are called in
 * turn, those of different slots at once; make always by the caller's own thread, image by several threads.
 */
struct vg_case_maker {
  vg_series_list series;
  bool
      real; /* no model makes them: they are scans of persons; ranges, model_sha256 and window do not count */
  vg_range ranges[VG_SERIES_MAX]; /* intensities that -1 and +1 of the network become */
  char model_sha256[VG_HASH_LEN];
  const char *window; /* how volumes are cut, for the data set's description */
  void *state;
  vg_status (*load)(void *state, int slot, const vg_study_case *c);
  vg_status (*make)(void *state, int slot);
  vg_status (*image)(void *state, int slot, int series, vg_volume *out, vg_volume_write_options *how);
  /* In place of image: puts the file there itself, atomically. NULL: image is asked. */
  vg_status (*place)(void *state, int slot, int series, const char *path);
  /* Of a maker of label maps, whose study is one of images and which has no series: what it found (the
   * caller's). NULL: the study's own maps are written. */
  vg_status (*maps)(void *state, int slot, vg_maps *out);
  /* How sure it is of a class, 0 to 1: probabilities/ID/CLASS.nii.gz. NULL: not written. */
  vg_status (*probability)(void *state, int slot, int klass, vg_volume *out, vg_volume_write_options *how);
  const vg_dataset *images; /* what maps are found in: shown beside them on contact sheets, by id;
                               NULL */
  const char *cleaning;     /* of the maps, in words, for the data set's description; NULL */
  void (*release)(void *state, int slot); /* also of a slot whose load failed */
};

#endif
