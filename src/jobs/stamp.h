/* stamp.h: the stamp of the sources that include it (vg_torch_stamp). */
#ifndef VG_JOBS_STAMP_H
#define VG_JOBS_STAMP_H
#include "eval/detect/detector.h"
#include "eval/privacy/membership.h"
#include "voxgan/run.h"
#include "voxgan/version.h"

/* The sizes that the program and the module must share. If one of them or the version differs,
 * vg_torch_open() refuses the module. The table has at most as many rows as vg_torch_stamp.sizes has entries.
 */
#define VG_TORCH_STAMP_MAP(X)                               \
  X("settings", VG_SETTINGS)                                \
  X("choices of settings", VG_SETTING_CHOICES)              \
  X("vg_torch_module", sizeof(vg_torch_module))             \
  X("vg_config", sizeof(vg_config))                         \
  X("vg_train_options", sizeof(vg_train_options))           \
  X("vg_synth_options", sizeof(vg_synth_options))           \
  X("vg_export_options", sizeof(vg_export_options))         \
  X("vg_membership_options", sizeof(vg_membership_options)) \
  X("vg_membership", sizeof(vg_membership))                 \
  X("vg_extractor_options", sizeof(vg_extractor_options))   \
  X("vg_extractor", sizeof(vg_extractor))                   \
  X("vg_detector_options", sizeof(vg_detector_options))     \
  X("vg_dataset", sizeof(vg_dataset))                       \
  X("vg_subject", sizeof(vg_subject))

#define VG_TORCH_STAMP_SIZE(name, size) (size),
#define VG_TORCH_STAMP_NAME(name, size) name,
#define VG_TORCH_STAMP                                                              \
  {                                                                                 \
    .version = VOXGAN_VERSION, .sizes = { VG_TORCH_STAMP_MAP(VG_TORCH_STAMP_SIZE) } \
  }

#endif
