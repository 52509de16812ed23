/* test_manifest.c: records come back as written, from any writer; the manifest is their sum, in any order;
 * deviations from it are found; secrets are HMACs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <sys/wait.h>
#include "mini_tree.h"
#include "base/str.h"
#include "io/json.h"
#include "oracle.h"
#include "scratch.h"
#include "voxgan/log.h"
#include "voxgan/output.h"
#include "io/table.h"

static char *read_text(const char *dir, const char *name) {
  char *path = vg_fs_join(dir, name);
  void *bytes;
  size_t len;
  must(vg_fs_read(path, &bytes, &len));
  vg_free(path);
  return bytes;
}

static void remove_file(const char *dir, const char *name) {
  char *path = vg_fs_join(dir, name);
  must(vg_fs_remove(path));
  vg_free(path);
}

/* Case k: t1 and flair, a tumour map where k is even, an anatomy map where it is odd. */
static vg_record new_record(int k) {
  vg_record r = {.redraws = k, .seed = 18446744073709551615u};
  vg_classes classes = {0};
  vg_tumour_facts facts = {.components = 1, .left_share = k % 3 * 0.45};
  must(vg_classes_add_name(&classes, "gm", VG_ROLE_ANATOMY));
  must(vg_classes_add_name(&classes, "necrosis", VG_ROLE_TUMOUR));
  must(vg_classes_add_name(&classes, k == 4 ? "cavity" : "oedema", VG_ROLE_TUMOUR));
  if (k % 2 == 0) {
    facts.ml[1] = 1.0 / 3;
    facts.ml[2] = 2 + k;
    facts.total_ml = facts.ml[1] + facts.ml[2];
    facts.centre[0] = -30.12345;
    facts.centre[2] = 1e-9;
  }
  snprintf(r.id, sizeof r.id, "c%d", k);
  snprintf(r.cohort, sizeof r.cohort, "high, \"grade\"");
  snprintf(r.source, sizeof r.source, "host%d", k);
  snprintf(r.voxgan, sizeof r.voxgan, "0.1.0");
  memset(r.model_sha256, 'a', VG_HASH_LEN - 1);
  vg_str_add(&r.donors, "pat1;pat2");
  vg_str_add(&r.edits, "graft:donor=pat1,x=1;scale:ml=12.31;graft:x=2,donor=pat2");
  vg_record_measure(&r, &classes, &facts);
  return r;
}

static void put_record(const char *root, int k, const char *first, const char *second) {
  vg_record r = new_record(k);
  static const char *const endings[] = {"t1", "flair", "seg", "anat"};
  static const char *const roles[] = {"t1", "flair", "tumour", "anatomy"};
  for (int i = 0; i < 4; i++) {
    char path[64];
    if (i == 2 + (k + 1) % 2) continue;
    snprintf(path, sizeof path, "c%d/c%d_%s.nii.gz", k, k, endings[i]);
    touch(root, path);
    if (i == 0 && first) mini_write_text(root, path, first);
    if (i == 1 && second) mini_write_text(root, path, second);
    must(vg_record_add_file(&r, roles[i], path));
  }
  must(vg_record_write(&r, root));
  vg_record_release(&r);
}

static bool has_record(const char *root, const char *id) {
  bool exists;
  assert_int_equal(vg_record_exists(root, id, &exists), VG_OK);
  return exists;
}

