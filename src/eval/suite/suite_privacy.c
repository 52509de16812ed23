/* suite_privacy.c: suite privacy: whether training data can be recovered. */
#include "eval/privacy/privacy.h"
#include "eval/suite/suite.h"

const vg_eval_suite vg_eval_suite_privacy = {
    .title = "Privacy",
    .text = "Checks whether the synthetic data give training subjects away. No result here proves anonymity.",
    .run = vg_privacy_run,
};
