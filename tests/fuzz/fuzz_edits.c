/* fuzz_edits.c: any text as a chain of edits: what is taken is drawn, logged, and parsed again. */
#include <string.h>
#include "base/mem.h"
#include "base/str.h"
#include "voxgan/edit.h"
#include "fuzz.h"

static vg_status donor(void *arg, const char *id, vg_rng *rng, const vg_maps **maps, const char **used) {
  (void)arg, (void)id, (void)rng;
  if (maps) *maps = NULL;
  *used = "sub-7";
  return VG_OK;
}

static void hide(void *arg, const char *id, vg_str *out) {
  (void)arg, (void)id;
  vg_str_add(out, "hidden");
}

static void draw(const vg_edit_chain *chain) {
  vg_edit_log log = {0};
  vg_edit_chain back = {0};
  vg_str text = VG_STR_INIT, hidden = VG_STR_INIT, donors = VG_STR_INIT;
  const vg_edit_context context = {.seed = 3, .donor = donor};
  vg_status st = vg_edit_chain_apply(chain, NULL, &context, &log);
  fuzz_allow(st, FUZZ(REFUSED) | FUZZ(CONFIG) | FUZZ(DATA));
  vg_edit_log_text(&log, NULL, NULL, &text);
  vg_edit_log_text(&log, hide, NULL, &hidden);
  vg_edit_log_donors(&log, hide, NULL, &donors);
  if (!st && chain->n && vg_edit_chain_add(&back, vg_str_text(&text))) VG_BUG("%s", vg_error());
  if (strstr(vg_str_text(&hidden), "sub-7") || strstr(vg_str_text(&donors), "sub-7"))
    VG_BUG("an id is shown: %s", vg_str_text(&hidden));
  vg_edit_chain_release(&back);
  vg_edit_log_release(&log);
  vg_str_release(&text);
  vg_str_release(&hidden);
  vg_str_release(&donors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  vg_edit_chain chain = {0}, copy = {0};
  char *text = fuzz_text(&in);
  vg_status st = vg_edit_chain_add(&chain, text);
  fuzz_allow(st, FUZZ(CONFIG));
  if (st && chain.n) VG_BUG("a chain changed although its text is wrong");
  if (!st && (vg_edit_chain_copy(&chain, &copy) || copy.n != chain.n)) VG_BUG("%s", vg_error());
  if (!st) draw(&copy);
  vg_edit_chain_release(&copy);
  vg_edit_chain_release(&chain);
  vg_free(text);
  return fuzz_end();
}
