/* fuzz_baseline.c: any text as the baseline of an evaluation, then one as the tolerance. */
#include <math.h>
#include <string.h>
#include "base/mem.h"
#include "eval/eval_output.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  char *tolerance = fuzz_text(&in);
  fuzz_file_part("/mem/b.json", &in);
  eval_group groups[2] = {{.series = "t1",
                           .region = "brain",
                           .metric = vg_metric_find("psnr"),
                           .n = 3,
                           .mean = 20,
                           .ci_low = 19,
                           .ci_high = 21},
                          {.series = EVAL_TUMOUR_LABELS,
                           .region = "WT",
                           .metric = vg_metric_find("hd95"),
                           .n = 2,
                           .infinite = 1,
                           .mean = 3,
                           .ci_low = NAN,
                           .ci_high = NAN}};
  eval_set set = {.metric = vg_set_metric_at(0), .space = "thumbnail", .value = 1, .n_real = 4, .n_synth = 4};
  vg_eval e = {.groups = groups,
               .n_groups = 2,
               .sets = &set,
               .n_sets = 1,
               .suites = ~0u,
               .band = VG_BAND_MM,
               .lesion_rules = vg_metric_lesion_rules_at(0)};
  const vg_eval_settings s = {.baseline = "/mem/b.json", .tolerance = tolerance};
  eval_baseline b = {0};
  vg_status st = vg_eval_baseline_read(&s, &e, &b);
  fuzz_allow(st, FUZZ(DATA) | FUZZ(CONFIG));
  if (!st) fuzz_allow(vg_eval_baseline_compare(&b, &e), FUZZ(DATA));
  for (size_t i = 0; i < e.n_moved; i++)
    if (!e.moved[i].verdict || !e.moved[i].series) VG_BUG("a change without a verdict");
  vg_eval_baseline_release(&b);
  vg_json_free(e.baseline_root);
  vg_free(e.baseline);
  vg_free(e.moved);
  vg_free(tolerance);
  return fuzz_end();
}
