/* evaluate.h: compares a synthetic data set with the real one, case by case.
 *
 *     vg_eval_settings s = {.real = "BraTS2021", .synth = "synthetic", .out = "eval"};
 *     vg_eval *e;
 *     vg_status st = vg_eval_run(&s, &e);
 *     if (e) vg_eval_print(e, stdout);
 *     vg_eval_free(e);
 *
 * Cases are paired by equal id. Metrics come in suites (metrics.def):
 *
 *   image     Every series that both sides have, in the regions
 *               brain   the real anatomy map and the tumour; without an anatomy map, the brain mask of the
 *                       real series (vg_brain_mask) and the tumour
 *               tumour  all tumour classes together, then each class by its name if there are several
 *               band    the brain outside the tumour within some mm of its surface (vg_signed_distance)
 *             The regions come from the real side's label maps, or from the synthetic side's if the real
 *             side has none. Intensities are first normalised to [-1, 1] (vg_normalise), so the data range
 *             of PSNR and SSIM is 2.
 *   overlap   Label maps that both sides have, tumour or anatomy, class by class, joined by class name. If
 *             there are several tumour classes, also their union (tumour) and the regions of the BraTS
 *             challenges, WT, TC and ET, as unions of the classes oedema, enhancing, necrosis and
 *             nonenhancing. Lesion metrics apply to tumour maps. A class that one side lacks is an empty
 *             mask on that side; the row of each metric in metrics.def gives its value for an empty mask and
 *             for two. If all pairs of maps are equal, the images were made from copied labels; the suite is
 *             then skipped unless it was asked for by name.
 *   boundary  Needs a tumour map. Intensity and gradient along the signed distance to the surfaces of the
 *             tumour, its oedema and its enhancing part. Each image is measured around its own side's
 *             surfaces, or around the other side's if its own side has none. Brain and intensities as in
 *             suite image. If no subject is on both sides, as with edited tumours, this is the only one of
 *             the suites above that can run: it compares each synthetic subject with the mean profiles of
 *             the real subjects.
 *
 *   distribution  Compares the two sets of subjects as two clouds of points in each space of features.def.
 *             Needs no pairs. Intensities are normalised as by VG_NORMALISE_EACH, whatever the setting.
 *
 *   frd       Compares radiomic features of the two sets (src/eval/frd/frd.h), by the versions of the
 *             distance that settings.frd names. Needs no pairs.
 *
 *   detect    Trains small networks to tell synthetic from real patches, and asks them about persons that
 *             they never saw. Needs no pairs, but six real and four synthetic persons. Both sides go through
 *             the same preparation (src/eval/detect/detect_patches.h). Also writes detect.csv: the mean logit
 *             of every patch.
 *
 *   privacy   Checks whether the synthetic set, or the model, gives away training data. Needs no pairs.
 *             Training subjects are those of settings.train that the model was trained on, by split.json of
 *             its run. Held-out subjects are all others of real and train that are scans of other persons.
 *             Three checks: the distance of each synthetic subject to its nearest training subject in the
 *             similarity spaces, compared with distances between persons; how well the model tells training
 *             subjects from held-out ones (membership.h); and a search of the synthetic set's file names,
 *             headers and sidecars for identifiers. Also writes neighbours.csv, membership.csv and
 *             identifiers.csv. A check that the inputs do not allow has the verdict "not tested".
 *
 * If a metric is undefined in a case (a region without voxels), the case has no row for it. A suite that the
 * data do not allow is skipped; the log and summary.json give the reason. Results do not depend on the number
 * of threads. Memory is bounded: one pair of volumes with its label maps a thread.
 */
