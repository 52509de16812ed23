/* identifiers.c: searches everything in a data set that may contain an identifier. */
#include "eval/privacy/identifiers.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "base/fs.h"
#include "io/gzip.h"
#include "io/json.h"
#include "base/mem.h"
#include "voxgan/volume.h"
#include "base/str.h"
#include "io/table.h"

typedef struct scan {
  const char *const *ids;
  size_t n_ids;
  const char *file, *path; /* the file under inspection: relative to the root, and its whole path */
  identifier_report *report;
} scan;

/* ---- findings ---- */

/* Findings of one file that are listed by their fields. The list stays short, because every new one is
 * compared with those before it. */
#define FIELDS_MOST 256
#define FURTHER "further fields"

static vg_status add(const scan *s, const char *field, const char *kind) {
  identifier_report *r = s->report;
  size_t listed = 0;
  for (size_t i = r->n; i-- > 0 && !strcmp(r->list[i].file, s->file); listed++) {
    if (r->list[i].kind != kind || strcmp(r->list[i].field, field) != 0) continue;
    r->list[i].count++;
    return VG_OK;
  }
  if (listed >= FIELDS_MOST && strcmp(field, FURTHER) != 0) return add(s, FURTHER, kind);
  identifier_finding *grown = vg_realloc(r->list, r->n + 1, sizeof *grown);
  if (!grown) return VG_MEMORY;
  r->list = grown;
  identifier_finding *f = &grown[r->n++];
  *f = (identifier_finding){vg_strdup(s->file), vg_strdup(field), kind, 1};
  return f->file && f->field ? VG_OK : VG_MEMORY;
}

static vg_status look(const scan *s, const char *field, const char *text, bool header) {
  const char *kind = vg_privacy_identifier_in(text, s->ids, s->n_ids, header);
  return kind ? add(s, field, kind) : VG_OK;
}

/* Inspects a text of at most size bytes that need not end with NUL. Unprintable bytes separate words. */
static vg_status look_at_bytes(const scan *s, const char *field, const void *bytes, size_t size,
                               bool header) {
  char *text = vg_malloc(size + 1, 1);
  if (!text) return VG_MEMORY;
  memcpy(text, bytes, size);
  text[size] = 0;
  if (header) text[strcspn(text, "\0")] = 0;
  size_t len = header ? strlen(text) : size;
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)text[i] < ' ') text[i] = ' ';
  while (len && text[len - 1] == ' ') text[--len] = 0;
  vg_status st = look(s, field, text + strspn(text, " "), header);
  vg_free(text);
  return st;
}

/* ---- NIfTI ---- */

static int32_t int_at(const uint8_t *b, bool swap) {
  uint32_t v;
  memcpy(&v, b, sizeof v);
  return (int32_t)(swap ? __builtin_bswap32(v) : v);
}

typedef struct header_field {
  const char *name;
  size_t at, size;
} header_field;
static const header_field fields_1[] = {{"data_type", 4, 10},  {"db_name", 14, 18},      {"descrip", 148, 80},
                                        {"aux_file", 228, 24}, {"intent_name", 328, 16}, {NULL, 0, 0}};
static const header_field fields_2[] = {
    {"descrip", 240, 80}, {"aux_file", 320, 24}, {"intent_name", 508, 16}, {NULL, 0, 0}};

/* Inspects extensions, up to the first voxel or the end of the bytes read. */
static vg_status look_at_extensions(const scan *s, const uint8_t *b, size_t len, size_t at, bool swap) {
  if (at + 4 > len || !b[at]) return VG_OK;
  at += 4;
  while (at + 8 <= len) {
    const int32_t size = int_at(b + at, swap), code = int_at(b + at + 4, swap);
    if (size < 8 || size % 16 || code < 0 || (size_t)size > len - at) break;
    char field[48];
    snprintf(field, sizeof field, "extension %d", (int)code);
    const char *kind = code == 2 ? "DICOM in a header" : "free text";
    /* The content of an extension may be worse than its presence. */
    const char *worse = NULL;
    char *text = vg_malloc((size_t)size, 1);
    if (!text) return VG_MEMORY;
    memcpy(text, b + at + 8, (size_t)size - 8);
    text[size - 8] = 0;
    for (int32_t i = 0; i < size - 8; i++)
      if (!text[i]) text[i] = ' ';
    worse = vg_privacy_identifier_in(text, s->ids, s->n_ids, false);
    vg_free(text);
    vg_status st = add(s, field, worse ? worse : kind);
    if (st) return st;
    at += (size_t)size;
  }
  return VG_OK;
}

/* Our own mark of synthetic files, and nothing behind it. */
static bool is_mark(const uint8_t *bytes, size_t size) {
  const size_t first = strlen(VG_VOLUME_MARK);
  if (memcmp(bytes, VG_VOLUME_MARK, first) != 0) return false;
  size_t n = first;
  while (n < size && bytes[n] && strchr("0123456789.", bytes[n])) n++;
  while (n < size && !bytes[n]) n++;
  return n == size;
}

