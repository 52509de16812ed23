/* layout_csv.c: the manifest of a data set that follows no other layout: one row a subject, one column a
 * series. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dataset/layout.h"
#include "base/file/magic.h"
#include "base/fs.h"
#include "base/index/text_index.h"
#include "base/mem.h"
#include "base/file/path_part.h"
#include "voxgan/volume.h"
#include "base/str.h"
#include "io/table.h"
#include "label/class_words.h"
#include "voxgan/log.h"

/* File names in a manifest are free: this layout derives nothing from a path, and makes no paths. */
static bool classify(const vg_source *source, const char *path, vg_file_role *out) {
  (void)source, (void)path;
  memset(out, 0, sizeof *out);
  return false;
}

/* What a column holds. */
typedef enum use { OTHER, ID, PERSON, TUMOUR, ANATOMY, SERIES } use;
typedef struct column {
  use use;
  char series[VG_SERIES_NAME];
} column;

static vg_status put_cell(vg_dataset *ds, vg_subject *s, const char *header, const column *c,
                          const char *cell) {
  const vg_source *source = &ds->sources[s->source];
  char *path = cell[0] == '/' ? vg_strdup(cell) : vg_fs_join(source->root, cell);
  if (!path) return VG_MEMORY;
  if (!vg_volume_is_path(cell)) {
    const char *advice = vg_file_advice(path);
    vg_free(path);
    return vg_fail(VG_DATA, "%s:%zu: column %s: '%s' is %s", source->manifest, s->line, header, cell,
                   advice ? advice : "not the path of a volume");
  }
  bool exists = false;
  char *file = vg_volume_file(path);
  vg_status looked = file ? vg_fs_exists(file, &exists) : VG_MEMORY;
  vg_free(file);
  if (looked || (!exists && !ds->skip_incomplete)) {
    if (!looked)
      looked =
          vg_fail(VG_DATA, "%s:%zu: column %s: %s does not exist", source->manifest, s->line, header, path);
    vg_free(path);
    return looked;
  }
  if (c->use == TUMOUR) return vg_subject_put_take(s, &s->tumour, "tumour map", path);
  if (c->use == ANATOMY) return vg_subject_put_take(s, &s->anatomy, "anatomy map", path);
  int at = vg_dataset_series(ds, c->series);
  if (at < 0) {
    vg_free(path);
    return VG_DATA;
  }
  return vg_subject_put_take(s, &s->series[at], header, path);
}

static bool any_path(const vg_table *t, size_t col) {
  for (size_t row = 1; row < t->rows; row++)
    if (vg_volume_is_path(vg_table_cell(t, row, col))) return true;
  return false;
}

/* Headers in lower-case letters and digits. exact: the column is that even if no cell of it is a path. */
static const struct {
  const char *word;
  use use;
  bool exact;
} headers[] = {
    {"id", ID, true},
    {"person", PERSON, true},
    {"tumour", TUMOUR, true},
    {"tumor", TUMOUR, true},
    {"anatomy", ANATOMY, true},
    {"seg", TUMOUR, false},
    {"segmentation", TUMOUR, false},
    {"tumourseg", TUMOUR, false},
    {"tumorseg", TUMOUR, false},
    {"tumourmap", TUMOUR, false},
    {"tumormap", TUMOUR, false},
    {"lesion", TUMOUR, false},
    {"dseg", ANATOMY, false},
    {"tissue", ANATOMY, false},
    {"tissues", ANATOMY, false},
    {"anatomymap", ANATOMY, false},
    {"aseg", ANATOMY, false},
    {"aparcaseg", ANATOMY, false},
    {"wmparc", ANATOMY, false},
    {"synthseg", ANATOMY, false},
};
enum { HEADERS = sizeof headers / sizeof headers[0] };

