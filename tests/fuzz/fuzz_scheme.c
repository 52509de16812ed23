/* fuzz_scheme.c: any text as a label scheme: what is taken prints to the same labels. */
#include <string.h>
#include "base/mem.h"
#include "voxgan/labels.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static uint8_t table[65536];
  fuzz_input in = fuzz_begin(data, size);
  vg_scheme s, back;
  vg_classes classes = {0};
  char *text = fuzz_text(&in);
  vg_status st = vg_scheme_parse(text, &s);
  fuzz_allow(st, FUZZ(CONFIG));
  vg_free(text);
  if (!st) {
    text = vg_scheme_text(&s);
    if (!text || vg_scheme_parse(text, &back)) VG_BUG("%s", vg_error());
    vg_free(text);
    for (int i = 0; i < s.n; i++) {
      const uint16_t last = (uint16_t)(s.labels[i].value + s.labels[i].more);
      if (!s.labels[i].value || last < s.labels[i].value) VG_BUG("a range that wraps");
      const vg_label *a = vg_scheme_find(&s, last), *b = vg_scheme_find(&back, last);
      if (!a || !b || strcmp(a->name, b->name) || a->role != b->role) VG_BUG("labels differ");
    }
    for (int role = 0; role < 2; role++) {
      vg_status added = vg_classes_add(&classes, &s, (vg_role)role);
      fuzz_allow(added, FUZZ(CONFIG) | FUZZ(DATA));
      if (!added) fuzz_allow(vg_classes_table(&classes, &s, (vg_role)role, table), FUZZ(DATA));
    }
  }
  return fuzz_end();
}
