/* card.c: see card.h. All that it says stands in the description, or in the summary of an evaluation. */
#include "output/card.h"

#include <math.h>
#include <string.h>
#include "base/mem.h"
#include "base/str.h"
#include "base/text/plural.h"
#include "voxgan/version.h"

#define EVALUATION "voxgan evaluation"

/* A list item: what, then its text as a terminal may show it. */
static void add_item(vg_str *t, const char *what, const char *text) {
  if (!text || !*text) return;
  vg_str_addf(t, "- **%s**: ", what);
  vg_str_add_shown(t, text);
  vg_str_add(t, "\n");
}

static void add_list(vg_str *t, const char *what, const vg_json *list, bool keys) {
  vg_str names = VG_STR_INIT;
  for (const vg_json *e = vg_json_first(list); e; e = vg_json_next(e))
    vg_str_addf(&names, "%s%s", names.len ? ", " : "", keys ? vg_json_key(e) : vg_json_string(e, ""));
  add_item(t, what, vg_str_text(&names));
  vg_str_release(&names);
}

static void add_content(vg_str *t, const vg_output *out, const vg_json *about, size_t n) {
  const vg_json *own = vg_json_get(about, "voxgan");
  const vg_json *by = vg_json_first(vg_json_get(about, "GeneratedBy"));
  vg_str_add(t, "# ");
  vg_str_add_shown(t, vg_json_string(vg_json_get(about, "Name"), ""));
  vg_str_addf(t, "\n\n%zu %s, made by voxgan %s: ", n, vg_plural(n, "case", "cases"),
              vg_json_string(vg_json_get(by, "Version"), vg_version()));
  vg_str_addf(t, "%s.\n\n", vg_json_string(vg_json_get(by, "Description"), ""));
  add_list(t, "Series", vg_json_get(own, "series"), false);
  add_list(t, "Classes", vg_json_get(own, "classes"), true);
  add_item(t, "Values of the tumour maps", vg_json_string(vg_json_get(own, "tumour_labels"), NULL));
  add_item(t, "Values of the anatomy maps", vg_json_string(vg_json_get(own, "anatomy_labels"), NULL));
  add_item(t, "Anatomy", vg_json_string(vg_json_get(own, "anatomy"), NULL));
  add_item(t, "Format", out->format_name);
  add_item(t, "SHA-256 of the model", vg_json_string(vg_json_get(own, "model_sha256"), NULL));
  add_item(t, "Draws", vg_json_string(vg_json_get(own, "draws"), NULL));
  add_item(t, "Ids of sources",
           vg_json_bool(vg_json_get(own, "anonymous"), false) ? "keyed hashes, in `manifest.csv`"
                                                              : "in `manifest.csv`");
  add_item(t, "Licence", out->set.licence ? out->set.licence : "none named; that of its sources holds");
}

/* The means that describe a data set, where the evaluation has them. */
static void add_means(vg_str *t, const vg_json *summary) {
  bool any = false;
  for (const vg_json *g = vg_json_first(vg_json_get(summary, "metrics")); g; g = vg_json_next(g)) {
    const double mean = vg_json_number(vg_json_get(g, "mean"), NAN);
    if (!isfinite(mean)) continue;
    if (!any)
      vg_str_add(
          t,
          "| series | region | metric | mean | 95 % interval | n |\n| --- | --- | --- | --- | --- | --- |\n");
    any = true;
    const char *series = vg_json_string(vg_json_get(g, "series"), "");
    vg_str_addf(t, "| %s | %s | %s | %.4g | %.4g to %.4g | %.0f |\n", series,
                vg_json_string(vg_json_get(g, "region"), ""), vg_json_string(vg_json_get(g, "metric"), ""),
                mean, vg_json_number(vg_json_get(g, "ci_low"), NAN),
                vg_json_number(vg_json_get(g, "ci_high"), NAN), vg_json_number(vg_json_get(g, "n"), 0));
  }
  if (any) vg_str_add(t, "\n");
}

