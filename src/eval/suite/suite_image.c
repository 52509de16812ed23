/* suite_image.c: suite image: intensities of pairs of series. */
#include "eval/suite/suite.h"

const vg_eval_suite vg_eval_suite_image = {
    .title = "Images",
    .text = "Compares each synthetic series with the real one of the same subject: inside the brain, the "
            "tumour, its classes and a band around it.",
};
