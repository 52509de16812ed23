/* test_labels.c: schemes parse both ways, faults are named, class sets join them by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "voxgan/labels.h"
#include "label/class_words.h"
#include "base/mem.h"
#include "base/str.h"

/* A word about a tumour is no tumour if the words around it say so. */
static void words_of_classes(void **state) {
  (void)state;
  static const struct {
    const char *word, *name; /* NULL: the word itself is the class, if it is one */
    vg_word is;
    vg_role role;
  } rows[] = {
      {"Non-enhancing tumor", "nonenhancing", VG_WORD_CLASS, VG_ROLE_TUMOUR},
      {"non-contrast-enhancing tumor core", NULL, VG_WORD_CLASS, VG_ROLE_TUMOUR},
      {"necrotic tumor part", NULL, VG_WORD_CLASS, VG_ROLE_TUMOUR},
      {"resection_cavity", "cavity", VG_WORD_CLASS, VG_ROLE_TUMOUR},
      {"surgical cavity", NULL, VG_WORD_CLASS, VG_ROLE_TUMOUR},
      {"cavity", NULL, VG_WORD_CLASS, VG_ROLE_TUMOUR},
      {"white matter lesion", NULL, VG_WORD_CLASS, VG_ROLE_TUMOUR},
      {"non-tumour", NULL, VG_WORD_UNKNOWN, VG_ROLE_ANATOMY},
      {"NonTumorBrain", NULL, VG_WORD_UNKNOWN, VG_ROLE_ANATOMY},
      {"no lesion", NULL, VG_WORD_UNKNOWN, VG_ROLE_ANATOMY},
      {"tumour-free", NULL, VG_WORD_UNKNOWN, VG_ROLE_ANATOMY},
      {"nasal cavity", NULL, VG_WORD_UNKNOWN, VG_ROLE_ANATOMY},
      {"oral_cavity", NULL, VG_WORD_UNKNOWN, VG_ROLE_ANATOMY},
      {"normal brain", NULL, VG_WORD_CLASS, VG_ROLE_ANATOMY},
      {"healthy tissue", NULL, VG_WORD_CLASS, VG_ROLE_ANATOMY},
      {"grey matter", "gm", VG_WORD_CLASS, VG_ROLE_ANATOMY},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const char *name;
    vg_role role = VG_ROLE_ANATOMY;
    assert_int_equal(vg_class_word(rows[i].word, &name, &role), rows[i].is);
    if (rows[i].is == VG_WORD_CLASS) assert_int_equal(role, rows[i].role);
    if (rows[i].name) assert_string_equal(name, rows[i].name);
  }
}

static void known_schemes(void **state) {
  (void)state;
  const char *help;
  const vg_scheme *s;
  int n = 0;
  for (; (s = vg_scheme_at(n, &help)); n++) {
    assert_true(help && *help);
    assert_in_range(s->n, 1, VG_LABELS_MAX);
    char *text = vg_scheme_text(s);
    vg_scheme back;
    assert_int_equal(vg_scheme_parse(text, &back), VG_OK);
    assert_string_equal(back.name, "inline");
    assert_int_equal(back.n, s->n);
    for (int i = 0; i < s->n; i++) {
      assert_int_equal(back.labels[i].value, s->labels[i].value);
      assert_int_equal(back.labels[i].more, s->labels[i].more);
      assert_int_equal(back.labels[i].role, s->labels[i].role);
      assert_string_equal(back.labels[i].name, s->labels[i].name);
    }
    vg_free(text);
    for (int k = 0; k < n; k++) assert_string_not_equal(vg_scheme_at(k, NULL)->name, s->name);
  }
  assert_int_equal(n, 13);
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
      {"1=csf,2=ignore", "cannot exclude voxels labelled 'ignore'"},
      {"1=csf,2=background:anatomy", "'background' is value 0, and other values of it have no role"},
      {"tissues,3=gm", "value 3 is given twice"},
      {"tissue,9=gm", "'tissue' is not VALUE=NAME"},
      {"1000-=gm", "value '1000-'"},
      {"2999-1000=gm", "not FIRST-LAST"},
      {"0-5=gm", "0 is background"},
      {"1000-70000=gm", "1..65535"},
      {"-5=gm", "value '-5'"},
      {"1000-2999=gm,2999=wm", "value 2999 is given twice"},
      {"7=wm,1-9=gm", "value 7 is given twice"},
      {"500-530=background,501=skull", "value 501 is given twice, by 500-530=background and by 501=skull"},
      {"501=skull,500-530=background", "value 501 is given twice, by 501=skull and by 500-530=background"},
      {"500-530=background,520-540=skull", "value 520 is given twice, by 500-530=background and by 520-540"},
      {"520-540=skull,500-530=background", "value 520 is given twice, by 520-540=skull and by 500-530"},
      {"tissues,500-530=background,501=skull", "value 501 is given twice, by 500-530=background and by 501"},
      {"synthseg-tissues,590-610=background,595=skull", "value 595 is given twice, by 590-610=background"},
      {"synthseg-tissues,595=skull,590-610=background", "value 595 is given twice, by 595=skull and by 590"},
      {"synthseg-tissues,600=skull,600=skull", "value 600 is given twice, by 600=skull and by 600=skull"},
      {"tissues,2-9=skull", "value 2 is given twice, by tissues (2=gm) and by 2-9=skull"},
      {"tissues,3=background", "value 3 is given twice, by tissues (3=wm) and by 3=background"},
      {"1=abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", "class name"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    vg_scheme s;
    assert_int_equal(vg_scheme_parse(bad[i].text, &s), VG_CONFIG);
    if (!strstr(vg_error(), bad[i].says)) fail_msg("'%s' said '%s'", bad[i].text, vg_error());
  }
}

