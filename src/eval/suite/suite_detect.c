/* suite_detect.c: suite detect: can a network tell synthetic from real? */
#include "eval/detect/detect.h"
#include "eval/page/eval_page.h"
#include "eval/suite/suite.h"

const vg_eval_suite vg_eval_suite_detect = {
    .title = "Detection",
    .text = "Trains small networks to tell synthetic patches from real ones, and asks them about persons "
            "that they "
            "never saw. An area under the curve of 0.5 is chance, 1 is certainty.",
    .run = vg_detect_run,
    .pictures = vg_eval_page_patches,
};
