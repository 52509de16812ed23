/* fuzz_nifti.c: any bytes as a NIfTI file must give a volume or a VG_DATA, and leak nothing. */
#include "prep/prep.h"
#include "voxgan/volume.h"
#include "fuzz.h"

/* Intensities of any kind become indices of a histogram. */
static void find_brain(const vg_volume *v) {
  static uint8_t mask[4096];
  double background;
  if (vg_geometry_voxels(&v->geo) > sizeof mask) return;
  fuzz_allow(vg_brain_mask(v, "fuzz", mask, &background), FUZZ(DATA));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char path[] = "/mem/a.nii";
  fuzz_begin(data, size);
  vg_volume v = {0};
  vg_labelmap m = {0};
  fuzz_file(path, data, size);
  vg_status a = vg_volume_read(path, &v, NULL), b = vg_volume_read_labels(path, &m, NULL);
  if (!a) find_brain(&v);
  const vg_geometry native = v.geo;
  if (!a && vg_volume_canonicalise(&v)) VG_BUG("cannot reorient what was read");
  if (!a && vg_volume_to_geometry(&v, &native)) VG_BUG("cannot go back to the axes of the file");
  vg_volume_release(&v);
  vg_labelmap_release(&m);
  fuzz_allow(a, FUZZ(DATA));
  fuzz_allow(b, FUZZ(DATA));
  return fuzz_end();
}
