/* inspect_sets.c: what `voxgan inspect` shows of a folder that holds several data sets. */
#include "cli/inspect_sets.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/text/plural.h"
#include "base/whole.h"
#include "dataset/data_note.h"
#include "dataset/found_sets.h"
#include "voxgan/dataset.h"

/* Counts the subjects of a data set; one that cannot be read has the reason in its row. */
static void put_set(vg_json *to, const vg_found_set *set, const char *tumour_scheme,
                    const char *anatomy_scheme) {
  vg_dataset ds = {.skip_incomplete = true};
  vg_json *row = vg_json_put_take(to, NULL, vg_json_object());
  vg_str command = VG_STR_INIT;
  vg_str_add(&command, "voxgan inspect ");
  vg_str_add_word(&command, set->path);
  if (set->shared) vg_str_addf(&command, " --layout %s", set->layout);
  vg_json_put_string(row, "path", set->path);
  vg_json_put_string(row, "layout", set->layout);
  if (vg_dataset_add(&ds, set->path, set->shared ? set->layout : "auto", tumour_scheme, anatomy_scheme)) {
    vg_json_put_string(row, "fault", vg_error());
    vg_error_clear();
  } else {
    vg_json_put_number(row, "n", (double)ds.n);
  }
  vg_json_put_string_take(row, "command", vg_str_take(&command));
  vg_dataset_release(&ds);
}

vg_status vg_cli_inspect_sets(const char *path, const char *tumour_scheme, const char *anatomy_scheme,
                              vg_json **out) {
  vg_found_sets found;
  char noted[32];
  *out = NULL;
  vg_status st = vg_data_note_layout(path, noted);
  if (st || *noted) return st;
  st = vg_found_sets_look(path, &found);
  if (st || !found.n || (found.n == 1 && !found.sets[0].shared && !strcmp(found.sets[0].path, path)))
    goto out;
  vg_json *j = *out = vg_json_object();
  vg_json_put_string(j, "path", path);
  vg_json *sets = vg_json_put_take(j, "sets", vg_json_array());
  for (size_t i = 0; i < found.n; i++) put_set(sets, &found.sets[i], tumour_scheme, anatomy_scheme);
  if (found.others) {
    vg_json_put_number(j, "other_volumes", (double)found.others);
    vg_json_put_string(j, "other_volume", found.other);
  }
out:
  if (!st) vg_found_sets_release(&found);
  return st;
}

void vg_cli_print_sets(const vg_json *j) {
  const vg_json *sets = vg_json_get(j, "sets");
  const size_t n = vg_json_size(sets),
               others = vg_count_of(vg_json_number(vg_json_get(j, "other_volumes"), 0));
  printf("%s: holds %zu data %s; a command takes one of them (--data, --labels, ...)\n",
         vg_json_string(vg_json_get(j, "path"), ""), n, vg_plural(n, "set", "sets"));
  for (const vg_json *row = vg_json_first(sets); row; row = vg_json_next(row)) {
    const char *fault = vg_json_string(vg_json_get(row, "fault"), NULL);
    const size_t subjects = vg_count_of(vg_json_number(vg_json_get(row, "n"), 0));
    printf("\n  %s: layout %s, ", vg_json_string(vg_json_get(row, "path"), ""),
           vg_json_string(vg_json_get(row, "layout"), ""));
    if (fault)
      printf("not read: %s\n", fault);
    else
      printf("%zu %s\n", subjects, vg_plural(subjects, "subject", "subjects"));
    printf("    %s\n", vg_json_string(vg_json_get(row, "command"), ""));
  }
  if (others)
    printf("\nbeside them: %zu %s of no known layout, such as %s; list %s in a CSV manifest, or give a "
           "folder of scans with --layout "
           "scans\n",
           others, vg_plural(others, "volume", "volumes"), vg_json_string(vg_json_get(j, "other_volume"), ""),
           vg_plural(others, "it", "them"));
}
