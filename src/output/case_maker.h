/* case_maker.h: the functions that make the images of a study's cases, or the maps of a set of images. */
#ifndef VG_OUTPUT_CASE_MAKER_H
#define VG_OUTPUT_CASE_MAKER_H
#include <stdbool.h>
#include "prep/prep.h"
#include "voxgan/volume.h"
#include "voxgan/output.h"

/* Number of cases in work at a time; case k uses slot k % VG_PRODUCE_DEPTH. */
#define VG_PRODUCE_DEPTH 3

/* Makes images from a case's maps, or maps from its images. For one slot, load, make and image are called in
 * this order; different slots overlap. The caller's own thread calls make, and several threads call image. */
struct vg_case_maker {
  vg_series_list series;
  bool real; /* the images are scans of persons and not made by a model; ranges, model_sha256 and window are
                unused */
  vg_range ranges[VG_SERIES_MAX]; /* intensities of -1 and +1 of the network */
  char model_sha256[VG_HASH_LEN];
  const char *window; /* how volumes are cut into windows, for the description of the data set */
  void *state;
  vg_status (*load)(void *state, int slot, const vg_study_case *c);
  vg_status (*make)(void *state, int slot);
  vg_status (*image)(void *state, int slot, int series, vg_volume *out, vg_volume_write_options *how);
  /* Creates the image file at path itself, atomically, as a link or a copy. NULL: `image` is called instead.
   */
  vg_status (*link)(void *state, int slot, int series, const char *path);
  /* Returns the maps found in the images of a case; the caller releases them. For a study of images. The
   * series of its maker, if any, are those images altered, and `image` is called after `maps`. NULL: the
   * study's own maps are written. */
  vg_status (*maps)(void *state, int slot, vg_maps *out);
  /* Returns the probability of a class, 0 to 1, for probabilities/ID/CLASS.nii.gz. NULL: none is written. */
  vg_status (*probability)(void *state, int slot, int klass, vg_volume *out, vg_volume_write_options *how);
  const vg_dataset *images; /* the images that maps are found in, for the contact sheets, by id;
                               NULL */
  const char *cleaning;     /* how the maps were cleaned, for the description of the data set; NULL */
  const char
      *draws; /* how images are drawn, for the description of the data set; NULL or "": nothing is drawn */
  bool redraws_parts; /* the parts of tumours are drawn again, for the description */
  /* Adds what was drawn for the case, for its record; NULL: nothing. */
  void (*drawn)(void *state, int slot, vg_str *to);
  void (*release)(void *state, int slot); /* also called if load failed */
};

#endif
