/* fuzz_identifiers.c: any bytes as a file that is searched for identifiers of persons; the first byte chooses
 * its kind. */
#include <stdio.h>
#include "eval/privacy/identifiers.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const names[] = {"a.nii", "a.nii.gz", "a.json", "a.csv",
                                      "a.tsv", "a.txt",    "a.bval", "a.dcm"};
  static const char *const ids[] = {"sub-0417", "BraTS-GLI-00001-000", "x"};
  fuzz_input in = fuzz_begin(data, size);
  identifier_report report = {0};
  char path[32], name[16];
  snprintf(name, sizeof name, "%s", names[fuzz_byte(&in) % 8]);
  snprintf(path, sizeof path, "/mem/d/%s", name);
  fuzz_file(path, in.at, fuzz_left(&in));
  char *list[] = {name};
  vg_status st = vg_privacy_identifiers_scan("/mem/d", list, 1, ids, 3, &report);
  if (st) VG_BUG("%s", vg_error());
  for (size_t i = 0; i < report.n; i++)
    if (!report.list[i].kind || !report.list[i].field) VG_BUG("a finding without its place");
  vg_privacy_identifiers_release(&report);
  return fuzz_end();
}
