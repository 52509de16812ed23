/* test_chain.c: edits as text: parsed, refused with the nearest name, drawn, applied in order, logged.
 *
 * The test has its own registry, so that it tests chains and not the parameters of an edit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "voxgan/edit.h"
#include "base/mem.h"
#include "base/str.h"

/* ---- two edits that write down what they are called with ---- */

static char seen[2048];

static vg_status note(vg_maps *maps, const vg_edit_call *call) {
  (void)maps;
  char *at = seen + strlen(seen);
  size_t left = sizeof seen - strlen(seen);
  const vg_param *p = call->edit->params;
  for (int i = 0; p[i].name; i++) {
    int n = snprintf(at, left, "%s%s=%.17g%s ", call->values[i].given ? "" : "~", p[i].name,
                     call->values[i].number, call->values[i].text);
    at += n, left -= (size_t)n;
  }
  snprintf(at, left, "%s %u;", call->donor ? "donor" : "-", (unsigned)vg_rng_u32(call->rng));
  return call->values[0].number > 90 ? vg_fail(VG_REFUSED, "no place in 7 tries") : VG_OK;
}

static const vg_param size_params[] = {
    {.name = "ml", .type = VG_PARAM_NUMBER, .def = NAN, .least = 0.01, .most = 100, .unit = "ml"},
    {.name = "n", .type = VG_PARAM_WHOLE, .def = 2, .least = 1, .most = 9},
    {.name = "kind", .type = VG_PARAM_CHOICE, .text_def = "keep", .choices = "keep|none|ring"},
    {.name = "mass", .type = VG_PARAM_FLAG},
    {.name = NULL}};
static const vg_param take_params[] = {{.name = "donor", .type = VG_PARAM_DONOR, .text_def = "random"},
                                       {.name = "note", .type = VG_PARAM_TEXT, .text_def = ""},
                                       {.name = NULL}};
static const vg_edit size_edit = {.params = size_params, .apply = note},
                     take_edit = {.params = take_params, .needs_donor = true, .apply = note};

const char *vg_edit_at(int i, const vg_edit **edit, const char **help) {
  static const char *const names[] = {"resize", "take"};
  if (i < 0 || i > 1) return NULL;
  if (edit) *edit = i ? &take_edit : &size_edit;
  if (help) *help = "";
  return names[i];
}

static vg_status donor(void *donors, const char *id, vg_rng *rng, const vg_maps **maps, const char **used) {
  static const char *const ids[] = {"pat0001", "pat0002", "pat0003"};
  *maps = donors;
  if (!strcmp(id, "random")) {
    *used = ids[vg_rng_below(rng, 3)];
    return VG_OK;
  }
  for (int i = 0; i < 3; i++)
    if (!strcmp(id, ids[i])) {
      *used = ids[i];
      return VG_OK;
    }
  return vg_fail(VG_CONFIG, "no donor %s", id);
}

/* ---- helpers ---- */

static vg_edit_chain chain_of(const char *text) {
  vg_edit_chain c = {0};
  if (vg_edit_chain_add(&c, text)) fail_msg("%s: %s", text, vg_error());
  return c;
}

/* What the edits saw, and the log, of one application. */
static vg_status apply(const vg_edit_chain *c, uint64_t seed, uint64_t key, vg_str *log, vg_str *donors) {
  vg_maps maps = {0};
  vg_edit_context context = {.seed = seed, .key = key, .donors = &maps, .donor = donor};
  seen[0] = 0;
  vg_edit_log drawn = {0};
  vg_status st = vg_edit_chain_apply(c, &maps, &context, &drawn);
  if (!st && log) vg_edit_log_text(&drawn, NULL, NULL, log);
  if (!st && donors) vg_edit_log_donors(&drawn, NULL, NULL, donors);
  vg_edit_log_release(&drawn);
  bool lost = (log && vg_str_failed(log)) || (donors && vg_str_failed(donors));
  return st || !lost ? st : VG_MEMORY;
}

