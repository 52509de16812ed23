/* fuzz_config.c: settings as a JSON text, then lines as for --set; what was read prints to the same settings.
 */
#include <string.h>
#include "base/mem.h"
#include "base/str.h"
#include "settings/config_json.h"
#include "fuzz.h"

/* Numbers in a config are checked for their bounds, so a config that was taken is taken again. */
static void again(const vg_config *c) {
  vg_config back;
  vg_json *j = vg_config_to_json(c);
  vg_config_default(&back);
  if (!j || vg_config_from_json(&back, "own", j)) VG_BUG("%s", vg_error());
  char *one = vg_json_print(j, false);
  vg_json *k = vg_config_to_json(&back);
  char *two = vg_json_print(k, false);
  if (!one || !two || strcmp(one, two)) VG_BUG("settings change when they are read back");
  vg_free(one);
  vg_free(two);
  vg_json_free(j);
  vg_json_free(k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  vg_config c;
  vg_json *root = NULL;
  size_t n = 0;
  char *json = fuzz_text(&in), *rest = fuzz_text(&in), **lines = vg_split(rest, '\n', &n);
  vg_config_default(&c);
  vg_status st = vg_json_parse("fuzz", json, &root);
  if (!st) st = vg_config_from_json(&c, "fuzz", root);
  fuzz_allow(st, FUZZ(DATA) | FUZZ(CONFIG));
  for (size_t i = 0; lines && i < n; i++) fuzz_allow(vg_config_set(&c, lines[i]), FUZZ(CONFIG));
  /* Printing takes longer than reading. */
  if (size % 8 == 0) again(&c);
  fuzz_allow(vg_config_resolve(&c), FUZZ(CONFIG));
  vg_json_free(root);
  vg_strv_free(lines);
  vg_free(rest);
  vg_free(json);
  return fuzz_end();
}
