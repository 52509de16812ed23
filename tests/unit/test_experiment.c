/* test_experiment.c: rows and jobs, the crossed bootstrap, leaks. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "experiment/plan/experiment_data.h"
#include "experiment/plan/experiment_leak.h"
#include "experiment/plan/experiment_plan.h"
#include "experiment/result/experiment_results.h"
#include "mini_tree.h"
#include "oracle.h"
#include "scratch.h"
#include "voxgan/log.h"
#include "voxgan/rng.h"

/* ---- rows and jobs ---- */

static void test_design(void **state) {
  (void)state;
  experiment_design d, again;
  must(vg_experiment_design_parse(NULL, NULL, 3, 7, &d));
  assert_int_equal(vg_experiment_design_jobs(&d), 24);
  char names[24][80];
  int each[4] = {0};
  for (size_t k = 0; k < 24; k++) {
    const experiment_job j = vg_experiment_design_job(&d, k);
    snprintf(names[k], sizeof names[k], "%s", j.name);
    for (size_t i = 0; i < k; i++) assert_string_not_equal(names[i], names[k]);
    each[j.row]++;
    assert_int_equal(j.seed, 7 + (int)k / 8);
  }
  for (int r = 0; r < 4; r++) assert_int_equal(each[r], 6);
  assert_string_equal(names[0], "real-plain-seed7");
  assert_string_equal(names[23], "fine-tuned-augmented-seed9");

  must(vg_experiment_design_parse("fine-tuned, real", "on", 1, 1, &d));
  assert_int_equal(vg_experiment_design_jobs(&d), 2);
  assert_string_equal(vg_experiment_design_job(&d, 0).name, "real-augmented-seed1");
  assert_string_equal(vg_experiment_design_job(&d, 1).name, "fine-tuned-augmented-seed1");
  vg_json *j = vg_experiment_design_json(&d);
  must(vg_experiment_design_read(j, "x.json", &again));
  vg_json_free(j);
  assert_memory_equal(d.rows, again.rows, sizeof d.rows);
  assert_memory_equal(d.augmented, again.augmented, sizeof d.augmented);
  assert_true(d.seeds == again.seeds && d.first_seed == again.first_seed);

  /* Rows with numbers of synthetic cases. */
  must(vg_experiment_design_parse("real+synthetic:20,synthetic:3,real+synthetic,real", "off", 1, 1, &d));
  assert_int_equal(vg_experiment_design_baseline(&d), 0);
  static const char *const ordered[] = {"real-plain-seed1", "real+synthetic-20-plain-seed1",
                                        "real+synthetic-plain-seed1", "synthetic-3-plain-seed1"};
  for (size_t k = 0; k < 4; k++) assert_string_equal(vg_experiment_design_job(&d, k).name, ordered[k]);
  j = vg_experiment_design_json(&d);
  must(vg_experiment_design_read(j, "x.json", &again));
  vg_json_free(j);
  assert_memory_equal(d.rows, again.rows, sizeof d.rows);
  must(vg_experiment_design_parse("synthetic", "off", 1, 1, &d));
  assert_int_equal(vg_experiment_design_baseline(&d), -1);
  must_say(vg_experiment_design_parse("real:3", NULL, 1, 1, &d), VG_USAGE,
           "real trains on no synthetic case");
  must_say(vg_experiment_design_parse("synthetic:0", NULL, 1, 1, &d), VG_USAGE, "synthetic:0: what follows");
  must_say(vg_experiment_design_parse("synthetic:x", NULL, 1, 1, &d), VG_USAGE, "synthetic:x: what follows");
  must_say(vg_experiment_design_parse("synthetic:3,synthetic:3", NULL, 1, 1, &d), VG_USAGE, "named twice");

  must_say(vg_experiment_design_parse("real,rael", NULL, 1, 1, &d), VG_USAGE,
           "no rael; there are real, real+syn");
  must_say(vg_experiment_design_parse("real,real", NULL, 1, 1, &d), VG_USAGE, "real is named twice");
  must_say(vg_experiment_design_parse("", NULL, 1, 1, &d), VG_USAGE, "--rows is empty");
  must_say(vg_experiment_design_parse(NULL, "yes", 1, 1, &d), VG_USAGE, "no yes; there are off, on");
  must_say(vg_experiment_design_parse(NULL, NULL, 0, 1, &d), VG_USAGE, "--seeds is 0");
  must_say(vg_experiment_design_parse(NULL, NULL, 2, INT_MAX, &d), VG_USAGE, "go beyond 2147483647");
  must_say(vg_experiment_design_read(NULL, "x.json", &d), VG_DATA, "x.json: not the plan");
  static const char *const wrong[] = {
      "{\"seeds\": 1e300, \"first_seed\": 1}", "{\"seeds\": 1.5, \"first_seed\": 1}",
      "{\"seeds\": 1, \"first_seed\": -1e300}", "{\"seeds\": 2, \"first_seed\": 2147483647}"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    must(vg_json_parse("x", wrong[i], &j));
    vg_json_put_string(vg_json_put_take(j, "rows", vg_json_array()), NULL, "real");
    vg_json_put_string(vg_json_put_take(j, "augmentation", vg_json_array()), NULL, "off");
    must_say(vg_experiment_design_read(j, "x.json", &d), VG_DATA, "x.json: not the plan");
    vg_json_free(j);
  }
}