static void values_and_defaults(void **state) {
  (void)state;
  vg_edit_chain c = chain_of(" resize : ml = 12.5 , mass ");
  vg_edit_chain_release(&c);
  c = chain_of("resize:ml=12.5,mass");
  vg_str log = VG_STR_INIT;
  assert_int_equal(apply(&c, 1, 2, &log, NULL), VG_OK);
  assert_non_null(strstr(seen, "ml=12.5 ~n=2 ~kind=0keep mass=1 -"));
  assert_string_equal(vg_str_text(&log), "resize:ml=12.5,mass");
  vg_edit_chain_release(&c);
  vg_str_clear(&log);
  c = chain_of("resize");
  assert_int_equal(apply(&c, 1, 2, &log, NULL), VG_OK);
  assert_non_null(strstr(seen, "~ml=nan ~n=2"));
  assert_string_equal(vg_str_text(&log), "resize");
  vg_edit_chain_release(&c);
  vg_str_release(&log);
}

/* The log is a chain of constants that, with the same seed and key, does the same to the last bit. */
static void log_replays(void **state) {
  (void)state;
  vg_edit_chain c = {0};
  assert_int_equal(vg_edit_chain_add(&c, "take"), VG_OK);
  assert_int_equal(vg_edit_chain_add(&c, "resize:ml=lognormal(5,0.8),n=int(1,4),kind=choice(none:0.3,ring)"),
                   VG_OK);
  assert_int_equal(vg_edit_chain_add(&c, "resize:ml=uniform(0.5,1.5);take:donor=pat0002,note=x"), VG_OK);
  assert_int_equal(c.n, 4);
  char first[sizeof seen];
  vg_str log = VG_STR_INIT, again = VG_STR_INIT, donors = VG_STR_INIT;
  for (uint64_t key = 0; key < 50; key++) {
    vg_str_clear(&log);
    vg_str_clear(&again);
    vg_str_clear(&donors);
    assert_int_equal(apply(&c, 11, key, &log, &donors), VG_OK);
    strcpy(first, seen);
    assert_true(vg_starts_with(vg_str_text(&log), "take:donor=pat000"));
    assert_true(vg_ends_with(vg_str_text(&log), ";take:donor=pat0002,note=x"));
    assert_true(vg_ends_with(vg_str_text(&donors), ";pat0002"));
    assert_null(strchr(vg_str_text(&log), '('));
    vg_edit_chain constant = chain_of(vg_str_text(&log));
    assert_int_equal(apply(&constant, 11, key, &again, NULL), VG_OK);
    assert_string_equal(vg_str_text(&log), vg_str_text(&again));
    /* Values that were given now and defaulted before differ only in being given. */
    for (char *a = first, *b = seen; *a || *b; a++, b++) {
      a += *a == '~', b += *b == '~';
      assert_int_equal(*a, *b);
    }
    vg_edit_chain_release(&constant);
  }
  vg_str_release(&log);
  vg_str_release(&again);
  vg_str_release(&donors);
  vg_edit_chain_release(&c);
}

static void streams(void **state) {
  (void)state;
  vg_edit_chain c = chain_of("resize:ml=uniform(1,50);resize:ml=uniform(1,50)");
  char first[sizeof seen];
  assert_int_equal(apply(&c, 1, 2, NULL, NULL), VG_OK);
  strcpy(first, seen);
  char *half = strchr(seen, ';');
  assert_int_not_equal(strncmp(seen, half + 1, (size_t)(half - seen)), 0); /* steps differ */
  assert_int_equal(apply(&c, 1, 2, NULL, NULL), VG_OK);
  assert_string_equal(first, seen);
  assert_int_equal(apply(&c, 1, 3, NULL, NULL), VG_OK);
  assert_string_not_equal(first, seen);
  assert_int_equal(apply(&c, 2, 2, NULL, NULL), VG_OK);
  assert_string_not_equal(first, seen);
  vg_edit_chain_release(&c);
}

static void copies(void **state) {
  (void)state;
  vg_edit_chain a = chain_of("resize:ml=3"), b = chain_of("take");
  vg_str log = VG_STR_INIT;
  assert_int_equal(vg_edit_chain_copy(&a, &b), VG_OK);
  vg_edit_chain_release(&a);
  assert_int_equal(apply(&b, 1, 1, &log, NULL), VG_OK);
  assert_true(vg_ends_with(vg_str_text(&log), ";resize:ml=3"));
  vg_edit_chain_release(&b);
  vg_str_release(&log);
}

