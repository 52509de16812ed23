/* suite_distribution.c: suite distribution: the real and the synthetic set as wholes. */
#include "eval/compare/compare.h"
#include "eval/page/eval_page.h"
#include "eval/suite/suite.h"

static vg_status run(eval_study *s, const vg_eval_settings *set) {
  (void)set;
  return vg_eval_distribution(s);
}

const vg_eval_suite vg_eval_suite_distribution = {
    .title = "Distribution",
    .text = "Compares the synthetic data set with the real one as a whole: how far apart they lie, and how "
            "diverse each is.",
    .run = run,
    .charts = vg_eval_page_spectra,
};
