/* fuzz_layout.c: lines as the names of files below a folder: a layout is guessed, every layout
 * classifies each file, and names go through the makers of ids and series. */
#include <stdio.h>
#include <string.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "dataset/layout.h"
#include "fuzz.h"

static void check_role(const vg_layout *layout, const char *file) {
  vg_file_role role;
  char path[256];
  memset(&role, 0x55, sizeof role);
  if (!layout->classify(NULL, file, &role)) return;
  if (!memchr(role.id, 0, sizeof role.id) || !memchr(role.person, 0, sizeof role.person) ||
      !memchr(role.series, 0, sizeof role.series))
    VG_BUG("%s: a name without an end", file);
  if (strchr(role.id, '/')) VG_BUG("%s: the id %s is a path", file, role.id);
  if (!layout->path || !*role.id) return;
  fuzz_allow(layout->path(role.id, role.kind, role.series, path, sizeof path), FUZZ(CONFIG));
}

static void check_words(const char *word) {
  char series[VG_SERIES_NAME], key[128], subject[64], session[64];
  vg_str text = VG_STR_INIT;
  vg_scheme scheme;
  vg_series_word(word, series);
  vg_dataset_id_key(word, key);
  fuzz_allow(vg_bids_id(word, subject, session, sizeof subject), FUZZ(CONFIG));
  vg_scheme_text_add(&text, "1", word, VG_ROLE_ANATOMY);
  vg_scheme_text_add(&text, "2", word, VG_ROLE_TUMOUR);
  fuzz_allow(vg_scheme_parse(vg_str_text(&text), &scheme), FUZZ(CONFIG));
  vg_str_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  static const char *const names[] = {"brats2013", "brats2021", "brats2023", "brats2015", "bids",
                                      "nnunet",    "msd",       "adni",      "csv"};
  char reason[160];
  size_t n;
  char *text = fuzz_text(&in), **files = vg_split(text, '\n', &n);
  if (!files) VG_BUG("%s", vg_error());
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) check_role(vg_layout_find(names[k]), files[i]);
  for (size_t i = 0; i < n && i < 4; i++) check_words(files[i]);
  if (!vg_layout_guess("/mem/d", files, n, reason, sizeof reason)) fuzz_allow(VG_DATA, FUZZ(DATA));
  vg_strv_free(files);
  vg_free(text);
  return fuzz_end();
}
