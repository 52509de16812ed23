/* fuzz_replay.c: runs a fuzz target over files named on the command line: it replays a corpus as a regression
 * test, without a fuzzer. Link it with one fuzz_*.c; with clang, -fsanitize=fuzzer takes its place. */
#include <stdint.h>
#include <stdio.h>
#include "base/fs.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    void *bytes;
    size_t len;
    if (vg_fs_read(argv[i], &bytes, &len)) {
      fprintf(stderr, "%s\n", vg_error());
      return 1;
    }
    /* A copy of the exact size outside of our own count, so that sanitizers see an overrun. */
    uint8_t *copy = __builtin_malloc(len ? len : 1);
    if (!copy) return 1;
    __builtin_memcpy(copy, bytes, len);
    vg_free(bytes);
    LLVMFuzzerTestOneInput(copy, len);
    __builtin_free(copy);
  }
  return 0;
}