/* ---- statistics ---- */

static void put_values(FILE *f, const experiment_values *v) {
  for (size_t i = 0; i < v->seeds * v->subjects; i++) fprintf(f, "%.17g ", v->v[i]);
  fputc('\n', f);
}

static void check_with_numpy(size_t n_a, size_t n_b, size_t subjects, bool holes) {
  double a[200], b[200];
  vg_rng r = vg_rng_init(5, vg_rng_key("test", n_a, subjects));
  for (size_t i = 0; i < subjects; i++) {
    const double of_subject = vg_rng_normal(&r);
    for (size_t s = 0; s < n_a; s++) a[s * subjects + i] = 0.3 + of_subject + 0.4 * vg_rng_normal(&r);
    for (size_t s = 0; s < n_b; s++) b[s * subjects + i] = of_subject + 0.4 * vg_rng_normal(&r);
  }
  if (holes) {
    a[1] = NAN;
    a[subjects] = INFINITY;
    b[3] = INFINITY;
    for (size_t s = 0; s < n_b; s++) b[s * subjects + 4] = NAN;
  }
  const experiment_values x = {n_a, subjects, a}, y = {n_b, subjects, b};
  const experiment_mean m = vg_experiment_mean_of(&x);
  experiment_difference d, again;
  must(vg_experiment_difference_of(&x, &y, "test", &d));
  must(vg_experiment_difference_of(&x, &y, "test", &again));
  assert_memory_equal(&d, &again, sizeof d);
  assert_int_equal(m.infinite, holes);
  FILE *f = fopen(in_scratch("values.txt"), "w");
  fprintf(f, "%zu %zu %zu\n", n_a, n_b, subjects);
  put_values(f, &x);
  put_values(f, &y);
  fprintf(f, "%zu %.17g %.17g %.17g\n%.17g %.17g %.17g\n", d.n, d.mean, d.low, d.high, m.mean, m.sd,
          m.seed_sd);
  fclose(f);
  assert_int_equal(run_python("bootstrap_oracle.py", in_scratch("values.txt"), NULL), 0);
}

static void test_bootstrap_as_numpy(void **state) {
  (void)state;
  require_python("numpy");
  check_with_numpy(3, 3, 20, false);
  check_with_numpy(3, 2, 12, true);
  check_with_numpy(1, 1, 9, false);
}

