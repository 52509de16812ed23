/* bids_tables.c: the lookup tables of BIDS, *dseg.tsv, which give the meaning of label values. A table
 * applies to the maps in its folder and below whose names have all its entities; the nearest table wins
 * (inheritance principle). */
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dataset/layout.h"
#include "label/class_words.h"
#include "base/fs.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "voxgan/volume.h"
#include "base/str.h"

/* ---- one table ---- */

/* The standard lookup of BIDS, which a column "mapping" refers to. */
static const char *const standard[] = {"background",  "gm",          "wm",        "csf",
                                       "bone",        "soft-tissue", "non-brain", "lesion",
                                       "cortical_gm", "deep_gm",     "brainstem", "cerebellum"};
enum { STANDARD = sizeof standard / sizeof standard[0] };

enum { INDEX, NAME, ABBREVIATION, MAPPING, COLUMNS };
typedef struct lookup {
  int column[COLUMNS]; /* -1: the table has none */
} lookup;

static const char *cell_of(const lookup *l, char *const *cells, size_t n, int column) {
  const int at = l->column[column];
  const char *cell = at >= 0 && (size_t)at < n ? cells[at] : "";
  return strcmp(cell, "n/a") == 0 ? "" : cell;
}

/* The tissue that a word or a number of the standard lookup stands for, or NULL. */
static const char *tissue_of(const char *word) {
  const char *name = NULL;
  vg_role role;
  vg_class_word(word, &name, &role);
  return name;
}

static const char *mapped(const char *cell) {
  long long k;
  return vg_parse_i64(cell, &k) && k >= 0 && k < STANDARD ? standard[k] : NULL;
}

/* Whether two of a row's cells name different classes. "mapping" is coarser than a name may be. */
static bool disagree(const char *a, const char *b) {
  return a && b && strcmp(a, b) != 0;
}

static vg_status add_row(const char *path, size_t line, const lookup *l, char *const *cells, size_t n,
                         vg_role map, vg_str *text) {
  const char *index = cell_of(l, cells, n, INDEX), *name = cell_of(l, cells, n, NAME),
             *abbreviation = cell_of(l, cells, n, ABBREVIATION), *mapping = cell_of(l, cells, n, MAPPING);
  long long value;
  if (!*index || (vg_parse_i64(index, &value) && value == 0)) return VG_OK;
  const char *by_name = tissue_of(name), *by_short = tissue_of(abbreviation), *by_mapping = mapped(mapping);
  if (disagree(by_name, by_short) || (by_mapping && tissue_of(by_mapping) && disagree(by_name, by_mapping)))
    return vg_fail(VG_DATA, "%s:%zu: name '%s', abbreviation '%s' and mapping '%s' do not agree", path, line,
                   name, abbreviation, mapping);
  const char *word = by_name      ? name
                     : by_short   ? abbreviation
                     : by_mapping ? by_mapping
                     : *name      ? name
                                  : abbreviation;
  if (!*word) return vg_fail(VG_DATA, "%s:%zu: value %s has no name", path, line, index);
  /* In the table of a tumour map, a name that is known as tissue stays tissue. */
  const char *known;
  vg_role role = map, by_word;
  if (map == VG_ROLE_TUMOUR && vg_class_word(word, &known, &by_word) == VG_WORD_CLASS) role = by_word;
  vg_scheme_text_add(text, index, word, role);
  return VG_OK;
}

static void find_columns(char *const *cells, size_t n, lookup *l) {
  static const char *const names[COLUMNS] = {"index", "name", "abbreviation", "mapping"};
  for (int k = 0; k < COLUMNS; k++) {
    l->column[k] = -1;
    for (size_t c = 0; c < n; c++)
      if (strcasecmp(cells[c], names[k]) == 0) l->column[k] = (int)c;
  }
}