#define HEADER_MOST ((size_t)4 << 20)

static vg_status look_at_nifti(const scan *s, const void *bytes, size_t len) {
  uint8_t *b = vg_malloc(HEADER_MOST, 1);
  size_t got = len < HEADER_MOST ? len : HEADER_MOST;
  vg_status st = b ? VG_OK : VG_MEMORY;
  if (!st && vg_gzip_is(bytes, len))
    st = vg_gzip_peek(s->path, bytes, len, b, HEADER_MOST, &got);
  else if (!st)
    memcpy(b, bytes, got);
  if (st || got < 348) goto out; /* other code refuses a file that is not an image */
  const int32_t size = int_at(b, false), swapped = int_at(b, true);
  const bool swap = swapped == 348 || swapped == 540, second = (swap ? swapped : size) == 540;
  if (!swap && size != 348 && size != 540) goto out;
  const size_t header = second ? 540 : 348;
  if (got < header) goto out;
  for (const header_field *f = second ? fields_2 : fields_1; f->name && !st; f++)
    if (f->size < 80 || !is_mark(b + f->at, f->size))
      st = look_at_bytes(s, f->name, b + f->at, f->size, true);
  /* Start of the voxels: a float in version 1, an int64 in version 2. */
  if (!st && !second) {
    const int32_t bits = int_at(b + 108, swap);
    float offset;
    memcpy(&offset, &bits, sizeof offset);
    if (offset >= 352 && (double)offset < (double)got) got = (size_t)offset;
  } else if (!st) {
    uint64_t offset;
    memcpy(&offset, b + 168, sizeof offset);
    if (swap) offset = __builtin_bswap64(offset);
    if (offset >= 544 && offset < got) got = (size_t)offset;
  }
  if (!st) st = look_at_extensions(s, b, got, header, swap);
out:
  vg_free(b);
  return st;
}

/* The header follows RFC 1952. Its name is usually the file's own; a different name may identify somebody. */
static vg_status look_at_gzip(const scan *s, const uint8_t *b, size_t len) {
  size_t at = 10;
  if (len < at) return VG_OK;
  if (b[3] & 4 && len > at + 2) at += 2 + (size_t)b[at] + 256 * (size_t)b[at + 1];
  static const char *const names[] = {"gzip file name", "gzip comment"};
  for (int k = 0; k < 2; k++) {
    if (!(b[3] & (k ? 16 : 8)) || at >= len) continue;
    const size_t size = strnlen((const char *)b + at, len - at);
    const char *own = vg_fs_basename(s->file);
    const bool same = !k && size <= strlen(own) && !strncmp((const char *)b + at, own, size);
    vg_status st = same ? VG_OK : look_at_bytes(s, names[k], b + at, size, k == 1);
    if (st) return st;
    at += size + 1;
  }
  return VG_OK;
}

/* ---- JSON ---- */

static bool says_something(const vg_json *node) {
  const vg_json_type t = vg_json_type_of(node);
  return t == VG_JSON_STRING ? *vg_json_string(node, "") != 0 : t == VG_JSON_NUMBER || vg_json_size(node) > 0;
}

static vg_status look_at_json(const scan *s, const char *path, const vg_json *node, int depth) {
  const char *text = vg_json_type_of(node) == VG_JSON_STRING ? vg_json_string(node, "") : NULL;
  vg_status st = text ? look(s, path, text, false) : VG_OK;
  for (const vg_json *c = text || depth > 32 ? NULL : vg_json_first(node); c && !st; c = vg_json_next(c)) {
    const char *key = vg_json_key(c);
    char *below = *key ? vg_format("%s%s%s", path, *path ? "." : "", key) : vg_format("%s[]", path);
    if (!below) return VG_MEMORY;
    if (vg_privacy_is_dicom_attribute(key) && says_something(c))
      st = add(s, below, "DICOM attribute");
    else if (vg_privacy_identifier_in(key, s->ids, s->n_ids, false))
      st = add(s, *path ? path : "key", IDENTIFIER_REAL_ID);
    if (!st) st = look_at_json(s, below, c, depth + 1);
    vg_free(below);
  }
  return st;
}

/* ---- tables and text ---- */

static vg_status look_at_text(const scan *s, const char *text, size_t len) {
  vg_status st = VG_OK;
  for (size_t at = 0; at < len && !st;) {
    const char *end = memchr(text + at, '\n', len - at);
    const size_t size = end ? (size_t)(end - text) - at : len - at;
    st = look_at_bytes(s, "text", text + at, size, false);
    at += size + 1;
  }
  return st;
}

static vg_status look_at_cell(const scan *s, const char *column, const char *cell) {
  char *field = vg_format("column %s", column);
  vg_status st = field ? look(s, field, cell, false) : VG_MEMORY;
  vg_free(field);
  return st;
}

