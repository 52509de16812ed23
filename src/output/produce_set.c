/* produce_set.c: the files that belong to a data set as a whole. */
#include "output/produce_set.h"
#include "output/case_maker.h"
#include "study/study_json.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "output/contact_sheet.h"
#include "voxgan/log.h"
#include "voxgan/manifest.h"
#include "base/mem.h"
#include "base/str.h"
#include "voxgan/version.h"

#define DESCRIPTION "dataset_description.json"
#define DEFAULT_TITLE "synthetic brain MRI"

/* ---- description ---- */

static void put_scheme(vg_json *to, const char *key, const vg_scheme *s) {
  char *text = s->n ? vg_scheme_text(s) : NULL;
  if (text) vg_json_put_string(to, key, text);
  vg_free(text);
}

static void put_classes(vg_json *to, const vg_classes *classes) {
  vg_json *list = vg_json_put_take(to, "classes", vg_json_object());
  for (int k = 0; k < classes->n; k++)
    vg_json_put_string(list, classes->names[k], vg_role_name(classes->roles[k]));
}

static void put_images(vg_json *to, const vg_case_maker *maker) {
  vg_json_put_string(to, "model_sha256", maker->model_sha256);
  vg_json_put_string(to, "window", maker->window);
  if (maker->cleaning && *maker->cleaning) vg_json_put_string(to, "cleaning", maker->cleaning);
  if (maker->probability) vg_json_put_bool(to, "probabilities", true);
  vg_json *ranges = vg_json_put_take(to, "ranges", vg_json_object());
  for (int k = 0; k < maker->series.n; k++) {
    vg_json *range = vg_json_put_take(ranges, maker->series.names[k], vg_json_object());
    vg_json_put_number(range, "lo", maker->ranges[k].lo);
    vg_json_put_number(range, "hi", maker->ranges[k].hi);
    vg_json_put_number(range, "background", maker->ranges[k].background);
  }
}

/* The description contains only a hash of the study, because plans name folders of the user. */
static vg_status hash_study(const vg_study *study, const vg_produce_options *o, char hex[VG_HASH_LEN]) {
  vg_json *j = vg_study_to_json(study);
  vg_json_put_bool(j, "anonymous", o->anonymous != NULL);
  char *text = vg_json_print(j, false);
  vg_json_free(j);
  if (!text) return VG_MEMORY;
  vg_hash(text, strlen(text), hex);
  vg_free(text);
  return VG_OK;
}

static vg_status describe(const vg_output *out, const vg_study *study, const vg_produce_options *o,
                          const vg_case_maker *maker, vg_json **made) {
  char hash[VG_HASH_LEN];
  vg_status st = hash_study(study, o, hash);
  if (st) return st;
  vg_json *d = vg_json_object();
  vg_json_put_string(d, "Name", *out->title ? out->title : DEFAULT_TITLE);
  vg_json_put_string(d, "BIDSVersion", "1.9.0");
  vg_json_put_string(d, "DatasetType", "derivative");
  vg_json *by = vg_json_put_take(vg_json_put_take(d, "GeneratedBy", vg_json_array()), NULL, vg_json_object());
  vg_json_put_string(by, "Name", "voxgan");
  vg_json_put_string(by, "Version", vg_version());
  vg_json_put_string(by, "Description",
                     !maker        ? "label maps, edited by program"
                     : maker->maps ? "label maps that a model found in images"
                     : out->set.real
                         ? "images as they were, with label maps joined by program"
                         : "images made by a conditional GAN from label maps; they show no real person");
  vg_json *v = vg_json_put_take(d, "voxgan", vg_json_object());
  vg_json_put_string(v, "format", out->format_name);
  vg_json_put_string(v, "study_sha256", hash);
  vg_json_put_number(v, "cases", (double)out->cases);
  vg_json *series = vg_json_put_take(v, "series", vg_json_array());
  for (int k = 0; k < out->set.series.n; k++) vg_json_put_string(series, NULL, out->set.series.names[k]);
  if (out->set.real) vg_json_put_bool(v, "real", true);
  if (maker && !maker->real) put_images(v, maker);
  put_classes(v, &out->set.classes);
  put_scheme(v, "tumour_labels", &out->set.tumour);
  put_scheme(v, "anatomy_labels", &out->set.anatomy);
  *made = d;
  return d ? VG_OK : VG_MEMORY;
}

vg_status vg_output_claim(const vg_output *out, const vg_study *study, const vg_produce_options *o,
                          const vg_case_maker *maker) {
  vg_json *mine = NULL, *there = NULL;
  char *path = vg_fs_join(out->root, DESCRIPTION), *a = NULL, *b = NULL;
  vg_status st = path ? describe(out, study, o, maker, &mine) : VG_MEMORY;
  bool same = false, exists = false;
  if (!st) st = vg_fs_exists(path, &exists);
  if (!st && exists) {
    st = vg_json_read(path, &there);
    a = vg_json_print(mine, false);
    b = vg_json_print(there, false);
    same = !st && a && b && !strcmp(a, b);
    if (!st && !same && !o->overwrite)
      st = vg_fail(VG_USAGE,
                   "%s: holds a data set of another study, model or settings; --overwrite replaces it",
                   out->root);
    if (st == VG_DATA && o->overwrite) st = VG_OK; /* damaged: there is nothing to compare with */
  }
  if (!st && !same) st = vg_json_write(path, mine);
  vg_free(a);
  vg_free(b);
  vg_free(path);
  vg_json_free(mine);
  vg_json_free(there);
  return st;
}