static void test_small_samples(void **state) {
  (void)state;
  const double a[] = {0.5, 0.6, 0.7, 0.8}, b[] = {0.1, 0.2, 0.3, 0.4}, none[] = {NAN, INFINITY};
  experiment_difference d;
  experiment_values x = {1, 1, a}, y = {1, 1, b};
  must(vg_experiment_difference_of(&x, &y, "t", &d)); /* one subject has no interval */
  assert_int_equal(d.n, 1);
  assert_float_equal(d.mean, 0.4, 1e-12);
  assert_true(isnan(d.low) && isnan(d.high));
  assert_int_equal(vg_experiment_verdict_of(&d, 3, 3), VERDICT_NONE);
  assert_true(isnan(vg_experiment_mean_of(&x).sd));
  x.subjects = y.subjects = 4; /* every subject by the same amount: no doubt at all */
  must(vg_experiment_difference_of(&x, &y, "t", &d));
  assert_float_equal(d.low, 0.4, 1e-12);
  assert_float_equal(d.high, 0.4, 1e-12);
  assert_int_equal(vg_experiment_verdict_of(&d, 3, 3), VERDICT_TOO_FEW);
  d.n = EXPERIMENT_LEAST_SUBJECTS;
  assert_int_equal(vg_experiment_verdict_of(&d, 3, 2), VERDICT_HIGHER);
  assert_int_equal(vg_experiment_verdict_of(&d, 3, 1), VERDICT_ONE_SEED);
  d.low = -0.1;
  assert_int_equal(vg_experiment_verdict_of(&d, 3, 1), VERDICT_NOISE);
  x = (experiment_values){1, 2, none};
  y.subjects = 2;
  must(vg_experiment_difference_of(&x, &y, "t", &d));
  assert_int_equal(d.n, 0);
  assert_true(isnan(d.mean));
  assert_int_equal(vg_experiment_mean_of(&x).infinite, 1);
}

/* The interval covers a true difference about as often as it says, and a row differs from itself by no more
 * than noise. */
static void test_coverage(void **state) {
  (void)state;
  vg_rng r = vg_rng_init(1, vg_rng_key("coverage", 0, 0));
  int covered = 0;
  for (int k = 0; k < 40; k++) {
    double a[3 * 20], b[3 * 20];
    for (int s = 0; s < 3; s++) {
      const double of_a = 0.02 * vg_rng_normal(&r), of_b = 0.02 * vg_rng_normal(&r);
      for (int i = 0; i < 20; i++) {
        a[s * 20 + i] = of_a + 0.05 * vg_rng_normal(&r);
        b[s * 20 + i] = of_b + 0.05 * vg_rng_normal(&r);
      }
    }
    const experiment_values x = {3, 20, a}, y = {3, 20, b};
    experiment_difference d;
    must(vg_experiment_difference_of(&x, &y, "coverage", &d));
    covered += d.low <= 0 && d.high >= 0;
  }
  assert_in_range(covered, 34, 40);
}

/* ---- leaks ---- */

static vg_subject subject(const char *id, const char *person) {
  return (vg_subject){.id = (char *)(uintptr_t)id, .person = (char *)(uintptr_t)person};
}

static const vg_subject *leak_of(const char *source, const char *donors, const vg_dataset *test,
                                 const vg_dataset *known, const vg_secret *secret) {
  leak_index x;
  must(vg_leak_index_init(test, known, secret, &x));
  const vg_subject *found = vg_leak_find(&x, source, donors);
  vg_leak_index_release(&x);
  return found;
}

