/* export.h: a model as a file that other programs run. */
#ifndef VG_RUN_EXPORT_H
#define VG_RUN_EXPORT_H
#include "nn/layer/listing.h"
#include "voxgan/status.h"

/* What an exported file is made of. */
typedef struct vg_exported {
  const vg_listing *listing;
  const char *about;  /* JSON: what a program needs to prepare data for the model */
  const char *result; /* name of the output */
} vg_exported;

/* Each writes the file as a whole, or nothing. */
vg_status vg_export_torchscript(const char *path, const vg_exported *e);
vg_status vg_export_onnx(const char *path, const vg_exported *e);

#endif
