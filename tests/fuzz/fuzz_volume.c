/* fuzz_volume.c: any bytes as a file of FreeSurfer, ITK or 3D Slicer must give a volume or a VG_DATA, and
 * leak nothing. After a line "%%" come the bytes of the file beside it. */
#include <stdio.h>
#include <string.h>
#include "base/fs.h"
#include "base/mem.h"
#include "fuzz.h"
#include "voxgan/volume.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const paths[] = {"/mem/a.mgz", "/mem/a.mha", "/mem/a.mhd", "/mem/a.nrrd", "/mem/a.nhdr"};
  fuzz_input in = fuzz_begin(data, size);
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    fuzz_input again = in;
    fuzz_file_part(paths[i], &again);
    fuzz_file_part("/mem/a.raw", &again);
  }
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    char part[32];
    vg_volume v = {0};
    vg_labelmap m = {0};
    /* The file beside it may be absent. */
    fuzz_allow(vg_volume_read(paths[i], &v, NULL), FUZZ(DATA) | FUZZ(IO));
    snprintf(part, sizeof part, "%s#1", paths[i]);
    fuzz_allow(vg_volume_read_labels(part, &m, NULL), FUZZ(DATA) | FUZZ(IO));
    vg_volume_release(&v);
    vg_labelmap_release(&m);
  }
  return fuzz_end();
}