/* A table with a known scheme's values is that scheme. */
static void name_scheme(vg_scheme *s) {
  const vg_scheme *known;
  char *own = vg_scheme_text(s);
  for (int i = 0; own && (known = vg_scheme_at(i, NULL)); i++) {
    char *text = vg_scheme_text(known);
    if (text && strcmp(text, own) == 0) memcpy(s->name, known->name, sizeof s->name);
    vg_free(text);
  }
  vg_free(own);
}

/* Ends lines with '\n' alone, without blanks before it. */
static void plain_lines(char *text) {
  char *to = text;
  for (const char *c = text; *c; c++) {
    if (*c == '\r') {
      if (c[1] != '\n') *to++ = '\n';
      continue;
    }
    *to++ = *c;
  }
  *to = '\0';
}

static vg_status read_table(const char *path, vg_role role, vg_scheme *out) {
  void *bytes = NULL;
  size_t len, n_lines = 0, n;
  lookup l;
  vg_str text = VG_STR_INIT;
  char **lines = NULL;
  vg_status st = vg_fs_read(path, &bytes, &len);
  if (st) return st;
  plain_lines(bytes);
  const char *start = bytes;
  if (vg_starts_with(start, "\xef\xbb\xbf")) start += 3;
  if (!(lines = vg_split(start, '\n', &n_lines))) st = VG_MEMORY;
  for (size_t i = 0; !st && i < n_lines; i++) {
    char **cells = vg_split(lines[i], '\t', &n);
    if (!cells) st = VG_MEMORY;
    if (!st && i == 0) {
      find_columns(cells, n, &l);
      if (l.column[INDEX] < 0 || (l.column[NAME] < 0 && l.column[ABBREVIATION] < 0))
        st = vg_fail(VG_DATA, "%s: no columns 'index' and 'name'", path);
    } else if (!st) {
      st = add_row(path, i + 1, &l, cells, n, role, &text);
    }
    vg_strv_free(cells);
  }
  if (!st && vg_str_failed(&text)) st = VG_MEMORY;
  if (!st && !text.len) st = vg_fail(VG_DATA, "%s: names no label", path);
  if (!st && (st = vg_scheme_parse(vg_str_text(&text), out)) && st != VG_MEMORY)
    st = vg_fail_in(VG_DATA, "%s", path);
  if (!st) name_scheme(out);
  vg_str_release(&text);
  vg_strv_free(lines);
  vg_free(bytes);
  return st;
}

/* ---- the tables of a data set ---- */

typedef struct table {
  char *dir;  /* relative to the root, "" for the root; NULL: above the root */
  char *path; /* to open */
  const char *name;
  int above; /* how many folders above the root */
  bool read;
  vg_scheme scheme;
} table;

typedef struct tables {
  table *items;
  size_t n;
} tables;

static void free_tables(tables *t) {
  for (size_t i = 0; i < t->n; i++) {
    vg_free(t->items[i].dir);
    vg_free(t->items[i].path);
  }
  vg_free(t->items);
}

/* Takes ownership of both texts. */
static vg_status push(tables *t, char *dir, char *path, int above) {
  table *more = dir && path ? vg_realloc(t->items, t->n + 1, sizeof *more) : NULL;
  if (!more) {
    vg_free(dir);
    vg_free(path);
    return VG_MEMORY;
  }
  t->items = more;
  more[t->n++] = (table){.dir = dir, .path = path, .name = vg_fs_basename(path), .above = above};
  return VG_OK;
}

static vg_status push_folder(tables *t, const char *folder, int above) {
  DIR *d = opendir(folder);
  vg_status st = VG_OK;
  for (struct dirent *e; d && !st && (e = readdir(d));)
    if (vg_ends_with(e->d_name, "dseg.tsv"))
      st = push(t, vg_strdup(""), vg_fs_join(folder, e->d_name), above);
  if (d) closedir(d);
  return st;
}

