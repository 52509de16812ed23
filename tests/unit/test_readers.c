/* A reader study: its draw, its seal, and the scores of filled forms. */
#include "evaluate_world.h"
#include "mini_tree.h"
#include "eval/readers/readers.h"
#include "voxgan/phantom.h"

static void kappa_by_hand(void **state) {
  (void)state;
  /* Two raters agree on two cases and not on the third: (2/3 - 1/2) / (1 - 1/2). */
  assert_float_equal(vg_readers_kappa((const int[]){2, 0, 1}, 3, 2), 1.0 / 3, 1e-12);
  /* Three raters of four cases: agreement 1, 1/3, 1/3, 1 and a share of 6/12. */
  assert_float_equal(vg_readers_kappa((const int[]){3, 2, 1, 0}, 4, 3), (2.0 / 3 - 0.5) / 0.5, 1e-12);
  assert_true(isnan(vg_readers_kappa((const int[]){2, 2}, 2, 2))); /* all answers are equal */
  assert_true(isnan(vg_readers_kappa((const int[]){1}, 1, 1)));
  assert_true(isnan(vg_readers_kappa(NULL, 0, 2)));
}

static int make_sets(void **state) {
  if (set_up(state)) return -1;
  vg_phantom_settings p = {.subjects = 4, .size = {20, 20, 20}, .layout = "brats2021", .seed = 4};
  must(vg_phantom_write(real_dir, &p));
  p.seed = 5;
  must(vg_phantom_write(synth_dir, &p)); /* the same persons */
  return 0;
}

static vg_status write_study(const char *out, int cases, uint64_t seed) {
  return vg_readers_write(&(vg_reader_study){.real = real_dir,
                                             .synth = synth_dir,
                                             .real_layout = "brats2021",
                                             .synth_layout = "brats2021",
                                             .out = out,
                                             .cases = cases,
                                             .seed = &seed});
}

static void read_key(const char *out, vg_table *t) {
  char *path = vg_fs_join(out, "key.csv");
  must(vg_table_read(path, t));
  vg_free(path);
}

static void draws_persons_once(void **state) {
  (void)state;
  vg_table t = {0}, again = {0};
  char *a = vg_fs_join(root, "a"), *b = vg_fs_join(root, "b"), *c = vg_fs_join(root, "c");
  must(write_study(a, 4, 7));
  read_key(a, &t);
  assert_int_equal(t.rows, 5);
  int synthetic = 0;
  for (size_t i = 1; i < t.rows; i++) {
    synthetic += !strcmp(vg_table_cell(&t, i, 1), "synthetic");
    for (size_t k = 1; k < i; k++) assert_string_not_equal(vg_table_cell(&t, i, 2), vg_table_cell(&t, k, 2));
  }
  assert_int_equal(synthetic, 2);
  /* The seed alone decides. */
  vg_threads_set(1);
  must(write_study(b, 4, 7));
  vg_threads_set(0);
  read_key(b, &again);
  for (size_t i = 1; i < t.rows; i++)
    for (size_t k = 0; k < 4; k++) assert_string_equal(vg_table_cell(&t, i, k), vg_table_cell(&again, i, k));
  /* With more cases than persons some are shown on both sides; with too many there is an error. */
  must(write_study(c, 8, 7));
  must_say(write_study(c, 4, 7), VG_USAGE, "holds");
  char *d = vg_fs_join(root, "d");
  must_say(write_study(d, 9, 7), VG_DATA, "4 subjects have every common series");
  must_say(write_study(d, 1, 7), VG_USAGE, "2 to 999 cases");
  vg_table_release(&t);
  vg_table_release(&again);
  vg_free(a);
  vg_free(b);
  vg_free(c);
  vg_free(d);
}