static void records_round_trip(void **state) {
  (void)state;
  const char *root = in_scratch("records");
  char **ids;
  size_t n;
  assert_false(has_record(root, "c2"));
  must(vg_record_list(root, &ids, &n));
  assert_int_equal(n, 0);
  vg_strv_free(ids);
  put_record(root, 2, "one", "two");
  assert_true(has_record(root, "c2"));
  vg_record r, want = new_record(2);
  must(vg_record_read(root, "c2", &r));
  assert_string_equal(r.id, want.id);
  assert_string_equal(r.cohort, want.cohort);
  assert_string_equal(r.source, want.source);
  assert_string_equal(vg_str_text(&r.donors), vg_str_text(&want.donors));
  assert_string_equal(vg_str_text(&r.edits), vg_str_text(&want.edits));
  assert_int_equal(r.classes.n, 2);
  assert_string_equal(r.classes.names[0], "necrosis");
  assert_true(r.ml[0] == 0.333 && r.ml[1] == 4 && r.total_ml == 4.333);
  assert_true(r.centre[0] == -30.12 && r.centre[2] == 0);
  assert_string_equal(r.hemisphere, "left");
  assert_int_equal(r.redraws, 2);
  assert_true(r.seed == want.seed);
  assert_string_equal(r.model_sha256, want.model_sha256);
  assert_int_equal(r.n_files, 3);
  assert_string_equal(r.files[1].role, "flair");
  assert_string_equal(r.files[1].path, "c2/c2_flair.nii.gz");
  char hex[VG_HASH_LEN];
  vg_hash("two", 3, hex);
  assert_string_equal(r.files[1].sha256, hex);
  assert_string_equal(r.files[2].role, "tumour");
  vg_record_release(&r);
  vg_record_release(&want);

  /* Equal cases give equal bytes, on any root. */
  char *a = read_text(root, ".voxgan/cases/c2.json");
  put_record(in_scratch("elsewhere"), 2, "one", "two");
  char *b = read_text(in_scratch("elsewhere"), ".voxgan/cases/c2.json");
  assert_string_equal(a, b);
  vg_free(b);

  must(vg_record_remove(root, "c2"));
  must(vg_record_remove(root, "c2"));
  assert_false(has_record(root, "c2"));

  /* A file that is not there leaves no record. */
  r = new_record(6);
  must(vg_record_add_file(&r, "t1", "c6/none.nii.gz"));
  must_say(vg_record_write(&r, root), VG_IO, "c6/none.nii.gz");
  assert_false(has_record(root, "c6"));
  char path[600];
  memset(path, 'x', sizeof path);
  path[599] = '\0';
  must_say(vg_record_add_file(&r, "t2", path), VG_DATA, "too long");
  vg_record_release(&r);

  static const char *const bad[] = {"{}", "[1]", "{\"id\": \"c9\"", "not json"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    mini_write_text(root, ".voxgan/cases/c9.json", bad[i]);
    must_say(vg_record_read(root, "c9", &r), VG_DATA, "c9.json");
    must_say(vg_manifest_write(root), VG_DATA, "c9.json");
  }
  mini_write_text(root, ".voxgan/cases/c9.json", a); /* another's record under its name */
  must_say(vg_record_read(root, "c9", &r), VG_DATA, "not the record");
  must_say(vg_record_read(root, "c10", &r), VG_DATA, "c10.json");
  static const double counts[] = {1e300, -1, 0.5};
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    vg_json *j;
    must(vg_json_parse("c2.json", a, &j));
    vg_json_put_number(j, "redraws", counts[i]);
    char *text = vg_json_print(j, true);
    mini_write_text(root, ".voxgan/cases/c2.json", text);
    must_say(vg_record_read(root, "c2", &r), VG_DATA, "c2.json: not the record");
    vg_free(text);
    vg_json_free(j);
  }
  vg_free(a);
}

static void hemispheres(void **state) {
  (void)state;
  static const struct {
    double left, total;
    const char *is;
  } rows[] = {{1, 5, "left"},    {0.9, 5, "left"}, {0.89, 5, "both"}, {0.11, 5, "both"},
              {0.1, 5, "right"}, {0, 5, "right"},  {0.5, 0, ""}};
  vg_classes none = {0};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    vg_record r = {0};
    vg_tumour_facts f = {.left_share = rows[i].left, .total_ml = rows[i].total};
    vg_record_measure(&r, &none, &f);
    assert_string_equal(r.hemisphere, rows[i].is);
  }
}

