/* fuzz_cache.c: any bytes as a prepared case of the cache. Its checksum is made to fit, because that has no
 * key; a case that is taken is put back into its file's geometry. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "fuzz.h"

#include "prep/cache/prep_cache.c" /* its checks are static */

static vg_prep_settings settings(unsigned how) {
  vg_prep_settings s = {.percentile = {0.5, 99.5}};
  vg_classes_add_name(&s.classes, "brain", VG_ROLE_ANATOMY);
  static const char *const tumour[] = {"necrosis", "oedema", "enhancing"};
  for (int i = 0; how & 1 && i < 3; i++) vg_classes_add_name(&s.classes, tumour[i], VG_ROLE_TUMOUR);
  if (how & 2) strcpy(s.series.names[s.series.n++], "t1");
  return s;
}

static void use(const vg_case *packed, const vg_prep_settings *s) {
  vg_case c;
  if ((double)vg_extent_voxels(packed->record.dim) > 100000 || vg_case_unpack(packed, &c)) return;
  const size_t n = (size_t)c.record.dim[0] * (size_t)c.record.dim[1] * (size_t)c.record.dim[2];
  const bool small = (double)vg_geometry_voxels(&c.record.native) <= 100000;
  float *channels = !small ? NULL : vg_calloc(n * (size_t)(1 + c.n_classes), sizeof *channels);
  vg_volume v = {0};
  vg_maps m = {0};
  for (size_t i = 0; channels && i < n * (size_t)c.n_classes; i++) channels[n + i] = (float)c.labels[i] / 255;
  if (channels && !vg_restore(&c, channels, &(vg_range){0, 1, 0}, &v)) vg_volume_release(&v);
  if (channels && !vg_restore_maps(&c, channels, &s->classes, &m)) vg_maps_release(&m);
  vg_free(channels);
  vg_case_release(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  const vg_prep_settings s = settings(fuzz_byte(&in));
  const size_t n = fuzz_left(&in);
  void *copy = aligned_alloc(64, (n + 64) / 64 * 64);
  if (!copy) return 0;
  if (n) memcpy(copy, in.at, n);
  vg_map map = {copy, n};
  if (n >= HEADER_SIZE) {
    header *h = copy;
    h->total = n;
    h->checksum = file_checksum(copy, n);
  }
  vg_case c;
  if (!fault_of(&map, &s, &c)) use(&c, &s);
  free(copy);
  return fuzz_end();
}
