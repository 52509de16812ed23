/* suite_frd.c: suite frd: radiomic features of both sets. */
#include "eval/frd/frd.h"
#include "eval/suite/suite.h"

const vg_eval_suite vg_eval_suite_frd = {
    .title = "Radiomics",
    .text = "Compares radiomic features of the synthetic set with those of the real one: the logarithm of a "
            "squared distance (version 0: the squared distance). The reference is that of two halves of the "
            "real set.",
    .run = vg_frd_run,
};
