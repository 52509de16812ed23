/* fuzz_leak.c: lines as the source, the donors and the ids of test subjects, which the guard of the test set
 * compares. */
#include <string.h>
#include "base/mem.h"
#include "base/str.h"
#include "experiment/plan/experiment_leak.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  vg_subject subjects[8];
  static char key[] = "0123456789abcdef";
  const vg_secret secret = {key, 16};
  size_t n;
  char *text = fuzz_text(&in), **lines = vg_split(text, '\n', &n);
  if (!lines) VG_BUG("%s", vg_error());
  vg_dataset test = {.subjects = subjects}, known = {.subjects = subjects};
  for (size_t i = 2; i < n && i < 10; i++) {
    subjects[i - 2] = (vg_subject){.id = lines[i], .person = lines[i / 2 + 1]};
    test.n = i / 2;
    known.n = i - 1;
  }
  if (n > 2) {
    const vg_subject *found[2];
    leak_index x;
    for (int hashed = 1; hashed >= 0; hashed--) {
      if (vg_leak_index_init(&test, &known, hashed ? &secret : NULL, &x)) VG_BUG("%s", vg_error());
      found[0] = vg_leak_find(&x, lines[0], lines[1]);
      found[1] = vg_leak_find(&x, lines[2], "");
      vg_leak_index_release(&x);
    }
    if (!found[0] && !found[1] && test.n && *lines[2])
      VG_BUG("a test subject is not recognised by its own id: %s", lines[2]);
  }
  vg_strv_free(lines);
  vg_free(text);
  return fuzz_end();
}