/* A root within a data set (sub-1, ses-1, anat) inherits the tables of the folders above it. */
static vg_status push_above(tables *t, const char *root) {
  char folder[PATH_MAX];
  vg_status st = VG_OK;
  if (!realpath(root, folder)) return VG_OK;
  for (int above = 1; !st; above++) {
    char *slash = strrchr(folder, '/');
    if (!slash || slash == folder ||
        (strcmp(slash + 1, "anat") != 0 && !vg_starts_with(slash + 1, "sub-") &&
         !vg_starts_with(slash + 1, "ses-")))
      break;
    *slash = '\0';
    st = push_folder(t, folder, above);
  }
  return st;
}

/* By folder, then by name; tables above the root last. */
static int by_folder(const void *a, const void *b) {
  const table *x = a, *y = b;
  if (x->above != y->above) return x->above < y->above ? -1 : 1;
  const int order = strcmp(x->dir, y->dir);
  return order ? order : strcmp(x->name, y->name);
}

static vg_status find_tables(const char *root, char *const *files, size_t n, tables *t) {
  vg_status st = VG_OK;
  for (size_t i = 0; i < n && !st; i++) {
    if (!vg_ends_with(files[i], "dseg.tsv")) continue;
    const char *slash = strrchr(files[i], '/');
    char *dir = slash ? vg_format("%.*s", (int)(slash - files[i]), files[i]) : vg_strdup("");
    st = push(t, dir, vg_fs_join(root, files[i]), 0);
  }
  if (!st) st = push_above(t, root);
  if (t->n) qsort(t->items, t->n, sizeof *t->items, by_folder);
  return st;
}

/* Whether `entity` (n letters) is one of those in name. */
static bool has_entity(const char *name, const char *entity, size_t n) {
  for (const char *e = name; e; e = strchr(e, '_') ? strchr(e, '_') + 1 : NULL)
    if (strncmp(e, entity, n) == 0 && (e[n] == '_' || e[n] == '.')) return true;
  return false;
}

/* How many entities of the table the map's name has, or -1 if it lacks one. */
static int matches(const char *table_name, const char *map_name) {
  int n = 0;
  for (const char *e = table_name; strchr(e, '_'); e = strchr(e, '_') + 1, n++)
    if (!has_entity(map_name, e, (size_t)(strchr(e, '_') - e))) return -1;
  return n;
}

static bool is_tumour_table(const char *name) {
  for (const char *e = name; e; e = strchr(e, '_') ? strchr(e, '_') + 1 : NULL)
    if (vg_bids_says_tumour(e)) return true;
  return false;
}

