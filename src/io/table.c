/* table.c: reads and writes CSV (RFC 4180), and prints columns on a terminal. */
#include "io/table.h"
#include <stdbool.h>
#include <string.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text/formula.h"
#include "base/text/shown.h"

void vg_table_release(vg_table *t) {
  for (size_t i = 0; i < t->rows * t->cols; i++) vg_free(t->cells[i]);
  vg_free(t->cells);
  vg_free(t->lines);
  *t = (vg_table){0};
}

/* Moves cols strings into t, or frees them. line 0: the table is not read from a file. */
static vg_status take_row(vg_table *t, char **cells, size_t line) {
  if (t->rows == t->cap) {
    size_t cap = t->cap ? t->cap * 2 : 16;
    size_t slots;
    char **grown = NULL;
    if (__builtin_mul_overflow(cap, t->cols, &slots))
      vg_fail(VG_MEMORY, "out of memory: a table of %zu rows", cap);
    else
      grown = vg_realloc(t->cells, slots, sizeof *grown);
    if (grown) t->cells = grown;
    size_t *lines = grown && line ? vg_realloc(t->lines, cap, sizeof *lines) : NULL;
    if (lines) t->lines = lines;
    if (!grown || (line && !lines)) {
      for (size_t i = 0; i < t->cols; i++) vg_free(cells[i]);
      return VG_MEMORY;
    }
    t->cap = cap;
  }
  memcpy(t->cells + t->rows * t->cols, cells, t->cols * sizeof *cells);
  if (line) t->lines[t->rows] = line;
  t->rows++;
  return VG_OK;
}

vg_status vg_table_add_row(vg_table *t, const char *const *cells) {
  vg_status st = VG_OK;
  char **copy = VG_NEW_N(char *, t->cols);
  if (!copy) return VG_MEMORY;
  for (size_t i = 0; i < t->cols; i++) {
    copy[i] = vg_strdup(cells[i] ? cells[i] : "");
    if (!copy[i]) {
      while (i--) vg_free(copy[i]);
      vg_free(copy);
      return VG_MEMORY;
    }
  }
  st = take_row(t, copy, 0);
  vg_free(copy);
  return st;
}

vg_status vg_table_init(vg_table *t, size_t cols, const char *const *header) {
  *t = (vg_table){.cols = cols};
  return vg_table_add_row(t, header);
}

const char *vg_table_cell(const vg_table *t, size_t row, size_t col) {
  if (row >= t->rows || col >= t->cols)
    VG_BUG("cell %zu, %zu of a %zu x %zu table", row, col, t->rows, t->cols);
  return t->cells[row * t->cols + col];
}