#ifndef VOXGAN_EVALUATE_H
#define VOXGAN_EVALUATE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "voxgan/dataset.h"
#include "voxgan/metric.h"
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A network of the user as a feature space. It turns each input into a row of features.
 *
 * The network is a TorchScript file (torch.jit.save). Its forward() takes one tensor, (N, C, S, S) or (N, C,
 * S, S, S), and returns one, (N, D) or (N, D, ...); axes after D are averaged. If it returns a tuple or list,
 * the first tensor counts. The module with libtorch opens the file (run.h); the code that computes features
 * only calls it.
 */
typedef struct vg_extractor {
  bool flat;    /* inputs are slices, else volumes */
  int channels; /* of an input; all channels hold the same values */
  int size;     /* voxels along each of its axes */
  size_t dims;  /* features per input */
  /* inputs: (n, channels, [size,] size, size); out: (n, dims). May be called from several threads. */
  vg_status (*extract)(const struct vg_extractor *x, const float *inputs, size_t n, float *out);
  void *own; /* data of the code that opened it */
} vg_extractor;

typedef struct vg_extractor_options {
  const char *path;
  const char *input;  /* "2d,3,224": slices or volumes (3d), channels, size; NULL: the first that works of
                         3d,1,96;  3d,3,96; 2d,3,224; 2d,1,224 */
  const char *device; /* NULL: cpu */
  int threads;        /* 0: all */
} vg_extractor_options;

/* Which intensities become -1 and +1. Values beyond are clipped; everything outside the brain region is -1.
 * The two intensities are the 0.5th and the 99.5th percentile inside the brain region (linear interpolation,
 * NumPy's default) of one of these: */
typedef enum vg_normalise {
  VG_NORMALISE_EACH, /* each volume: right if scanners differ in gain; blind to a wrong gain or offset. Output
                        of synth states its range in dataset_description.json. That range replaces the
                        percentiles, because a missing bright rim would shift them */
  VG_NORMALISE_REAL, /* the real volume, for both: a wrong gain or offset counts as an error */
  VG_NORMALISE_NONE, /* none: values stay as stored everywhere; the data range is the distance between the two
                        percentiles of the real volume */
} vg_normalise;
const char *vg_eval_normalise_name(vg_normalise n);
vg_status vg_eval_normalise_parse(const char *text, vg_normalise *out); /* VG_CONFIG */

#define VG_BAND_MM 5.0

/* Scores how well a model knows subjects. vg_torch_module (run.h) supplies one. */
struct vg_membership;
struct vg_membership_options;
typedef vg_status (*vg_membership_fn)(const struct vg_membership_options *options, struct vg_membership *out);

/* Trains a small network to tell two groups of patches apart. vg_torch_module (run.h) supplies one. */
struct vg_detector_options;
typedef vg_status (*vg_detector_fn)(const struct vg_detector_options *options, float *logits);

/* Strings are borrowed for the call. */
typedef struct vg_eval_settings {
  const char *real, *synth;                   /* data sets (vg_dataset_add) */
  const vg_dataset *opened;                   /* replaces real; or NULL */
  const char *real_layout, *synth_layout;     /* NULL: guess it */
  const char *tumour_scheme, *anatomy_scheme; /* for all data sets, or lists (vg_dataset_add_nth) in the order
                                                 real, synth, train; NULL: the layouts' own */
  const char *out;       /* folder for metrics.csv, summary.json and report.html; NULL: write nothing */
  const char *suites;    /* "image,overlap", or "all"; NULL: image and overlap */
  double band;           /* width of region band, mm; 0: VG_BAND_MM */
  double surface_mm;     /* tolerance of nsd, mm; 0: VG_SURFACE_MM */
  const char *challenge; /* the challenge whose rules count lesions (vg_lesion_rules); NULL: GLI */
  vg_normalise normalise;
  const vg_extractor *extractor; /* suite distribution also compares its features; or NULL */
  const char *baseline;          /* summary.json or output of write_baseline to compare with; or NULL */
  const char *write_baseline;    /* file for a later run to compare with; not written if worse; or NULL */
  /* How far a mean may move. "0.05": by this share of its absolute value. "interval": within the baseline's
   * 95 % interval, or by 0.05 if it has none. "psnr=0.02,hd95=interval,0.1": by metric, then for the others.
   * NULL: 0.05 */
  const char *tolerance;
  bool skip_incomplete; /* vg_dataset.skip_incomplete, of every data set that is opened */
  bool no_gallery;      /* report.html without slices, so without images of persons */
  const char *sheet;    /* file for a PNG of the tumour labels of the worst, median and best case; or NULL */
  /* For suite privacy; each may be NULL. */
  const char *train;        /* data set that was trained on; real is then what was held out */
  const char *train_layout; /* NULL: guessed */
  const char *model;        /* a run folder, or a model in one: its split.json lists the training subjects */
  vg_membership_fn membership; /* opens it */
  const char *device;          /* for the model; NULL: cpu */
  int threads;                 /* for the model; 0: all */
  vg_detector_fn detector;     /* of suite detect; NULL: the suite is skipped */
  double detect_mm;            /* pixels of its patches, mm, at least; 0: the data's own */
  const char *frd;             /* versions of suite frd (frd.def), "v1,v0"; NULL: v1 */
} vg_eval_settings;

