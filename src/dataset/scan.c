/* scan.c: collects the subjects below a folder, or in a manifest, by a layout. */
#include "voxgan/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataset/data_note.h"
#include "dataset/layout.h"
#include "base/task/progress.h"
#include "base/file/magic.h"
#include "base/fs.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "voxgan/volume.h"
#include "base/str.h"
#include "base/text/plural.h"
#include "label/class_words.h"

static vg_status put_series(vg_dataset *ds, vg_subject *s, const char *series, char *path) {
  int at = vg_dataset_series(ds, series);
  if (at >= 0) return vg_subject_put_take(s, &s->series[at], series, path);
  vg_free(path);
  return VG_DATA;
}

static vg_status put_file(vg_dataset *ds, int source, const char *file, const vg_file_role *role) {
  vg_subject *s;
  vg_status st = vg_dataset_subject(ds, role->id, role->person, source, &s);
  if (st) return st;
  char *path = vg_fs_join(ds->sources[source].root, file);
  if (role->kind == VG_FILE_TUMOUR) return vg_subject_put_take(s, &s->tumour, "tumour map", path);
  if (role->kind == VG_FILE_ANATOMY) return vg_subject_put_take(s, &s->anatomy, "anatomy map", path);
  if (!role->all_channels) return put_series(ds, s, role->series, path);
  const vg_series_list *channels = &ds->sources[source].channels;
  for (int i = 0; i < channels->n && !st; i++)
    st = put_series(ds, s, channels->names[i],
                    channels->n > 1 && path ? vg_format("%s#%d", path, i) : vg_strdup(path));
  vg_free(path);
  return st;
}

/* ---- what cannot be read ---- */

/* Counted, and named up to this many times where they do not stop the command. */
enum { WARNINGS = 10 };
typedef struct unreadable {
  size_t n, subjects;
  vg_str first; /* where it stops the command: the first one, and why */
} unreadable;

/* more: how many of the same subject were met before; only the first is named. */
static void note_unreadable(const vg_dataset *ds, unreadable *u, const char *path, const char *what,
                            int fault, int more) {
  char text[VG_ERRNO_TEXT], target[1024];
  vg_str line = VG_STR_INIT;
  const ssize_t len = readlink(path, target, sizeof target - 1);
  vg_str_addf(&line, "%s: cannot open%s: %s", path, what, vg_errno_text(fault, text));
  if (len > 0) vg_str_addf(&line, " (it is a link to %.*s)", (int)len, target);
  if (!ds->skip_incomplete && !u->n) vg_str_add(&u->first, vg_str_text(&line));
  if (ds->skip_incomplete && more == 0 && u->subjects < WARNINGS)
    vg_warn("%s; it counts as missing", vg_str_text(&line));
  u->subjects += more == 0;
  u->n++;
  vg_str_release(&line);
}

/* Sets *slot to NULL where its file cannot be read. */
static void probe(const vg_dataset *ds, char **slot, unreadable *u, int *bad) {
  if (!*slot) return;
  int part;
  const size_t file = vg_volume_part(*slot, &part);
  const char kept = (*slot)[file];
  (*slot)[file] = '\0';
  const int fault = vg_fs_unreadable(*slot);
  if (fault) {
    note_unreadable(ds, u, *slot, "", fault, (*bad)++);
    vg_free(*slot);
    *slot = NULL;
  } else {
    (*slot)[file] = kept;
  }
}

static bool is_empty(const vg_subject *s) {
  bool empty = !s->tumour && !s->anatomy;
  for (int k = 0; k < VG_SERIES_MAX; k++) empty = empty && !s->series[k];
  return empty;
}

