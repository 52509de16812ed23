/* run_about.c: the sections on previews, settings, the split and the machine. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "run_page/run_sections.h"
#include "settings/config_json.h"
#include "voxgan/config.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "voxgan/log.h"
#include "base/whole.h"

const char *vg_run_time_text(double seconds, char buf[32]) {
  const time_t t = (time_t)vg_count_of(seconds);
  struct tm utc;
  if (!gmtime_r(&t, &utc) || !strftime(buf, 32, "%Y-%m-%d %H:%M UTC", &utc)) *buf = '\0';
  return buf;
}

/* ---- previews ---- */

/* Selects PREVIEWS_MAX of them, always with the last. */
enum { PREVIEWS_MAX = 40 };

void vg_run_add_previews(vg_report *r, const char *run, const run_history *h) {
  const size_t n = h->validations.n, shown = n < PREVIEWS_MAX ? n : PREVIEWS_MAX;
  const char *way = vg_json_string(vg_json_get(vg_json_get(h->config, "train"), "direction"), "");
  const char *what = strcmp(way, "image2label") ? "labels, then real and synthetic of each series"
                                                : "each series, then real and predicted labels";
  bool any = false;
  for (size_t k = 1; k <= shown; k++) {
    const vg_json *line = h->validations.items[k * n / shown - 1];
    const double epoch = vg_json_number(vg_json_get(line, "epoch"), 0);
    char label[64];
    char *path = vg_format("%s/previews/epoch-%05.0f.png", run, epoch);
    bool exists = false;
    if (!path)
      vg_report_fail(r, VG_MEMORY);
    else if (vg_fs_exists(path, &exists))
      vg_warn("the page lacks a preview: %s", vg_error());
    if (exists) {
      if (!any) {
        vg_report_section(r, "Previews");
        vg_report_note(
            r, VG_TONE_PLAIN,
            "Previews contain slices of real scans. Show this page only to people who may see those scans.");
        if (shown < n) vg_report_text(r, "This page shows %zu of %zu previews; previews/ has all.", shown, n);
        vg_gallery_open_by(r, "What the model makes, by epoch", "Case", "Epoch");
        vg_gallery_case(
            r, "The same subjects each time; each row is one subject, on the slice with most tumour");
        any = true;
      }
      snprintf(label, sizeof label, "epoch %.0f%s", epoch, line == h->best ? ", the best" : "");
      vg_gallery_frame(r, label, k == shown);
      vg_gallery_panel_file(r, what, path);
    }
    vg_free(path);
  }
  if (any) vg_gallery_close(r);
}

/* ---- settings ---- */

static vg_status put_value(vg_str *to, const vg_json *node) {
  char *text = NULL;
  if (vg_json_type_of(node) == VG_JSON_STRING)
    vg_str_add(to, vg_json_string(node, ""));
  else if (node && !(text = vg_json_print(node, false)))
    return VG_MEMORY;
  else if (text)
    vg_str_add(to, text);
  vg_free(text);
  return vg_str_failed(to) ? VG_MEMORY : VG_OK;
}

/* Lists each setting of the config with its default. Settings that differ go into changed too. */
static vg_status fill_settings(const vg_json *config, const vg_json *defaults, vg_table *all,
                               vg_table *changed) {
  vg_status st = VG_OK;
  vg_str key = VG_STR_INIT, now = VG_STR_INIT, def = VG_STR_INIT;
  for (const vg_json *s = vg_json_first(config); s; s = vg_json_next(s)) {
    for (const vg_json *e = vg_json_first(s); e && !st; e = vg_json_next(e)) {
      vg_str_clear(&key);
      vg_str_clear(&now);
      vg_str_clear(&def);
      vg_str_addf(&key, "%s.%s", vg_json_key(s), vg_json_key(e));
      st = put_value(&now, e);
      if (!st) st = put_value(&def, vg_json_get(vg_json_get(defaults, vg_json_key(s)), vg_json_key(e)));
      if (vg_str_failed(&key)) st = VG_MEMORY;
      if (st) break;
      const bool differs = strcmp(vg_str_text(&now), vg_str_text(&def));
      const char *cells[] = {vg_str_text(&key), vg_str_text(&now), vg_str_text(&def),
                             differs ? "changed" : ""};
      st = vg_table_add_row(all, cells);
      if (!st && differs) st = vg_table_add_row(changed, cells);
    }
  }
  vg_str_release(&key);
  vg_str_release(&now);
  vg_str_release(&def);
  return st;
}