int vg_table_col(const vg_table *t, const char *name) {
  for (size_t c = 0; t->rows && c < t->cols; c++) {
    if (!strcmp(t->cells[c], name)) return (int)c;
  }
  return -1;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* A cell takes some 50 bytes, a comma one. */
#define BYTES_MOST ((uint64_t)1 << 30)
#define CELLS_MOST ((size_t)32 << 20)
/* Columns are looked up by name, one after another. */
#define COLUMNS_MOST 16384

typedef struct reader {
  const char *path, *at, *end;
  size_t line, cells;
  char separator;
  bool sheet; /* as spreadsheets and people write it */
} reader;

typedef struct row {
  char **cells;
  size_t n, cap;
} row;

static void clear_row(row *r) {
  for (size_t i = 0; i < r->n; i++) vg_free(r->cells[i]);
  r->n = 0;
}

static vg_status push_cell(row *r, vg_str *text) {
  if (r->n == r->cap) {
    size_t cap = r->cap ? r->cap * 2 : 16;
    char **cells = vg_realloc(r->cells, cap, sizeof *cells);
    if (!cells) return VG_MEMORY;
    r->cells = cells;
    r->cap = cap;
  }
  char *cell = vg_str_take(text);
  if (!cell) return VG_MEMORY;
  vg_formula_unmark(cell);
  r->cells[r->n++] = cell;
  return VG_OK;
}

/* A line ends with LF, CRLF, or CR as in old spreadsheets. */
static bool at_break(const reader *in) {
  return in->at == in->end || *in->at == '\n' || *in->at == '\r';
}

static void pass_break(reader *in) {
  if (in->at < in->end && *in->at == '\r' && in->at + 1 < in->end && in->at[1] == '\n') in->at++;
  if (in->at < in->end) in->at++;
  in->line++;
}

static bool at_blank(const reader *in) {
  return in->at < in->end && *in->at != in->separator && (*in->at == ' ' || *in->at == '\t');
}

static void pass_blanks(reader *in) {
  while (in->sheet && at_blank(in)) in->at++;
}

static vg_status read_plain_cell(reader *in, vg_str *text) {
  const char *from = in->at;
  while (!at_break(in) && *in->at != in->separator) in->at++;
  const char *to = in->at;
  while (in->sheet && to > from && (to[-1] == ' ' || to[-1] == '\t')) to--;
  vg_str_add_bytes(text, from, (size_t)(to - from));
  return vg_str_failed(text) ? VG_MEMORY : VG_OK;
}

static vg_status read_cell(reader *in, vg_str *text) {
  size_t first = in->line;
  pass_blanks(in);
  if (in->at == in->end || *in->at != '"') return read_plain_cell(in, text);
  for (in->at++;;) {
    const char *from = in->at;
    while (in->at < in->end && *in->at != '"') in->line += *in->at++ == '\n';
    vg_str_add_bytes(text, from, (size_t)(in->at - from));
    if (in->at == in->end) return vg_fail(VG_DATA, "%s:%zu: a quote is not closed", in->path, first);
    in->at++;
    if (in->at == in->end || *in->at != '"') break;
    vg_str_add(text, "\"");
    in->at++;
  }
  pass_blanks(in);
  if (!at_break(in) && *in->at != in->separator)
    return vg_fail(VG_DATA, "%s:%zu: text after a closing quote", in->path, in->line);
  return vg_str_failed(text) ? VG_MEMORY : VG_OK;
}

/* Reads one row and its line break. */
static vg_status read_row(reader *in, row *r) {
  for (;;) {
    vg_str text = VG_STR_INIT;
    vg_status st = read_cell(in, &text);
    if (!st && ++in->cells > CELLS_MOST)
      st = vg_fail(VG_DATA, "%s:%zu: a table of more than %zu cells", in->path, in->line, CELLS_MOST);
    if (!st && r->n == COLUMNS_MOST)
      st = vg_fail(VG_DATA, "%s:%zu: more than %d columns", in->path, in->line, COLUMNS_MOST);
    if (!st) st = push_cell(r, &text);
    vg_str_release(&text);
    if (st) return st;
    if (at_break(in)) break;
    in->at++; /* the separator */
  }
  pass_break(in);
  return VG_OK;
}

/* The separator that the header has most of, outside quotes. Spreadsheets use ';' where ',' is the decimal
 * mark, and may name the separator in a first line "sep=;". */
static void find_separator(reader *in) {
  static const char separators[] = {',', ';', '\t'};
  size_t count[3] = {0};
  if (in->end - in->at >= 5 && memcmp(in->at, "sep=", 4) == 0) {
    reader after = *in;
    after.separator = in->at[4];
    after.at += 5;
    if (at_break(&after) && !strchr("\r\n\"", after.separator)) {
      pass_break(&after);
      *in = after;
      return;
    }
  }
  bool quoted = false;
  const char *header = in->at;
  while (header < in->end && strchr("\r\n", *header)) header++;
  for (const char *c = header; c < in->end && (quoted || (*c != '\n' && *c != '\r')); c++) {
    if (*c == '"') quoted = !quoted;
    for (int k = 0; k < 3; k++) count[k] += !quoted && *c == separators[k];
  }
  int best = 0;
  for (int k = 1; k < 3; k++)
    if (count[k] > count[best]) best = k;
  in->separator = separators[best];
}

static bool is_empty_row(const row *r) {
  for (size_t i = 0; i < r->n; i++)
    if (*r->cells[i]) return false;
  return true;
}

/* Drops empty cells at the end, down to `least`. */
static void trim_row(row *r, size_t least) {
  while (r->n > least && !*r->cells[r->n - 1]) vg_free(r->cells[--r->n]);
}

static vg_status check_text(const char *path, const char *bytes, size_t len) {
  if (len >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0))
    return vg_fail(VG_DATA, "%s: is UTF-16 text; save it as CSV in UTF-8", path);
  if (memchr(bytes, '\0', len))
    return vg_fail(VG_DATA,
                   "%s: not text: it has a NUL byte (a workbook, or UTF-16? save it as CSV in UTF-8)", path);
  return VG_OK;
}

static vg_status read_rows(reader *in, row *r, vg_table *t) {
  while (in->at < in->end) {
    size_t line = in->line;
    bool blank = at_break(in);
    vg_status st = read_row(in, r);
    if (st) return st;
    if (in->sheet) {
      blank |= is_empty_row(r);
      trim_row(r, t->rows ? t->cols : 1);
    }
    if (!t->rows && !(in->sheet && blank)) t->cols = r->n;
    if (blank && (in->sheet || t->cols != 1 || !t->rows)) {
      clear_row(r);
      continue;
    }
    if (r->n != t->cols)
      return vg_fail(VG_DATA, "%s:%zu: %zu cells, but the header has %zu", in->path, line, r->n, t->cols);
    st = take_row(t, r->cells, line);
    r->n = 0;
    if (st) return st;
  }
  return t->rows ? VG_OK : vg_fail(VG_DATA, "%s: empty: it needs a header row", in->path);
}

