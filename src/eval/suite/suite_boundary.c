/* suite_boundary.c: suite boundary: intensities across the surface of a tumour. */
#include "eval/page/eval_page.h"
#include "eval/suite/suite.h"

const vg_eval_suite vg_eval_suite_boundary = {
    .title = "Tumour boundary",
    .text = "Whether a tumour belongs to its image or lies on top of it: intensity and gradient across its "
            "surface, each image around "
            "its own.",
    .charts = vg_eval_page_profiles,
};
