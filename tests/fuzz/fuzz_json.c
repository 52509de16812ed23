/* fuzz_json.c: any text parses to a tree that prints to the same tree, or to a VG_DATA. */
#include <stdint.h>
#include <string.h>
#include "io/json.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  vg_json *root, *back;
  char *text = vg_malloc(size + 1, 1);
  memcpy(text, data, size);
  text[size] = '\0';
  vg_status st = vg_json_parse("fuzz", text, &root);
  vg_free(text);
  if (st && st != VG_DATA) VG_BUG("%s", vg_error());
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
  if (vg_mem_live()) VG_BUG("%ld blocks leaked", vg_mem_live());
  return 0;
}
