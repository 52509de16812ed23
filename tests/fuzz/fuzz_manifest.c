/* fuzz_manifest.c: any bytes as the CSV manifest of a data set: its subjects are joined, selected and split.
 */
#include <string.h>
#include "base/mem.h"
#include "dataset/split.h"
#include "voxgan/dataset.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  vg_dataset ds = {0}, joined = {0};
  bool is_val[4096];
  ds.skip_incomplete = fuzz_byte(&in) & 1;
  fuzz_file("/mem/d/m.csv", in.at, fuzz_left(&in));
  fuzz_file("/mem/d/a.nii", "", 0);
  fuzz_file("/mem/d/b.nii.gz", "", 0);
  vg_status st = vg_dataset_add(&ds, "/mem/d/m.csv", "auto", NULL, NULL);
  fuzz_allow(st, FUZZ(DATA) | FUZZ(IO));
  for (size_t i = 0; !st && i < ds.n; i++)
    if (!ds.subjects[i].id || !*ds.subjects[i].id || strchr(ds.subjects[i].id, '/'))
      VG_BUG("a subject without a usable id");
  if (!st && ds.n <= sizeof is_val) {
    if (vg_dataset_split(&ds, 0.3, 7, is_val)) VG_BUG("%s", vg_error());
    vg_json *j = vg_dataset_split_json(&ds, is_val);
    if (!j) VG_BUG("%s", vg_error());
    vg_json_free(j);
    fuzz_allow(vg_dataset_join(&ds, &ds, &joined), FUZZ(DATA));
  }
  vg_dataset_release(&joined);
  vg_dataset_release(&ds);
  return fuzz_end();
}