/* Several processes write their records into one root; the manifest is the same as one process's. */
static void shards_share_a_root(void **state) {
  (void)state;
  const char *alone = in_scratch("alone"), *shared = in_scratch("shared");
  for (int k = 11; k >= 1; k--) put_record(alone, k, NULL, NULL);
  fflush(NULL);
  for (int shard = 0; shard < 3; shard++) {
    if (fork()) continue;
    for (int k = 1; k <= 11; k++)
      if (k % 3 == shard) put_record(shared, k, NULL, NULL);
    _exit(0);
  }
  for (int shard = 0, status; shard < 3; shard++) {
    wait(&status);
    assert_int_equal(status, 0);
  }
  /* A killed process's leavings are no records. */
  mini_write_text(shared, ".voxgan/cases/c12.json.tmp.77.0", "{\"id\"");
  must(vg_manifest_write(alone));
  must(vg_manifest_write(shared));
  char *a = read_text(alone, "manifest.csv"), *b = read_text(shared, "manifest.csv");
  assert_string_equal(a, b);
  vg_free(a);
  vg_free(b);
  must_say(vg_manifest_write(in_scratch("nothing")), VG_DATA, "no finished case");

  vg_table t;
  char *path = vg_fs_join(shared, "manifest.csv");
  must(vg_table_read(path, &t));
  assert_int_equal(t.rows, 12);
  static const char *const want[][3] = {
      /* by id as text: c1, c10, c11, c2 */
      {"id", "c1", "c2"},
      {"cohort", "high, \"grade\"", "high, \"grade\""},
      {"t1", "c1/c1_t1.nii.gz", "c2/c2_t1.nii.gz"},
      {"flair", "c1/c1_flair.nii.gz", "c2/c2_flair.nii.gz"},
      {"tumour", "", "c2/c2_seg.nii.gz"},
      {"anatomy", "c1/c1_anat.nii.gz", ""},
      {"necrosis_ml", "0.000", "0.333"},
      {"oedema_ml", "0.000", "4.000"},
      {"cavity_ml", "0.000", "0.000"},
      {"total_ml", "0.000", "4.333"},
      {"centre_x_mm", "", "-30.12"},
      {"centre_z_mm", "", "0.00"},
      {"hemisphere", "", "left"},
      {"source", "host1", "host2"},
      {"donors", "pat1;pat2", "pat1;pat2"},
      {"redraws", "1", "2"},
      {"seed", "18446744073709551615", "18446744073709551615"},
      {"voxgan", "0.1.0", "0.1.0"},
      {"anatomy_sha256", "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881", ""},
  };
  for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
    int col = vg_table_col(&t, want[i][0]);
    if (col < 0) fail_msg("no column %s", want[i][0]);
    assert_string_equal(vg_table_cell(&t, 1, (size_t)col), want[i][1]);
    assert_string_equal(vg_table_cell(&t, 4, (size_t)col), want[i][2]);
  }
  vg_table_release(&t);

  /* The csv layout reads it as any manifest. */
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, path, "auto", NULL, NULL));
  assert_int_equal(ds.n, 11);
  assert_int_equal(ds.series.n, 2);
  assert_non_null(ds.subjects[3].tumour);
  assert_null(ds.subjects[3].anatomy);
  vg_dataset_release(&ds);
  vg_free(path);
}

static void assert_reports(const char *root, size_t missing, size_t altered, size_t not_listed,
                           const char *const *lines) {
  vg_manifest_report r;
  vg_status st = vg_manifest_verify(root, &r);
  if (!missing && !altered && !not_listed)
    must(st);
  else
    must_say(st, VG_DATA, "does not agree with its manifest");
  assert_int_equal(r.missing, missing);
  assert_int_equal(r.altered, altered);
  assert_int_equal(r.not_listed, not_listed);
  size_t n = 0;
  for (char **l = r.lines; l && *l; l++, n++)
    if (!lines[n] || strcmp(lines[n], *l)) fail_msg("line %zu is '%s'", n, *l);
  assert_null(lines[n]);
  vg_manifest_report_release(&r);
}

