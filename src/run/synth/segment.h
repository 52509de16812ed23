/* segment.h: synthesis in the other direction: label maps of a data set's images. */
#ifndef VG_RUN_SEGMENT_H
#define VG_RUN_SEGMENT_H
#include "run/synth/synth_model.h"
#include "voxgan/run.h"

vg_status vg_segment_images(const vg_synth_options *options, const synth_model *by);

#endif
