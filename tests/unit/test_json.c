/* test_json.c: parsing with positions of faults, building, printing, and every allocation failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "scratch.h"
#include "base/fs.h"
#include "io/json.h"
#include "base/mem.h"
#include "voxgan/rng.h"

static const char text[] = "{\"a\": [1, -2.5e3, true, null], \"b\": {\"c\": \"x\\u00e9\\n\"}, \"B\": false}";

static void test_read(void **state) {
  (void)state;
  vg_json *root;
  assert_int_equal(vg_json_parse("t", text, &root), VG_OK);
  assert_int_equal(vg_json_type_of(root), VG_JSON_OBJECT);
  assert_int_equal(vg_json_size(root), 3);
  const vg_json *a = vg_json_get(root, "a"), *one = vg_json_first(a);
  assert_int_equal(vg_json_type_of(a), VG_JSON_ARRAY);
  assert_int_equal(vg_json_size(a), 4);
  assert_true(vg_json_number(one, 0) == 1);
  assert_true(vg_json_number(vg_json_next(one), 0) == -2500);
  assert_true(vg_json_bool(vg_json_next(vg_json_next(one)), false));
  assert_int_equal(vg_json_type_of(vg_json_next(vg_json_next(vg_json_next(one)))), VG_JSON_NULL);
  assert_string_equal(vg_json_key(one), "");
  assert_string_equal(vg_json_key(vg_json_next(vg_json_first(root))), "b");
  assert_string_equal(vg_json_string(vg_json_get(vg_json_get(root, "b"), "c"), ""), "x\xc3\xa9\n");
  assert_false(vg_json_bool(vg_json_get(root, "B"), true));
  /* a path that leads nowhere reads as one expression */
  assert_true(vg_json_number(vg_json_get(vg_json_get(root, "no"), "where"), 7) == 7);
  assert_null(vg_json_get(a, "c"));
  assert_null(vg_json_first(one));
  assert_int_equal(vg_json_size(NULL), 0);
  assert_int_equal(vg_json_type_of(NULL), VG_JSON_NONE);
  assert_string_equal(vg_json_string(one, "other"), "other");
  vg_json_free(root);
  vg_json_free(NULL);
}

static void test_whole_numbers(void **state) {
  (void)state;
  static const char numbers[] =
      "{\"a\": 7, \"low\": -3, \"half\": 0.5, \"huge\": 1e300, \"over\": 2147483648, "
      "\"big\": 9007199254740993e3, \"minus\": -1e300, \"text\": \"7\", \"no\": null}";
  static const char *const bad[] = {"low", "half", "huge", "over", "big", "minus", "text", "no", "absent"};
  vg_json *root;
  int v = 99;
  int64_t wide = 99;
  assert_int_equal(vg_json_parse("t", numbers, &root), VG_OK);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(vg_json_int(root, bad[i], 0, INT32_MAX, &v), VG_DATA);
    assert_non_null(strstr(vg_error(), bad[i]));
    assert_int_equal(v, 99);
  }
  assert_int_equal(vg_json_int(root, "a", 7, 7, &v), VG_OK);
  assert_int_equal(v, 7);
  assert_int_equal(vg_json_int(root, "low", INT32_MIN, 0, &v), VG_OK);
  assert_int_equal(v, -3);
  assert_int_equal(vg_json_int(root, "a", 8, 9, &v), VG_DATA);
  assert_non_null(strstr(vg_error(), "a is 7, but must be a whole number from 8 to 9"));
  assert_int_equal(vg_json_int(NULL, "a", 0, 9, &v), VG_DATA);
  assert_int_equal(vg_json_i64(root, "over", 0, INT64_MAX, &wide), VG_OK);
  assert_true(wide == 2147483648);
  assert_int_equal(vg_json_i64(root, "huge", INT64_MIN, INT64_MAX, &wide), VG_DATA);
  vg_json_free(root);
}

