/* evaluate.h: a synthetic data set measured against the real one, case by case.
 *
 *     vg_evaluate_settings s = {.real = "BraTS2021", .synth = "synthetic", .out = "eval"};
 *     vg_evaluation *e;
 *     vg_status st = vg_evaluate(&s, &e);
 *     if (e) st = ...vg_evaluation_print(e, stdout);
 *     vg_evaluation_free(e);
 *
 * Cases are paired by equal id. Metrics come in suites (metrics.def):
 *
 *   image     Every series that both sides have, in the regions
 *               brain   the real anatomy map and the tumour; where there is no anatomy map, the brain mask
 *                       of the real series (vg_brain_mask) and the tumour
 *               tumour  all tumour classes together; then each class by its name, where there are several
 *               band    the brain outside the tumour within some mm of its surface (vg_signed_distance)
 *             which come from the real side's label maps, or from the synthetic side's where the real side
 *             has none. Intensities are brought to [-1, 1] first (vg_normalise), so that the data range of
 *             PSNR and SSIM is 2.
 *   overlap   Where both sides have tumour or anatomy maps, these class by class, joined by class name; of
 *             several tumour classes also all together (tumour) and the regions of the BraTS challenges, WT,
 *             TC and ET, as unions of the classes oedema, enhancing, necrosis and nonenhancing. Lesion
 *             metrics are for tumour maps. A class that one side lacks is an empty mask there; what each
 *             metric then is, and where both are empty, is in its row. Unless asked for by name, the suite
 *             is left out where every pair of maps is equal: images were made from copied labels.
 *   boundary  Where there is a tumour map: intensity and gradient along the signed distance to the surfaces
 *             of the tumour, its oedema and its enhancing part, each image around its own side's (the other
 *             side's where it has none). Brain and intensities as for image. Where no subject is on both
 *             sides, as with edited tumours, of the suites above this alone can be had: each synthetic
 *             subject against the mean profiles of the real ones.
 *
 *   distribution  The two sets of subjects as two clouds of points in each space of features.def
 *             (features.h), whether or not subjects are on both sides. Intensities are those of
 *             VG_NORMALISE_EACH, whatever normalise says.
 *
 *   privacy   Whether the synthetic set, or the model, gives training data away; needs no pairs. Training
 *             subjects are those of settings.train (that split.json of the model's run says were trained
 *             on); held-out subjects are all others of real and train that are scans of other persons. In
 *             similarity spaces each synthetic subject's nearest training subject, held to distances
 *             between persons; how well the model knows who was trained on (membership.h); and a scan of
 *             the synthetic set's file names, headers and sidecars for identifiers. Also writes
 *             neighbours.csv, membership.csv and identifiers.csv. What the inputs do not allow is not
 *             tested, which a verdict says.
 *
 * A metric that is not defined in a case (a region without voxels) has no row for it. A suite that the data
 * do not allow is left out, which is said and recorded with the reason. Results do not depend on the number
 * of threads. Memory is bounded: one pair of volumes and their label maps a thread.
 */
