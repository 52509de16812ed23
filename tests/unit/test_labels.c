/* test_labels.c: schemes parse both ways, faults are named, class sets join them by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "voxgan/labels.h"
#include "voxgan/mem.h"

static void known_schemes(void **state) {
  (void)state;
  const char *help;
  const vg_scheme *s;
  int n = 0;
  for (; (s = vg_scheme_at(n, &help)); n++) {
    assert_true(help && *help);
    assert_in_range(s->n, 1, VG_CLASSES_MAX);
    char *text = vg_scheme_text(s);
    vg_scheme back;
    assert_int_equal(vg_scheme_parse(text, &back), VG_OK);
    assert_string_equal(back.name, "inline");
    assert_int_equal(back.n, s->n);
    for (int i = 0; i < s->n; i++) {
      assert_int_equal(back.labels[i].value, s->labels[i].value);
      assert_int_equal(back.labels[i].role, s->labels[i].role);
      assert_string_equal(back.labels[i].name, s->labels[i].name);
    }
    vg_free(text);
    for (int k = 0; k < n; k++) assert_string_not_equal(vg_scheme_at(k, NULL)->name, s->name);
  }
  assert_int_equal(n, 4);
  vg_scheme brats;
  assert_int_equal(vg_scheme_parse("brats", &brats), VG_OK);
  assert_string_equal(vg_scheme_find(&brats, 4)->name, "enhancing");
  assert_null(vg_scheme_find(&brats, 3));
}

static void inline_faults(void **state) {
  (void)state;
  static const struct {
    const char *text, *says;
  } bad[] = {
      {"brast", "did you mean brats"},
      {"1=csf,x=gm", "value 'x'"},
      {"0=csf", "0 is background"},
      {"70000=csf", "1..65535"},
      {"1=csf,1=gm", "given twice"},
      {"1=csf:organ", "role 'organ'"},
      {"1=c s f", "class name 'c s f'"},
      {"1=", "class name ''"},
      {"1=csf,gm", "'gm' is not VALUE=NAME"},
      {"1=a,2=a:tumour", "two roles"},
      {"1=abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", "class name"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    vg_scheme s;
    assert_int_equal(vg_scheme_parse(bad[i].text, &s), VG_CONFIG);
    if (!strstr(vg_error(), bad[i].says)) fail_msg("'%s' said '%s'", bad[i].text, vg_error());
  }
}

static void check_names_file_value_count(void **state) {
  (void)state;
  vg_geometry geo = {.dim = {4, 3, 2}, .affine = {{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}}};
  vg_labelmap m;
  assert_int_equal(vg_labelmap_new(&geo, &m), VG_OK);
  vg_scheme s;
  assert_int_equal(vg_scheme_parse("brats", &s), VG_OK);
  m.data[1] = 1, m.data[2] = 4, m.data[3] = 2;
  assert_int_equal(vg_scheme_check(&s, &m, "a.nii"), VG_OK);
  for (int i = 10; i < 22; i++) m.data[i] = 7;
  assert_int_equal(vg_scheme_check(&s, &m, "dir/a.nii"), VG_DATA);
  assert_string_equal(vg_error(), "dir/a.nii: label value 7 (12 voxels) is not in scheme brats (1 necrosis, "
                                  "2 oedema, 4 enhancing)");
  m.data[0] = 300;
  assert_int_equal(vg_scheme_check(&s, &m, "a.nii"), VG_DATA);
  assert_non_null(strstr(vg_error(), "nor are 1 other"));
  vg_labelmap_release(&m);
}

static void classes_join_schemes(void **state) {
  (void)state;
  vg_scheme brats, b23, b13, tissues;
  assert_int_equal(vg_scheme_parse("brats", &brats), VG_OK);
  assert_int_equal(vg_scheme_parse("brats2023", &b23), VG_OK);
  assert_int_equal(vg_scheme_parse("brats2013", &b13), VG_OK);
  assert_int_equal(vg_scheme_parse("tissues", &tissues), VG_OK);
  vg_classes c = {0};
  assert_int_equal(vg_classes_add(&c, &brats, VG_ROLE_TUMOUR), VG_OK);
  assert_int_equal(vg_classes_add(&c, &b23, VG_ROLE_TUMOUR), VG_OK);
  assert_int_equal(c.n, 3);
  assert_int_equal(vg_classes_add(&c, &tissues, VG_ROLE_TUMOUR), VG_OK); /* it has none */
  assert_int_equal(c.n, 3);
  assert_int_equal(vg_classes_add(&c, &tissues, VG_ROLE_ANATOMY), VG_OK);
  static const char *const order[] = {"csf", "gm", "wm", "necrosis", "oedema", "enhancing"};
  assert_int_equal(c.n, 6);
  for (int i = 0; i < 6; i++) {
    assert_string_equal(c.names[i], order[i]);
    assert_int_equal(c.roles[i], i < 3 ? VG_ROLE_ANATOMY : VG_ROLE_TUMOUR);
    assert_int_equal(vg_classes_find(&c, order[i]), i);
  }
  assert_int_equal(vg_classes_find(&c, "nonenhancing"), -1);

  /* The same class from differing values. */
  uint8_t *a = vg_malloc(65536, 1), *b = vg_malloc(65536, 1);
  assert_int_equal(vg_classes_table(&c, &brats, VG_ROLE_TUMOUR, a), VG_OK);
  assert_int_equal(vg_classes_table(&c, &b23, VG_ROLE_TUMOUR, b), VG_OK);
  assert_int_equal(a[4], 6);
  assert_int_equal(b[3], 6);
  assert_int_equal(a[3], 0);
  assert_int_equal(a[0], 0);
  assert_int_equal(vg_classes_table(&c, &b13, VG_ROLE_TUMOUR, a), VG_DATA);
  assert_string_equal(vg_error(),
                      "the model knows csf, gm, wm, necrosis, oedema, enhancing; scheme brats2013 has "
                      "nonenhancing (tumour)");
  vg_free(a);
  vg_free(b);

  assert_int_equal(vg_classes_add_name(&c, "csf", VG_ROLE_TUMOUR), VG_CONFIG);
  assert_int_equal(vg_classes_add_name(&c, "csf", VG_ROLE_ANATOMY), VG_OK);
  assert_int_equal(c.n, 6);
  char name[16];
  while (c.n < VG_CLASSES_MAX) {
    snprintf(name, sizeof name, "c%d", c.n);
    assert_int_equal(vg_classes_add_name(&c, name, VG_ROLE_ANATOMY), VG_OK);
  }
  assert_int_equal(vg_classes_add_name(&c, "straw", VG_ROLE_ANATOMY), VG_CONFIG);
  assert_string_equal(c.names[VG_CLASSES_MAX - 1], "enhancing");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(known_schemes),
      cmocka_unit_test(inline_faults),
      cmocka_unit_test(check_names_file_value_count),
      cmocka_unit_test(classes_join_schemes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
