/* test_run_page.c: the page and the card of a training run are whole, or are not written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "run_page/run_card.h"
#include "run_page/run_report.h"
#include "scratch.h"
#include "settings/config_json.h"
#include "voxgan/config.h"
#include "voxgan/status.h"

static void put(const char *name, const char *text) {
  assert_int_equal(vg_fs_write_atomic(in_scratch(name), text, strlen(text)), VG_OK);
}

/* A run of two epochs with one validation, and settings that differ from the defaults. */
static void make_run(void) {
  vg_config c;
  vg_config_default(&c);
  c.train.epochs = 2;
  c.net.ngf = 8;
  snprintf(c.data.series, sizeof c.data.series, "t1,flair");
  vg_json *config = vg_config_to_json(&c);
  assert_int_equal(vg_json_write(in_scratch("config.json"), config), VG_OK);
  vg_json_free(config);
  put("split.json", "{\"train\": [\"a\", \"b\"], \"val\": [\"c\"]}\n");
  put("sessions.jsonl",
      "{\"time\":1,\"step\":0,\"device\":\"cpu\",\"libtorch\":\"2\",\"voxgan\":\"0.1.0\"}\n");
  put("log.jsonl", "{\"kind\":\"epoch\",\"epoch\":1,\"step\":2,\"d_real\":0.5,\"d_fake\":0.4,\"g_l1\":0.3,"
                   "\"seconds\":1,\"time\":2}\n"
                   "{\"kind\":\"epoch\",\"epoch\":2,\"step\":4,\"d_real\":0.4,\"d_fake\":0.4,\"g_l1\":0.2,"
                   "\"seconds\":1,\"time\":3}\n"
                   "{\"kind\":\"validation\",\"epoch\":2,\"step\":4,\"held_out\":true,\"scores\":{\"t1\":{"
                   "\"mae\":0.25,\"ssim\":0.5}},"
                   "\"best\":true,\"time\":3}\n");
  put("model.safetensors", "a model");
}

static char *content(const char *name) {
  void *bytes;
  size_t len;
  assert_int_equal(vg_fs_read(in_scratch(name), &bytes, &len), VG_OK);
  return bytes;
}

static vg_status write_page(const char *run) {
  return vg_run_report(run, NULL);
}

/* Lets each allocation fail in turn: the call fails with VG_MEMORY, or writes what it writes undisturbed. */
static void check(const char *name, vg_status (*call)(const char *run)) {
  assert_int_equal(call(scratch), VG_OK);
  char *wanted = content(name);
  long n = 0;
  for (bool through = false; !through;) {
    vg_mem_fail_once(++n);
    const vg_status st = call(scratch);
    vg_mem_fail_once(0);
    through = vg_mem_asked() < n;
    if (st) {
      assert_int_equal(st, VG_MEMORY);
    } else {
      char *there = content(name);
      if (strcmp(there, wanted) != 0) fail_msg("%s lacks something where allocation %ld fails", name, n);
      vg_free(there);
    }
  }
  assert_true(n > 50);
  vg_free(wanted);
}

static void test_card(void **state) {
  (void)state;
  make_run();
  check("model-card.md", vg_run_card_write);
  char *card = content("model-card.md");
  assert_non_null(strstr(card, "\nnet.ngf = 8\n"));
  assert_non_null(strstr(card, "| t1 | mae | 0.25 |"));
  vg_free(card);
}

static void test_page(void **state) {
  (void)state;
  make_run();
  check("report.html", write_page);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_card), cmocka_unit_test(test_page)};
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
