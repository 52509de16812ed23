/* suite_boundary.c: suite boundary: intensities across the surface of a tumour. */
#include "eval/page/eval_page.h"
#include "eval/suite/suite.h"

const vg_eval_suite vg_eval_suite_boundary = {
    .title = "Tumour boundary",
    .text = "Shows whether a tumour looks like part of its image or pasted onto it: intensity and gradient "
            "across the surface of each image's own tumour.",
    .charts = vg_eval_page_profiles,
};