static vg_status look_at_csv(const scan *s) {
  vg_table t = {0};
  vg_status st = vg_table_read(s->path, &t);
  for (size_t r = 0; r < t.rows && !st; r++)
    for (size_t c = 0; c < t.cols && !st; c++)
      st = look_at_cell(s, vg_table_cell(&t, 0, c), vg_table_cell(&t, r, c));
  vg_table_release(&t);
  return st;
}

static vg_status look_at_tsv(const scan *s, const char *text) {
  size_t n_lines, n_columns = 0;
  char **lines = vg_split(text, '\n', &n_lines), **columns = NULL;
  vg_status st = lines ? VG_OK : VG_MEMORY;
  for (size_t r = 0; r < n_lines && !st; r++) {
    size_t n;
    char **cells = vg_split(lines[r], '\t', &n);
    if (!cells) st = VG_MEMORY;
    for (size_t c = 0; c < n && !st; c++)
      st = look_at_cell(s, columns && c < n_columns ? columns[c] : cells[c], cells[c]);
    if (r || st) {
      vg_strv_free(cells);
    } else {
      columns = cells;
      n_columns = n;
    }
  }
  vg_strv_free(columns);
  vg_strv_free(lines);
  return st;
}

/* ---- files ---- */

#define TEXT_MOST ((uint64_t)64 << 20)

static bool ends_with_any(const char *path, const char *const *ends) {
  for (; *ends; ends++)
    if (vg_ends_with(path, *ends)) return true;
  return false;
}

static vg_status look_at_json_file(const scan *s, const char *text, size_t len) {
  vg_json *root = NULL;
  vg_status st = vg_json_parse(s->path, text, &root);
  if (!st) st = look_at_json(s, "", root, 0);
  vg_json_free(root);
  return st == VG_DATA ? look_at_text(s, text, len) : st;
}

static vg_status look_at_image(const scan *s) {
  vg_file f;
  vg_status st = vg_file_open(s->path, &f);
  if (st) return st;
  const size_t len = f.size < HEADER_MOST ? (size_t)f.size : HEADER_MOST;
  void *start = vg_malloc(len, 1);
  st = start ? vg_file_read(&f, s->path, 0, start, len) : vg_fail_in(VG_MEMORY, "%s", s->path);
  vg_file_close(&f);
  if (!st && vg_gzip_is(start, len)) st = look_at_gzip(s, start, len);
  if (!st && len) st = look_at_nifti(s, start, len);
  vg_free(start);
  return st == VG_DATA ? VG_OK : st; /* damaged: there is no header to read */
}

static bool is_dicom(const char *path) {
  char mark[132] = "";
  vg_file f;
  if (vg_file_open(path, &f)) return false;
  const bool whole = f.size >= sizeof mark && !vg_file_read(&f, path, 0, mark, sizeof mark);
  vg_file_close(&f);
  return whole && !memcmp(mark + 128, "DICM", 4);
}

static vg_status look_at_file(const scan *s) {
  static const char *const texts[] = {".json", ".tsv", ".txt", ".md", ".xml", ".bval", ".bvec", NULL};
  uint64_t size;
  vg_status st = look(s, "name", s->file, false);
  if (st) return st;
  s->report->files++;
  if (vg_volume_is_path(s->path)) return look_at_image(s);
  if (is_dicom(s->path)) return add(s, "file", "DICOM file");
  if (vg_ends_with(s->path, ".csv")) {
    st = look_at_csv(s);
    if (st != VG_DATA) return st;
  } else if (!ends_with_any(s->path, texts)) {
    s->report->unread++;
    return VG_OK;
  }
  if ((st = vg_fs_size(s->path, &size))) return st;
  if (size > TEXT_MOST) {
    s->report->unread++;
    return VG_OK;
  }
  void *text;
  size_t len;
  if ((st = vg_fs_read(s->path, &text, &len))) return st;
  if (vg_ends_with(s->path, ".json"))
    st = look_at_json_file(s, text, len);
  else if (vg_ends_with(s->path, ".tsv"))
    st = look_at_tsv(s, text);
  else
    st = look_at_text(s, text, len);
  vg_free(text);
  return st;
}

vg_status vg_privacy_identifiers_scan(const char *root, char *const *files, size_t n, const char *const *ids,
                                      size_t n_ids, identifier_report *out) {
  vg_status st = VG_OK;
  *out = (identifier_report){0};
  for (size_t i = 0; i < n && !st; i++) {
    char *path = vg_fs_join(root, files[i]);
    st = path ? look_at_file(&(scan){ids, n_ids, files[i], path, out}) : VG_MEMORY;
    vg_free(path);
  }
  if (st) vg_privacy_identifiers_release(out);
  return st;
}

void vg_privacy_identifiers_release(identifier_report *r) {
  for (size_t i = 0; i < r->n; i++) {
    vg_free(r->list[i].file);
    vg_free(r->list[i].field);
  }
  vg_free(r->list);
  *r = (identifier_report){0};
}