/* Distances between the data set and the real one. */
static void add_distances(vg_str *t, const vg_json *summary) {
  bool any = false;
  for (const vg_json *s = vg_json_first(vg_json_get(summary, "sets")); s; s = vg_json_next(s)) {
    const double value = vg_json_number(vg_json_get(s, "value"), NAN);
    if (!isfinite(value)) continue;
    if (!any) vg_str_add(t, "| space | distance | value |\n| --- | --- | --- |\n");
    any = true;
    vg_str_addf(t, "| %s | %s | %.4g |\n", vg_json_string(vg_json_get(s, "space"), ""),
                vg_json_string(vg_json_get(s, "metric"), ""), value);
  }
  if (any) vg_str_add(t, "\n");
}

static void add_verdicts(vg_str *t, const vg_json *summary) {
  for (const vg_json *v = vg_json_first(vg_json_get(summary, "verdicts")); v; v = vg_json_next(v))
    vg_str_addf(t, "- **%s, %s**: %s. %s\n", vg_json_string(vg_json_get(v, "suite"), ""),
                vg_json_string(vg_json_get(v, "check"), ""), vg_json_string(vg_json_get(v, "verdict"), ""),
                vg_json_string(vg_json_get(v, "text"), ""));
}

static vg_status add_scores(vg_str *t, const char *scores) {
  vg_json *summary = NULL;
  vg_str_add(t, "\n## Scores and privacy\n\n");
  if (!scores) {
    vg_str_add(
        t, "Not evaluated. `voxgan eval --suite all --real REAL --synth THIS --out SCORES` compares it with "
           "real cases and "
           "checks what it reveals; `voxgan synth --finish THIS --scores SCORES` adds the result here.\n");
    return VG_OK;
  }
  char *path = vg_fs_join(scores, "summary.json");
  vg_status st = path ? vg_json_read(path, &summary) : VG_MEMORY;
  if (!st && strcmp(vg_json_string(vg_json_get(summary, "kind"), ""), EVALUATION) != 0)
    st = vg_fail(VG_DATA, "%s: not the summary of a voxgan evaluation", path);
  if (!st) add_means(t, summary);
  if (!st) add_distances(t, summary);
  if (!st) add_verdicts(t, summary);
  if (!st && !vg_json_first(vg_json_get(summary, "verdicts")))
    vg_str_add(t, "Privacy was not checked (`voxgan eval --suite privacy`).\n");
  vg_json_free(summary);
  vg_free(path);
  return st;
}

static void add_limits(vg_str *t, const vg_output *out, bool images) {
  vg_str_add(t, "\n## Limits\n\n");
  if (out->set.real)
    vg_str_add(t, "The images are scans of persons: their licence and consent hold here too.\n");
  else if (images)
    vg_str_add(t, "The images are synthetic. Findings in them describe no person, and they are no basis for "
                  "a diagnosis.\nA "
                  "model can remember scans that it was trained on.\n");
  if (!out->set.real)
    vg_str_add(
        t,
        "A label map that no edit changed shows a person's anatomy and tumour; an edited one keeps what the "
        "edits leave,\nand a grafted tumour has its donor's shape.\nValidate and test on real cases alone, "
        "and "
        "never on a person from whom a case or the model was made.\n");
  if (!out->set.real && !out->unmarked)
    vg_str_add(
        t,
        "The header of a synthetic NIfTI file says so: its `descrip` begins with \"synthetic: voxgan\".\n");
}

vg_status vg_card_write(const vg_output *out, size_t n, const char *scores) {
  vg_str t = VG_STR_INIT;
  vg_json *about = NULL;
  char *from = vg_fs_join(out->root, "dataset_description.json"), *to = vg_fs_join(out->root, VG_CARD);
  vg_status st = from && to ? vg_json_read(from, &about) : VG_MEMORY;
  if (!st) {
    add_content(&t, out, about, n);
    add_limits(&t, out, out->set.series.n > 0);
    st = add_scores(&t, scores);
  }
  if (!st) st = vg_str_failed(&t) ? VG_MEMORY : vg_fs_write_atomic(to, vg_str_text(&t), t.len);
  vg_json_free(about);
  vg_free(from);
  vg_free(to);
  vg_str_release(&t);
  return st;
}