/* What a named scheme calls background may become a class. */
static void background_becomes_a_class(void **state) {
  (void)state;
  static const struct {
    uint16_t value;
    const char *name;
  } rows[] = {{2, "wm"},     {501, "background"}, {502, "skull"},     {516, "skull"},
              {530, "skin"}, {531, "background"}, {599, "background"}};
  vg_scheme s, back;
  assert_int_equal(vg_scheme_parse("synthseg-tissues,502-516=skull,530=skin", &s), VG_OK);
  char *text = vg_scheme_text(&s);
  assert_int_equal(vg_scheme_parse(text, &back), VG_OK);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_string_equal(vg_scheme_find(&s, rows[i].value)->name, rows[i].name);
    assert_string_equal(vg_scheme_find(&back, rows[i].value)->name, rows[i].name);
  }
  assert_null(vg_scheme_find(&s, 600));
  vg_free(text);
  /* The background may be named again, and reach further. */
  assert_int_equal(vg_scheme_parse("synthseg-tissues,520=skull,590-610=background", &s), VG_OK);
  text = vg_scheme_text(&s);
  assert_non_null(strstr(text, ",501-519=background,520=skull,521-589=background,590-610=background"));
  assert_int_equal(vg_scheme_parse("synthseg-tissues,501-599=skull", &s), VG_OK);
  assert_false(vg_scheme_has_class(&s, "background"));
  /* A scheme with all labels that it can have: the background's makes room for one, but not for two. */
  char full[2048] = "synthseg-tissues", both[2100];
  for (int n = s.n; n < VG_LABELS_MAX; n++)
    snprintf(full + strlen(full), sizeof full - strlen(full), ",%d=skin", 700 + 2 * n);
  snprintf(both, sizeof both, "%s,501-599=skull", full);
  assert_int_equal(vg_scheme_parse(both, &s), VG_OK);
  assert_int_equal(s.n, VG_LABELS_MAX);
  snprintf(both, sizeof both, "%s,501-598=skull", full);
  assert_int_equal(vg_scheme_parse(both, &s), VG_CONFIG);
  assert_non_null(strstr(vg_error(), "more than 64 labels"));
  vg_free(text);
}