static void disagreements_are_found(void **state) {
  (void)state;
  const char *root = in_scratch("verify");
  for (int k = 1; k <= 5; k++) put_record(root, k, NULL, NULL);
  must(vg_manifest_write(root));
  static const char *const none[] = {NULL};
  assert_reports(root, 0, 0, 0, none);
  vg_manifest_report r;
  must(vg_manifest_verify(root, &r));
  assert_int_equal(r.cases, 5);
  assert_int_equal(r.files, 15);
  vg_manifest_report_release(&r);

  touch(root, "notes.txt"); /* no label or image */
  touch(root, ".voxgan/cache.nii.gz");
  assert_reports(root, 0, 0, 0, none);
  touch(root, "a.nii");
  touch(root, "c2/c2_t1.nii");
  touch(root, "z/z.nii.gz");
  mini_write_text(root, "c3/c3_flair.nii.gz", "y");
  mini_write_text(root, "c5/c5_anat.nii.gz", "");
  remove_file(root, "c1/c1_t1.nii.gz");
  remove_file(root, "c5/c5_t1.nii.gz");
  static const char *const all[] = {
      "not listed: a.nii",
      "missing: c1/c1_t1.nii.gz (case c1)",
      "not listed: c2/c2_t1.nii",
      "altered: c3/c3_flair.nii.gz (case c3)",
      "altered: c5/c5_anat.nii.gz (case c5)",
      "missing: c5/c5_t1.nii.gz (case c5)",
      "not listed: z/z.nii.gz",
      NULL,
  };
  assert_reports(root, 2, 2, 3, all);

  static const struct {
    const char *text, *says;
  } bad[] = {
      {"id,t1\nc1,c1/c1_t1.nii.gz\n", "no hashes in it"},
      {"case,t1,t1_sha256\nc1,a,b\n", "no column 'id'"},
      {"id,t1,t1_sha256\nc1,c1/c1_t1.nii.gz,abc\n", "case c1: 'c1/c1_t1.nii.gz' with hash 'abc'"},
      {"id,t1,t1_sha256\nc1,c1/c1_t1.nii.gz,\n", "with hash ''"},
      {"id,t1,t1_sha256\nc1,../x.nii,2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\n",
       "'../x.nii'"},
      {"id,t1,t1_sha256\nc1\n", "manifest.csv:2"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    mini_write_text(root, "manifest.csv", bad[i].text);
    must_say(vg_manifest_verify(root, &r), VG_DATA, bad[i].says);
    vg_manifest_report_release(&r);
  }
  must_say(vg_manifest_verify(in_scratch("nowhere"), &r), VG_DATA, "manifest.csv");
  vg_manifest_report_release(&r);
}

static void secrets_hide_ids(void **state) {
  (void)state;
  vg_secret s, other;
  const char *key = in_scratch("key"), *long_key = in_scratch("long_key");
  char bytes[200], hex[17], again[17];
  for (int i = 0; i < 200; i++) bytes[i] = (char)(i * 7);
  must(vg_fs_write_atomic(key, "\0\x80secret\n0123456789", 19));
  must(vg_fs_write_atomic(long_key, bytes, sizeof bytes));
  must(vg_secret_read(key, &s));
  must(vg_secret_read(long_key, &other));
  vg_secret_id(&s, "pat1", hex);
  vg_secret_id(&other, "pat1", again);
  assert_int_equal(strlen(hex), 16);
  assert_string_not_equal(hex, again);

  /* Donors are hidden by their type, whatever the parameter is called, and also when drawn. */
  static const vg_param params[] = {{.name = "x", .type = VG_PARAM_WHOLE},
                                    {.name = "from", .type = VG_PARAM_DONOR},
                                    {.name = "donor", .type = VG_PARAM_TEXT},
                                    {.name = NULL}};
  static const vg_edit borrow = {.params = params, .needs_donor = true};
  vg_edit_drawn steps[2] = {{.name = "borrow", .edit = &borrow}, {.name = "borrow", .edit = &borrow}};
  steps[0].values[0] = (vg_value){.given = true, .number = 1};
  steps[0].values[1] = (vg_value){.given = true, .text = "pat1"};
  steps[1].values[1] = (vg_value){.given = true, .text = "pat2"};
  steps[1].values[2] = (vg_value){.given = true, .text = "organ"};
  const vg_edit_log log = {2, steps};
  vg_record r = {0};
  must(vg_record_lineage(&r, "host2", &log, &s));
  char want[256], pat2[17], host[17];
  vg_secret_id(&s, "pat2", pat2);
  vg_secret_id(&s, "host2", host);
  assert_string_equal(r.source, host);
  snprintf(want, sizeof want, "%s;%s", hex, pat2);
  assert_string_equal(vg_str_text(&r.donors), want);
  snprintf(want, sizeof want, "borrow:x=1,from=%s;borrow:from=%s,donor=organ", hex, pat2);
  assert_string_equal(vg_str_text(&r.edits), want);
  vg_record_release(&r);
  memset(&r, 0, sizeof r);
  must(vg_record_lineage(&r, "host2", &log, NULL));
  assert_string_equal(r.source, "host2");
  assert_string_equal(vg_str_text(&r.donors), "pat1;pat2");
  assert_string_equal(vg_str_text(&r.edits), "borrow:x=1,from=pat1;borrow:from=pat2,donor=organ");
  vg_record_release(&r);
  memset(&r, 0, sizeof r);
  must(vg_record_lineage(&r, "", &(vg_edit_log){0}, &s)); /* nothing to hide stays nothing */
  assert_string_equal(r.source, "");
  assert_string_equal(vg_str_text(&r.donors), "");
  vg_record_release(&r);

  char whole[VG_HASH_LEN]; /* RFC 4231, test case 2 */
  vg_hmac("Jefe", 4, "what do ya want for nothing?", 28, whole);
  assert_string_equal(whole, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  vg_secret_release(&s);
  vg_secret_release(&other);

  must_say(vg_secret_read(in_scratch("no_key"), &s), VG_CONFIG, "key file: ");
  must_say(vg_secret_read(scratch, &s), VG_CONFIG, "is a folder");
  must(vg_fs_write_atomic(key, "", 0));
  must_say(vg_secret_read(key, &s), VG_CONFIG, "is empty");
  must(vg_fs_write_atomic(key, "fifteen letters", 15));
  must_say(vg_secret_read(key, &s), VG_CONFIG, "has 15 bytes, but must have at least 16");
}

static void secrets_agree_with_python(void **state) {
  (void)state;
  require_python("hmac");
  for (size_t len = 16; len < 200; len += 48) { /* shorter than a block of 64, as long, longer */
    char bytes[200], hex[2][17];
    const char *key = in_scratch("oracle_key"), *ids[] = {"BraTS-GLI-00001-000", "sub-\xc3\xa9"};
    vg_secret s;
    for (size_t i = 0; i < len; i++) bytes[i] = (char)(i * 31 + len);
    must(vg_fs_write_atomic(key, bytes, len));
    must(vg_secret_read(key, &s));
    for (int i = 0; i < 2; i++) vg_secret_id(&s, ids[i], hex[i]);
    assert_int_equal(run_python("hmac_oracle.py", key, ids[0], hex[0], ids[1], hex[1], NULL), 0);
    vg_secret_release(&s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(records_round_trip),  cmocka_unit_test(hemispheres),
      cmocka_unit_test(shards_share_a_root), cmocka_unit_test(disagreements_are_found),
      cmocka_unit_test(secrets_hide_ids),    cmocka_unit_test(secrets_agree_with_python),
  };
  vg_log_set_level(VG_LOG_ERROR);
  return without_leaks(cmocka_run_group_tests(tests, scratch_setup, scratch_teardown));
}