/* Every file of the source's subjects can be opened, or counts as missing. */
static vg_status probe_subjects(vg_dataset *ds, int source, unreadable *u) {
  size_t kept = 0, lost = 0;
  vg_task task;
  vg_task_begin(&task, "opening files", "subjects", ds->n);
  for (size_t i = 0; i < ds->n; i++) {
    vg_subject s = ds->subjects[i];
    int bad = 0;
    vg_task_step(&task);
    if (s.source == source) {
      for (int k = 0; k < ds->series.n; k++) probe(ds, &s.series[k], u, &bad);
      probe(ds, &s.tumour, u, &bad);
      probe(ds, &s.anatomy, u, &bad);
    }
    if (s.source == source && is_empty(&s)) {
      vg_subject_release(&s);
      lost++;
    } else {
      ds->subjects[kept++] = s;
    }
  }
  vg_task_end(&task);
  ds->n = kept;
  const char *root = vg_source_name(&ds->sources[source]);
  if (!u->n) return VG_OK;
  if (!ds->skip_incomplete)
    return u->n == 1
               ? vg_fail(VG_DATA, "%s; --skip-incomplete counts it as missing", vg_str_text(&u->first))
               : vg_fail(VG_DATA,
                         "%s; %zu more cannot be opened either; --skip-incomplete counts them as missing",
                         vg_str_text(&u->first), u->n - 1);
  vg_warn("%s: %zu %s or %s cannot be opened; %zu %s left without a file", root, u->n,
          vg_plural(u->n, "file", "files"), vg_plural(u->n, "folder", "folders"), lost,
          vg_plural(lost, "subject is", "subjects are"));
  return VG_OK;
}

/* Whether a link to nowhere could have led to a folder of subjects: its name does not end as a file's does.
 */