vg_status vg_output_read(const char *root, vg_output *out) {
  memset(out, 0, sizeof *out);
  snprintf(out->root, sizeof out->root, "%s", root);
  char *path = vg_fs_join(root, DESCRIPTION);
  vg_json *d = NULL;
  bool exists = false;
  vg_status st = path ? vg_fs_exists(path, &exists) : VG_MEMORY;
  if (!st && !exists) st = vg_fail(VG_DATA, "%s: no " DESCRIPTION " in it", root);
  if (!st) st = vg_json_read(path, &d);
  const vg_json *v = vg_json_get(d, "voxgan");
  if (!st && !v) st = vg_fail(VG_DATA, "%s: not made by voxgan", path);
  if (st) goto out;
  snprintf(out->format_name, sizeof out->format_name, "%s", vg_json_string(vg_json_get(v, "format"), ""));
  out->format = vg_dataset_format_find(out->format_name);
  int64_t cases = 0;
  if ((st = vg_json_i64(v, "cases", 1, 1000000000000, &cases))) {
    st = vg_fail_in(st, "%s: its section voxgan", path);
    goto out;
  }
  out->cases = (size_t)cases;
  out->set.real = vg_json_bool(vg_json_get(v, "real"), false);
  const char *title = vg_json_string(vg_json_get(d, "Name"), "");
  if (strcmp(title, DEFAULT_TITLE) != 0) snprintf(out->title, sizeof out->title, "%s", title);
  out->set.name = *out->title ? out->title : NULL;
  for (const vg_json *s = vg_json_first(vg_json_get(v, "series")); s && out->set.series.n < VG_SERIES_MAX;
       s = vg_json_next(s))
    snprintf(out->set.series.names[out->set.series.n++], VG_SERIES_NAME, "%s", vg_json_string(s, ""));
  for (const vg_json *c = vg_json_first(vg_json_get(v, "classes")); c && !st; c = vg_json_next(c))
    st = vg_classes_add_name(&out->set.classes, vg_json_key(c),
                             !strcmp(vg_json_string(c, ""), "tumour") ? VG_ROLE_TUMOUR : VG_ROLE_ANATOMY);
  const char *tumour = vg_json_string(vg_json_get(v, "tumour_labels"), NULL);
  const char *anatomy = vg_json_string(vg_json_get(v, "anatomy_labels"), NULL);
  if (!st && tumour) st = vg_scheme_parse(tumour, &out->set.tumour);
  if (!st && anatomy) st = vg_scheme_parse(anatomy, &out->set.anatomy);
  if (!st && !out->format) st = vg_fail(VG_DATA, "%s: its section voxgan is incomplete", path);
  if (st) st = vg_fail(VG_DATA, "%s", vg_error());
out:
  vg_json_free(d);
  vg_free(path);
  return st;
}

/* ---- failures ---- */

static char *failure_path(const char *root, const char *id) {
  return vg_format("%s/.voxgan/failed/%s.txt", root, id);
}

vg_status vg_failure_write(const char *root, const char *id, const char *reason) {
  char *path = failure_path(root, id), *dir = path ? vg_fs_dirname(path) : NULL;
  vg_status st = dir ? vg_fs_make_dirs(dir) : VG_MEMORY;
  if (!st) st = vg_fs_write_atomic(path, reason, strlen(reason));
  vg_free(dir);
  vg_free(path);
  return st;
}

vg_status vg_failure_remove(const char *root, const char *id) {
  char *path = failure_path(root, id);
  vg_status st = path ? vg_fs_remove(path) : VG_MEMORY;
  vg_free(path);
  return st;
}

char *vg_failure_read(const char *root, const char *id) {
  char *path = failure_path(root, id);
  void *bytes = NULL;
  size_t len;
  if (path && vg_fs_read_optional(path, &bytes, &len)) bytes = NULL;
  vg_free(path);
  return bytes;
}

vg_status vg_failure_list(const char *root, char ***ids, size_t *n) {
  char *dir = vg_format("%s/.voxgan/failed", root);
  *ids = NULL;
  *n = 0;
  vg_status st = dir ? vg_fs_walk_optional(dir, ids, n) : VG_MEMORY;
  for (size_t i = 0; i < *n && !st; i++)
    if (vg_ends_with((*ids)[i], ".txt")) (*ids)[i][strlen((*ids)[i]) - 4] = '\0';
  vg_free(dir);
  return st;
}

/* ---- leftovers of killed writers ---- */

