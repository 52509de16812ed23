/* fuzz_safetensors.c: any bytes as a safetensors file give tensors that lie in the file, or a VG_DATA. */
#include <string.h>
#include "io/safetensors.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char path[] = "/mem/a.safetensors";
  vg_st_file f = {0};
  volatile uint8_t sum = 0;
  fuzz_begin(data, size);
  fuzz_file(path, data, size);
  vg_status st = vg_st_open(path, &f);
  fuzz_allow(st, FUZZ(DATA));
  for (size_t i = 0; !st && i < f.n; i++) {
    const vg_st_entry *e = &f.entries[i];
    size_t n = sizeof(float);
    for (int d = 0; d < e->ndim; d++) n *= (size_t)e->shape[d];
    for (size_t b = 0; b < n; b++) sum = (uint8_t)(sum ^ ((const uint8_t *)e->data)[b]);
    if (vg_st_find(&f, e->name) != e || !vg_st_holds(&f, e->name)) VG_BUG("%s is not found", e->name);
  }
  if (!st) fuzz_allow(vg_st_check_seal(path, &f), FUZZ(DATA));
  if (!st && vg_json_get(f.metadata, "sha256") == NULL && vg_st_write(path, f.entries, f.n, f.metadata))
    VG_BUG("%s", vg_error());
  vg_st_release(&f);
  return fuzz_end();
}
