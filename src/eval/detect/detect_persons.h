/* detect_persons.h: who is in which fold of suite detect. */
#ifndef VG_EVAL_DETECT_PERSONS_H
#define VG_EVAL_DETECT_PERSONS_H
#include "eval/detect/detect_patches.h"

enum { DETECT_SEEDS = 3 };

typedef struct detect_persons {
  size_t n, n_real, n_synth;   /* persons with patches; those with real, and with synthetic ones */
  uint32_t *real, *synth;      /* (subjects of a side) the person of each */
  uint8_t *stratum;            /* (n) bit 0: has real patches; bit 1: has synthetic ones */
  uint8_t *fold[DETECT_SEEDS]; /* (n) 0 or 1 */
  /* (n) of persons with real patches: half in bit 0, fold of the comparison of halves in bit 1 */
  uint8_t *half[DETECT_SEEDS];
} detect_persons;

/* Persons are equal by vg_subject.person. Each fold has as many persons of each stratum as the other, or one
 * more. _release also after a failure. */
vg_status vg_detect_persons(const detect_side *real, const detect_side *synth, detect_persons *out);
void vg_detect_persons_release(detect_persons *p);

#endif
