/* produce_set.c: the files that belong to a data set as a whole. */
#include "output/produce_set.h"
#include "output/case_maker.h"
#include "study/study_json.h"

#include <stdio.h>
#include <string.h>

#include "output/card.h"
#include "output/sheet/contact_sheet.h"
#include "voxgan/log.h"
#include "voxgan/output.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/file/path_part.h"
#include "base/text/plural.h"
#include "voxgan/config.h"
#include "voxgan/version.h"

#define DESCRIPTION "dataset_description.json"
#define CLOSED ".voxgan/closed"
#define DEFAULT_TITLE "synthetic brain MRI"

/* ---- description ---- */

static void put_scheme(vg_json *to, const char *key, const vg_scheme *s) {
  if (s->n) vg_json_put_string_take(to, key, vg_scheme_text(s));
}

static void put_classes(vg_json *to, const vg_classes *classes) {
  vg_json *list = vg_json_put_take(to, "classes", vg_json_object());
  for (int k = 0; k < classes->n; k++)
    vg_json_put_string(list, classes->names[k], vg_role_name(classes->roles[k]));
}

static void put_images(vg_json *to, const vg_case_maker *maker) {
  vg_json_put_string(to, "model_sha256", maker->model_sha256);
  vg_json_put_string(to, "window", maker->window);
  if (maker->draws && *maker->draws) vg_json_put_string(to, "draws", maker->draws);
  if (maker->cleaning && *maker->cleaning) vg_json_put_string(to, "cleaning", maker->cleaning);
  if (maker->probability) vg_json_put_bool(to, "probabilities", true);
  vg_json *ranges = vg_json_put_take(to, "ranges", vg_json_object());
  /* Scans without the skull keep their intensities. */
  for (int k = 0; k < maker->series.n && !maker->maps; k++) {
    vg_json *range = vg_json_put_take(ranges, maker->series.names[k], vg_json_object());
    vg_json_put_number(range, "lo", maker->ranges[k].lo);
    vg_json_put_number(range, "hi", maker->ranges[k].hi);
    vg_json_put_number(range, "background", maker->ranges[k].background);
  }
}

/* The description contains only a hash of the study, because plans name folders of the user. The study names
 * its hosts, so a plain hash would let ids be guessed: in an anonymous data set it is keyed. */
static vg_status hash_study(const vg_study *study, const vg_secret *secret, char hex[VG_HASH_LEN]) {
  vg_json *j = vg_study_to_json(study);
  vg_json_put_bool(j, "anonymous", secret != NULL);
  char *text = vg_json_print(j, false);
  vg_json_free(j);
  if (!text) return VG_MEMORY;
  if (secret)
    vg_secret_hash(secret, text, hex);
  else
    vg_hash(text, strlen(text), hex);
  vg_free(text);
  return VG_OK;
}

/* The part of the description that says what is in the data set; its name and authors may be edited. */
static vg_status identify(const vg_json *voxgan, char hash[VG_HASH_LEN]) {
  char *text = vg_json_print(voxgan, false);
  if (!text) return VG_MEMORY;
  vg_hash(text, strlen(text), hash);
  vg_free(text);
  return VG_OK;
}