/* What a name without ":ROLE" is, in a scheme for tumour maps and in one for anatomy maps. */
static void roles_of_bare_names(void **state) {
  (void)state;
  static const struct {
    const char *text, *tumour, *anatomy; /* NULL: refused */
  } rows[] = {
      {"1=necrosis,2=oedema,4=enhancing", "1=necrosis:tumour,2=oedema:tumour,4=enhancing:tumour",
       "1=necrosis,2=oedema,4=enhancing"},
      {"1=core,2=rim", "1=core:tumour,2=rim:tumour", "1=core,2=rim"},
      {"1=core,5=csf", "1=core:tumour,5=csf", "1=core,5=csf"},
      {"1=necrosis:tumour,5=gm", "1=necrosis:tumour,5=gm", "1=necrosis:tumour,5=gm"},
      {"1=core:tumour,5=rim", NULL, "1=core:tumour,5=rim"},
      {"1=core:tumour,5=rim:anatomy", "1=core:tumour,5=rim", "1=core:tumour,5=rim"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    for (int role = 0; role < 2; role++) {
      const char *want = role == VG_ROLE_TUMOUR ? rows[i].tumour : rows[i].anatomy;
      vg_scheme s;
      vg_status st = vg_scheme_parse_as(rows[i].text, (vg_role)role, &s);
      assert_int_equal(st, want ? VG_OK : VG_CONFIG);
      if (!want) {
        assert_non_null(strstr(vg_error(), "'rim:tumour' or 'rim:anatomy'"));
        continue;
      }
      char *text = vg_scheme_text(&s);
      assert_string_equal(text, want);
      vg_free(text);
    }
}

/* Values of the head are known, but of no class; and a scheme of a name is extended by them. */
static void background_above_0(void **state) {
  (void)state;
  static const char *const texts[] = {"tissues,500-530=background", "1=csf,2=gm,3=wm,500-530=background"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    for (int role = 0; role < 2; role++) {
      vg_scheme s;
      vg_classes c = {0};
      uint8_t table[65536];
      assert_int_equal(vg_scheme_parse_as(texts[i], (vg_role)role, &s), VG_OK);
      char *text = vg_scheme_text(&s);
      assert_string_equal(text, "1=csf,2=gm,3=wm,500-530=background");
      vg_free(text);
      assert_int_equal(vg_classes_add(&c, &s, VG_ROLE_ANATOMY), VG_OK);
      assert_int_equal(vg_classes_add(&c, &s, VG_ROLE_TUMOUR), VG_OK);
      assert_int_equal(c.n, 3);
      assert_int_equal(vg_classes_table(&c, &s, VG_ROLE_ANATOMY, table), VG_OK);
      assert_int_equal(table[3], 3);
      assert_int_equal(table[502], 0);

      uint16_t data[] = {1, 502, 530, 0};
      vg_labelmap map = {.geo.dim = {4, 1, 1}, .data = data};
      assert_int_equal(vg_scheme_check(&s, &map, "m.nii"), VG_OK);
      data[1] = 531;
      assert_int_equal(vg_scheme_check(&s, &map, "m.nii"), VG_DATA);
      assert_non_null(strstr(vg_error(), "label value 531"));
    }
}

/* A class of several values and of a range, by every way that a scheme is used. */
static void many_values_are_one_class(void **state) {
  (void)state;
  vg_scheme s;
  assert_int_equal(vg_scheme_parse("2=wm,41=wm,3=gm,1000-2999=gm", &s), VG_OK);
  assert_int_equal(s.n, 4);
  static const struct {
    uint16_t value;
    const char *name;
  } rows[] = {{2, "wm"},    {41, "wm"},   {3, "gm"},    {999, NULL},
              {1000, "gm"}, {2999, "gm"}, {3000, NULL}, {0, NULL}};
  vg_classes c = {0};
  assert_int_equal(vg_classes_add(&c, &s, VG_ROLE_ANATOMY), VG_OK);
  assert_int_equal(c.n, 2);
  uint8_t *table = vg_malloc(65536, 1);
  assert_int_equal(vg_classes_table(&c, &s, VG_ROLE_ANATOMY, table), VG_OK);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const vg_label *l = vg_scheme_find(&s, rows[i].value);
    assert_int_equal(l != NULL, rows[i].name != NULL);
    if (l) assert_string_equal(l->name, rows[i].name);
    assert_int_equal(table[rows[i].value], rows[i].name ? vg_classes_find(&c, rows[i].name) + 1 : 0);
  }
  vg_free(table);
}

/* What each value of a FreeSurfer volume becomes, in seven classes and in three. */
static void freesurfer_values(void **state) {
  (void)state;
  static const struct {
    const char *name, *tissue;
    uint16_t values[28]; /* up to 0 */
  } rows[] = {
      {"csf", "csf", {24, 30, 62, 257}},
      {"cortical_gm", "gm", {3, 42, 1000, 1001, 1035, 2000, 2035, 2999, 11101, 11175, 12101, 12175}},
      {"deep_gm", "gm", {10, 11, 12, 13, 17, 18, 26, 28, 49, 50, 51, 52, 53, 54, 58, 60, 80}},
      {"wm", "wm", {2, 41, 77, 78, 79, 85, 251, 252, 253, 254, 255, 3001, 4035, 5001, 5002}},
      {"ventricles", "csf", {4, 5, 14, 15, 31, 43, 44, 63, 72}},
      {"cerebellum", "gm", {8, 47}},
      {"cerebellum", "wm", {7, 46}},
      {"brainstem", "wm", {16}},
      {NULL, NULL, {1, 6, 25, 40, 45, 57, 130, 165, 258, 259, 999, 5000, 11099, 15000, 65535}},
  };
  vg_scheme seven, three;
  assert_int_equal(vg_scheme_parse("freesurfer", &seven), VG_OK);
  assert_int_equal(vg_scheme_parse("freesurfer-tissues", &three), VG_OK);
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
    for (const uint16_t *v = rows[r].values; *v; v++) {
      const vg_label *a = vg_scheme_find(&seven, *v), *b = vg_scheme_find(&three, *v);
      if ((a != NULL) != (rows[r].name != NULL) || (b != NULL) != (a != NULL)) fail_msg("value %d", *v);
      if (!a) continue;
      if (strcmp(a->name, rows[r].name)) fail_msg("value %d is %s", *v, a->name);
      if (strcmp(b->name, rows[r].tissue)) fail_msg("value %d is %s", *v, b->name);
    }
  /* No value in two labels. */
  for (int i = 0; i < seven.n; i++)
    for (int v = seven.labels[i].value; v <= seven.labels[i].value + seven.labels[i].more; v++)
      assert_ptr_equal(vg_scheme_find(&seven, (uint16_t)v), &seven.labels[i]);
  vg_classes c = {0};
  assert_int_equal(vg_classes_add(&c, &seven, VG_ROLE_ANATOMY), VG_OK);
  assert_int_equal(c.n, 7);
  assert_string_equal(c.names[6], "brainstem");
  memset(&c, 0, sizeof c);
  assert_int_equal(vg_classes_add(&c, &three, VG_ROLE_ANATOMY), VG_OK);
  assert_int_equal(c.n, 3);

  vg_geometry geo = {.dim = {4, 1, 1}, .affine = {{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}}};
  vg_labelmap m;
  assert_int_equal(vg_labelmap_new(&geo, &m), VG_OK);
  m.data[0] = 2035, m.data[1] = m.data[2] = 258;
  assert_int_equal(vg_scheme_check(&seven, &m, "aseg.nii"), VG_DATA);
  assert_string_equal(vg_error(),
                      "aseg.nii: label value 258 (2 voxels) is not in scheme freesurfer (values of csf, "
                      "cortical_gm, deep_gm, wm, ventricles, cerebellum, brainstem)");
  vg_labelmap_release(&m);
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
  assert_non_null(strstr(vg_error(), "nor is 1 other"));
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

/* A class for each structure of SynthSeg or FreeSurfer: the longest text of a scheme fits a setting. */
static void schemes_of_many_classes(void **state) {
  (void)state;
  vg_str text = VG_STR_INIT;
  vg_str_add(&text, "data.anatomy_scheme=");
  const size_t key = strlen("data.anatomy_scheme=");
  for (int i = 0; i < VG_LABELS_MAX; i++)
    vg_str_addf(&text, "%s%d-%d=a_structure_with_a_long_name%02d:anatomy", i ? "," : "", 10000 + 500 * i,
                10499 + 500 * i, i % VG_CLASSES_MAX);
  char *assignment = vg_str_take(&text);
  assert_non_null(assignment);
  vg_config c;
  vg_config_default(&c);
  assert_int_equal(vg_config_set(&c, assignment), VG_OK);
  assert_string_equal(c.data.anatomy_scheme, assignment + key);
  vg_scheme s;
  assert_int_equal(vg_scheme_parse(c.data.anatomy_scheme, &s), VG_OK);
  assert_int_equal(s.n, VG_LABELS_MAX);
  vg_classes classes = {0};
  for (int i = 0; i < s.n; i++)
    assert_int_equal(vg_classes_add_name(&classes, s.labels[i].name, s.labels[i].role), VG_OK);
  assert_int_equal(classes.n, VG_CLASSES_MAX);
  vg_free(assignment);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(words_of_classes),
      cmocka_unit_test(known_schemes),
      cmocka_unit_test(inline_faults),
      cmocka_unit_test(background_becomes_a_class),
      cmocka_unit_test(roles_of_bare_names),
      cmocka_unit_test(background_above_0),
      cmocka_unit_test(many_values_are_one_class),
      cmocka_unit_test(freesurfer_values),
      cmocka_unit_test(check_names_file_value_count),
      cmocka_unit_test(classes_join_schemes),
      cmocka_unit_test(schemes_of_many_classes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
