/* evaluation_spectra.h: power spectra of texture, as means over the subjects of a side. */
#ifndef VG_EVAL_EVALUATION_SPECTRA_H
#define VG_EVAL_EVALUATION_SPECTRA_H
#include "eval/model/evaluation.h"

enum { EVAL_SPECTRUM_BANDS = 7 };

/* log10 of the power by band. NaN: no subject has the band, or for the SD, fewer than two. */
typedef struct eval_spectrum_side {
  size_t n; /* subjects that have any band */
  double mean[EVAL_SPECTRUM_BANDS], sd[EVAL_SPECTRUM_BANDS];
} eval_spectrum_side;

/* One series in one region. */
typedef struct eval_spectrum {
  char series[VG_SERIES_NAME], region[VG_CLASS_NAME];
  double frequency[EVAL_SPECTRUM_BANDS]; /* cycles a mm, ascending */
  eval_spectrum_side real, synth;
} eval_spectrum;

#endif
