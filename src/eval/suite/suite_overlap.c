/* suite_overlap.c: suite overlap: pairs of label maps. */
#include "eval/suite/suite.h"

const vg_eval_suite vg_eval_suite_overlap = {
    .title = "Label maps",
    .text = "Synthetic label maps against the real ones, class by class.",
};
