/* fuzz_nifti.c: any bytes as a NIfTI file must give a volume or a VG_DATA, and leak nothing. */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/mem.h"
#include "voxgan/volume.h"
#include "base/pool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char path[64];
  vg_volume v = {0};
  vg_labelmap m = {0};
  vg_threads_set(1);
  int fd = memfd_create("fuzz.nii", 0);
  if (fd < 0 || write(fd, data, size) != (ssize_t)size) return 0;
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  vg_status a = vg_volume_read(path, &v, NULL), b = vg_volume_read_labels(path, &m, NULL);
  const vg_geometry native = v.geo;
  if (!a && vg_volume_canonicalise(&v)) VG_BUG("cannot reorient what was read");
  if (!a && vg_volume_to_geometry(&v, &native)) VG_BUG("cannot go back to the axes of the file");
  vg_volume_release(&v);
  vg_labelmap_release(&m);
  close(fd);
  if ((a && a != VG_DATA) || (b && b != VG_DATA)) VG_BUG("%s", vg_error());
  if (vg_mem_live()) VG_BUG("%ld blocks leaked", vg_mem_live());
  return 0;
}