/* The best table in one folder, or NULL. */
static table *best_in(const tables *t, const char *dir, size_t len, int above, const char *map,
                      vg_role role) {
  size_t lo = 0, hi = t->n;
  while (lo < hi) {
    const size_t mid = lo + (hi - lo) / 2;
    const table *x = &t->items[mid];
    int order = x->above - above;
    if (!order) order = strncmp(x->dir, dir, len);
    if (!order && x->dir[len]) order = 1;
    if (order < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  table *best = NULL;
  int most = -1;
  for (; lo < t->n; lo++) {
    table *x = &t->items[lo];
    if (x->above != above || strncmp(x->dir, dir, len) != 0 || x->dir[len]) break;
    const int n = matches(x->name, map);
    if (n <= most || is_tumour_table(x->name) != (role == VG_ROLE_TUMOUR)) continue;
    best = x;
    most = n;
  }
  return best;
}

static table *table_of(const tables *t, const char *file, vg_role role) {
  const char *map = vg_fs_basename(file);
  size_t len = (size_t)(map - file);
  if (len) len--; /* the slash */
  for (;;) {
    table *found = best_in(t, file, len, 0, map, role);
    if (found || !len) {
      for (int above = 1; !found && t->n && above <= t->items[t->n - 1].above; above++)
        found = best_in(t, "", 0, above, map, role);
      return found;
    }
    while (len && file[len - 1] != '/') len--;
    if (len) len--;
  }
}

/* ---- the scheme of a data set ---- */

static vg_status open_table(table *t, vg_role role) {
  if (t->read) return VG_OK;
  vg_status st = read_table(t->path, role, &t->scheme);
  if (st && st != VG_MEMORY)
    st = vg_fail(st, "%s; --%s-scheme (data.%s_scheme) names the scheme instead", vg_error(),
                 vg_role_name(role), vg_role_name(role));
  t->read = !st;
  return st;
}

static bool same_scheme(const vg_scheme *a, const vg_scheme *b) {
  char *x = vg_scheme_text(a), *y = vg_scheme_text(b);
  const bool same = x && y && strcmp(x, y) == 0;
  vg_free(x);
  vg_free(y);
  return same;
}

vg_status vg_bids_tables_apply(const vg_layout *layout, vg_source *source, char *const *files, size_t n) {
  const bool known[2] = {source->anatomy_scheme.n > 0, source->tumour_scheme.n > 0};
  vg_scheme *schemes[2] = {&source->anatomy_scheme, &source->tumour_scheme};
  const char *defaults[2] = {layout->anatomy_scheme, layout->tumour_scheme};
  const table *used[2] = {NULL, NULL};
  const char *bare[2] = {NULL, NULL};
  tables t = {0};
  vg_status st = find_tables(source->root, files, n, &t);
  for (size_t i = 0; i < n && !st; i++) {
    vg_file_role what;
    if (!vg_volume_is_path(files[i]) || !layout->classify(source, files[i], &what)) continue;
    if (what.kind != VG_FILE_ANATOMY && what.kind != VG_FILE_TUMOUR) continue;
    const vg_role role = what.kind == VG_FILE_TUMOUR ? VG_ROLE_TUMOUR : VG_ROLE_ANATOMY;
    if (known[role]) continue;
    table *found = table_of(&t, files[i], role);
    if (!found) {
      if (!bare[role]) bare[role] = files[i];
      continue;
    }
    if (found == used[role] || (st = open_table(found, role))) continue;
    if (used[role] && !same_scheme(&used[role]->scheme, &found->scheme))
      st = vg_fail(
          VG_DATA,
          "%s and %s give label values different meanings; read the folder of each as a data set of its "
          "own, or name one scheme with --%s-scheme (data.%s_scheme)",
          used[role]->path, found->path, vg_role_name(role), vg_role_name(role));
    else if (!used[role])
      *schemes[role] = found->scheme;
    used[role] = found;
  }
  for (int role = 0; role < 2 && !st; role++) {
    vg_scheme assumed;
    if (!used[role]) continue;
    vg_info("%s: %s values by %s", source->root, vg_role_name((vg_role)role), used[role]->path);
    if (!bare[role]) continue;
    st = vg_scheme_parse(defaults[role], &assumed);
    if (!st && !same_scheme(&assumed, schemes[role]))
      st =
          vg_fail(VG_DATA,
                  "%s/%s: no table *dseg.tsv applies to it, while %s applies to others; name the scheme with "
                  "--%s-scheme (data.%s_scheme)",
                  source->root, bare[role], used[role]->path, vg_role_name((vg_role)role),
                  vg_role_name((vg_role)role));
  }
  free_tables(&t);
  return st;
}

vg_status vg_bids_tables_write(const char *root, const vg_scheme *scheme) {
  vg_str t = VG_STR_INIT;
  char *path = vg_fs_join(root, VG_BIDS_TABLE);
  vg_str_add(&t, "index\tname\n0\tbackground\n");
  for (int i = 0; i < scheme->n; i++)
    vg_str_addf(&t, "%u\t%s\n", (unsigned)scheme->labels[i].value, scheme->labels[i].name);
  vg_status st = !path || vg_str_failed(&t) ? VG_MEMORY : vg_fs_write_atomic(path, vg_str_text(&t), t.len);
  vg_free(path);
  vg_str_release(&t);
  return st;
}
