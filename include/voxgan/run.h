/* run.h: the long jobs, training and synthesis. They live in the module that needs libtorch. A program that
 * does not link libtorch opens the module on demand:
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
#include "voxgan/evaluate.h"
#include "voxgan/output.h"
#include "voxgan/study.h"
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* This process among those that train one model together. All 0: it is the only one. */
typedef struct vg_world {
  int rank, size;             /* of all; size 0 and 1: alone */
  int local_rank, local_size; /* of those on this machine; local_size 0: not known */
  char host[256];             /* where rank 0 waits for the others */
  int port;
  bool kept;   /* the program that started the processes (torchrun) waits there, not rank 0 */
  int attempt; /* of that program: 0, 1, ... */
  bool bound;  /* each process has processors of its own */
} vg_world;

typedef struct vg_train_options {
  vg_config config; /* resolved */
  vg_roots data;
  const vg_dataset *opened; /* replaces data, and must outlive the call; or NULL */
  const char *out;          /* run folder: config.json, split.json, log.jsonl, sessions.jsonl,
                               model.safetensors, model-last.safetensors, checkpoints/, previews/,
                               and tensorboard/ if asked for */
  const char *init;         /* model that supplies matching weights at the first step, or NULL */
  bool resume;              /* continue from the newest whole checkpoint; start if there is no run yet */
  bool overwrite;           /* start again in a folder that holds a run */
  bool dry_run;             /* prepare and report the plan (data, networks, memory), train nothing */
  vg_world world;           /* processes that train together; each has the same options otherwise */
} vg_train_options;

typedef enum vg_window { VG_WINDOW_AUTO, VG_WINDOW_WHOLE, VG_WINDOW_PATCH } vg_window;
/* "auto", "whole", "patch" by vg_window; NULL past the last. */
const char *vg_window_name(int window);

typedef struct vg_synth_options {
  const char *model;      /* model.safetensors, a run folder, or the name of one in the folder models */
  vg_study_options study; /* the label maps; for a segmentation model, without hosts */
  vg_roots images;        /* for a segmentation model, replaces the hosts; study.opened replaces both */
  const char *const *keep_largest, *const *fill_holes; /* classes to clean in predicted maps, or "all" */
  int n_keep_largest, n_fill_holes;
  const char *series; /* the series that a model of "any" segments; NULL: the first that a subject has */
  bool skull_strip;   /* for a model of whole heads: also write the images with 0 outside the brain */
  bool strip_csf;     /* with skull_strip: 0 also in the fluid around the brain */
  bool probabilities; /* write a probability map of each class too */
  vg_produce_options output; /* the data set */
  const char *device;        /* NULL: cpu */
  int threads;               /* 0: all */
  vg_window window;  /* AUTO: whole if it fits in memory; but for label maps, patches if the model learned on
                        patches */
  double memory_gib; /* 0: all available memory */
  double noise;      /* factor of a model's noise (net.noise): 1 as trained, 0 the mean image */
  const char *style; /* of a model with net.style: "mean", "random", or "like=" and the id of a case of the
                        hosts, or an image file for each series, with commas; NULL: random */
  bool resample_tumour; /* the cases of a label map share noise and style, but draw the tumour's noise again,
                           and its parts with data.tumour_parts */
} vg_synth_options;

typedef enum vg_export_format { VG_EXPORT_TORCHSCRIPT, VG_EXPORT_ONNX } vg_export_format;
/* "torchscript", "onnx" by vg_export_format; NULL past the last. */
const char *vg_export_format_name(int format);

typedef struct vg_export_options {
  const char *model; /* as in vg_synth_options */
  const char *out;   /* the file to write */
  vg_export_format format;
  bool overwrite; /* replace a file */
} vg_export_options;

/* Identifies the sources of a program or a module: the version, and the sizes of all types that cross between
 * the two. */
typedef struct vg_torch_stamp {
  char version[32];
  uint64_t sizes[16];
} vg_torch_stamp;

/* The module exports this as the symbol vg_torch_entry. */
typedef struct vg_torch_module {
  vg_torch_stamp stamp;
  const char *(*torch_version)(void);
  /* Trains label map -> image, or the reverse; train.direction decides. VG_INTERRUPTED: SIGINT, SIGTERM or
   * SIGUSR1 arrived, and the state is saved. The same options with resume then end with the same bytes as a
   * run that was never stopped. */
  vg_status (*train)(const vg_train_options *);
  /* Makes a synthetic data set from a study's label maps (output.h): images, and the label maps they were
   * made from. With a model of direction image2label, makes a data set of the label maps predicted from
   * images. VG_USAGE: an option does not fit the model's direction. */
  vg_status (*synth)(const vg_synth_options *);
  /* Writes a model's generator as a file that PyTorch or ONNX runtimes run without voxgan. VG_USAGE: the file
   * exists. */
  vg_status (*export_model)(const vg_export_options *);
  vg_membership_fn membership; /* for vg_eval_settings */
  /* Loads a network (evaluate.h) and runs it once on its input. The caller closes it. VG_CONFIG: the input
   * text is invalid. VG_DATA: not a TorchScript module, or it rejects such an input. */
  vg_status (*extractor_open)(const vg_extractor_options *, vg_extractor *);
  void (*extractor_close)(vg_extractor *);
  vg_detector_fn detector; /* for vg_eval_settings */
} vg_torch_module;

/* Opens voxgan-torch.so from $VOXGAN_MODULES, from the folder of libvoxgan, or from voxgan/ in that folder.
 * VG_DEVICE, with the linker's reason: the module or libtorch is missing. */
vg_status vg_torch_open(const vg_torch_module **out);

#ifdef __cplusplus
}
#endif
#endif
