/* table.h: rows of text cells, read from CSV, written to CSV, or printed on a terminal. */
#ifndef VOXGAN_TABLE_H
#define VOXGAN_TABLE_H
#include <stddef.h>
#include <stdio.h>
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_table {
  size_t rows, cols; /* row 0 is the header */
  char **cells;      /* rows * cols, never NULL */
  size_t *lines;     /* where each row begins in its file, from 1; NULL: the table was not read from one */
  size_t cap;
} vg_table;

/* Reads CSV by RFC 4180: quotes, embedded commas and line breaks, CRLF. VG_DATA: a row of another width; the
 * message names file and line. The caller calls _release. */
vg_status vg_table_read(const char *path, vg_table *out);
/* Reads a table that people keep: separated by commas, semicolons or tabs (as the header has it, or a first
 * line "sep=;"), with blanks around cells, lines without content, and empty columns at the end. */
vg_status vg_table_read_sheet(const char *path, vg_table *out);
vg_status vg_table_init(vg_table *t, size_t cols, const char *const *header);
vg_status vg_table_add_row(vg_table *t, const char *const *cells);
const char *vg_table_cell(const vg_table *t, size_t row, size_t col);
/* Column of that name, or -1. */
int vg_table_col(const vg_table *t, const char *name);
vg_status vg_table_write(const char *path, const vg_table *t);
/* Prints columns padded to their width, with numbers aligned to the right. */
void vg_table_print(FILE *to, const vg_table *t);
void vg_table_release(vg_table *t);

#ifdef __cplusplus
}
#endif
#endif
