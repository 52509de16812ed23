/* fuzz_json.c: any text parses to a tree that prints to the same tree, or to a VG_DATA. */
#include <string.h>
#include "base/mem.h"
#include "io/json.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  vg_json *root, *back;
  char *text = fuzz_text(&in);
  vg_status st = vg_json_parse("fuzz", text, &root);
  vg_free(text);
  fuzz_allow(st, FUZZ(DATA));
  if (!st) {
    char *once = vg_json_print(root, true);
    if (!once || vg_json_parse("again", once, &back)) VG_BUG("%s", vg_error());
    char *twice = vg_json_print(back, true);
    if (!twice || strcmp(once, twice)) VG_BUG("prints differ");
    vg_free(once);
    vg_free(twice);
    vg_json_free(root);
    vg_json_free(back);
  }
  return fuzz_end();
}
