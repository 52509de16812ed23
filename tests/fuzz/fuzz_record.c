/* fuzz_record.c: any text as the record of a case, then one as the data set's description; what is taken
 * becomes a manifest. */
#include <string.h>
#include "base/fs.h"
#include "output/produce_set.h"
#include "voxgan/output.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char root[] = "/mem/s";
  fuzz_input in = fuzz_begin(data, size);
  vg_record r = {0};
  vg_output out;
  fuzz_file_part("/mem/s/.voxgan/cases/c1.json", &in);
  fuzz_file_part("/mem/s/dataset_description.json", &in);
  fuzz_file_part("/mem/s/.voxgan/failed/c2.json", &in);
  vg_status st = vg_record_read(root, "c1", &r);
  fuzz_allow(st, FUZZ(DATA) | FUZZ(CONFIG));
  if (!st && strcmp(r.id, "c1") != 0) VG_BUG("the record of %s", r.id);
  vg_record_release(&r);
  if (!st) fuzz_allow(vg_manifest_write(root), FUZZ(DATA) | FUZZ(CONFIG));
  st = vg_output_read(root, &out);
  fuzz_allow(st, FUZZ(DATA) | FUZZ(CONFIG));
  if (!st && out.set.series.n > VG_SERIES_MAX) VG_BUG("%d series", out.set.series.n);
  return fuzz_end();
}