vg_status vg_output_describe(vg_output *out, const vg_study *study, const vg_case_maker *maker,
                             vg_json **made) {
  char hash[VG_HASH_LEN];
  vg_status st = hash_study(study, out->secret, hash);
  if (st) return st;
  vg_json *d = vg_json_object();
  vg_json_put_string(d, "Name", *out->title ? out->title : DEFAULT_TITLE);
  vg_json_put_string(d, "BIDSVersion", "1.9.0");
  vg_json_put_string(d, "DatasetType", "derivative");
  if (out->set.licence) vg_json_put_string(d, "License", out->set.licence);
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
  vg_clusters clusters;
  if (vg_classes_clusters(&out->set.classes, &clusters))
    vg_json_put_string(
        v, "anatomy",
        "clusters of the intensities of each source's own scan: they copy the anatomy of that person");
  if (vg_classes_parts(vg_study_class_set(study), &clusters))
    vg_json_put_string(
        v, "tumours",
        maker && maker->redraws_parts
            ? "made from parts that were drawn again: they copy the amounts of dark and bright tissue "
              "in each source's own tumour, but not where it lies, except in tumours of a few voxels"
            : "made from parts by the intensities of each source's own tumour: they copy its structure");
  vg_json_put_string(v, "format", out->format_name);
  vg_json_put_string(v, "study_sha256", hash);
  if (out->secret) {
    char marker[VG_HASH_LEN];
    vg_secret_marker(out->secret, marker);
    vg_json_put_bool(v, "anonymous", true);
    vg_json_put_string(v, "key_hmac", marker);
  }
  vg_json_put_number(v, "cases", (double)out->cases);
  vg_json *series = vg_json_put_take(v, "series", vg_json_array());
  for (int k = 0; k < out->set.series.n; k++) vg_json_put_string(series, NULL, out->set.series.names[k]);
  if (out->set.real) vg_json_put_bool(v, "real", true);
  if (out->unmarked) vg_json_put_bool(v, "unmarked", true);
  if (maker && !maker->real) put_images(v, maker);
  put_classes(v, &out->set.classes);
  put_scheme(v, "tumour_labels", &out->set.tumour);
  put_scheme(v, "anatomy_labels", &out->set.anatomy);
  *made = d;
  return d ? identify(v, out->study) : VG_MEMORY;
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
  if ((st = identify(v, out->study))) goto out;
  const char *title = vg_json_string(vg_json_get(d, "Name"), "");
  if (strcmp(title, DEFAULT_TITLE) != 0) snprintf(out->title, sizeof out->title, "%s", title);
  out->set.name = *out->title ? out->title : NULL;
  snprintf(out->licence, sizeof out->licence, "%s", vg_json_string(vg_json_get(d, "License"), ""));
  out->set.licence = *out->licence ? out->licence : NULL;
  out->unmarked = vg_json_bool(vg_json_get(v, "unmarked"), false);
  for (const vg_json *s = vg_json_first(vg_json_get(v, "series")); s && out->set.series.n < VG_SERIES_MAX;
       s = vg_json_next(s))
    snprintf(out->set.series.names[out->set.series.n++], VG_SERIES_NAME, "%s", vg_json_string(s, ""));
  for (int k = 0; k < out->set.series.n && !st; k++)
    st = vg_path_part(VG_DATA, path, "series", out->set.series.names[k]);
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
  const bool named = (tumour || !out->set.tumour.n) && (anatomy || !out->set.anatomy.n);
  vg_status st = from && named ? vg_dataset_add(&ds, from, out->format->layout, tumour, anatomy) : VG_MEMORY;
  if (!st && images) st = vg_dataset_add_series(&ds, images);
  if (!st) st = vg_contact_sheet(&ds, &o, out->root, &pages);
  if (!st)
    vg_info("contact %s: %s/contact-sheet-01.png%s", vg_plural((size_t)pages, "sheet", "sheets"), out->root,
            pages > 1 ? ", ..." : "");
  vg_free(tumour);
  vg_free(anatomy);
  vg_free(from);
  vg_dataset_release(&ds);
  return st;
}

/* What ROOT/.voxgan/closed says: so many cases, this many on sheets, and the manifest as it is. VG_IO without
 * one. */
static vg_status closing_text(const vg_output *out, size_t cases, int sheet, char text[256]) {
  char hash[VG_HASH_LEN], *manifest = vg_fs_join(out->root, "manifest.csv");
  vg_status st = manifest ? vg_hash_file(manifest, hash) : VG_MEMORY;
  if (!st) snprintf(text, 256, "cases %zu sheet %d manifest %s\n", cases, sheet, hash);
  vg_free(manifest);
  return st;
}

static bool is_closed(const vg_output *out, size_t cases, int sheet) {
  char text[256];
  void *was = NULL;
  size_t len;
  char *path = vg_fs_join(out->root, CLOSED);
  const bool closed = path && !vg_fs_read_optional(path, &was, &len) && was &&
                      !closing_text(out, cases, sheet, text) && !strcmp(was, text);
  vg_free(was);
  vg_free(path);
  vg_error_clear();
  return closed;
}

vg_status vg_output_close(const vg_output *out, int sheet, const vg_dataset *images, const char *scores,
                          bool waited) {
  char **ids = NULL, text[256], *path = vg_fs_join(out->root, CLOSED);
  size_t n = 0;
  vg_status st = path ? vg_record_list(out->root, &ids, &n) : VG_MEMORY;
  if (st || (waited && is_closed(out, n, sheet))) goto out;
  st = vg_output_reopen(out->root);
  if (!st) st = vg_manifest_write(out->root);
  if (!st && out->format->finish) st = out->format->finish(&out->set, out->root, (const char *const *)ids, n);
  if (!st) st = vg_card_write(out, n, scores);
  if (!st && sheet > 0) st = draw_sheets(out, sheet, images);
  if (!st) st = closing_text(out, n, sheet, text);
  if (!st) st = vg_fs_write_atomic(path, text, strlen(text));
out:
  vg_strv_free(ids);
  vg_free(path);
  return st;
}