#ifndef VOXGAN_EVALUATE_H
#define VOXGAN_EVALUATE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "voxgan/dataset.h"
#include "voxgan/extractor.h"
#include "voxgan/metric.h"
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which intensities become -1 and +1 (values beyond are clipped, and all outside the brain region is -1): the
 * 0.5th and 99.5th percentile inside the brain region (linear interpolation, as NumPy's default) of ... */
typedef enum vg_normalise {
  VG_NORMALISE_EACH, /* each volume its own: right where scanners differ in gain; blind to a wrong gain or
                        offset. What synth wrote has its range in dataset_description.json, and that is taken
                        in place of percentiles, which a missing bright rim would shift */
  VG_NORMALISE_REAL, /* the real one, for both: a wrong gain or offset counts as error */
  VG_NORMALISE_NONE, /* values as stored, everywhere; the data range is the real one's distance of percentiles
                      */
} vg_normalise;
const char *vg_eval_normalise_name(vg_normalise n);
vg_status vg_eval_normalise_parse(const char *text, vg_normalise *out); /* VG_CONFIG */

#define VG_BAND_MM 5.0

/* Scores how well a model knows subjects; vg_torch_module (run.h) has one. */
struct vg_membership;
struct vg_membership_options;
typedef vg_status (*vg_membership_fn)(const struct vg_membership_options *options, struct vg_membership *out);

/* Strings are borrowed for the call. */
typedef struct vg_evaluate_settings {
  const char *real, *synth;                   /* data sets (vg_dataset_add) */
  const vg_dataset *opened;                   /* in place of real; NULL */
  const char *real_layout, *synth_layout;     /* NULL: guessed */
  const char *tumour_scheme, *anatomy_scheme; /* of both; NULL: the layouts' own */
  const char *out;       /* folder for metrics.csv, summary.json and report.html; NULL: nothing is written */
  const char *suites;    /* "image,overlap", or "all"; NULL: image and overlap */
  double band;           /* width of region band, mm; 0: VG_BAND_MM */
  const char *challenge; /* whose rules count lesions (vg_lesion_rules); NULL: GLI */
  vg_normalise normalise;
  const vg_extractor *extractor; /* suite distribution also compares what it makes of the images; or NULL */
  const char *baseline;          /* a summary.json, or what write_baseline wrote, to compare with; or NULL */
  const char *write_baseline; /* file for what a later run compares with, or NULL; not written where worse */
  /* How far a mean may move: "0.05" of its absolute value; "interval": within the baseline's 95 % interval,
   * or by 0.05 where it has none; "psnr=0.02,hd95=interval,0.1" by metric and for the rest. NULL: 0.05 */
  const char *tolerance;
  bool skip_incomplete; /* vg_dataset.skip_incomplete, of every data set that is opened */
  bool no_gallery;      /* report.html without slices, so without images of persons */
  /* Of suite privacy, each NULL where it is not there. */
  const char *train;        /* data set that was trained on; real is then what was held out */
  const char *train_layout; /* NULL: guessed */
  const char *model; /* a run folder, or a model in one: its split.json says who of train was trained on */
  vg_membership_fn membership; /* opens it */
  const char *device;          /* for the model; NULL: cpu */
  int threads;                 /* for the model; 0: all */
} vg_evaluate_settings;

typedef struct vg_evaluation vg_evaluation;

/* Measures every pair, in parallel, and writes by atomic rename, replacing what is there:
 *
 *   metrics.csv   subject,series,region,metric,value; the series of label maps is tumour_labels or
 *                 anatomy_labels; of sets, series is the space, subject and region are empty
 *   summary.json  settings, version, unpaired subjects, left_out (suites, with the reason), ms_ssim_scales
 *                 (by subject)
 *     metrics     by series, region and metric: n, mean, sd (n - 1), median, quartiles (linear), min, max and
 *                 the 95 % interval of the mean (ci_low, ci_high; percentile bootstrap over cases, the same
 *                 in every run) of the finite values, and the number of infinite ones; null where n is too
 *                 small: sd and interval need 2
 *     profiles    of suite boundary, by series and region: from_mm, to_mm, and for real and synth n, and the
 *                 means over cases, and their SD, of intensity and gradient (a mm) in bins of 1 mm of signed
 *                 distance; null where no case has a voxel
 *     sets        of suites that compare sets: suite, metric (set_metrics.def), space, value, ci_low and
 *                 ci_high (95 % interval), floor (the same between two halves of the real set, or what the
 *                 metric's row says), n_real and n_synth (subjects), note; null where there are too few
 *                 subjects
 *
 *     verdicts    of suites that judge: suite, check, verdict (a word), text (a sentence)
 *
 *   report.html   what the others hold as tables and charts (report.h), and slices of the worst cases, read
 *                 again, of each series and of label maps that were compared: some MB whatever the number of
 *                 cases
 *
 * *out is set with VG_OK and with VG_REGRESSION (the caller's: vg_evaluation_free), else NULL.
 *
 * VG_DATA: no pair (and no boundary suite), nothing to compare in any pair, differing grids, labels outside a
 * scheme, a real series that is constant in the brain, a baseline that is no summary or was made with another
 * normalisation, band or challenge.
 *
 * VG_REGRESSION: against the baseline, the mean of a metric is worse (metrics.def says which way) by more
 * than its tolerance (and by more than 1e-6), or has gone, or covers fewer cases, or, where infinity is not
 * the ideal, more of its values are infinite; with fewer infinite ones it is better whatever the mean of the
 * others. Metrics that are not in the chosen suites are not compared. */
vg_status vg_evaluate(const vg_evaluate_settings *settings, vg_evaluation **out);
void vg_evaluation_free(vg_evaluation *e);

/* Tables of mean +- sd, a suite at a time, then what moved against the baseline. */
vg_status vg_evaluation_print(const vg_evaluation *e, FILE *to);

#ifdef __cplusplus
}
#endif
#endif
