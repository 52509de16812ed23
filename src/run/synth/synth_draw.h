/* synth_draw.h: what synthesis draws for each case: noise, a style, and a tumour's texture again.
 *
 * The noise of a case follows from the study's seed and the case's number; with --resample tumour it is that
 * of the label map, which all its cases share, except in the tumour and VG_RESAMPLE_MM around it. A model
 * with parts of tumours then draws these for each case too. */
#ifndef VG_RUN_SYNTH_DRAW_H
#define VG_RUN_SYNTH_DRAW_H
#include "base/str.h"
#include "run/model_file.h"
#include "run/synth/infer.h"

#define VG_RESAMPLE_MM 4.0 /* over which the old noise and image fade into the new */

typedef enum synth_style { SYNTH_STYLE_MEAN, SYNTH_STYLE_RANDOM, SYNTH_STYLE_LIKE } synth_style;

typedef struct synth_draws {
  const model_info *model;
  uint64_t seed;
  double noise; /* factor; 0: none */
  bool resample, redraws_parts;
  synth_style style;
  float code[VG_SPEC_MOST_style]; /* SYNTH_STYLE_LIKE: of the image */
} synth_draws;

/* VG_USAGE: a value is unknown, or the model has no such thing. Warns where several cases of a label map
 * would be equal. */
vg_status vg_synth_draws_open(const vg_synth_options *o, const model_info *model, vg_gan *gan,
                              synth_draws *out);
/* How cases are drawn, for the description of the data set: "noise 1, style random"; "" where nothing is.
 * text has room for 96. */
void vg_synth_draws_describe(const synth_draws *d, char *text);

/* The draws of one case. */
typedef struct synth_drawn {
  vg_volume_draw draw; /* without mix */
  float style[VG_SPEC_MOST_style];
  float *mix;    /* (D, H, W): 1 in the tumour, 0 from VG_RESAMPLE_MM off it; NULL: nothing is drawn again */
  vg_case other; /* with other parts inside the tumours, for the image where mix; id NULL: none */
} synth_drawn;

/* drawn is pointed into, and must not move. */
vg_status vg_synth_draw(const synth_draws *d, const vg_study_case *s, const vg_case *c, synth_drawn *drawn);
void vg_synth_drawn_release(synth_drawn *drawn);
/* The image of a case, as vg_infer's. */
vg_status vg_synth_draw_image(vg_gan *gan, const vg_case *c, vg_window window, size_t memory,
                              const synth_drawn *drawn, float *out);
/* Writes the draws for the record of the case: "noise=1:KEY; style=0.1|-0.3", or
 * "noise=1:map; tumour=KEY", or of parts without noise "tumour=KEY"; "" where nothing is drawn. */
void vg_synth_draw_text(const synth_draws *d, const synth_drawn *drawn, vg_str *to);

#endif
