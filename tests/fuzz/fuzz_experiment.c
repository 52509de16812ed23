/* fuzz_experiment.c: the files of an experiment: experiment.json, then job.json and metrics.csv of two jobs,
 * with lines
 * "%%" between them. */
#include <stdio.h>
#include "experiment/plan/experiment_data.h"
#include "experiment/result/experiment_results.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static FILE *null;
  fuzz_input in = fuzz_begin(data, size);
  experiment_results r;
  if (!null && !(null = fopen("/dev/null", "w"))) return 0;
  fuzz_file_part("/mem/e/experiment.json", &in);
  fuzz_file_part("/mem/e/jobs/real-plain-seed1/job.json", &in);
  fuzz_file_part("/mem/e/jobs/real-plain-seed1/eval/metrics.csv", &in);
  if (fuzz_left(&in)) {
    fuzz_file_part("/mem/e/jobs/synthetic-plain-seed1/job.json", &in);
    fuzz_file_part("/mem/e/jobs/synthetic-plain-seed1/eval/metrics.csv", &in);
  }
  vg_status st = vg_experiment_results_read("/mem/e", &r);
  /* A finished job without its scores. */
  fuzz_allow(st, FUZZ(DATA) | FUZZ(IO));
  if (st) return fuzz_end();
  if (vg_experiment_results_compare(&r) || vg_experiment_results_write(&r, "/mem/e") ||
      vg_experiment_results_report(&r, "/mem/e") || vg_experiment_results_print(&r, null))
    VG_BUG("%s", vg_error());
  vg_experiment_results_release(&r);
  return fuzz_end();
}