typedef struct vg_eval vg_eval;

/* Measures every pair, in parallel. Writes these files by atomic rename, and replaces old ones:
 *
 *   metrics.csv   subject,series,region,metric,value; the series of label maps is tumour_labels or
 *                 anatomy_labels; for metrics of sets, series is the space, and subject and region are empty
 *   summary.json  settings, version, unpaired subjects, left_out (skipped suites, with the reason),
 *                 ms_ssim_scales (by subject)
 *     metrics     by series, region and metric: n, mean, sd (n - 1), median, quartiles (linear), min, max and
 *                 the 95 % interval of the mean (ci_low, ci_high; percentile bootstrap over cases, the same
 *                 in every run) of the finite values, and the number of infinite values; sd and interval are
 *                 null if n is below 2
 *     profiles    of suite boundary, by series and region: from_mm, to_mm, and for real and synth n and the
 *                 mean and SD over cases of intensity and gradient (per mm) in bins of 1 mm of signed
 *                 distance; null where no case has a voxel
 *     sets        of suites that compare sets: suite, metric (set_metrics.def), space, value, ci_low and
 *                 ci_high (95 % interval), floor (the value between two halves of the real set, unless the
 *                 metric's row defines another), n_real and n_synth (subjects), note; null if there are too
 *                 few subjects
 *
 *     verdicts    of suites that judge: suite, check, verdict (a word), text (a sentence)
 *
 *   report.html   the results as tables and charts, and slices of the worst cases of each series and of the
 *                 compared label maps, read again from the files. A few MB, whatever the number of cases
 *
 * *out is set with VG_OK and with VG_REGRESSION; the caller frees it with vg_eval_free. Otherwise *out
 * is NULL.
 *
 * VG_DATA: no pair (and no boundary suite), nothing to compare in any pair, differing grids, labels outside a
 * scheme, a real series that is constant in the brain, a baseline that is not a summary or has another
 * normalisation, band, surface tolerance or challenge.
 *
 * VG_REGRESSION: the mean of a metric is worse than the baseline (metrics.def gives the direction) by more
 * than its tolerance and by more than 1e-6; or it is missing; or it covers fewer cases; or, if infinity is
 * not its ideal, more of its values are infinite. A metric with fewer infinite values is better, whatever the
 * mean of the others. Metrics outside the chosen suites are not compared. */
vg_status vg_eval_run(const vg_eval_settings *settings, vg_eval **out);
void vg_eval_free(vg_eval *e);

/* Prints tables of mean +- sd, suite by suite, then the changes against the baseline. */
vg_status vg_eval_print(const vg_eval *e, FILE *to);

#ifdef __cplusplus
}
#endif
#endif
