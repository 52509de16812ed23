/* suite_privacy.c: suite privacy: whether training data can be recovered. */
#include "eval/privacy/privacy.h"
#include "eval/suite/suite.h"

const vg_eval_suite vg_eval_suite_privacy = {
    .title = "Privacy",
    .text = "Whether synthetic images give away the ones that were trained on. No result here is a proof of "
            "anonymity.",
    .run = vg_privacy_run,
};