static void test_leaks(void **state) {
  (void)state;
  vg_subject tested[] = {subject("BraTS-GLI-00001-000", "BraTS-GLI-00001"),
                         subject("sub-07_ses-1", "sub-07")};
  vg_subject others[] = {subject("BraTS-GLI-00002-000", "BraTS-GLI-00002"), subject("scan9", "sub-07")};
  const vg_dataset test = {.subjects = tested, .n = 2}, known = {.subjects = others, .n = 2};
  const struct {
    const char *source, *donors;
    bool leaks;
  } cases[] = {
      {"BraTS-GLI-00001-000", "", true},               /* itself */
      {"BraTS-GLI-00001-001", "", true},               /* another scan of the same person */
      {"BraTS-GLI-00002-000", "", false},              /* somebody else */
      {"BraTS-GLI-000010-000", "", false},             /* whose number begins alike */
      {"BraTSGLI00001000", "", true},                  /* as other layouts spell it */
      {"healthy01", "", false},                        /* nobody known */
      {"healthy01", "BraTS-GLI-00001-000", true},      /* the tumour of one */
      {"healthy01", "x;BraTS-GLI-00002-000;y", false}, /* of others */
      {"healthy01", "x;y;sub-07_ses-2", true},         /* the last of three */
      {"07ses1", "", true},                            /* without sub- */
      {"scan9", "", true},                             /* a scan that the real data say is theirs */
      {"", "", false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    if ((leak_of(cases[i].source, cases[i].donors, &test, &known, NULL) != NULL) != cases[i].leaks)
      fail_msg("source '%s', donors '%s'", cases[i].source, cases[i].donors);

  /* Ids of any length: a donor of 200 letters, alone and among others, and one that differs in the last. */
  char same[201], other_end[201], list[512];
  memset(same, 'a', 200);
  same[200] = '\0';
  memcpy(other_end, same, sizeof same);
  other_end[199] = 'b';
  vg_subject long_one = subject(same, same);
  const vg_dataset long_test = {.subjects = &long_one, .n = 1}, nobody = {0};
  assert_ptr_equal(leak_of("x", same, &long_test, &nobody, NULL), &long_one);
  assert_ptr_equal(leak_of(same, "", &long_test, &nobody, NULL), &long_one);
  assert_null(leak_of(other_end, other_end, &long_test, &nobody, NULL));
  snprintf(list, sizeof list, "x;%s;y", same);
  assert_ptr_equal(leak_of("x", list, &long_test, &nobody, NULL), &long_one);
  snprintf(list, sizeof list, "BraTS-GLI-00001-%s", same);
  assert_ptr_equal(leak_of("x", list, &test, &known, NULL), &tested[0]);

  /* Hashed ids are found by the key alone. */
  char key[] = "secret", hex[17];
  const vg_secret secret = {key, 6}, other = {key, 5};
  vg_secret_id(&secret, "sub-07_ses-1", hex);
  assert_null(leak_of(hex, "", &test, &known, NULL));
  assert_null(leak_of(hex, "", &test, &known, &other));
  assert_ptr_equal(leak_of(hex, "", &test, &known, &secret), &tested[1]);
  vg_secret_id(&secret, "scan9", hex);
  assert_ptr_equal(leak_of("x", hex, &test, &known, &secret), &tested[1]);
  vg_secret_id(&secret, "BraTS-GLI-00002-000", hex);
  assert_null(leak_of(hex, "", &test, &known, &secret));
}

/* A check takes the same time for any number of test subjects: one by one, these would take 400 million
 * comparisons and as many HMACs, which is an hour. */
static void test_many_leaks(void **state) {
  (void)state;
  enum { N = 20000 };
  char(*ids)[24] = malloc(2 * N * sizeof *ids), hex[17], key[] = "sixteen letters.";
  vg_subject *s = calloc(2 * N, sizeof *s);
  const vg_secret secret = {key, 16};
  for (size_t i = 0; i < 2 * N; i++) {
    snprintf(ids[i], sizeof ids[i], "BraTS-GLI-%05zu-000", i);
    s[i].id = ids[i];
    s[i].person = ids[i];
  }
  const vg_dataset test = {.subjects = s, .n = N}, all = {.subjects = s, .n = 2 * N};
  leak_index x;
  must(vg_leak_index_init(&test, &all, &secret, &x));
  for (size_t i = 0; i < 2 * N; i++) {
    const vg_subject *wanted = i < N ? &s[i] : NULL;
    vg_secret_id(&secret, ids[i], hex);
    assert_ptr_equal(vg_leak_find(&x, ids[i], ""), wanted);
    assert_ptr_equal(vg_leak_find(&x, "", hex), wanted);
  }
  vg_leak_index_release(&x);
  free(ids);
  free(s);
}

/* ---- data sets ---- */

static const uint16_t tumour_values[5] = {0, 0, 2, 4, 1};

static void make_set(const char *root, const char *prefix, int n) {
  char path[256];
  for (int i = 0; i < n; i++) {
    snprintf(path, sizeof path, "%s%d/%s%d_t1.nii.gz", prefix, i, prefix, i);
    touch(in_scratch(root), path);
    snprintf(path, sizeof path, "%s%d/%s%d_seg.nii.gz", prefix, i, prefix, i);
    mini_write_labels(in_scratch(root), path, mini_geometry("RAS", 8, 8, 8, 8, 8, 8), 30, tumour_values);
  }
}

static vg_experiment_options options_of(const char *real, const char *synth) {
  static char paths[2][256];
  vg_experiment_options o = {.seeds = 1, .share = 0.1, .tune = 0.25, .test_share = 0.4};
  snprintf(paths[0], sizeof paths[0], "%s", in_scratch(real));
  snprintf(paths[1], sizeof paths[1], "%s", in_scratch(synth));
  o.real = paths[0];
  o.synth = paths[1];
  o.real_layout = o.synth_layout = o.test_layout = "brats2021";
  vg_config_default(&o.config);
  strcpy(o.config.data.series, "t1");
  for (int a = 0; a < 3; a++) o.config.train.patch[a] = 16;
  return o;
}

/* Writes the manifest of s0 to s5, made from p0 to p4 and a stranger, under the key. */
static void write_hidden(const vg_secret *key, bool marker) {
  char hex[17], mark[VG_HASH_LEN];
  vg_str t = VG_STR_INIT, about = VG_STR_INIT;
  vg_str_add(&t, "id,source,donors\n");
  for (int i = 0; i < 6; i++) {
    char id[16];
    snprintf(id, sizeof id, "p%d", i);
    vg_secret_id(key, i == 5 ? "stranger" : id, hex);
    vg_str_addf(&t, "s%d,%s,\n", i, hex);
  }
  vg_secret_marker(key, mark);
  vg_str_addf(&about, "{\"voxgan\": {\"key_hmac\": \"%s\", \"anonymous\": true}}", mark);
  mini_write_text(in_scratch("synth"), "manifest.csv", vg_str_text(&t));
  mini_write_text(in_scratch("synth"), "dataset_description.json", marker ? vg_str_text(&about) : "{}");
  vg_str_release(&t);
  vg_str_release(&about);
}

/* Hashed sources are compared with the right key, or not at all. */
static void check_keys(vg_experiment_options *o, const experiment_design *design) {
  static const char right[] = "0123456789abcdef", wrong[] = "0123456789abcdeF";
  char paths[2][256];
  const vg_secret secret = {(void *)(uintptr_t)right, 16};
  experiment_data d;
  snprintf(paths[0], sizeof paths[0], "%s", in_scratch("right"));
  snprintf(paths[1], sizeof paths[1], "%s", in_scratch("wrong"));
  must(vg_fs_write_atomic(paths[0], right, 16));
  must(vg_fs_write_atomic(paths[1], wrong, 16));
  for (int marker = 0; marker < 2; marker++) {
    write_hidden(&secret, marker);
    o->key = NULL;
    must_say(vg_experiment_data_open(o, design, &d), VG_DATA, "its sources are hashed");
    o->key = paths[1];
    if (marker)
      must_say(vg_experiment_data_open(o, design, &d), VG_CONFIG, "wrong: is not the key of");
    else
      must_say(vg_experiment_data_open(o, design, &d), VG_DATA, "no hashed source is a subject");
    o->key = paths[0];
    must(vg_experiment_data_open(o, design, &d));
    assert_int_equal(d.synth.n, 4); /* not those of p0 and p1, which are tested */
    assert_int_equal(vg_json_size(d.not_checked), 1);
    assert_non_null(strstr(vg_json_string(vg_json_first(d.not_checked), ""), "1 of 6 synthetic cases"));
    vg_experiment_data_release(&d);
  }
  o->key = NULL;
  mini_write_text(in_scratch("synth"), "manifest.csv",
                  "id,source,donors,model_sha256\ns0,,,\ns1,p1,,\ns2,p2,,\ns3,p3,,\ns4,p4,,\ns5,p4,,\n");
  mini_write_text(in_scratch("synth"), "dataset_description.json", "{}");
  must_say(vg_experiment_data_open(o, design, &d), VG_DATA, "does not say what case s0 was made from");
  mini_write_text(in_scratch("synth"), "manifest.csv",
                  "id,source,donors,model_sha256\ns0,p2,,ab\ns1,p1,,\ns2,p2,,\ns3,p3,,\ns4,p4,,\ns5,p4,,\n");
  must(vg_experiment_data_open(o, design, &d));
  assert_non_null(strstr(vg_json_string(vg_json_first(d.not_checked), ""), "whether the model"));
  vg_experiment_data_release(&d);
}

static void test_data(void **state) {
  (void)state;
  vg_log_set_level(VG_LOG_ERROR);
  make_set("real", "p", 5);
  make_set("synth", "s", 6);
  vg_experiment_options o = options_of("real", "synth");
  experiment_design design;
  experiment_data d;
  experiment_plan plan;
  must(vg_experiment_design_parse(NULL, NULL, 2, 1, &design));
  must_say(vg_experiment_data_open(&o, &design, &d), VG_DATA, "no manifest.csv with the sources");
  mini_write_text(in_scratch("synth"), "manifest.csv",
                  "id,source,donors\ns0,p0,\ns1,p1,\ns2,p2,p3\ns3,p3,\ns4,p4,\n");
  must_say(vg_experiment_data_open(&o, &design, &d), VG_DATA, "s5 is not in its manifest.csv");
  mini_write_text(in_scratch("synth"), "manifest.csv",
                  "id,source,donors\ns0,p0,\ns1,p1,\ns2,p2,p3\ns3,p3,\ns4,p4,\ns5,h,h2\n");
  must(vg_experiment_data_open(&o, &design, &d));
  assert_int_equal(d.test.n, 2);
  assert_int_equal(d.real.n, 3);
  size_t left = 0;
  for (size_t i = 0; i < d.synth.n; i++) /* no sN whose pN is tested; s5 of nobody stays */
    for (size_t k = 0; k < d.test.n; k++)
      assert_int_not_equal(d.synth.subjects[i].id[1], d.test.subjects[k].id[1]);
  left = vg_json_size(d.left_out);
  assert_true(left >= 2 && left <= 3 && left + d.synth.n == 6);

  /* The plan: as many steps for each row, whatever it trains on. */
  must(vg_experiment_plan_make(&o, &d, &design, &plan));
  assert_int_equal(plan.config.train.samples, d.real.n + d.synth.n);
  assert_int_equal(plan.steps, plan.config.train.samples * plan.config.train.epochs);
  for (size_t k = 0; k < vg_experiment_design_jobs(&design); k++) {
    const experiment_job j = vg_experiment_design_job(&design, k);
    vg_dataset set = {0};
    vg_config c = vg_experiment_job_config(&plan, &j, false);
    long long epochs = c.train.epochs;
    assert_int_equal(c.train.samples, plan.config.train.samples);
    assert_int_equal(c.train.flip, j.augmented);
    assert_int_equal(c.augment.images, j.augmented ? VG_AUGMENT_ON : VG_AUGMENT_OFF);
    assert_int_equal(c.run.seed, j.seed);
    must(vg_experiment_job_subjects(&d, &j, o.share, false, &set));
    assert_int_equal(set.n, (j.kind->real ? d.real.n : 0) + (j.kind->synth ? d.synth.n : 0));
    vg_dataset_release(&set);
    if (j.kind->tuned) {
      epochs += vg_experiment_job_config(&plan, &j, true).train.epochs;
      must(vg_experiment_job_subjects(&d, &j, o.share, true, &set));
      assert_int_equal(set.n, 1);
      vg_dataset_release(&set);
    }
    assert_int_equal(epochs * c.train.samples, plan.steps);
  }
  /* The first n cases of a draw, so that more of them contain fewer; a mix only where there are both. */
  experiment_design some;
  must(vg_experiment_design_parse("real+synthetic:1,real+synthetic:2,synthetic:1", "on", 1, 5, &some));
  o.config.train.mix = 0.5;
  must(vg_experiment_plan_make(&o, &d, &some, &plan));
  static vg_dataset of[3];
  for (size_t k = 0; k < 3; k++) {
    const experiment_job j = vg_experiment_design_job(&some, k);
    assert_true(vg_experiment_job_config(&plan, &j, false).train.mix == (k < 2 ? 0.5 : 0));
    must(vg_experiment_job_subjects(&d, &j, o.share, false, &of[k]));
    assert_int_equal(of[k].n, k < 2 ? d.real.n + k + 1 : 1);
    assert_int_equal(vg_experiment_job_synthetic(&d, &j), k == 1 ? 2 : 1);
  }
  size_t shared = 0;
  for (size_t i = 0; i < of[0].n; i++)
    for (size_t k = 0; k < of[1].n; k++) shared += !strcmp(of[0].subjects[i].id, of[1].subjects[k].id);
  assert_int_equal(shared, of[0].n);
  for (int k = 0; k < 3; k++) vg_dataset_release(&of[k]);
  o.config.train.mix = 0;
  must(vg_experiment_plan_make(&o, &d, &design, &plan));
  o.config.train.patch[1] = 0;
  must_say(vg_experiment_plan_make(&o, &d, &design, &plan), VG_CONFIG, "train.patch is 0");
  o.config.train.patch[1] = 16;
  o.config.train.epochs = 1;
  must_say(vg_experiment_plan_make(&o, &d, &design, &plan), VG_CONFIG, "train.epochs is 1");
  o.config.train.epochs = 4;
  o.config.train.flip = false;
  o.config.augment.images = VG_AUGMENT_OFF;
  must_say(vg_experiment_plan_make(&o, &d, &design, &plan), VG_CONFIG, "has no augmentation");
  o.tune = 1;
  must_say(vg_experiment_options_check(&o), VG_USAGE, "--tune is 1");
  vg_experiment_data_release(&d);

  /* A test set of its own: who is in both is not trained on. */
  make_set("tested", "p", 2);
  char tested[256];
  snprintf(tested, sizeof tested, "%s", in_scratch("tested"));
  o.test = tested;
  must(vg_experiment_data_open(&o, &design, &d));
  assert_int_equal(d.real.n, 3);
  assert_int_equal(d.synth.n, 4);
  assert_int_equal(vg_json_size(d.left_out), 4);
  vg_experiment_data_release(&d);

  /* A model that learned from a test subject. */
  must(vg_fs_make_dirs(in_scratch("gan")));
  char gan[256];
  snprintf(gan, sizeof gan, "%s", in_scratch("gan"));
  o.gan = gan;
  mini_write_text(gan, "split.json", "{\"train\": [\"p3\", \"p4\"], \"val\": [\"p2\"]}");
  must(vg_experiment_data_open(&o, &design, &d));
  vg_experiment_data_release(&d);
  mini_write_text(gan, "split.json", "{\"train\": [\"p3\", \"p4\"], \"val\": [\"p1\"]}");
  must_say(vg_experiment_data_open(&o, &design, &d), VG_DATA, "learned from test subject p1");
  o.gan = NULL;

  /* Hashed sources need their key. */
  mini_write_text(in_scratch("synth"), "dataset_description.json", "{\"voxgan\": {\"anonymous\": true}}");
  must_say(vg_experiment_data_open(&o, &design, &d), VG_DATA, "its sources are hashed");
  check_keys(&o, &design);
  o.unchecked = true;
  must(vg_experiment_data_open(&o, &design, &d));
  assert_int_equal(d.synth.n, 6);
  assert_int_equal(vg_json_size(d.not_checked), 1);
  vg_experiment_data_release(&d);

  /* Real subjects whose ids are hidden cannot be compared either. */
  mini_write_text(in_scratch("real"), "dataset_description.json", "{\"voxgan\": {\"anonymous\": true}}");
  must(vg_experiment_data_open(&o, &design, &d));
  assert_int_equal(vg_json_size(d.not_checked), 2);
  vg_experiment_data_release(&d);
  o.unchecked = false;
  must_say(vg_experiment_data_open(&o, &design, &d), VG_DATA, "real: an anonymous data set");
  must(vg_fs_remove(in_scratch("real/dataset_description.json")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_design),        cmocka_unit_test(test_bootstrap_as_numpy),
      cmocka_unit_test(test_small_samples), cmocka_unit_test(test_coverage),
      cmocka_unit_test(test_leaks),         cmocka_unit_test(test_many_leaks),
      cmocka_unit_test(test_data),
  };
  return without_leaks(cmocka_run_group_tests(tests, scratch_setup, scratch_teardown));
}
