/* fuzz_dataset.c: a folder whose file names are lines of the input, with three descriptions: dataset.json of
 * nnU-Net, dataset_description.json and dseg.tsv of BIDS. The first byte chooses the layout. */
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "base/str.h"
#include "dataset/layout.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const layouts[] = {"auto", "brats2013", "brats2021", "brats2023",
                                        "bids", "nnunet",    "adni",      "auto"};
  fuzz_input in = fuzz_begin(data, size);
  vg_dataset ds = {0};
  char path[200], *lines = fuzz_text(&in), **names;
  const unsigned how = (unsigned char)*lines;
  size_t n;
  ds.skip_incomplete = how & 8;
  if (!(names = vg_split(*lines ? lines + 1 : lines, '\n', &n))) VG_BUG("%s", vg_error());
  for (size_t i = 0; i < n && i < 40; i++) {
    if (strstr(names[i], "//") || *names[i] == '/' || strlen(names[i]) > 180) continue;
    snprintf(path, sizeof path, "/mem/d/%s", names[i]);
    fuzz_file(path, "", 0);
  }
  fuzz_file_part("/mem/d/dataset.json", &in);
  fuzz_file_part("/mem/d/dataset_description.json", &in);
  fuzz_file_part("/mem/d/dseg.tsv", &in);
  vg_status st = vg_dataset_add(&ds, "/mem/d", layouts[how & 7], NULL, NULL);
  fuzz_allow(st, FUZZ(DATA) | FUZZ(CONFIG));
  for (size_t i = 0; !st && i < ds.n; i++)
    if (!*ds.subjects[i].id || strchr(ds.subjects[i].id, '/')) VG_BUG("an id that is no name");
  vg_dataset_release(&ds);
  vg_strv_free(names);
  vg_free(lines);
  return fuzz_end();
}
