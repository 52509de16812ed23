/* test_table.c: CSV both ways, its faults, and the layout for a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "scratch.h"
#include "base/fs.h"
#include "base/mem.h"
#include "io/table.h"

static vg_status read_text(const char *csv, vg_table *t) {
  assert_int_equal(vg_fs_write_atomic(in_scratch("t.csv"), csv, strlen(csv)), VG_OK);
  return vg_table_read(in_scratch("t.csv"), t);
}

static void test_read(void **state) {
  (void)state;
  vg_table t;
  assert_int_equal(read_text("\xef\xbb\xbfid,note\r\n1,\"a, \"\"b\"\"\r\nc\"\r\n\r\n2,\r\n3,last", &t),
                   VG_OK);
  assert_int_equal(t.rows, 4);
  assert_int_equal(t.cols, 2);
  assert_string_equal(vg_table_cell(&t, 0, 0), "id");
  assert_string_equal(vg_table_cell(&t, 1, 1), "a, \"b\"\r\nc");
  assert_string_equal(vg_table_cell(&t, 2, 1), "");
  assert_string_equal(vg_table_cell(&t, 3, 1), "last");
  assert_int_equal(vg_table_col(&t, "note"), 1);
  assert_int_equal(vg_table_col(&t, "Note"), -1);
  vg_table_release(&t);
  assert_int_equal(read_text("only\na\n\nb\n", &t), VG_OK); /* one column: a blank line is a cell */
  assert_int_equal(t.rows, 4);
  vg_table_release(&t);
}

static void test_faults(void **state) {
  (void)state;
  static const struct {
    const char *csv, *says;
  } bad[] = {
      {"", "t.csv: empty"},
      {"a,b\n1,2\n3\n", "t.csv:3: 1 cells, but the header has 2"},
      {"a,b\n\"x\ny\",1\n1,2,3\n", "t.csv:4: 3 cells"},
      {"a,b\n1,\"open\n", "t.csv:2: a quote is not closed"},
      {"a,b\n\"x\"y,1\n", "t.csv:2: text after a closing quote"},
  };
  vg_table t;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(read_text(bad[i].csv, &t), VG_DATA);
    if (!strstr(vg_error(), bad[i].says)) fail_msg("'%s' does not say '%s'", vg_error(), bad[i].says);
  }
  assert_int_equal(vg_fs_write_atomic(in_scratch("n.csv"), "a\0b", 3), VG_OK);
  assert_int_equal(vg_table_read(in_scratch("n.csv"), &t), VG_DATA);
}

