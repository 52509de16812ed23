/* table.c: reads and writes CSV (RFC 4180), and prints columns on a terminal. */
#include "io/table.h"
#include <stdbool.h>
#include <string.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"

void vg_table_release(vg_table *t) {
  for (size_t i = 0; i < t->rows * t->cols; i++) vg_free(t->cells[i]);
  vg_free(t->cells);
  *t = (vg_table){0};
}

/* Moves cols strings into t, or frees them. */
static vg_status take_row(vg_table *t, char **cells) {
  if (t->rows == t->cap) {
    size_t cap = t->cap ? t->cap * 2 : 16;
    size_t slots;
    char **grown = NULL;
    if (__builtin_mul_overflow(cap, t->cols, &slots))
      vg_fail(VG_MEMORY, "out of memory: a table of %zu rows", cap);
    else
      grown = vg_realloc(t->cells, slots, sizeof *grown);
    if (!grown) {
      for (size_t i = 0; i < t->cols; i++) vg_free(cells[i]);
      return VG_MEMORY;
    }
    t->cells = grown;
    t->cap = cap;
  }
  memcpy(t->cells + t->rows * t->cols, cells, t->cols * sizeof *cells);
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
  st = take_row(t, copy);
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
  r->cells[r->n++] = cell;
  return VG_OK;
}

static bool at_break(const reader *in) {
  return in->at == in->end || *in->at == '\n' ||
         (*in->at == '\r' && in->at + 1 < in->end && in->at[1] == '\n');
}

static vg_status read_cell(reader *in, vg_str *text) {
  size_t first = in->line;
  if (in->at == in->end || *in->at != '"') {
    const char *from = in->at;
    while (*in->at != ',' && !at_break(in)) in->at++;
    vg_str_add_bytes(text, from, (size_t)(in->at - from));
    return vg_str_failed(text) ? VG_MEMORY : VG_OK;
  }
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
  if (!at_break(in) && *in->at != ',')
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
    in->at++; /* the comma */
  }
  if (in->at < in->end && *in->at == '\r') in->at++;
  if (in->at < in->end) in->at++;
  in->line++;
  return VG_OK;
}

vg_status vg_table_read(const char *path, vg_table *out) {
  void *bytes = NULL;
  size_t len;
  vg_table t = {0};
  row r = {0};
  vg_status st = vg_fs_read_most(path, BYTES_MOST, &bytes, &len);
  if (st) return st;
  reader in = {path, bytes, (const char *)bytes + len, 1, 0};
  if (memchr(bytes, '\0', len)) {
    st = vg_fail(VG_DATA, "%s: not text: it has a NUL byte", path);
    goto out;
  }
  if (vg_starts_with(bytes, "\xef\xbb\xbf")) in.at += 3; /* spreadsheets write this byte-order mark */
  while (in.at < in.end) {
    size_t line = in.line;
    bool blank = at_break(&in);
    st = read_row(&in, &r);
    if (st) goto out;
    if (!t.rows) t.cols = r.n;
    if (blank && (t.cols != 1 || !t.rows)) {
      clear_row(&r);
      continue;
    }
    if (r.n != t.cols) {
      st = vg_fail(VG_DATA, "%s:%zu: %zu cells, but the header has %zu", path, line, r.n, t.cols);
      goto out;
    }
    st = take_row(&t, r.cells);
    r.n = 0;
    if (st) goto out;
  }
  if (!t.rows) {
    st = vg_fail(VG_DATA, "%s: empty: it needs a header row", path);
    goto out;
  }
  *out = t;
  t = (vg_table){0};
out:
  if (st == VG_MEMORY) vg_fail_in(st, "%s", path);
  clear_row(&r);
  vg_free(r.cells);
  vg_table_release(&t);
  vg_free(bytes);
  return st;
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

void vg_table_print(FILE *to, const vg_table *t) {
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
