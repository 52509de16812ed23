/* eval_pairs.h: which real subject is the truth of a synthetic one. */
#ifndef VG_EVAL_PAIRS_H
#define VG_EVAL_PAIRS_H
#include "eval/model/eval_study.h"

/* Fills the study's pairs, and the ids on one side alone. A case that the manifest of the synthetic data set
 * lists without edits belongs to its source; any other to the real subject whose id has the same letters and
 * digits. An edited case has no partner. Without any pair the sets are compared as wholes, if a suite does
 * so; may_choose: the user named no suites, so those for edited cases may take their place. VG_DATA: no pair,
 * and no such suite. */
vg_status vg_eval_pair_up(eval_study *s, bool may_choose);

#endif
