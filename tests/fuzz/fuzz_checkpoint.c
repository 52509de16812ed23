/* fuzz_checkpoint.c: any bytes as the newest checkpoint of a run. The seal is made to fit, because no fuzzer
 * finds a hash. */
#include <string.h>
#include "base/mem.h"
#include "fuzz.h"

#include "run/train/checkpoint.c" /* its readers are static */

static uint8_t *sealed(const uint8_t *data, size_t size) {
  static const char mark[] = "\"sha256\":\"";
  const size_t digits = VG_HASH_LEN - 1;
  char hex[VG_HASH_LEN];
  uint8_t *copy = vg_malloc(size, 1);
  if (!copy) VG_BUG("%s", vg_error());
  if (size) memcpy(copy, data, size);
  uint8_t *seal = size > 8 ? memmem(copy + 8, size - 8, mark, sizeof mark - 1) : NULL;
  if (!seal || (size_t)(copy + size - seal) < sizeof mark - 1 + digits) return copy;
  seal += sizeof mark - 1;
  memset(seal, '0', digits);
  vg_hash(copy, size, hex);
  memcpy(seal, hex, digits);
  return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_begin(data, size);
  vg_st_file f = {0};
  train_state s = {0};
  char *path;
  uint8_t *copy = sealed(data, size);
  fuzz_file("/mem/run/checkpoints/step-000000007.safetensors", copy, size);
  vg_status st = open_newest("/mem/run", &f, &s, &path);
  fuzz_allow(st, FUZZ(DATA));
  if (!st && path && !vg_json_get(f.metadata, "format")) VG_BUG("a checkpoint without a format");
  vg_st_release(&f);
  vg_free(path);
  vg_free(copy);
  return fuzz_end();
}