static bool may_be_folder(const char *path) {
  const char *dot = strrchr(vg_fs_basename(path), '.');
  const size_t n = dot ? strspn(dot + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") : 0;
  return !n || n > 5 || dot[1 + n];
}

/* Volumes are judged later, where it is known whose they are. */
static vg_status note_faults(const vg_dataset *ds, const char *root, const vg_fs_faults *faults,
                             unreadable *u) {
  for (size_t i = 0; i < faults->n; i++) {
    const vg_fs_fault *f = &faults->items[i];
    if (!f->folder && (vg_volume_is_path(f->path) || !may_be_folder(f->path))) continue;
    char *path = vg_fs_join(root, f->path);
    if (!path) return VG_MEMORY;
    note_unreadable(ds, u, path, " folder", f->fault, 0);
    vg_free(path);
  }
  return VG_OK;
}

/* ---- files and their subjects ---- */

typedef struct skipped {
  size_t n, known; /* known: by another layout */
  vg_str names;    /* of the first few files */
} skipped;

static void skip_file(skipped *s, const char *file) {
  vg_debug("skipped %s: by the layout its name is neither a series nor a label map", file);
  if (s->n < 3)
    vg_str_addf(&s->names, "%s%s", s->n ? ", " : "", file);
  else if (s->n == 3)
    vg_str_add(&s->names, ", ...");
  s->n++;
  s->known += vg_layout_knows(file);
}

/* only: the id whose files count; NULL: all. */
static vg_status add_files(vg_dataset *ds, int source, char *const *files, size_t n, const char *only,
                           skipped *skip) {
  const vg_layout *layout = vg_layout_find(ds->sources[source].layout);
  for (size_t i = 0; i < n; i++) {
    vg_file_role role;
    if (!vg_volume_is_path(files[i])) continue;
    if (!layout->classify(&ds->sources[source], files[i], &role)) {
      if (!only) skip_file(skip, files[i]);
      continue;
    }
    if (!*role.id || (only && strcmp(role.id, only) != 0)) continue;
    vg_status st = put_file(ds, source, files[i], &role);
    if (st) return st;
  }
  return layout->pair ? layout->pair(ds, source, files, n) : VG_OK;
}

/* Says what the values mean where only the layout tells. */
static void say_assumed(const vg_source *src, vg_role role) {
  const vg_scheme *s = role == VG_ROLE_TUMOUR ? &src->tumour_scheme : &src->anatomy_scheme;
  if (!src->assumed[role] || s->n > 16) return;
  vg_str t = VG_STR_INIT;
  for (int i = 0; i < s->n; i++)
    vg_str_addf(&t, "%s%u %s", i ? ", " : "", (unsigned)s->labels[i].value, s->labels[i].name);
  vg_info("%s: %s values are taken as %s, by layout %s alone (--%s-scheme, data.%s_scheme)",
          vg_source_name(src), vg_role_name(role), vg_str_text(&t), src->layout, vg_role_name(role),
          vg_role_name(role));
  vg_str_release(&t);
}

static void say_found(const vg_dataset *ds, int source, const skipped *skip) {
  size_t n = 0, tumour = 0, anatomy = 0, with[VG_SERIES_MAX] = {0};
  const char *lacking[VG_SERIES_MAX] = {0};
  for (size_t i = 0; i < ds->n; i++) {
    const vg_subject *s = &ds->subjects[i];
    if (s->source != source) continue;
    vg_str t = VG_STR_INIT;
    for (int k = 0; k < ds->series.n; k++) {
      with[k] += s->series[k] != NULL;
      if (!s->series[k] && !lacking[k]) lacking[k] = s->id;
      if (s->series[k]) vg_str_addf(&t, " %s", ds->series.names[k]);
    }
    vg_debug("subject %s:%s%s%s", s->id, vg_str_text(&t), s->tumour ? " tumour" : "",
             s->anatomy ? " anatomy" : "");
    vg_str_release(&t);
    n++;
    tumour += s->tumour != NULL;
    anatomy += s->anatomy != NULL;
  }
  const vg_source *src = &ds->sources[source];
  vg_str t = VG_STR_INIT;
  for (int k = 0; k < ds->series.n; k++) {
    if (!with[k]) continue;
    vg_str_addf(&t, ", %s", ds->series.names[k]);
    if (with[k] < n)
      vg_str_addf(&t, " %zu (missing in %s%s)", with[k], lacking[k], n - with[k] > 1 ? ", ..." : "");
  }
  if (tumour) vg_str_add(&t, ", tumour map");
  if (tumour && tumour < n) vg_str_addf(&t, " %zu", tumour);
  if (anatomy) vg_str_add(&t, ", anatomy map");
  if (anatomy && anatomy < n) vg_str_addf(&t, " %zu", anatomy);
  if (skip->n)
    vg_str_addf(&t, "; skipped %zu other %s (%s)", skip->n, vg_plural(skip->n, "volume", "volumes"),
                vg_str_text(&skip->names));
  vg_info("%s: %zu %s%s", vg_source_name(src), n, vg_plural(n, "subject", "subjects"), vg_str_text(&t));
  vg_str_release(&t);
  if (tumour && !ds->scans) say_assumed(src, VG_ROLE_TUMOUR);
  if (anatomy && !ds->scans) say_assumed(src, VG_ROLE_ANATOMY);
}

/* The user's scheme comes before the scheme in the files, which comes before the layout's default. */
static vg_status set_schemes(vg_source *src, char *const *files, size_t n, const char *tumour,
                             const char *anatomy) {
  const vg_layout *layout = vg_layout_find(src->layout);
  vg_status st = tumour && *tumour ? vg_scheme_parse_as(tumour, VG_ROLE_TUMOUR, &src->tumour_scheme) : VG_OK;
  if (!st && anatomy && *anatomy) st = vg_scheme_parse_as(anatomy, VG_ROLE_ANATOMY, &src->anatomy_scheme);
  if (!st) st = vg_data_note_schemes(src);
  if (!st && layout->open) st = layout->open(src, files, n);
  src->assumed[VG_ROLE_TUMOUR] = !src->tumour_scheme.n && layout->tumour_scheme;
  src->assumed[VG_ROLE_ANATOMY] = !src->anatomy_scheme.n && layout->anatomy_scheme;
  if (!st && src->assumed[VG_ROLE_TUMOUR]) st = vg_scheme_parse(layout->tumour_scheme, &src->tumour_scheme);
  if (!st && src->assumed[VG_ROLE_ANATOMY])
    st = vg_scheme_parse(layout->anatomy_scheme, &src->anatomy_scheme);
  return st;
}

/* Whether scans are wanted, and no layout knows one of these volumes as an image. name: of the guess, or
 * NULL. */
static bool wants_scans(const vg_dataset *ds, const char *name, char *const *files, size_t n) {
  vg_file_role role;
  size_t volumes = 0;
  for (size_t i = 0; ds->scans && i < n; i++) {
    if (!vg_volume_is_path(files[i])) continue;
    volumes++;
    if (name && vg_layout_find(name)->classify(NULL, files[i], &role) && role.kind == VG_FILE_SERIES)
      return false;
  }
  return volumes > 0;
}

/* Adds the files of a folder, or, with only_file, those of that file's case. */
static vg_status add_tree(vg_dataset *ds, int source, const char *only_file, bool guess,
                          const char *tumour_scheme, const char *anatomy_scheme, skipped *skip,
                          unreadable *u) {
  vg_source *src = &ds->sources[source];
  char **files = NULL;
  size_t n = 0;
  char only[128] = "";
  vg_fs_faults faults;
  vg_status st = vg_fs_walk_faults(src->root, &files, &n, &faults);
  if (st == VG_IO) st = VG_DATA; /* a folder that is not there is a wrong input, not a broken disk */
  if (!st && !only_file) st = note_faults(ds, src->root, &faults, u);
  if (st) goto out;
  if (guess) {
    char reason[160];
    const char *name = vg_layout_guess(src->root, files, n, reason, sizeof reason);
    if (wants_scans(ds, name, files, n)) {
      vg_error_clear();
      name = vg_layout_of_any_name(true);
      snprintf(reason, sizeof reason,
               "as no other knows an image here: each volume is a scan of one subject");
    }
    if (!name) {
      st = VG_DATA;
      goto out;
    }
    snprintf(src->layout, sizeof src->layout, "%s", name);
    src->guessed = true;
    vg_info("%s: guessed layout %s, %s (--layout overrides it)", src->root, name, reason);
  }
  st = set_schemes(src, files, n, tumour_scheme, anatomy_scheme);
  if (st) goto out;
  if (only_file) {
    vg_file_role role;
    if (!vg_layout_find(src->layout)->classify(src, only_file, &role) || !*role.id) {
      st = vg_fail(VG_DATA, "%s/%s: its name does not fit layout %s", src->root, only_file, src->layout);
      goto out;
    }
    snprintf(only, sizeof only, "%s", role.id);
  }
  st = add_files(ds, source, files, n, only_file ? only : NULL, skip);
out:
  vg_fs_faults_free(&faults);
  vg_strv_free(files);
  return st;
}

/* A label map, or a scan, whose name fits no layout becomes a subject. */
static vg_status add_single(vg_dataset *ds, int source, const char *path, bool tumour) {
  char id[128];
  vg_subject *s;
  if (!vg_volume_stem(path, id, sizeof id)) return vg_fail(VG_DATA, "%s: its name is too long", path);
  strcpy(ds->sources[source].layout, vg_layout_of_any_name(ds->scans));
  vg_status st = vg_dataset_subject(ds, id, id, source, &s);
  if (!st && ds->scans)
    st = put_series(ds, s, VG_SERIES_SCAN, vg_strdup(path));
  else if (!st)
    st = vg_subject_put_take(s, tumour ? &s->tumour : &s->anatomy, "label map", vg_strdup(path));
  if (!st)
    vg_info("%s: read as a %s", path,
            ds->scans ? "scan"
            : tumour  ? "map of tumour labels"
                      : "map of anatomy labels");
  return st;
}

static vg_status add_root(vg_dataset *ds, const char *root, const char *layout, const char *tumour_scheme,
                          const char *anatomy_scheme) {
  bool guess = !layout;
  if (guess) layout = vg_layout_of_file(root);
  const vg_layout *named = layout ? vg_layout_find(layout) : NULL;
  if (layout && !named) return vg_layout_unknown(layout);
  guess = !layout;
  bool manifest = named && named->add_file;
  bool exists, is_dir;
  vg_status looked = vg_fs_exists(root, &exists);
  if (!looked) looked = vg_fs_is_dir(root, &is_dir);
  if (looked) return looked;
  bool single = !manifest && vg_volume_is_path(root) && !is_dir;
  if (!exists) return vg_fail(VG_DATA, "%s: no such file or folder", root);
  const char *advice = manifest || single || is_dir ? NULL : vg_file_advice(root);
  if (advice) return vg_fail(VG_DATA, "%s: %s", root, advice);
  if (!manifest && !single && !is_dir)
    return vg_fail(VG_DATA, "%s: neither a folder, a volume nor a .csv manifest", root);

  vg_source *more = vg_realloc(ds->sources, (size_t)ds->n_sources + 1, sizeof *more);
  if (!more) return VG_MEMORY;
  ds->sources = more;
  int source = ds->n_sources;
  vg_source *src = &more[source];
  memset(src, 0, sizeof *src);
  src->root = manifest || single ? vg_fs_dirname(root) : vg_strdup(root);
  if (!src->root) return VG_MEMORY;
  ds->n_sources++;
  if (manifest && !(src->manifest = vg_strdup(root))) return VG_MEMORY;
  if (!guess) snprintf(src->layout, sizeof src->layout, "%s", layout);

  size_t before = ds->n;
  skipped skip = {.names = VG_STR_INIT};
  unreadable u = {.first = VG_STR_INIT};
  bool say = true;
  vg_status st;
  if (manifest) {
    st = set_schemes(src, NULL, 0, tumour_scheme, anatomy_scheme);
    if (!st) st = named->add_file(ds, root, source);
  } else if (single && guess && !vg_layout_knows(vg_fs_basename(root))) {
    say = false; /* add_single has */
    st = add_single(ds, source, root, tumour_scheme && !anatomy_scheme);
    if (!st) st = set_schemes(src, NULL, 0, tumour_scheme, anatomy_scheme);
  } else {
    st = add_tree(ds, source, single ? vg_fs_basename(root) : NULL, guess, tumour_scheme, anatomy_scheme,
                  &skip, &u);
  }
  if (!st) st = probe_subjects(ds, source, &u);
  if (!st && say) say_found(ds, source, &skip);
  if (!st && guess && skip.known && !ds->scans)
    vg_warn(
        "%s: %zu of the skipped volumes %s another layout, so the folder holds several data sets: `voxgan "
        "inspect` lists them",
        root, skip.known, vg_plural(skip.known, "has the name of", "have names of"));
  if (!st && !ds->scans) st = vg_dataset_check_tissues(ds, source);
  if (!st) st = vg_dataset_read_origins(ds, source);
  vg_str_release(&u.first);
  vg_str_release(&skip.names);
  if (st) return st;
  if (ds->n == before && u.n)
    return vg_fail(VG_DATA, "%s: no subject in it has a file that can be opened", root);
  if (ds->n == before) return vg_fail(VG_DATA, "%s: no subject in it by layout %s", root, src->layout);
  vg_dataset_sort(ds);
  return VG_OK;
}

vg_status vg_dataset_add(vg_dataset *ds, const char *root, const char *layout, const char *tumour_scheme,
                         const char *anatomy_scheme) {
  char noted[32] = "", *manifest = NULL;
  bool is_dir = false;
  if (layout && (!*layout || !strcmp(layout, "auto"))) layout = NULL;
  vg_status st = layout ? VG_OK : vg_fs_is_dir(root, &is_dir);
  if (!st && is_dir) st = vg_data_note_layout(root, noted);
  if (st) return st;
  if (*noted) {
    layout = noted;
    vg_info("%s: layout %s, as its " VG_DATA_NOTE " says (--layout overrides it)", root, layout);
    if (vg_layout_find(layout)->add_file && !(manifest = vg_fs_join(root, "manifest.csv"))) return VG_MEMORY;
  }
  st = add_root(ds, manifest ? manifest : root, layout, tumour_scheme, anatomy_scheme);
  vg_free(manifest);
  return st;
}

/* Scheme i of a list for n data sets (vg_free); NULL: the layout's. */
static vg_status nth_scheme(const char *list, vg_role role, int i, int n, char **out) {
  size_t count = 0;
  *out = NULL;
  if (!list || !*list) return VG_OK;
  char **items = vg_split(list, ';', &count);
  if (!items) return VG_MEMORY;
  vg_status st = VG_OK;
  if (count > 1 && count != (size_t)n)
    st = vg_fail(VG_USAGE,
                 "%zu %s schemes are given for %d data sets: give one, or one for each, in their order",
                 count, vg_role_name(role), n);
  const char *item = st ? "" : items[count > 1 ? i : 0];
  if (*item && !(*out = vg_strdup(item))) st = VG_MEMORY;
  vg_strv_free(items);
  return st;
}

vg_status vg_dataset_add_nth(vg_dataset *ds, const char *root, const char *layout, const char *tumour_schemes,
                             const char *anatomy_schemes, int i, int n) {
  char *tumour = NULL, *anatomy = NULL;
  vg_status st = nth_scheme(tumour_schemes, VG_ROLE_TUMOUR, i, n, &tumour);
  if (!st) st = nth_scheme(anatomy_schemes, VG_ROLE_ANATOMY, i, n, &anatomy);
  if (!st) st = vg_dataset_add(ds, root, layout, tumour, anatomy);
  vg_free(tumour);
  vg_free(anatomy);
  return st;
}

vg_status vg_dataset_add_roots(vg_dataset *ds, const vg_roots *roots, const char *tumour_schemes,
                               const char *anatomy_schemes) {
  if (roots->n_layouts > 1 && roots->n_layouts != roots->n)
    return vg_fail(VG_USAGE, "%d layouts are given for %d folders: give one, or one for each",
                   roots->n_layouts, roots->n);
  for (int i = 0; i < roots->n; i++) {
    const char *layout = roots->n_layouts ? roots->layouts[roots->n_layouts == 1 ? 0 : i] : "auto";
    vg_status st =
        vg_dataset_add_nth(ds, roots->paths[i], layout, tumour_schemes, anatomy_schemes, i, roots->n);
    if (st) return st;
  }
  return VG_OK;
}
