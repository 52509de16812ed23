/* fuzz_leak.c: lines as the source, the donors and the ids of test subjects, which the guard of the test set
 * compares. */
#include <string.h>
#include "base/mem.h"
#include "base/str.h"
#include "experiment/experiment_data.h"
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
    const vg_subject *open = vg_experiment_leak(lines[0], lines[1], &test, &known, NULL);
    vg_experiment_leak(lines[0], lines[1], &test, &known, &secret);
    if (!open && vg_experiment_leak(lines[2], "", &test, &known, NULL) == NULL && *lines[2])
      VG_BUG("a test subject is not recognised by its own id: %s", lines[2]);
  }
  vg_strv_free(lines);
  vg_free(text);
  return fuzz_end();
}
