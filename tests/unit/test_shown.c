/* test_shown.c: what a terminal and a spreadsheet may see of text that others wrote; names in paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text/formula.h"
#include "base/file/path_part.h"
#include "base/text/shown.h"
#include "io/table.h"

static const struct {
  const char *text, *shown;
} texts[] = {
    {"plain Zürich 東京 🧠", "plain Zürich 東京 🧠"},
    {"a\x1b]0;owned\x07z", "a\\u001b]0;owned\\u0007z"},
    {"tab\tline\nreturn\r", "tab\\u0009line\\u000areturn\\u000d"},
    {"\x7f \xc2\x9b[2J", "\\u007f \\u009b[2J"},
    {"\x9b[2J", "\\x9b[2J"},
    {"a\xe2\x80\xae"
     "cod.exe",
     "a\\u202ecod.exe"},
    {"\xe2\x81\xa6x\xe2\x81\xa9", "\\u2066x\\u2069"},
    {"\xc0\x9b \xe0\x80\x9b \xed\xa0\x80 \xf4\x90\x80\x80",
     "\\xc0\\x9b \\xe0\\x80\\x9b \\xed\\xa0\\x80 \\xf4\\x90\\x80\\x80"},
    {"cut \xe6\x9d", "cut \\xe6\\x9d"},
    {"\xf3\xa0\x81\x81", "\\U000e0041"},
    {"", ""},
};
enum { TEXTS = sizeof texts / sizeof texts[0] };

static void test_strings(void **state) {
  (void)state;
  for (int i = 0; i < TEXTS; i++) {
    vg_str s = VG_STR_INIT;
    char file[256] = "";
    vg_str_add_shown(&s, texts[i].text);
    assert_string_equal(vg_str_text(&s), texts[i].shown);
    vg_str_release(&s);
    FILE *to = fmemopen(file, sizeof file, "w");
    assert_non_null(to);
    vg_shown_put(to, texts[i].text);
    fclose(to);
    assert_string_equal(file, texts[i].shown);
  }
}

/* A stream gets the bytes of a character in any pieces. */
static void test_stream(void **state) {
  (void)state;
  for (size_t piece = 1; piece < 5; piece++) {
    int ends[2];
    char got[4096];
    vg_str want = VG_STR_INIT;
    assert_int_equal(pipe(ends), 0);
    FILE *to = vg_shown_stream(ends[1]);
    assert_non_null(to);
    for (int i = 0; i < TEXTS; i++) {
      if (strpbrk(texts[i].text, "\n\t")) continue;
      char line[128];
      snprintf(line, sizeof line, "%s\n", texts[i].text);
      for (size_t at = 0; at < strlen(line); at += piece) {
        const size_t left = strlen(line) - at;
        assert_true(fwrite(line + at, 1, left < piece ? left : piece, to) > 0);
        assert_int_equal(fflush(to), 0);
      }
      vg_str_addf(&want, "%s\n", texts[i].shown);
    }
    fputs("a\tb\n", to); /* tables of our own */
    vg_str_add(&want, "a\tb\n");
    assert_int_equal(fclose(to), 0);
    close(ends[1]);
    const ssize_t n = read(ends[0], got, sizeof got - 1);
    assert_true(n > 0);
    got[n] = '\0';
    assert_string_equal(got, vg_str_text(&want));
    vg_str_release(&want);
    close(ends[0]);
  }
}

static void test_stream_on_a_closed_file(void **state) {
  (void)state;
  FILE *to = vg_shown_stream(-1);
  assert_non_null(to);
  fputs("text", to);
  assert_int_not_equal(fflush(to), 0);
  assert_true(ferror(to));
  fclose(to);
}

static void test_table_shows_escapes(void **state) {
  (void)state;
  vg_table t = {0};
  char file[256] = "";
  assert_int_equal(vg_table_init(&t, 2, (const char *const[]){"id", "n\x1b[2J"}), VG_OK);
  assert_int_equal(vg_table_add_row(&t, (const char *const[]){"A\nB", "1"}), VG_OK);
  FILE *to = fmemopen(file, sizeof file, "w");
  vg_table_print(to, &t);
  fclose(to);
  assert_string_equal(file, "id        n\\u001b[2J\nA\\u000aB           1\n");
  vg_table_release(&t);
}

static const char *const cells[] = {"=HYPERLINK(\"http:evil\",\"x\")",
                                    "+cmd|' /C calc'!A0",
                                    "-2+3",
                                    "@SUM(A1)",
                                    "\t=1",
                                    "\r=1",
                                    "\n=1",
                                    "'=1",
                                    "''@x",
                                    "'",
                                    "'quoted'",
                                    "=",
                                    "-",
                                    "-5",
                                    "+1e-3",
                                    "-inf",
                                    "plain",
                                    "",
                                    "a=b",
                                    "-nan(cmd)",
                                    "\xef\xbc\x9d"
                                    "1+1"};