void vg_run_add_settings(vg_report *r, const run_history *h) {
  static const char *const header[] = {"setting", "value", "default", "status"};
  vg_config c;
  vg_table all = {0}, changed = {0};
  vg_config_default(&c);
  vg_config_resolve(&c); /* as for the run's settings */
  vg_json *defaults = vg_config_to_json(&c);
  vg_status st = defaults ? vg_table_init(&all, 4, header) : VG_MEMORY;
  if (!st) st = vg_table_init(&changed, 3, header);
  if (!st) st = fill_settings(h->config, defaults, &all, &changed);
  vg_report_fail(r, st);
  if (!st) {
    vg_report_section(r, "Settings");
    if (changed.rows > 1)
      vg_report_table(r, "Settings that differ from the defaults", &changed, 1);
    else
      vg_report_text(r, "All settings have their defaults.");
    vg_report_fold_open(r, "All settings");
    vg_report_table(r, "Settings as resolved when the run was last started or resumed", &all, 1);
    vg_report_fold_close(r);
  }
  vg_table_release(&all);
  vg_table_release(&changed);
  vg_json_free(defaults);
}

/* ---- split and sessions ---- */

static void add_subjects(vg_report *r, const char *title, const vg_json *ids) {
  const size_t n = vg_json_size(ids);
  vg_str names = VG_STR_INIT;
  for (const vg_json *id = vg_json_first(ids); id; id = vg_json_next(id))
    vg_str_addf(&names, "%s%s", names.len ? ", " : "", vg_json_string(id, "?"));
  char *head = vg_format("%s (%zu)", title, n);
  if (!head || vg_str_failed(&names)) vg_report_fail(r, VG_MEMORY);
  if (n && head) {
    vg_report_fold_open(r, head);
    vg_report_text(r, "%s", vg_str_text(&names));
    vg_report_fold_close(r);
  }
  vg_free(head);
  vg_str_release(&names);
}

void vg_run_add_split(vg_report *r, const run_history *h) {
  if (!h->split) return;
  vg_report_section(r, "Subjects");
  add_subjects(r, "Trained on", vg_json_get(h->split, "train"));
  add_subjects(r, "Held out", vg_json_get(h->split, "val"));
}

void vg_run_add_sessions(vg_report *r, const run_history *h) {
  static const char *const header[] = {"started", "after step", "device", "libtorch", "voxgan"};
  vg_table t = {0};
  vg_status st = h->sessions.n ? vg_table_init(&t, 5, header) : VG_OK;
  for (size_t i = 0; i < h->sessions.n && !st; i++) {
    const vg_json *s = h->sessions.items[i];
    char when[32], step[32];
    snprintf(step, sizeof step, "%.0f", vg_json_number(vg_json_get(s, "step"), 0));
    const char *cells[] = {vg_run_time_text(vg_json_number(vg_json_get(s, "time"), 0), when), step,
                           vg_json_string(vg_json_get(s, "device"), ""),
                           vg_json_string(vg_json_get(s, "libtorch"), ""),
                           vg_json_string(vg_json_get(s, "voxgan"), "")};
    st = vg_table_add_row(&t, cells);
  }
  vg_report_fail(r, st);
  if (!st && h->sessions.n) {
    const vg_json *of = vg_json_get(vg_json_get(h->config, "run"), "seed");
    char *seed = of ? vg_json_print(of, false) : NULL;
    vg_report_section(r, "Environment");
    if (of && !seed) vg_report_fail(r, VG_MEMORY);
    if (seed) vg_report_text(r, "Seed %s. A resumed run has a line for each start.", seed);
    vg_report_table(r, "Starts", &t, 1);
    vg_free(seed);
  }
  vg_table_release(&t);
}
