/* mix_internal.h: the state of a mix, between its two files. */
#ifndef VG_MIX_INTERNAL_H
#define VG_MIX_INTERNAL_H
#include "io/json.h"
#include "mix/mix.h"

enum { MIX_FOLDS_MOST = 100 };

typedef struct mix_case {
  const vg_subject *subject;
  const vg_dataset *set;
  char id[160]; /* with its prefix */
  bool real;
  int fold; /* of a real case */
  uint8_t
      *leaks; /* of a synthetic case, a flag a fold: it was made from a person that the fold validates on */
} mix_case;

typedef struct mix {
  const vg_mix_options *o;
  vg_dataset real, synth;
  char folder[96];       /* "Dataset501_Mixed" */
  char *root;            /* OUT/folder */
  vg_series_list series; /* in the order of channels */
  vg_scheme labels;      /* values to write */
  vg_json *like;         /* the dataset.json to follow, or NULL */
  mix_case *cases;       /* real ones first */
  size_t n, n_real, persons;
  size_t unknown; /* synthetic cases whose sources are nobody in the real data */
} mix;

/* The value of a tumour class, 0 if there is none. Where the labels have no non-enhancing class, it is
 * written as necrosis: the core without enhancement. */
uint16_t vg_mix_value(const mix *m, const char *name);
/* Sets m->labels: those of the data set to follow (NULL: as nnU-Net's converters number them). VG_DATA: a
 * class has no value. */
vg_status vg_mix_choose_labels(mix *m, const vg_source *like);
/* Writes all files of an open mix. */
vg_status vg_mix_write(const mix *m);
/* Deals persons to folds, and finds the folds that each synthetic case leaks into. */
vg_status vg_mix_deal(mix *m);

#endif