/* The same table as spreadsheets and people write it. */
static void test_sheets(void **state) {
  (void)state;
  static const char *const sheets[] = {
      "id,t1,note\np1,a.nii,\"x, y\"\np2,b.nii,\n",
      "\xef\xbb\xbfid;t1;note\r\np1;a.nii;x, y\r\np2;b.nii;\r\n",
      "id\tt1\tnote\np1\ta.nii\tx, y\np2\tb.nii\t\n",
      "id,t1,note\rp1,a.nii,\"x, y\"\rp2,b.nii,\r",
      "id, t1 , note\n p1, a.nii, \"x, y\" \n\n , ,\np2,b.nii,\n",
      "id,t1,note,,\np1,a.nii,\"x, y\",,\np2,b.nii,,,\n,,,,,,\n",
      "sep=;\r\nid;t1;note\r\np1;a.nii;\"x, y\"\r\np2;b.nii;",
      "\n\nid;\"t1\";\"note\"\n\"p1\";\"a.nii\";\"x, y\"\n\"p2\";\"b.nii\";\n",
  };
  static const size_t lines[] = {2, 2, 2, 2, 2, 2, 3, 4}; /* of the row p1 */
  vg_table t;
  for (size_t i = 0; i < sizeof sheets / sizeof *sheets; i++) {
    assert_int_equal(vg_fs_write_atomic(in_scratch("s.csv"), sheets[i], strlen(sheets[i])), VG_OK);
    if (vg_table_read_sheet(in_scratch("s.csv"), &t)) fail_msg("sheet %zu: %s", i, vg_error());
    if (t.rows != 3 || t.cols != 3) fail_msg("sheet %zu: %zu x %zu", i, t.rows, t.cols);
    assert_string_equal(vg_table_cell(&t, 0, 1), "t1");
    assert_string_equal(vg_table_cell(&t, 0, 2), "note");
    assert_string_equal(vg_table_cell(&t, 1, 0), "p1");
    assert_string_equal(vg_table_cell(&t, 1, 2), "x, y");
    assert_string_equal(vg_table_cell(&t, 2, 1), "b.nii");
    assert_string_equal(vg_table_cell(&t, 2, 2), "");
    assert_int_equal(t.lines[1], lines[i]);
    vg_table_release(&t);
  }
  static const struct {
    const char *bytes;
    size_t n;
    const char *says;
  } bad[] = {
      {"\xff\xfei\0d\0", 6, "is UTF-16 text; save it as CSV in UTF-8"},
      {"\xfe\xff\0i\0d", 6, "is UTF-16 text"},
      {"i\0d\0", 4, "has a NUL byte"},
      {"id;t1\np1;a;b\n", 13, "s.csv:2: 3 cells, but the header has 2"},
      {"id;t1\r\np1\r\n", 11, "s.csv:2: 1 cells"},
      {"\n;;\n", 4, "empty: it needs a header row"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(vg_fs_write_atomic(in_scratch("s.csv"), bad[i].bytes, bad[i].n), VG_OK);
    assert_int_equal(vg_table_read_sheet(in_scratch("s.csv"), &t), VG_DATA);
    if (!strstr(vg_error(), bad[i].says)) fail_msg("'%s' does not say '%s'", vg_error(), bad[i].says);
  }
}

/* Columns are looked up one after another, so a header of a million would take hours. */
static void test_too_wide(void **state) {
  (void)state;
  enum { COLUMNS = 16384 };
  vg_table t;
  char *csv = malloc(2 * COLUMNS + 3);
  assert_non_null(csv);
  for (int i = 0; i < COLUMNS; i++) memcpy(csv + 2 * i, "a,", 2);
  strcpy(csv + 2 * COLUMNS - 1, "\n");
  assert_int_equal(read_text(csv, &t), VG_OK);
  assert_int_equal(t.cols, COLUMNS);
  vg_table_release(&t);
  strcpy(csv + 2 * COLUMNS - 1, ",a\n");
  assert_int_equal(read_text(csv, &t), VG_DATA);
  assert_non_null(strstr(vg_error(), "t.csv:1: more than 16384 columns"));
  free(csv);
}

static void test_round_trip(void **state) {
  (void)state;
  static const char *const rows[][3] = {
      {"id", "a b", "c"}, {"1", "x,y", ""}, {"2", "\"quoted\"", "line\nbreak"}, {"", "", " blanks "}};
  vg_table t, back;
  assert_int_equal(vg_table_init(&t, 3, rows[0]), VG_OK);
  for (int r = 1; r < 4; r++) assert_int_equal(vg_table_add_row(&t, rows[r]), VG_OK);
  assert_int_equal(vg_table_write(in_scratch("o.csv"), &t), VG_OK);
  assert_int_equal(vg_table_read(in_scratch("o.csv"), &back), VG_OK);
  assert_int_equal(back.rows, 4);
  for (size_t r = 0; r < 4; r++) {
    for (size_t c = 0; c < 3; c++) assert_string_equal(vg_table_cell(&back, r, c), rows[r][c]);
  }
  vg_table_release(&t);
  vg_table_release(&back);
}

static void test_print(void **state) {
  (void)state;
  static const char *const rows[][3] = {
      {"name", "mae", "note"}, {"t1", "0.157", "ok"}, {"fl\xc3\xa4r", "12.5", ""}, {"x", "-", "end"}};
  vg_table t;
  char got[512] = "";
  FILE *to = tmpfile();
  assert_int_equal(vg_table_init(&t, 3, rows[0]), VG_OK);
  for (int r = 1; r < 3; r++) assert_int_equal(vg_table_add_row(&t, rows[r]), VG_OK);
  vg_table_print(to, &t);
  assert_int_equal(vg_table_add_row(&t, rows[3]), VG_OK);
  vg_table_print(to, &t);
  rewind(to);
  assert_true(fread(got, 1, sizeof got - 1, to) > 0);
  fclose(to);
  assert_string_equal(got, "name    mae  note\nt1    0.157  ok\nfl\xc3\xa4r   12.5\n"
                           "name  mae    note\nt1    0.157  ok\nfl\xc3\xa4r   12.5\nx     -      end\n");
  vg_table_release(&t);
}

static void test_memory_failures(void **state) {
  (void)state;
  long live = vg_mem_live(), failures = 0;
  vg_table t;
  assert_int_equal(read_text("a,b\n1,\"x \"\"y\"\"\"\n3,4\n", &t), VG_OK);
  vg_table_release(&t);
  for (long n = 1;; n++) {
    vg_mem_fail_after(n);
    vg_status st = vg_table_read(in_scratch("t.csv"), &t);
    vg_mem_fail_after(0);
    if (!st) break;
    failures++;
    assert_int_equal(st, VG_MEMORY);
    assert_int_equal(vg_mem_live(), live);
  }
  assert_true(failures > 6);
  for (long n = 1;; n++) {
    static const char *const row[] = {"5", "6"};
    long before = vg_mem_live();
    vg_mem_fail_after(n);
    vg_status st = vg_table_add_row(&t, row);
    vg_mem_fail_after(0);
    if (!st) break;
    assert_int_equal(vg_mem_live(), before);
    assert_int_equal(t.rows, 3);
  }
  vg_table_release(&t);
  assert_int_equal(vg_mem_live(), live);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_read),
      cmocka_unit_test(test_sheets),
      cmocka_unit_test(test_too_wide),
      cmocka_unit_test(test_faults),
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_print),
      cmocka_unit_test(test_memory_failures),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