/* Both sides look alike on disk: type, geometry, range, background. */
static void cases_are_blinded(void **state) {
  (void)state;
  char *out = vg_fs_join(root, "blind");
  must(write_study(out, 4, 3));
  for (int i = 1; i <= 4; i++) {
    char *path = vg_format("%s/study/case_%02d/t1.nii.gz", out, i);
    vg_volume_header info;
    vg_volume v = {0};
    must(vg_volume_info(path, &info));
    assert_int_equal(info.dtype, VG_DT_I16);
    for (int a = 0; a < 3; a++) assert_true(!(fabs(info.geo.affine.m[a][3]) > 0));
    must(vg_volume_read(path, &v, NULL));
    float least = 1e9F, most = -1e9F;
    for (size_t k = 0; k < vg_geometry_voxels(&v.geo); k++) {
      least = fminf(least, v.data[k]);
      most = fmaxf(most, v.data[k]);
    }
    assert_true(least == 0 && most == 1000);
    vg_volume_release(&v);
    vg_free(path);
  }
  vg_free(out);
}

/* Fills a form. Each letter answers a case: t as it is, f the other way, - not at all. */
static char *fill(const char *out, const char *name, const char *answers, const vg_table *key) {
  char *path = vg_format("%s/%s.csv", root, name);
  vg_str text = VG_STR_INIT;
  (void)out;
  vg_str_add(&text, "case;answer;confidence\n");
  for (size_t i = 0; answers[i]; i++) {
    const bool synthetic = (vg_table_cell(key, i + 1, 1)[0] == 's') == (answers[i] == 't');
    vg_str_addf(&text, "%s;%s;3\n", vg_table_cell(key, i + 1, 0),
                answers[i] == '-' ? ""
                : synthetic       ? " Synth "
                                  : "REAL");
  }
  must(vg_fs_write_atomic(path, vg_str_text(&text), text.len));
  vg_str_release(&text);
  return path;
}

static void scores(void **state) {
  (void)state;
  char *out = vg_fs_join(root, "scored"), *key_path = vg_fs_join(out, "key.csv");
  char *printed = NULL;
  size_t len;
  vg_table key = {0};
  must(write_study(out, 4, 5));
  read_key(out, &key);
  char *good = fill(out, "good", "tttt", &key), *bad = fill(out, "half", "tf-t", &key);
  FILE *to = open_memstream(&printed, &len);
  must(vg_readers_score((const char *const[]){good, bad}, 2, key_path, to));
  fclose(to);
  assert_non_null(strstr(printed, "good"));
  assert_non_null(strstr(printed, "1.000"));
  assert_non_null(strstr(printed, "0.510 to 1.000"));              /* Wilson's interval of 4 of 4 */
  assert_non_null(strstr(printed, "0.667"));                       /* 2 of 3 */
  assert_non_null(strstr(printed, "all readers: accuracy 0.875")); /* cases 1, 1/2, 1, 1 */
  assert_non_null(strstr(printed, "over 3 cases that all 2 readers answered"));
  free(printed);

  to = fopen("/dev/null", "w");
  char *odd = vg_format("%s/odd.csv", root);
  must(vg_fs_write_atomic(odd, "case,answer\ncase_01,perhaps\n", 28));
  must_say(vg_readers_score((const char *const[]){odd}, 1, key_path, to), VG_DATA,
           "neither real nor synthetic");
  must(vg_fs_write_atomic(odd, "case,answer\ncase_77,real\n", 25));
  must_say(vg_readers_score((const char *const[]){odd}, 1, key_path, to), VG_DATA,
           "the key has no case 'case_77'");
  must(vg_fs_write_atomic(odd, "case,what\ncase_01,real\n", 23));
  must_say(vg_readers_score((const char *const[]){odd}, 1, key_path, to), VG_DATA, "has no column answer");
  /* A key that was changed no longer fits its seal. */
  char *seal = vg_format("%s/study/seal.txt", out);
  must(vg_fs_write_atomic(seal, "0000", 4));
  must_say(vg_readers_score((const char *const[]){good}, 1, key_path, to), VG_DATA, "is not the key that");
  fclose(to);
  vg_table_release(&key);
  vg_free(seal);
  vg_free(odd);
  vg_free(good);
  vg_free(bad);
  vg_free(key_path);
  vg_free(out);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(kappa_by_hand), cmocka_unit_test(draws_persons_once),
                                     cmocka_unit_test(cases_are_blinded), cmocka_unit_test(scores)};
  return cmocka_run_group_tests(tests, make_sets, tear_down);
}
