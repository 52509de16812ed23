/* fuzz_table.c: any bytes as CSV give a table or a VG_DATA, and the table is printed. */
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "io/table.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static FILE *null;
  vg_table t = {0};
  fuzz_begin(data, size);
  if (!null && !(null = fopen("/dev/null", "w"))) return 0;
  fuzz_file("/mem/a.csv", data, size);
  vg_status st = vg_table_read("/mem/a.csv", &t);
  fuzz_allow(st, FUZZ(DATA));
  if (!st && (!t.rows || !t.cols)) VG_BUG("a table without a header");
  if (!st) {
    const int col = vg_table_col(&t, "id");
    if (col >= 0 && strcmp(vg_table_cell(&t, 0, (size_t)col), "id") != 0) VG_BUG("the wrong column");
    vg_table_print(null, &t);
    if (vg_table_write("/mem/b.csv", &t)) VG_BUG("%s", vg_error());
  }
  vg_table_release(&t);
  return fuzz_end();
}