static void test_faults(void **state) {
  (void)state;
  static const struct {
    const char *text, *place;
  } bad[] = {
      {"", "c.json:1:1: not valid JSON: the text ends early"},
      {"{\n  \"a\": 1,\n  \"b\" 2\n}", "c.json:3:7: "},
      {"{\"a\": 1} x", "c.json:1:10: not valid JSON at 'x'"},
      {"[1, 2", "c.json:1:"},
      {"{\"a\": tru}", "c.json:1:7: not valid JSON at 'tru}'"},
      {"[1,]", "c.json:1:4: "},
      {"{'a': 1}", "c.json:1:"},
      {"[NaN]", "c.json:1:2: "},
      {"\"open", "c.json:1:"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    vg_json *root = NULL;
    assert_int_equal(vg_json_parse("c.json", bad[i].text, &root), VG_DATA);
    if (strncmp(vg_error(), bad[i].place, strlen(bad[i].place)))
      fail_msg("'%s' gives '%s', wanted '%s'", bad[i].text, vg_error(), bad[i].place);
  }
  vg_json *root;
  assert_int_equal(vg_fs_write_atomic(in_scratch("nul.json"), "{}\0{}", 5), VG_OK);
  assert_int_equal(vg_json_read(in_scratch("nul.json"), &root), VG_DATA);
  assert_int_equal(vg_json_read(in_scratch("absent.json"), &root), VG_IO);
  char deep[5001];
  memset(deep, '[', 5000);
  deep[5000] = '\0';
  assert_int_equal(vg_json_parse("deep", deep, &root), VG_DATA);
}

static vg_json *build(void) {
  vg_json *root = vg_json_object();
  vg_json_put_string(root, "name", "a \"b\"\\\n\x01");
  vg_json_put_number(root, "lr", 2e-4);
  vg_json_put_number(root, "seed", 9007199254740991.0);
  vg_json_put_number(root, "nan", (double)NAN);
  vg_json *list = vg_json_put_take(root, "list", vg_json_array());
  for (int i = 0; i < 3; i++) vg_json_put_number(list, NULL, i / 10.0);
  vg_json *rows = vg_json_put_take(root, "rows", vg_json_array());
  vg_json_put_bool(vg_json_put_take(rows, NULL, vg_json_object()), "on", true);
  vg_json_put_take(root, "empty", vg_json_object());
  vg_json_put_string(root, "name", "second");
  return root;
}

static void test_print(void **state) {
  (void)state;
  vg_json *root = build(), *back;
  char *flat = vg_json_print(root, false), *pretty = vg_json_print(root, true);
  assert_string_equal(flat, "{\"name\":\"second\",\"lr\":0.0002,\"seed\":9007199254740991,\"nan\":null,"
                            "\"list\":[0,0.1,0.2],\"rows\":[{\"on\":true}],\"empty\":{}}");
  assert_string_equal(pretty, "{\n  \"name\": \"second\",\n  \"lr\": 0.0002,\n  \"seed\": 9007199254740991,\n"
                              "  \"nan\": null,\n  \"list\": [0, 0.1, 0.2],\n  \"rows\": [\n    {\n"
                              "      \"on\": true\n    }\n  ],\n  \"empty\": {}\n}\n");
  assert_int_equal(vg_json_write(in_scratch("o.json"), root), VG_OK);
  assert_int_equal(vg_json_read(in_scratch("o.json"), &back), VG_OK);
  char *again = vg_json_print(back, false);
  assert_string_equal(again, flat);
  vg_free(flat);
  vg_free(pretty);
  vg_free(again);
  vg_json_free(root);
  vg_json_free(back);
}

static void test_strings_survive(void **state) {
  (void)state;
  char all[256];
  for (int i = 0; i < 127; i++) all[i] = (char)(i + 1);
  strcpy(all + 127, "\xc3\xa9\xf0\x9f\xa7\xa0");
  vg_json *root = vg_json_array(), *back;
  vg_json_put_string(root, NULL, all);
  char *printed = vg_json_print(root, true);
  assert_int_equal(vg_json_parse("t", printed, &back), VG_OK);
  assert_string_equal(vg_json_string(vg_json_first(back), ""), all);
  vg_free(printed);
  vg_json_free(root);
  vg_json_free(back);
}

static void test_numbers_survive(void **state) {
  (void)state;
  static const double known[] = {0.1,  1.0 / 3, 1e300, 5e-324, DBL_MAX, -DBL_MIN, 123456789012345680.0,
                                 1e15, 2.5};
  vg_rng r = vg_rng_init(8, 8);
  for (int i = 0; i < 3000; i++) {
    uint64_t bits = vg_rng_u64(&r);
    double v, read;
    memcpy(&v, &bits, sizeof v);
    if (i < (int)(sizeof known / sizeof *known)) v = known[i];
    if (!isfinite(v)) continue;
    vg_json *root = vg_json_array(), *back;
    vg_json_put_number(root, NULL, v);
    char *printed = vg_json_print(root, false);
    assert_int_equal(vg_json_parse("t", printed, &back), VG_OK);
    read = vg_json_number(vg_json_first(back), 0);
    assert_memory_equal(&read, &v, sizeof v);
    vg_free(printed);
    vg_json_free(root);
    vg_json_free(back);
  }
}

/* A failed addition may be noticed late, but never printed over. */
static void test_memory_failures(void **state) {
  (void)state;
  long live = vg_mem_live();
  vg_json *root;
  int failures = 0;
  for (long n = 1;; n++) {
    vg_mem_fail_after(n);
    vg_status st = vg_json_parse("t", text, &root);
    vg_mem_fail_after(0);
    if (!st) break;
    failures++;
    assert_int_equal(st, VG_MEMORY);
    assert_int_equal(vg_mem_live(), live);
  }
  vg_json_free(root);
  root = build();
  char *want = vg_json_print(root, false);
  vg_json_free(root);
  for (long n = 1;; n++) {
    vg_mem_fail_after(n);
    root = build();
    char *printed = vg_json_print(root, false);
    vg_mem_fail_after(0);
    char *later = vg_json_print(root, false);
    if (later) assert_string_equal(later, want); /* complete, or not at all */
    vg_free(later);
    vg_json_free(root);
    assert_int_equal(vg_mem_live(), live + 1 + (printed != NULL));
    if (printed) {
      assert_string_equal(printed, want);
      vg_free(printed);
      break;
    }
    failures++;
  }
  vg_free(want);
  assert_true(failures > 40);
  assert_int_equal(vg_mem_live(), live);
}

static void test_lines(void **state) {
  (void)state;
  const char *path = in_scratch("lines.jsonl");
  vg_json_lines lines;
  assert_int_equal(vg_json_lines_read(path, &lines), VG_OK); /* not there: none */
  assert_int_equal(lines.n, 0);
  assert_int_equal(vg_fs_write_atomic(path, "{\"a\": 1}\n[2]\n{\"a\":", 19), VG_OK);
  assert_int_equal(vg_json_lines_read(path, &lines), VG_OK);
  assert_int_equal(lines.n, 2);
  assert_true(vg_json_number(vg_json_get(lines.items[0], "a"), 0) == 1);
  vg_json_lines_release(&lines);
  assert_int_equal(vg_fs_append_line(path, " 3"), VG_OK);
  assert_int_equal(vg_json_lines_read(path, &lines), VG_DATA);
  assert_non_null(strstr(vg_error(), "lines.jsonl: line 3 is not valid JSON"));
  assert_int_equal(lines.n, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_read),
      cmocka_unit_test(test_lines),
      cmocka_unit_test(test_whole_numbers),
      cmocka_unit_test(test_faults),
      cmocka_unit_test(test_print),
      cmocka_unit_test(test_strings_survive),
      cmocka_unit_test(test_numbers_survive),
      cmocka_unit_test(test_memory_failures),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