/* Headers that could be either map, or a map that is neither, but hardly a series. */
static bool is_vague(const char *simple) {
  static const char *const words[] = {"map", "roi", "gt"};
  static const char *const parts[] = {"mask",  "label",  "annotat", "lesion",
                                      "tumor", "tumour", "segment", "groundtruth"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (strcmp(words[i], simple) == 0) return true;
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
    if (strstr(simple, parts[i])) return true;
  return vg_ends_with(simple, "seg") || vg_starts_with(simple, "seg");
}

/* What the header and the cells show a column to be. Columns without paths (volumes, hashes, remarks) are
 * ignored. */
static vg_status column_of(const char *manifest, const vg_table *t, size_t col, column *out) {
  const char *header = vg_table_cell(t, 0, col);
  char simple[64];
  *out = (column){.use = OTHER};
  if (vg_ends_with(header, "_probability")) return VG_OK; /* of a class, not a series */
  vg_word_simplify(header, simple, sizeof simple);
  const bool paths = any_path(t, col);
  for (int i = 0; i < HEADERS; i++)
    if (strcmp(headers[i].word, simple) == 0 && (headers[i].exact || paths)) out->use = headers[i].use;
  if (out->use != OTHER) return VG_OK;
  const char *known = vg_series_known(header);
  if (!paths && !(known && strcmp(known, simple) == 0)) return VG_OK;
  if (is_vague(simple))
    return vg_fail(VG_DATA,
                   "%s: column '%s' could be a tumour map or an anatomy map: call it tumour or anatomy, or "
                   "leave it out if it is neither",
                   manifest, header);
  if (!*header) return vg_fail(VG_DATA, "%s: column %zu has paths, but no header", manifest, col + 1);
  if (!known && vg_path_part_fault(header)) return vg_path_part(VG_DATA, manifest, "column", header);
  if (strlen(known ? known : header) >= VG_SERIES_NAME)
    return vg_fail(VG_DATA, "%s: column '%s': a series' name has at most %d letters", manifest, header,
                   VG_SERIES_NAME - 1);
  out->use = SERIES;
  snprintf(out->series, sizeof out->series, "%.*s", VG_SERIES_NAME - 1, known ? known : header);
  return VG_OK;
}

/* Takes the first column without a use whose header is among the words, in the order of the words. NULL:
 * there is none; else its header. */
static const char *take_column(const vg_table *t, column *columns, const char *const *words, size_t n,
                               use as) {
  char simple[64];
  for (size_t i = 0; i < n; i++)
    for (size_t c = 0; c < t->cols; c++) {
      vg_word_simplify(vg_table_cell(t, 0, c), simple, sizeof simple);
      if (strcmp(simple, words[i]) != 0 || columns[c].use != OTHER) continue;
      columns[c].use = as;
      return vg_table_cell(t, 0, c);
    }
  return NULL;
}

/* The column of the ids: "id", else one that usually holds them. */
static vg_status find_id(const char *manifest, const vg_table *t, column *columns) {
  static const char *const others[] = {"subject",       "subjectid",   "case",    "caseid",
                                       "participantid", "participant", "patient", "patientid",
                                       "sub",           "scan",        "scanid"};
  for (size_t c = 0; c < t->cols; c++)
    if (columns[c].use == ID) return VG_OK;
  const char *header = take_column(t, columns, others, sizeof others / sizeof others[0], ID);
  if (header) {
    vg_info("%s: no column 'id'; takes ids from column '%s'", manifest, header);
    return VG_OK;
  }
  vg_str all = VG_STR_INIT;
  for (size_t c = 0; c < t->cols && c < 12; c++)
    vg_str_addf(&all, "%s%s", c ? ", " : "", vg_table_cell(t, 0, c));
  vg_status st = vg_fail(VG_DATA, "%s: no column 'id' in its header (%s)", manifest, vg_str_text(&all));
  vg_str_release(&all);
  return st;
}

/* The column of the persons: "person", else one beside the ids that usually names them. A split that took
 * each scan for a person would have one person on both sides. */
static void find_person(const char *manifest, const vg_table *t, column *columns) {
  static const char *const others[] = {"personid",  "patient",       "patientid",   "subject",
                                       "subjectid", "participantid", "participant", "sub"};
  for (size_t c = 0; c < t->cols; c++)
    if (columns[c].use == PERSON) return;
  const char *header = take_column(t, columns, others, sizeof others / sizeof others[0], PERSON);
  if (header) vg_info("%s: no column 'person'; takes persons from column '%s'", manifest, header);
}

static vg_status find_columns(const char *manifest, const vg_table *t, column *columns) {
  vg_status st = VG_OK;
  for (size_t c = 0; c < t->cols && !st; c++) st = column_of(manifest, t, c, &columns[c]);
  if (!st) st = find_id(manifest, t, columns);
  if (!st) find_person(manifest, t, columns);
  for (size_t c = 0; c < t->cols && !st; c++)
    for (size_t k = 0; k < c && !st; k++)
      if (columns[c].use != OTHER && columns[c].use == columns[k].use &&
          strcmp(columns[c].series, columns[k].series) == 0)
        st = vg_fail(VG_DATA, "%s: columns '%s' and '%s' are both %s", manifest, vg_table_cell(t, 0, k),
                     vg_table_cell(t, 0, c),
                     columns[c].use == SERIES    ? columns[c].series
                     : columns[c].use == TUMOUR  ? "the tumour map"
                     : columns[c].use == ANATOMY ? "the anatomy map"
                     : columns[c].use == ID      ? "the id"
                                                 : "the person");
  return st;
}

static const char *cell_for(const vg_table *t, size_t row, const column *columns, use wanted) {
  for (size_t c = 0; c < t->cols; c++)
    if (columns[c].use == wanted) return vg_table_cell(t, row, c);
  return "";
}

static vg_status add_row(vg_dataset *ds, const vg_table *t, size_t row, const column *columns, int source) {
  const char *manifest = ds->sources[source].manifest, *id = cell_for(t, row, columns, ID),
             *person = cell_for(t, row, columns, PERSON);
  char where[512];
  snprintf(where, sizeof where, "%.400s:%zu", manifest, t->lines[row]);
  if (vg_path_part(VG_DATA, where, "id", id) || (*person && vg_path_part(VG_DATA, where, "person", person)))
    return VG_DATA;
  size_t before = ds->n;
  vg_subject *s;
  vg_status st = vg_dataset_subject(ds, id, *person ? person : id, source, &s);
  if (st) return st;
  if (ds->n == before) return vg_fail(VG_DATA, "%s: id %s occurs twice", where, id);
  s->line = t->lines[row];
  for (size_t c = 0; c < t->cols && !st; c++) {
    const char *cell = vg_table_cell(t, row, c);
    if (columns[c].use < TUMOUR || !*cell) continue;
    st = put_cell(ds, s, vg_table_cell(t, 0, c), &columns[c], cell);
  }
  return st;
}

/* Whether a part of text begins with the word, in whatever case: "p1_aparc+aseg.mgz" and "aseg", but not
 * "p1a_seg". */
static bool has_word(const char *text, const char *word) {
  const size_t n = strlen(word);
  for (const char *at = text; *at; at++)
    if ((at == text || !isalnum((unsigned char)at[-1])) && strncasecmp(at, word, n) == 0) return true;
  return false;
}

/* The scheme of the program that writes label maps under such names, or NULL. */
static const char *scheme_of_name(const char *name) {
  static const char *const freesurfer[] = {"aseg", "aparc", "wmparc"};
  if (has_word(name, "synthseg")) return "synthseg";
  for (size_t i = 0; i < sizeof freesurfer / sizeof freesurfer[0]; i++)
    if (has_word(name, freesurfer[i])) return "freesurfer";
  return NULL;
}

/* The same for all anatomy maps of the source, or NULL if they do not agree. */
static const char *scheme_of_files(const vg_dataset *ds, int source) {
  const char *scheme = NULL;
  for (size_t i = 0; i < ds->n; i++) {
    const vg_subject *s = &ds->subjects[i];
    if (s->source != source || !s->anatomy) continue;
    const char *own = scheme_of_name(vg_fs_basename(s->anatomy));
    if (!own || (scheme && strcmp(own, scheme) != 0)) return NULL;
    scheme = own;
  }
  return scheme;
}

/* Where the user named no scheme, the column's name may tell it, or the names of its files. */
static vg_status guess_scheme(vg_dataset *ds, int source, const char *header) {
  vg_source *src = &ds->sources[source];
  const char *by_header = scheme_of_name(header),
             *scheme = by_header ? by_header : scheme_of_files(ds, source);
  if (!src->assumed[VG_ROLE_ANATOMY] || !scheme) return VG_OK;
  src->assumed[VG_ROLE_ANATOMY] = false;
  vg_info("%s: anatomy values are taken as those of scheme %s, by the name%s (--anatomy-scheme, "
          "data.anatomy_scheme)",
          src->manifest, scheme, by_header ? " of the column" : "s of its files");
  return vg_scheme_parse(scheme, &src->anatomy_scheme);
}

/* The same for tumour maps, where names of files, or ids, are those of BraTS from 2023 on: layout csv would
 * take the values for those of the editions before. */
static vg_status guess_tumour_scheme(vg_dataset *ds, int source) {
  vg_source *src = &ds->sources[source];
  const char *first[VG_BRATS_DOUBT + 1] = {0};
  for (size_t i = 0; i < ds->n; i++) {
    const vg_subject *s = &ds->subjects[i];
    if (s->source != source || !s->tumour) continue;
    const char *name = vg_fs_basename(s->tumour);
    const char **of = &first[vg_brats_task_of_name(vg_brats_is_task_id(name) ? name : s->id)];
    if (!*of) *of = name;
  }
  const char *known = first[VG_BRATS_2023] ? first[VG_BRATS_2023] : first[VG_BRATS_TREATED];
  if (!src->assumed[VG_ROLE_TUMOUR] || !(known || first[VG_BRATS_PED])) return VG_OK;
  if (first[VG_BRATS_PED])
    return vg_fail(
        VG_DATA,
        "%s: %s is of BraTS-PED, whose label values differ by year: name --tumour-scheme "
        "(data.tumour_scheme) brats2024-ped (1 enhancing, 2 nonenhancing, 3 cyst, 4 oedema) or brats2023 "
        "(1 necrosis, 2 oedema, 3 enhancing)",
        src->manifest, first[VG_BRATS_PED]);
  if (first[VG_BRATS_DOUBT])
    return vg_fail(
        VG_DATA,
        "%s: %s has a name of BraTS from 2023 on, %s has not, and label values differ by edition: name "
        "--tumour-scheme (data.tumour_scheme)",
        src->manifest, known, first[VG_BRATS_DOUBT]);
  const char *scheme = first[VG_BRATS_TREATED] ? "brats2024" : "brats2023";
  src->assumed[VG_ROLE_TUMOUR] = false;
  vg_info("%s: tumour values are taken as those of scheme %s, by names such as %s (--tumour-scheme, "
          "data.tumour_scheme)",
          src->manifest, scheme, first[VG_BRATS_TREATED] ? first[VG_BRATS_TREATED] : known);
  return vg_scheme_parse(scheme, &src->tumour_scheme);
}

/* Warns of an image that the list names twice, as a slip of copying does: two series of a subject would be
 * equal, or one person two. */
static vg_status check_repeats(const vg_table *t, const column *columns, const char *manifest) {
  vg_text_index seen = {0};
  size_t repeats = 0;
  vg_status st = VG_OK;
  for (size_t row = 1; row < t->rows && !st; row++)
    for (size_t c = 0; c < t->cols && !st; c++) {
      const char *cell = vg_table_cell(t, row, c);
      if (columns[c].use != SERIES || !*cell) continue;
      const size_t at = vg_text_index_get(&seen, cell, strlen(cell));
      if (at == VG_NO_NUMBER)
        st = vg_text_index_put(&seen, cell, strlen(cell), row * t->cols + c);
      else if (!repeats++)
        vg_warn("%s:%zu: column %s: %s is already %s of line %zu", manifest, t->lines[row],
                vg_table_cell(t, 0, c), cell, vg_table_cell(t, 0, at % t->cols), t->lines[at / t->cols]);
    }
  if (!st && repeats > 1)
    vg_warn("%s: %zu cells name an image that another one names already", manifest, repeats);
  vg_text_index_release(&seen);
  return st;
}

static vg_status add_file(vg_dataset *ds, const char *path, int source) {
  vg_table t = {0};
  column *columns = NULL;
  vg_status st = vg_table_read_sheet(path, &t);
  if (!st && !(columns = VG_NEW_N(column, t.cols))) st = VG_MEMORY;
  if (!st) st = find_columns(path, &t, columns);
  if (!st) st = check_repeats(&t, columns, path);
  for (size_t row = 1; row < t.rows && !st; row++) st = add_row(ds, &t, row, columns, source);
  for (size_t c = 0; c < t.cols && !st; c++)
    if (columns[c].use == ANATOMY) st = guess_scheme(ds, source, vg_table_cell(&t, 0, c));
  if (!st) st = guess_tumour_scheme(ds, source);
  vg_free(columns);
  vg_table_release(&t);
  return st;
}

const vg_layout vg_layout_csv = {.tumour_scheme = "brats",
                                 .anatomy_scheme = "tissues",
                                 .classify = classify,
                                 .suffix = ".csv",
                                 .add_file = add_file};
