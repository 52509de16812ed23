/* readers.h: a reader study: can people tell synthetic from real cases?
 *
 *   OUT/study/      for the readers
 *     case_01/      one NIfTI file a series
 *     sheets/       case_01.png: eight axial slices of each series
 *     instructions.txt  what a reader is asked to do
 *     answers.csv   the form: case, answer (real or synthetic), confidence (free)
 *     seal.txt      SHA-256 of the key: it shows later that the key was not changed
 *   OUT/key.csv     case, truth, subject, seed. It stays with the organiser
 *
 * Real and synthetic cases go through one preparation: intensities of the brain from 0 to 1000 by each
 * volume's robust range, 0 outside, the same type; a header with the voxel size and nothing else. The seed is
 * random unless the caller gives one, so that nobody can compute the key or guess it from its seal.
 */
#ifndef VG_EVAL_READERS_H
#define VG_EVAL_READERS_H
#include <stdio.h>
#include "voxgan/dataset.h"

typedef struct vg_reader_study {
  const char *real, *synth; /* data sets */
  const char *real_layout, *synth_layout, *tumour_scheme,
      *anatomy_scheme; /* NULL: guessed, or the layouts' own */
  bool skip_incomplete;
  const char *out;      /* a folder that does not exist, or is empty */
  int cases;            /* half of them synthetic; of an odd number, which side has one more is drawn */
  const uint64_t *seed; /* NULL: random */
} vg_reader_study;

/* Persons are on one side only, while there are enough of them. VG_DATA: too few subjects with every common
 * series. VG_USAGE: out holds files. */
vg_status vg_readers_write(const vg_reader_study *s);

/* Prints accuracy by reader with Wilson's interval, the accuracy of all readers, whose interval is a
 * bootstrap over cases, and Fleiss' kappa over the cases that all readers answered. A reader is a filled
 * answers.csv; its name is the file's. An empty answer does not count. key: key.csv; checked against
 * study/seal.txt beside it, with a warning where that is missing. VG_DATA names file and fault: another case,
 * an answer that is neither real nor synthetic, a broken seal. */
vg_status vg_readers_score(const char *const *files, int n, const char *key, FILE *to);

/* Fleiss' kappa (Psychological Bulletin 76, 1971) of two categories: second[i] of n_raters chose the second
 * for case i. NaN: fewer than two raters, no case, or all answers are equal. */
double vg_readers_kappa(const int *second, size_t n_cases, int n_raters);

#endif
