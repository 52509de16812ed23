/* Membership scores: subjects that a model learned by heart score differently from unseen ones, and from all
 * subjects under untrained networks. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "../mini_tree.h"
#include "../scratch.h"
#include "eval/privacy/membership.h"
#include "run/entry.h"
#include "voxgan/log.h"
#include "voxgan/phantom.h"
#include "voxgan/run.h"

enum { SUBJECTS = 4 };

static const char *data, *run;
static vg_dataset set;
static bool is_val[SUBJECTS];

static void train(const char *direction, int epochs, const char *adversarial) {
  static const char *const common[] = {"run.threads=1",    "data.val_share=0.5",
                                       "data.margin=0",    "data.series=t1",
                                       "net.ngf=16",       "net.ndf=8",
                                       "net.d_layers=1",   "net.dropout=0",
                                       "train.flip=false", "train.decay_from=1",
                                       "train.lr_g=0.003", "train.lr_d=0.001",
                                       "train.beta1=0.9",  "train.validate_every=0"};
  vg_train_options o = {.data = {.paths = &data, .n = 1}, .out = run, .overwrite = true};
  char text[64];
  vg_config_default(&o.config);
  for (size_t i = 0; i < sizeof common / sizeof *common; i++) must(vg_config_set(&o.config, common[i]));
  snprintf(text, sizeof text, "train.direction=%s", direction);
  must(vg_config_set(&o.config, text));
  snprintf(text, sizeof text, "train.epochs=%d", epochs);
  must(vg_config_set(&o.config, text));
  snprintf(text, sizeof text, "train.w_adversarial=%s", adversarial);
  must(vg_config_set(&o.config, text));
  must(vg_config_resolve(&o.config));
  must(vg_train(&o));
  char *split = vg_fs_join(run, "split.json");
  must(vg_dataset_split_read(&set, split, is_val));
  vg_free(split);
}

static void score(const char *model, vg_membership out[SUBJECTS]) {
  vg_membership_subject subjects[SUBJECTS];
  for (int i = 0; i < SUBJECTS; i++) subjects[i] = (vg_membership_subject){&set, &set.subjects[i]};
  must(vg_membership_score(
      &(vg_membership_options){.model = model, .subjects = subjects, .n = SUBJECTS, .threads = 1}, out));
}

static int open_data(void **state) {
  vg_log_set_level(VG_LOG_ERROR);
  if (scratch_setup(state)) return -1;
  static char data_dir[256], run_dir[256];
  snprintf(data_dir, sizeof data_dir, "%s", in_scratch("data"));
  snprintf(run_dir, sizeof run_dir, "%s", in_scratch("run"));
  data = data_dir;
  run = run_dir;
  vg_phantom_settings p = {.subjects = SUBJECTS, .size = {16, 16, 16}, .layout = "brats2021", .seed = 4};
  must(vg_phantom_write(data, &p));
  must(vg_dataset_add(&set, data, "brats2021", NULL, NULL));
  assert_int_equal(set.n, SUBJECTS);
  return 0;
}

static int close_data(void **state) {
  vg_dataset_release(&set);
  return scratch_teardown(state);
}

static void learned_by_heart(void **state) {
  (void)state;
  vg_membership m[SUBJECTS];
  train("label2image", 150, "0.01");
  score(run, m);
  double most = 0, least = INFINITY;
  for (int i = 0; i < SUBJECTS; i++) {
    assert_true(is_val[i] || m[i].untrained_error > 1.3 * m[i].error);
    assert_true(isfinite(m[i].judged) && isfinite(m[i].untrained_judged));
    if (is_val[i])
      least = fmin(least, m[i].error);
    else
      most = fmax(most, m[i].error);
  }
  assert_true(most < least);
  /* The same again, whatever came before. */
  vg_membership again[SUBJECTS];
  score(run, again);
  assert_memory_equal(m, again, sizeof m);
}

static void without_discriminator(void **state) {
  (void)state;
  vg_membership m[SUBJECTS];
  train("image2label", 20, "0");
  score(run, m);
  for (int i = 0; i < SUBJECTS; i++) {
    assert_true(isfinite(m[i].error) && m[i].error > 0 && m[i].error < m[i].untrained_error);
    assert_true(isnan(m[i].judged) && isnan(m[i].untrained_judged));
  }
}

static void faults(void **state) {
  (void)state;
  vg_membership m;
  const vg_membership_subject nobody = {&set, &set.subjects[0]};
  vg_membership_options o = {.model = in_scratch("nothing"), .subjects = &nobody, .n = 1};
  assert_int_not_equal(vg_membership_score(&o, &m), VG_OK);
  o.model = run;
  o.device = "abacus";
  assert_int_not_equal(vg_membership_score(&o, &m), VG_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(learned_by_heart),
      cmocka_unit_test(without_discriminator),
      cmocka_unit_test(faults),
  };
  return without_leaks(cmocka_run_group_tests(tests, open_data, close_data));
}
