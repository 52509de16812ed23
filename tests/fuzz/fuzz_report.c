/* fuzz_report.c: the files of a run folder: config.json, log.jsonl, sessions.jsonl and split.json, with lines
 * "%%" between them, as the page of the run. */
#include "run_page/run_report.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  fuzz_file_part("/mem/run/config.json", &in);
  fuzz_file_part("/mem/run/log.jsonl", &in);
  fuzz_file_part("/mem/run/sessions.jsonl", &in);
  if (fuzz_left(&in)) fuzz_file_part("/mem/run/split.json", &in);
  fuzz_allow(vg_run_report("/mem/run", "/mem/report.html"), FUZZ(DATA));
  return fuzz_end();
}
