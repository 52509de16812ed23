/* voxgan.h: everything at once. Each header stands alone too.
 *
 *   base   version status mem str log rng fs pool
 *   io     volume nifti gzip json table png safetensors tfevents config registry
 *   data   labels dataset prep loader membership phantom
 *   edit   draw edit
 *   study  format manifest contact_sheet study
 *   eval   metric evaluate
 *   experiment  experiment
 *   run    run (training and synthesis, in the module that needs libtorch)
 *   tensor, nn: of that module; included only by what links it
 */
#ifndef VOXGAN_H
#define VOXGAN_H
#include "voxgan/config.h"
#include "voxgan/dataset.h"
#include "voxgan/draw.h"
#include "voxgan/edit.h"
#include "voxgan/evaluate.h"
#include "voxgan/experiment.h"
#include "voxgan/extractor.h"
#include "voxgan/labels.h"
#include "voxgan/log.h"
#include "voxgan/manifest.h"
#include "voxgan/maps.h"
#include "voxgan/metric.h"
#include "voxgan/phantom.h"
#include "voxgan/produce.h"
#include "voxgan/registry.h"
#include "voxgan/rng.h"
#include "voxgan/run.h"
#include "voxgan/status.h"
#include "voxgan/study.h"
#include "voxgan/text.h"
#include "voxgan/version.h"
#include "voxgan/volume.h"

#endif
