/* run_card.c: see run_card.h. */
#include "run_page/run_card.h"

#include <math.h>
#include <string.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text/plural.h"
#include "run_page/run_history.h"
#include "settings/config_json.h"
#include "voxgan/config.h"
#include "voxgan/status.h"
#include "voxgan/version.h"

static size_t count_of(const vg_json *list) {
  size_t n = 0;
  for (const vg_json *e = vg_json_first(list); e; e = vg_json_next(e)) n++;
  return n;
}

/* Settings that differ from their defaults, as a config. Section run has paths and machines. */
static vg_status add_settings(vg_str *t, const vg_json *config) {
  vg_config defaults;
  vg_config_default(&defaults);
  vg_json *by_default = vg_config_to_json(&defaults);
  vg_status st = by_default ? VG_OK : VG_MEMORY;
  vg_str_add(t, "## Settings\n\nThose that are not the default:\n\n```\n");
  for (const vg_json *s = vg_json_first(config); s && !st; s = vg_json_next(s)) {
    const char *section = vg_json_key(s);
    for (const vg_json *e = vg_json_first(s); e && strcmp(section, "run") != 0 && !st; e = vg_json_next(e)) {
      const vg_json *usual = vg_json_get(vg_json_get(by_default, section), vg_json_key(e));
      char *now = vg_json_print(e, false), *then = usual ? vg_json_print(usual, false) : NULL;
      const bool path = strchr(vg_json_string(e, ""), '/') != NULL;
      if (!now || (usual && !then))
        st = VG_MEMORY;
      else if (!then || strcmp(now, then) != 0)
        vg_str_addf(t, "%s.%s = %s\n", section, vg_json_key(e), path ? "(a path)" : now);
      vg_free(now);
      vg_free(then);
    }
  }
  vg_str_add(t, "```\n\n");
  vg_json_free(by_default);
  return st;
}

static void add_scores(vg_str *t, const run_history *h) {
  const vg_json *best = h->best;
  const bool held_out = vg_json_bool(vg_json_get(best, "held_out"), false);
  vg_str_add(t, "## Scores\n\n");
  if (!best) {
    vg_str_add(t, "None: the run had no validation.\n\n");
    return;
  }
  vg_str_addf(t, "Of epoch %.0f, on %s:\n\n| of | score | value |\n| --- | --- | --- |\n",
              vg_json_number(vg_json_get(best, "epoch"), 0),
              held_out ? "the held-out subjects"
                       : "training subjects, as none was held out: they say little");
  for (const vg_json *s = vg_json_first(vg_json_get(best, "scores")); s; s = vg_json_next(s))
    for (const vg_json *e = vg_json_first(s); e; e = vg_json_next(e)) {
      const double v = vg_json_number(e, NAN);
      if (isfinite(v)) vg_str_addf(t, "| %s | %s | %.4g |\n", vg_json_key(s), vg_json_key(e), v);
    }
  vg_str_add(t, "\n");
}

static void add_limits(vg_str *t, bool segments) {
  vg_str_add(t, "## Limits\n\nThe model is a research tool and no medical device. It can remember scans of "
                "its training: protect it as "
                "these, and\ncheck what it reveals (`voxgan eval --suite privacy --model`). It knows the "
                "series, classes, scanners and "
                "voxel sizes of its\ntraining, and nothing else.\n");
  vg_str_add(
      t,
      segments
          ? "Its label maps are predictions.\n"
          : "What it makes is no basis for a diagnosis. Validate and test on real cases of other persons.\n");
}

vg_status vg_run_card_write(const char *run) {
  run_history h = {0};
  vg_str t = VG_STR_INIT;
  char hash[VG_HASH_LEN] = "", *model = vg_fs_join(run, "model.safetensors"),
       *to = vg_fs_join(run, VG_RUN_CARD);
  vg_status st = model && to ? vg_run_history_read(run, &h) : VG_MEMORY;
  if (!st) st = vg_hash_file(model, hash);
  if (!st) {
    const char *series = vg_json_string(vg_json_get(vg_json_get(h.config, "data"), "series"), "");
    const bool segments =
        !strcmp(vg_json_string(vg_json_get(vg_json_get(h.config, "train"), "direction"), ""), "image2label");
    const size_t train = count_of(vg_json_get(h.split, "train")), val = count_of(vg_json_get(h.split, "val"));
    vg_str_addf(&t, "# A model of voxgan %s\n\n`model.safetensors` makes %s. It was trained for %.0f %s.\n\n",
                vg_version(),
                segments ? "label maps of MRI of the brain" : "MRI of the brain from label maps", h.wanted,
                vg_plural(h.wanted, "epoch", "epochs"));
    vg_str_addf(&t, "- **Data**: %zu %s to train on, %zu held out\n- **Series**: %s\n- **SHA-256**: %s\n\n",
                train, vg_plural(train, "subject", "subjects"), val,
                *series ? series : "all that the data have", hash);
    add_scores(&t, &h);
    st = add_settings(&t, h.config);
    add_limits(&t, segments);
    if (!st) st = vg_str_failed(&t) ? VG_MEMORY : vg_fs_write_atomic(to, vg_str_text(&t), t.len);
  }
  vg_run_history_release(&h);
  vg_str_release(&t);
  vg_free(model);
  vg_free(to);
  return st;
}
