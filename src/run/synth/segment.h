/* segment.h: synthesis in the other direction: label maps of a data set's images. */
#ifndef VG_RUN_SEGMENT_H
#define VG_RUN_SEGMENT_H
#include "run/model_file.h"
#include "voxgan/run.h"

/* memory: bytes that windows may use. */
vg_status vg_segment_images(const vg_synth_options *options, const model_info *model, vg_gan *gan,
                            size_t memory);

#endif