/* The first case whose record, or whose failure, is not of this study. VG_DATA names it. */
static vg_status check_studies(const vg_output *out, char *const *made, char *const *failed, bool old_too) {
  vg_status st = VG_OK;
  for (size_t i = 0; made && made[i] && !st; i++) {
    vg_record r = {0};
    st = vg_record_read(out->root, made[i], &r);
    if (!st && strcmp(r.study, out->study) != 0 && (old_too || *r.study))
      st = vg_fail(VG_DATA, "%s: case %s was made by another study; run its shard again", out->root, made[i]);
    vg_record_release(&r);
  }
  for (size_t i = 0; failed && failed[i] && !st; i++) {
    char *reason = vg_failure_read(out->root, failed[i], out->study);
    if (!reason)
      st = vg_fail(VG_DATA, "%s: case %s failed in another study; run its shard again", out->root, failed[i]);
    vg_free(reason);
  }
  return st;
}

/* While a closed data set is made again, it has records that its manifest does not list. */
static vg_status check_records(const char *root, size_t cases) {
  vg_output out;
  char **made = NULL;
  size_t n = 0;
  char *path = vg_fs_join(root, DESCRIPTION);
  bool described = false;
  vg_status st = path ? vg_fs_exists(path, &described) : VG_MEMORY;
  vg_free(path);
  if (st || !described) return st;
  if ((st = vg_record_list(root, &made, &n)) || !n) goto out;
  if ((st = vg_output_read(root, &out))) goto out;
  st = check_studies(&out, made, NULL, false);
  if (!st && n != cases)
    st = vg_fail(VG_DATA, "%s: its manifest lists %zu %s, and it has records of %zu; run its command again",
                 root, cases, vg_plural(cases, "case", "cases"), n);
out:
  vg_strv_free(made);
  return st;
}

vg_status vg_produce_verify(const char *root) {
  vg_manifest_report report = {0};
  vg_status st = vg_manifest_verify(root, &report);
  size_t faults = report.missing + report.altered + report.not_listed;
  for (size_t i = 0; i < faults && report.lines; i++) vg_warn("%s", report.lines[i]);
  if (!st) st = check_records(root, report.cases);
  if (!st)
    printf("%s: %zu %s, %zu %s, all as the manifest says\n", root, report.cases,
           vg_plural(report.cases, "case", "cases"), report.files, vg_plural(report.files, "file", "files"));
  vg_manifest_report_release(&report);
  return st;
}

vg_status vg_produce_finish(const char *root, int sheet, const char *scores) {
  vg_output out;
  vg_lock work = {.fd = -1};
  bool waited;
  char **made = NULL, **failed = NULL;
  size_t n_made = 0, n_failed = 0;
  vg_status st = vg_output_read(root, &out), partly = VG_OK;
  if (!st) st = vg_output_end_work(root, &work, &waited);
  if (!st) st = vg_output_read(root, &out); /* as it is now */
  if (!st) st = vg_record_list(root, &made, &n_made);
  if (!st) st = vg_failure_list(root, &failed, &n_failed);
  if (st) goto out;
  if (n_made + n_failed < out.cases)
    st = vg_fail(VG_FAILED, "%s: %zu of %zu %s %s missing; run their shards again, then --finish", root,
                 out.cases - n_made - n_failed, out.cases, vg_plural(out.cases, "case", "cases"),
                 vg_plural(out.cases - n_made - n_failed, "is", "are"));
  else if (n_made + n_failed > out.cases)
    st = vg_fail(VG_DATA, "%s: has %zu %s, but its study only %zu; it still contains an earlier data set",
                 root, n_made + n_failed, vg_plural(n_made + n_failed, "case", "cases"), out.cases);
  if (!st) st = check_studies(&out, made, failed, true);
  if (st) goto out;
  for (size_t i = 0; i < n_failed; i++) {
    char *reason = vg_failure_read(root, failed[i], out.study);
    vg_warn("case %s", reason ? reason : failed[i]);
    vg_free(reason);
  }
  if (!n_made) {
    st = vg_fail(VG_FAILED, "%s: none of its %zu %s could be made", root, out.cases,
                 vg_plural(out.cases, "case", "cases"));
    goto out;
  }
  st = vg_output_close(&out, sheet, NULL, scores, false);
  if (!st) st = vg_produce_verify(root);
  if (!st && n_failed)
    partly = vg_fail(VG_FAILED, "%s: %zu of %zu %s could not be made; the others are finished", root,
                     n_failed, out.cases, vg_plural(out.cases, "case", "cases"));
out:
  vg_lock_release(&work);
  vg_strv_free(made);
  vg_strv_free(failed);
  return st ? st : partly;
}
