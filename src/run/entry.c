/* entry.c: the one symbol that a program opens this module for. */
#include "run/entry.h"
#include "jobs/stamp.h"
#include "eval/detect/detector.h"
#include "eval/privacy/membership.h"
#include "tensor/tensor.h"

const vg_torch_module vg_torch_entry = {
    .stamp = VG_TORCH_STAMP,
    .torch_version = vg_torch_version,
    .train = vg_train,
    .synth = vg_synth,
    .export_model = vg_export,
    .membership = vg_membership_score,
    .extractor_open = vg_extractor_open,
    .extractor_close = vg_extractor_close,
    .detector = vg_detector_train,
};
