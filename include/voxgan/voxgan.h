/* voxgan.h: includes every public header. Each header also works alone.
 *
 *   what everything uses   version status log rng
 *   volumes and data sets  volume labels dataset maps phantom
 *   edits and studies      edit study output
 *   evaluation             metric evaluate
 *   training and more      config run experiment registry
 *
 * ABI: a program keeps running with every later library of the same major version; while the major version is
 * 0, this holds within a minor version only.
 */
#ifndef VOXGAN_H
#define VOXGAN_H
#include "voxgan/config.h"
#include "voxgan/dataset.h"
#include "voxgan/edit.h"
#include "voxgan/evaluate.h"
#include "voxgan/experiment.h"
#include "voxgan/labels.h"
#include "voxgan/log.h"
#include "voxgan/maps.h"
#include "voxgan/metric.h"
#include "voxgan/output.h"
#include "voxgan/phantom.h"
#include "voxgan/registry.h"
#include "voxgan/rng.h"
#include "voxgan/run.h"
#include "voxgan/status.h"
#include "voxgan/study.h"
#include "voxgan/version.h"
#include "voxgan/volume.h"

#endif
