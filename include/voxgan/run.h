/* run.h: the long jobs: training and synthesis. They live in the module that needs libtorch; a program
 * that does not link it opens it on demand:
 *
 *     const vg_torch_module *m;
 *     if (!(st = vg_torch_open(&m))) st = m->train(&options);
 */
#ifndef VOXGAN_RUN_H
#define VOXGAN_RUN_H
#include <stdbool.h>
#include <stdint.h>
#include "voxgan/config.h"
#include "voxgan/dataset.h"
#include "voxgan/extractor.h"
#include "voxgan/evaluate.h"
#include "voxgan/produce.h"
#include "voxgan/study.h"
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_train_options {
  vg_config config; /* resolved */
  vg_roots data;
  const vg_dataset *opened; /* in place of data, and outliving the call; NULL */
  const char *out;          /* run folder: config.json, split.json, log.jsonl, sessions.jsonl,
                               model.safetensors, model-last.safetensors, checkpoints/, previews/,
                               tensorboard/ where wanted */
  const char *init;         /* model to take matching weights from at the first step, or NULL */
  bool resume;              /* continue from the newest whole checkpoint; begin where there is no run yet */
  bool overwrite;           /* start anew in a folder that holds a run */
  bool dry_run;             /* prepare and report the plan (data, networks, memory), train nothing */
} vg_train_options;

typedef enum vg_window { VG_WINDOW_AUTO, VG_WINDOW_WHOLE, VG_WINDOW_PATCH } vg_window;
/* "auto", "whole", "patch" by vg_window; NULL past the last. */
const char *vg_window_name(int window);

typedef struct vg_synth_options {
  const char *model;      /* model.safetensors, or a run folder */
  vg_study_options study; /* the label maps; of a model that segments, without hosts */
  vg_roots images;        /* in their place, for a model that segments; or study.opened in place of both */
  const char *const *keep_largest, *const *fill_holes; /* classes whose predicted maps are cleaned; "all" */
  int n_keep_largest, n_fill_holes;
  bool probabilities;        /* of each class too */
  bool dry_run;              /* of a model that segments: print what would be made, make nothing */
  vg_produce_options output; /* the data set */
  const char *device;        /* NULL: cpu */
  int threads;               /* 0: all */
  vg_window window;          /* AUTO: see infer.h */
  double memory_gib;         /* 0: what the machine has available */
} vg_synth_options;

/* Identifies the sources that a program or a module was built from: the version, and the sizes of all that
 * crosses between the two. */
typedef struct vg_torch_stamp {
  char version[32];
  uint64_t sizes[16];
} vg_torch_stamp;

/* What the module exports as the symbol vg_torch_entry. */
typedef struct vg_torch_module {
  vg_torch_stamp stamp;
  const char *(*torch_version)(void);
  /* Trains label map -> image, or the other way by train.direction. VG_INTERRUPTED after SIGINT, SIGTERM or
   * SIGUSR1, with the state saved: the same options with resume then end in the same bytes as a run that was
   * never stopped. */
  vg_status (*train)(const vg_train_options *);
  /* Makes a synthetic data set of a study's label maps (produce.h): images and the label maps they were made
   * from. With a model that was trained in direction image2label, a data set of the label maps that it finds
   * in images; VG_USAGE for what the model's direction does not know. */
  vg_status (*synth)(const vg_synth_options *);
  vg_membership_fn membership; /* for vg_evaluate_settings */
  /* Loads a network (extractor.h) and tries its input. VG_CONFIG: an input that is none; VG_DATA: no
   * TorchScript module, or one that takes no such input. The caller closes it. */
  vg_status (*extractor_open)(const vg_extractor_options *, vg_extractor *);
  void (*extractor_close)(vg_extractor *);
} vg_torch_module;

/* Opens voxgan-torch.so: from $VOXGAN_MODULES, beside libvoxgan, or in its voxgan/ folder. VG_DEVICE, with
 * the linker's reason, when it is not there or libtorch is missing. */
vg_status vg_torch_open(const vg_torch_module **out);

#ifdef __cplusplus
}
#endif
#endif