static vg_status sweep_below(const char *root, const char *below, bool (*mine)(const void *, const char *),
                             const void *arg) {
  char *dir = vg_fs_join(root, below), **files = NULL;
  size_t n = 0;
  vg_status st = dir ? vg_fs_walk_optional(dir, &files, &n) : VG_MEMORY;
  for (size_t i = 0; i < n && !st; i++) {
    size_t len = vg_fs_partial(files[i]);
    if (!len) continue;
    char *whole = vg_fs_join(dir, files[i]);
    files[i][len] = '\0';
    char *target = *below ? vg_fs_join(below, files[i]) : vg_strdup(files[i]);
    if (!whole || !target) st = VG_MEMORY;
    if (!st && mine(arg, target)) {
      vg_debug("%s: left by a writer that was stopped; removed", whole);
      st = vg_fs_remove(whole);
    }
    vg_free(whole);
    vg_free(target);
  }
  vg_strv_free(files);
  vg_free(dir);
  return st;
}

vg_status vg_output_sweep(const char *root, bool (*mine)(const void *arg, const char *path),
                          const void *arg) {
  vg_status st = sweep_below(root, "", mine, arg);
  return st ? st : sweep_below(root, ".voxgan", mine, arg); /* a walk skips hidden folders */
}

/* ---- closing ---- */

static vg_status draw_sheets(const vg_output *out, int sheet, const vg_dataset *images) {
  vg_dataset ds = {0};
  vg_contact_sheet_options o = {.title = *out->title ? out->title : DEFAULT_TITLE, .most = sheet};
  char *tumour = out->set.tumour.n ? vg_scheme_text(&out->set.tumour) : NULL;
  char *anatomy = out->set.anatomy.n ? vg_scheme_text(&out->set.anatomy) : NULL;
  int pages;
  /* A layout that reads one file reads the manifest. */
  const vg_layout *layout = vg_layout_find(out->format->layout);
  char *from = layout && layout->suffix ? vg_fs_join(out->root, VG_MANIFEST) : vg_strdup(out->root);
  vg_status st = from ? vg_dataset_add(&ds, from, out->format->layout, tumour, anatomy) : VG_MEMORY;
  if (!st && images) st = vg_dataset_add_series(&ds, images);
  if (!st) st = vg_contact_sheet(&ds, &o, out->root, &pages);
  if (!st)
    vg_info("contact sheet%s: %s/contact-sheet-01.png%s", pages > 1 ? "s" : "", out->root,
            pages > 1 ? ", ..." : "");
  vg_free(tumour);
  vg_free(anatomy);
  vg_free(from);
  vg_dataset_release(&ds);
  return st;
}

vg_status vg_output_close(const vg_output *out, int sheet, const vg_dataset *images) {
  char **ids = NULL;
  size_t n = 0;
  vg_status st = vg_record_list(out->root, &ids, &n);
  if (!st) st = vg_manifest_write(out->root);
  if (!st && out->format->finish) st = out->format->finish(&out->set, out->root, (const char *const *)ids, n);
  if (!st && sheet > 0) st = draw_sheets(out, sheet, images);
  vg_strv_free(ids);
  return st;
}

vg_status vg_produce_verify(const char *root) {
  vg_manifest_report report = {0};
  vg_status st = vg_manifest_verify(root, &report);
  size_t faults = report.missing + report.altered + report.not_listed;
  for (size_t i = 0; i < faults && report.lines; i++) vg_warn("%s", report.lines[i]);
  if (!st) printf("%s: %zu cases, %zu files, all as the manifest says\n", root, report.cases, report.files);
  vg_manifest_report_release(&report);
  return st;
}

vg_status vg_produce_finish(const char *root, int sheet) {
  vg_output out;
  char **made = NULL, **failed = NULL;
  size_t n_made = 0, n_failed = 0;
  vg_status st = vg_output_read(root, &out), partly = VG_OK;
  if (!st) st = vg_record_list(root, &made, &n_made);
  if (!st) st = vg_failure_list(root, &failed, &n_failed);
  if (st) goto out;
  if (n_made + n_failed < out.cases)
    st = vg_fail(VG_FAILED, "%s: %zu of %zu cases are missing; run their shards again, then --finish", root,
                 out.cases - n_made - n_failed, out.cases);
  else if (n_made + n_failed > out.cases)
    st = vg_fail(VG_DATA, "%s: has %zu cases, but its study only %zu; it still contains an earlier data set",
                 root, n_made + n_failed, out.cases);
  if (st) goto out;
  for (size_t i = 0; i < n_failed; i++) {
    char *reason = vg_failure_read(root, failed[i]);
    vg_warn("case %s", reason ? reason : failed[i]);
    vg_free(reason);
  }
  if (!n_made) {
    st = vg_fail(VG_FAILED, "%s: none of its %zu cases could be made", root, out.cases);
    goto out;
  }
  st = vg_output_close(&out, sheet, NULL);
  if (!st) st = vg_produce_verify(root);
  if (!st && n_failed)
    partly = vg_fail(VG_FAILED, "%s: %zu of %zu cases could not be made; the others are finished", root,
                     n_failed, out.cases);
out:
  vg_strv_free(made);
  vg_strv_free(failed);
  return st ? st : partly;
}
