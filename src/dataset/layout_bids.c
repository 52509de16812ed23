/* layout_bids.c: the names of the Brain Imaging Data Structure for anatomical scans and their segmentations.
 *
 * A `_dseg` is an anatomy map, unless its seg-, label- or desc- entity contains tumour or lesion. Images
 * below derivatives/ and sourcedata/ are ignored, because they repeat the scans in other spaces.
 * Segmentations belong there and count, unless they are in another space (space-). A lookup table *dseg.tsv
 * beside the subjects' folders gives the meaning of label values. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dataset/layout.h"
#include "base/fs.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "voxgan/volume.h"
#include "base/str.h"

static const struct {
  const char *suffix, *series;
} series_names[] = {{"T1w", "t1"}, {"T2w", "t2"}, {"FLAIR", "flair"}};

static bool below(const char *path, const char *folder) {
  size_t n = strlen(folder);
  for (const char *p = path; (p = strstr(p, folder)); p += n)
    if ((p == path || p[-1] == '/') && p[n] == '/') return true;
  return false;
}

/* Whether an entity such as "label-tumour" marks a tumour map. */
static bool says_tumour(const char *entity) {
  static const char *const keys[] = {"seg-", "label-", "desc-"};
  static const char *const words[] = {"tumour", "tumor", "lesion", "glioma"};
  for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
    for (size_t i = 0; i < sizeof words / sizeof words[0] && vg_starts_with(entity, keys[k]); i++)
      if (strncasecmp(entity + strlen(keys[k]), words[i], strlen(words[i])) == 0) return true;
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
      tumour |= says_tumour(e);
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

/* ---- lookup tables ---- */

/* Converts the rows "index<TAB>name..." of a table to "1=csf,2=gm:...". VG_DATA: it has no such columns. */
static vg_status read_lookup(const char *path, vg_role role, vg_scheme *out) {
  void *bytes = NULL;
  size_t len, n_lines, n;
  int index = -1, name = -1;
  vg_str text = VG_STR_INIT;
  char **lines = NULL;
  vg_status st = vg_fs_read(path, &bytes, &len);
  if (!st && !(lines = vg_split(bytes, '\n', &n_lines))) st = VG_MEMORY;
  for (size_t i = 0; !st && i < n_lines; i++) {
    char **cells = vg_split(lines[i], '\t', &n);
    if (!cells) st = VG_MEMORY;
    for (size_t c = 0; !st && i == 0 && c < n; c++) {
      if (strcmp(cells[c], "index") == 0) index = (int)c;
      if (strcmp(cells[c], "name") == 0) name = (int)c;
    }
    if (!st && (index < 0 || name < 0)) st = vg_fail(VG_DATA, "%s: no columns 'index' and 'name'", path);
    if (!st && i > 0 && n > (size_t)index && n > (size_t)name && strcmp(cells[index], "0") != 0)
      vg_scheme_text_add(&text, cells[index], cells[name], &role);
    vg_strv_free(cells);
  }
  if (!st && vg_str_failed(&text)) st = VG_MEMORY;
  if (!st) st = vg_scheme_parse(vg_str_text(&text), out);
  if (st && st != VG_MEMORY) st = vg_fail_in(VG_DATA, "%s", path);
  vg_str_release(&text);
  vg_strv_free(lines);
  vg_free(bytes);
  return st;
}

static vg_status open_root(vg_source *source, char *const *files, size_t n) {
  bool known[2] = {source->anatomy_scheme.n > 0, source->tumour_scheme.n > 0};
  for (size_t i = 0; i < n; i++) {
    if (strchr(files[i], '/') || !vg_ends_with(files[i], "dseg.tsv")) continue;
    bool tumour = false;
    for (const char *e = files[i]; e; e = strchr(e, '_') ? strchr(e, '_') + 1 : NULL)
      tumour |= says_tumour(e);
    vg_role role = tumour ? VG_ROLE_TUMOUR : VG_ROLE_ANATOMY;
    if (known[role]) continue;
    vg_scheme scheme;
    char *path = vg_fs_join(source->root, files[i]);
    vg_status st = path ? read_lookup(path, role, &scheme) : VG_MEMORY;
    vg_free(path);
    if (st == VG_MEMORY) return st;
    /* Tables from elsewhere may have too many rows, or names that are not valid class names. */
    if (st)
      vg_warn("%s; voxgan ignores this table", vg_error());
    else
      *(tumour ? &source->tumour_scheme : &source->anatomy_scheme) = scheme;
    known[role] = !st;
  }
  return VG_OK;
}

static size_t score(const char *root, char *const *files, size_t n, char *reason, size_t size) {
  (void)root, (void)reason, (void)size;
  return vg_layout_count(&vg_layout_bids, files, n);
}

const vg_layout vg_layout_bids = {.tumour_scheme = "brats",
                                  .anatomy_scheme = "tissues",
                                  .classify = classify,
                                  .path = name_file,
                                  .open = open_root,
                                  .score = score,
                                  .any_name = true};
