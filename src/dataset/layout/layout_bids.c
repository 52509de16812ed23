/* layout_bids.c: the names of the Brain Imaging Data Structure for anatomical scans and their segmentations.
 *
 * A `_dseg` is an anatomy map, unless its seg-, label- or desc- entity contains tumour or lesion. Images
 * below derivatives/ and sourcedata/ are ignored, because they repeat the scans in other spaces.
 * Segmentations belong there and count, unless they are in another space (space-). Lookup tables *dseg.tsv
 * give the meaning of label values (bids_tables.c); without one, values are those of the standard. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "dataset/layout.h"
#include "voxgan/volume.h"
#include "base/str.h"

static const struct {
  const char *suffix, *series;
} series_names[] = {
    {"T1w", "t1"}, {"T2w", "t2"}, {"FLAIR", "flair"}, {VG_SERIES_SCAN, VG_SERIES_SCAN} /* not of BIDS */
};

static bool below(const char *path, const char *folder) {
  size_t n = strlen(folder);
  for (const char *p = path; (p = strstr(p, folder)); p += n)
    if ((p == path || p[-1] == '/') && p[n] == '/') return true;
  return false;
}

static bool classify(const vg_source *source, const char *path, vg_file_role *out) {
  (void)source;
  memset(out, 0, sizeof *out);
  char stem[256];
  if (!vg_volume_is_path(path) || !vg_volume_stem(path, stem, sizeof stem)) return false;
  char *suffix = strrchr(stem, '_');
  if (!suffix || !vg_starts_with(stem, "sub-")) return false;
  *suffix++ = '\0';

  bool contrast = false, tumour = false, other_space = false;
  const char *session = NULL;
  char *rest = NULL;
  for (char *e = strtok_r(stem, "_", &rest); e; e = strtok_r(NULL, "_", &rest)) {
    if (e == stem)
      snprintf(out->person, sizeof out->person, "%.*s", (int)sizeof out->person - 1, e);
    else if (vg_starts_with(e, "ses-"))
      session = e;
    else if (vg_starts_with(e, "ce-"))
      contrast = true;
    else if (vg_starts_with(e, "space-"))
      other_space = true;
    else
      tumour |= vg_bids_says_tumour(e);
  }
  if (other_space && strcmp(suffix, "dseg") == 0) return false;
  int n =
      snprintf(out->id, sizeof out->id, "%s%s%s", out->person, session ? "_" : "", session ? session : "");
  if (n < 0 || (size_t)n >= sizeof out->id || strlen(out->person) <= 4) return false;

  if (strcmp(suffix, "dseg") == 0) {
    out->kind = tumour ? VG_FILE_TUMOUR : VG_FILE_ANATOMY;
    return true;
  }
  if (below(path, "derivatives") || below(path, "sourcedata")) return false;
  for (size_t i = 0; i < sizeof series_names / sizeof series_names[0]; i++) {
    if (strcmp(suffix, series_names[i].suffix) != 0) continue;
    out->kind = VG_FILE_SERIES;
    strcpy(out->series, contrast && i == 0 ? "t1c" : series_names[i].series);
    return !contrast || i == 0;
  }
  return false;
}

/* BIDS labels contain only letters and digits, so an id of another layout loses its punctuation. */
vg_status vg_bids_id(const char *wanted, char *subject, char *session, size_t size) {
  const char *id = wanted, *ses = NULL;
  session[0] = '\0';
  if (vg_starts_with(id, "sub-")) {
    id += 4;
    ses = strstr(id, "_ses-");
  }
  size_t n = 0;
  for (const char *p = id; *p && p != ses && n + 1 < size; p++)
    if (isalnum((unsigned char)*p)) subject[n++] = *p;
  subject[n] = '\0';
  n = 0;
  for (const char *p = ses ? ses + 5 : ""; *p && n + 1 < size; p++)
    if (isalnum((unsigned char)*p)) session[n++] = *p;
  session[n] = '\0';
  if (!*subject) return vg_fail(VG_CONFIG, "'%s' has no letter or digit for a BIDS subject label", wanted);
  return VG_OK;
}

static vg_status name_file(const char *id, vg_file_kind kind, const char *series, char *buf, size_t size) {
  char subject[128], session[128];
  vg_status st = vg_bids_id(id, subject, session, sizeof subject);
  if (st) return st;
  const char *tail = NULL;
  if (kind == VG_FILE_ANATOMY)
    tail = "dseg";
  else if (kind == VG_FILE_TUMOUR)
    tail = "seg-tumour_dseg";
  else if (series && strcmp(series, "t1c") == 0)
    tail = "ce-gadolinium_T1w";
  else
    for (size_t i = 0; i < sizeof series_names / sizeof series_names[0]; i++)
      if (series && strcmp(series_names[i].series, series) == 0) tail = series_names[i].suffix;
  if (!tail)
    return vg_fail(VG_CONFIG, "%s: layout bids has no name for series '%s' (t1, t1c, t2, flair)", id,
                   series ? series : "");
  const char *s1 = *session ? "/ses-" : "", *s2 = *session ? "_ses-" : "";
  int n = snprintf(buf, size, "sub-%s%s%s/anat/sub-%s%s%s_%s.nii.gz", subject, s1, session, subject, s2,
                   session, tail);
  if (n < 0 || (size_t)n >= size) return vg_fail(VG_CONFIG, "%s: the id is too long for a path", id);
  return VG_OK;
}

static vg_status open_root(vg_source *source, char *const *files, size_t n) {
  return vg_bids_tables_apply(&vg_layout_bids, source, files, n);
}

static size_t score(const char *root, char *const *files, size_t n, char *reason, size_t size) {
  (void)root, (void)reason, (void)size;
  return vg_layout_count(&vg_layout_bids, files, n);
}

const vg_layout vg_layout_bids = {.tumour_scheme = "brats",
                                  .anatomy_scheme = "bids",
                                  .classify = classify,
                                  .path = name_file,
                                  .open = open_root,
                                  .score = score,
                                  .any_name = true};