static void faults(void **state) {
  (void)state;
  static const struct {
    const char *text, *says;
  } rows[] = {
      {"reszie", "no edit reszie; did you mean resize?"},
      {"whatever", "the edits are resize, take"},
      {"", "name of an edit is missing"},
      {":ml=3", "name of an edit is missing"},
      {"resize;", "name of an edit is missing"},
      {"resize:", "resize: a parameter is empty"},
      {"resize:ml=3,,n=2", "resize: a parameter is empty"},
      {"resize:mass=1", "resize: mass takes no value"},
      {"resize:ml", "resize: ml needs a value"},
      {"resize:ml=", "resize: ml needs a value"},
      {"resize:mas", "resize: no parameter mas; did you mean mass?"},
      {"resize:volume=3", "resize: no parameter volume; its parameters are ml, n, kind, mass"},
      {"resize:ml=3,ml=4", "resize: ml is given twice"},
      {"resize:mass,mass", "resize: mass is given twice"},
      {"resize:ml=uniform(0.5,200)", "resize:ml=uniform(0.5,200): 200 is not within 0.01 to 100"},
      {"resize:ml=200", "resize:ml=200 is not within 0.01 to 100"},
      {"resize:ml=large", "resize:ml=\"large\" is not a number"},
      {"resize:ml=unifrom(1,2)", "did you mean uniform?"},
      {"resize:n=uniform(1,2)", "resize:n=uniform(1,2): draws fractions"},
      {"resize:kind=rign", "resize:kind=\"rign\"; did you mean ring? (keep|none|ring)"},
      {"resize:kind=blue", "resize:kind=\"blue\", but must be one of keep|none|ring"},
      {"resize:kind=choice(ring,blue)", "\"blue\""},
      {"resize:kind=uniform(1,2)", "draws numbers, but must be keep|none|ring"},
      {"take:donor=int(1,3)", "draws numbers, but must be a text"},
      {"resize:ml=uniform(1,2", "closing parenthesis"},
      {"resize:ml=3;take:donr=x", "take: no parameter donr; did you mean donor?"},
  };
  vg_edit_chain c = chain_of("take");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    vg_status st = vg_edit_chain_add(&c, rows[i].text);
    if (st != VG_CONFIG || !strstr(vg_error(), rows[i].says))
      fail_msg("%s: %s '%s', wanted '%s'", rows[i].text, vg_status_name(st), vg_error(), rows[i].says);
    assert_int_equal(c.n, 1);
  }
  vg_edit_chain_release(&c);
}

static void failures_name_the_edit(void **state) {
  (void)state;
  vg_edit_chain c = chain_of("resize:ml=3;resize:ml=95");
  assert_int_equal(apply(&c, 1, 1, NULL, NULL), VG_REFUSED);
  assert_string_equal(vg_error(), "resize: no place in 7 tries");
  vg_edit_chain_release(&c);
  c = chain_of("take:donor=nobody");
  assert_int_equal(apply(&c, 1, 1, NULL, NULL), VG_CONFIG);
  assert_string_equal(vg_error(), "take: no donor nobody");
  vg_maps maps = {0};
  vg_edit_context nobody = {.seed = 1};
  assert_int_equal(vg_edit_chain_apply(&c, &maps, &nobody, NULL), VG_CONFIG);
  assert_string_equal(vg_error(), "take: there are no donors");
  vg_edit_chain_release(&c);
}

static void out_of_memory(void **state) {
  (void)state;
  for (long n = 1; n < 100; n++) {
    long live = vg_mem_live();
    vg_edit_chain c = {0};
    vg_mem_fail_after(n);
    vg_status st = vg_edit_chain_add(&c, "resize:ml=uniform(1,2),kind=choice(none,ring);take");
    vg_mem_fail_after(0);
    vg_edit_chain_release(&c);
    assert_int_equal(vg_mem_live(), live);
    if (!st) {
      assert_true(n > 5);
      return;
    }
    assert_int_equal(st, VG_MEMORY);
  }
  fail();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_and_defaults),
      cmocka_unit_test(log_replays),
      cmocka_unit_test(streams),
      cmocka_unit_test(copies),
      cmocka_unit_test(faults),
      cmocka_unit_test(failures_name_the_edit),
      cmocka_unit_test(out_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
