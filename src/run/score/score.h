/* score.h: validation scores of images and of labels, as means over cases. */
#ifndef VG_RUN_SCORE_H
#define VG_RUN_SCORE_H
#include "io/json.h"
#include "prep/prep.h"

typedef struct validation {
  double cost;           /* what the best model has least of: the mean MAE; of labels, 1 - the mean Dice */
  const char *cost_name; /* "MAE" */
  char summary[128];     /* one line */
  vg_json *scores;       /* {"t1": {"mae": ..., "psnr": ..., "ssim": ...}, "mean": ...}; of labels
                            {"csf": {"dice": ...}, ..., "mean": ...} */
} validation;

/* Doubles alone, so that scores of several processes add up as an array. */
typedef struct score_mean {
  double sum, n;
} score_mean;
/* Ignores values that are not finite. */
void vg_score_mean_add(score_mean *m, double v);
double vg_score_mean_of(const score_mean *m); /* NaN without values */

/* Scores of each series in the brain, for values in [-1, 1] (data range 2). */
typedef struct image_scores {
  struct {
    score_mean mae, psnr, ssim;
    score_mean tumour_mae; /* in the tumour; NaN without cases that have one */
  } series[VG_SERIES_MAX];
} image_scores;
/* made: (S, D, H, W). */
vg_status vg_image_scores_add(image_scores *s, const vg_case *c, const vg_classes *classes,
                              const float *made);
void vg_image_scores_finish(const image_scores *s, const vg_series_list *series, validation *out);

typedef struct label_scores {
  score_mean dice[VG_CLASSES_MAX]; /* of each class */
} label_scores;
/* made: (1 + C, D, H, W), class fractions after the background's. */
vg_status vg_label_scores_add(label_scores *s, const vg_case *c, const vg_classes *classes,
                              const float *made);
void vg_label_scores_finish(const label_scores *s, const vg_classes *classes, validation *out);

#endif
