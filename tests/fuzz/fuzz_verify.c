/* fuzz_verify.c: any bytes as the manifest.csv of a data set with two volumes, which is checked against it.
 */
#include <string.h>
#include "voxgan/output.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_begin(data, size);
  vg_manifest_report report = {0};
  fuzz_file("/mem/s/manifest.csv", data, size);
  fuzz_file("/mem/s/a/b.nii.gz", "x", 1);
  fuzz_file("/mem/s/c.nii", "", 0);
  vg_status st = vg_manifest_verify("/mem/s", &report);
  /* A path of the manifest may be a folder. */
  fuzz_allow(st, FUZZ(DATA) | FUZZ(IO));
  const size_t faults = report.missing + report.altered + report.not_listed;
  for (size_t i = 0; report.lines && i < faults; i++)
    if (!report.lines[i] || !*report.lines[i]) VG_BUG("a difference without a line");
  vg_manifest_report_release(&report);
  return fuzz_end();
}
