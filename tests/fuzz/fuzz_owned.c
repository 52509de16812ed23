/* fuzz_owned.c: any bytes as the list of the files that a folder's maker may write; what is read is written
 * again. */
#include <string.h>
#include "base/file/owned.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_begin(data, size);
  vg_owned o, more = {0};
  fuzz_file("/mem/s/.voxgan/files", data, size);
  vg_status st = vg_owned_read("/mem/s", &o);
  fuzz_allow(st, FUZZ(DATA));
  if (!st) {
    for (size_t i = 1; i < o.n; i++)
      if (strcmp(o.paths[i - 1], o.paths[i]) >= 0) VG_BUG("paths are not sorted");
    if (strlen(o.kind) >= sizeof o.kind || vg_owned_add(&more, "a.nii") || vg_owned_merge(&more, &o) ||
        vg_owned_write("/mem/s", &more))
      VG_BUG("%s", vg_error());
  }
  vg_owned_release(&more);
  vg_owned_release(&o);
  return fuzz_end();
}
