/* fuzz_split.c: any text as a split.json of five subjects. */
#include <stdio.h>
#include <string.h>
#include "voxgan/dataset.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static char ids[5][16];
  static vg_subject subjects[5];
  fuzz_begin(data, size);
  bool is_val[5] = {0};
  for (int i = 0; i < 5; i++) {
    snprintf(ids[i], sizeof ids[i], "p%d", i);
    subjects[i] = (vg_subject){.id = ids[i], .person = ids[i]};
  }
  const vg_dataset ds = {.subjects = subjects, .n = 5};
  fuzz_file("/mem/split.json", data, size);
  fuzz_allow(vg_dataset_split_read(&ds, "/mem/split.json", is_val), FUZZ(DATA));
  return fuzz_end();
}