static vg_status read_table(const char *path, bool sheet, vg_table *out) {
  void *bytes = NULL;
  size_t len;
  vg_table t = {0};
  row r = {0};
  vg_status st = vg_fs_read_most(path, BYTES_MOST, &bytes, &len);
  if (st) return st;
  reader in = {path, bytes, (const char *)bytes + len, 1, 0, ',', sheet};
  st = check_text(path, bytes, len);
  if (!st && vg_starts_with(bytes, "\xef\xbb\xbf")) in.at += 3; /* spreadsheets write this byte-order mark */
  if (!st && sheet) find_separator(&in);
  if (!st) st = read_rows(&in, &r, &t);
  if (!st) {
    *out = t;
    t = (vg_table){0};
  }
  if (st == VG_MEMORY) vg_fail_in(st, "%s", path);
  clear_row(&r);
  vg_free(r.cells);
  vg_table_release(&t);
  vg_free(bytes);
  return st;
}

vg_status vg_table_read(const char *path, vg_table *out) {
  return read_table(path, false, out);
}

vg_status vg_table_read_sheet(const char *path, vg_table *out) {
  return read_table(path, true, out);
}

/* ---- writing -------------------------------------------------------------------------------- */

vg_status vg_table_write(const char *path, const vg_table *t) {
  vg_str s = VG_STR_INIT;
  vg_status st = VG_OK;
  for (size_t row_i = 0; row_i < t->rows; row_i++) {
    for (size_t c = 0; c < t->cols; c++) {
      if (c) vg_str_add(&s, ",");
      const char *cell = vg_table_cell(t, row_i, c);
      /* Quotes a single empty cell, which would otherwise be a blank line. */
      if (t->cols == 1 && !*cell)
        vg_str_add(&s, "\"\"");
      else
        vg_str_add_csv(&s, cell);
    }
    vg_str_add(&s, "\n");
  }
  st = vg_str_failed(&s) ? VG_MEMORY : vg_fs_write_atomic(path, vg_str_text(&s), s.len);
  vg_str_release(&s);
  return st;
}

/* Counts letters, not bytes: UTF-8 continuation bytes take no room. */
static int text_width(const char *s) {
  int n = 0;
  for (; *s; s++) n += ((unsigned char)*s & 0xc0) != 0x80;
  return n;
}

static bool is_number(const char *s) {
  double v;
  return vg_parse_f64(s, &v);
}

/* Aligns the header like its numbers. */
static bool numeric_column(const vg_table *t, size_t col) {
  bool any = false;
  for (size_t r = 1; r < t->rows; r++) {
    const char *cell = vg_table_cell(t, r, col);
    if (*cell && !is_number(cell)) return false;
    any |= *cell != '\0';
  }
  return any;
}

static int column_width(const vg_table *t, size_t col) {
  int width = 0;
  for (size_t r = 0; r < t->rows; r++) {
    int w = text_width(vg_table_cell(t, r, col));
    if (w > width) width = w;
  }
  return width;
}

/* Cells are data of others, so they are shown with escapes. */
static vg_status shown(const vg_table *t, vg_table *out) {
  *out = (vg_table){.rows = t->rows, .cols = t->cols, .cells = VG_NEW_N(char *, t->rows * t->cols)};
  if (!out->cells) return VG_MEMORY;
  for (size_t i = 0; i < t->rows * t->cols; i++) {
    vg_str cell = VG_STR_INIT;
    vg_str_add_shown(&cell, t->cells[i]);
    if (!(out->cells[i] = vg_str_take(&cell))) return VG_MEMORY;
  }
  return VG_OK;
}

static void print_rows(FILE *to, const vg_table *t) {
  int *widths = VG_NEW_N(int, t->cols);
  for (size_t c = 0; widths && c < t->cols; c++) widths[c] = column_width(t, c);
  for (size_t r = 0; r < t->rows; r++) {
    int owed = 0; /* blanks before the next cell: none trail at the end of a line */
    for (size_t c = 0; c < t->cols; c++) {
      const int width = widths ? widths[c] : column_width(t, c);
      const char *cell = vg_table_cell(t, r, c);
      int pad = width - text_width(cell);
      bool right = r ? is_number(cell) : numeric_column(t, c);
      if (*cell) {
        fprintf(to, "%*s%s", owed + (right ? pad : 0), "", cell);
        owed = right ? 0 : pad;
      } else {
        owed += width;
      }
      owed += 2;
    }
    fputc('\n', to);
  }
  vg_free(widths);
}

void vg_table_print(FILE *to, const vg_table *t) {
  vg_table safe = {0};
  if (shown(t, &safe))
    fprintf(to, "(%s)\n", vg_error());
  else
    print_rows(to, &safe);
  vg_table_release(&safe);
}
