/* suite_overlap.c: suite overlap: pairs of label maps. */
#include "eval/suite/suite.h"

const vg_eval_suite vg_eval_suite_overlap = {
    .title = "Label maps",
    .text = "Compares synthetic label maps with the real ones, class by class.",
};