enum { CELLS = sizeof cells / sizeof cells[0] };

static void test_formulas_are_text(void **state) {
  (void)state;
  for (int i = 0; i < CELLS; i++) {
    char cell[64];
    snprintf(cell, sizeof cell, "%s%s", vg_formula_mark(cells[i]), cells[i]);
    double v;
    /* No cell but a number begins as a formula does. */
    if (*cell && strchr("=+-@\t\r\n\xef", *cell)) assert_true(vg_parse_f64(cell, &v));
    vg_formula_unmark(cell);
    assert_string_equal(cell, cells[i]);
  }
  assert_string_equal(vg_formula_mark("-5.25"), "");
  assert_string_equal(vg_formula_mark("-5.25 ml"), "'");
}

static void test_tables_read_back(void **state) {
  (void)state;
  char dir[] = "/tmp/voxgan-shown-XXXXXX";
  assert_non_null(mkdtemp(dir));
  char *path = vg_fs_join(dir, "t.csv");
  vg_table t = {0}, back = {0};
  assert_int_equal(vg_table_init(&t, 2, (const char *const[]){"id", "=x"}), VG_OK);
  for (int i = 0; i < CELLS; i++)
    assert_int_equal(vg_table_add_row(&t, (const char *const[]){"row", cells[i]}), VG_OK);
  assert_int_equal(vg_table_write(path, &t), VG_OK);
  assert_int_equal(vg_table_read(path, &back), VG_OK);
  assert_int_equal(back.rows, t.rows);
  for (size_t r = 0; r < t.rows; r++)
    assert_string_equal(vg_table_cell(&back, r, 1), vg_table_cell(&t, r, 1));
  void *bytes;
  size_t len;
  assert_int_equal(vg_fs_read(path, &bytes, &len), VG_OK);
  assert_non_null(strstr(bytes, "row,\"'=HYPERLINK(\"\"http:evil\"\",\"\"x\"\")\"\n"));
  assert_non_null(strstr(bytes, "row,-5\n"));
  vg_free(bytes);
  vg_table_release(&t);
  vg_table_release(&back);
  assert_int_equal(vg_fs_remove(path), VG_OK);
  assert_int_equal(rmdir(dir), 0);
  vg_free(path);
}

static void test_path_parts(void **state) {
  (void)state;
  static const char *const good[] = {"t1",    "BraTS-GLI-00001-000", "sub-01_ses-2", "p1+2", "a..b", "=1",
                                     "Zürich"};
  static const char *const bad[] = {"",        ".",        "..",   ".hidden", "-rf",
                                    "a/b",     "/etc",     "../x", "a\\b",    "a\nb",
                                    "a\x1b[m", "\xc2\x9b", "\xff", "a\x7f",   "a\xe2\x80\xae"};
  char longest[VG_PATH_PART_MAX + 2];
  memset(longest, 'a', sizeof longest);
  longest[VG_PATH_PART_MAX + 1] = '\0';
  assert_non_null(vg_path_part_fault(longest));
  longest[VG_PATH_PART_MAX] = '\0';
  assert_null(vg_path_part_fault(longest));
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) assert_null(vg_path_part_fault(good[i]));
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_non_null(vg_path_part_fault(bad[i]));
    assert_int_equal(vg_path_part(VG_DATA, "m.csv", "id", bad[i]), VG_DATA);
    assert_non_null(strstr(vg_error(), "m.csv: id '"));
    assert_non_null(strstr(vg_error(), bad[i]));
  }
}

static void test_paths_below(void **state) {
  (void)state;
  static const char *const good[] = {"a", "a/b.nii", "a/..b/c", "a/b..", ".voxgan/x"};
  static const char *const bad[] = {"",   "/",    "/a",     "a//b", "a/",   ".",
                                    "..", "../a", "a/../b", "a/..", "a/./b"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) assert_true(vg_path_below(good[i]));
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(vg_path_below(bad[i]));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_strings),
      cmocka_unit_test(test_stream),
      cmocka_unit_test(test_stream_on_a_closed_file),
      cmocka_unit_test(test_table_shows_escapes),
      cmocka_unit_test(test_formulas_are_text),
      cmocka_unit_test(test_tables_read_back),
      cmocka_unit_test(test_path_parts),
      cmocka_unit_test(test_paths_below),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
