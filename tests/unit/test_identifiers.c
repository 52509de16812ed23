/* Identifiers: the scan finds planted ones, with file and field, and does not report harmless texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "eval/privacy/identifiers.h"
#include "base/str.h"
#include "nifti_maker.h"
#include "voxgan/log.h"

static const char *const ids[] = {"BraTS-GLI-00017-000", "sub-1000", "7", "head"};
enum { N_IDS = 4 };

static void words(void **state) {
  (void)state;
  static const struct {
    const char *text, *kind;
    bool header;
  } cases[] = {
      {"BraTS-GLI-00017-000", IDENTIFIER_REAL_ID, false},
      {"cohort/BraTS-GLI-00017-000_edit3.nii.gz", IDENTIFIER_REAL_ID, false},
      {"BraTS-GLI-00017-0001", NULL, false},
      {"sub-1000_T1w.nii.gz", IDENTIFIER_REAL_ID, false},
      {"sub-10001_T1w.nii.gz", NULL, false},
      {"head 7", NULL, false}, /* ids that are words or numbers are ignored */
      {"20190304", "date", false},
      {"20190304101112", "date", false},
      {"scan_2019-03-04T10:11", "date", false},
      {"4/3/2019", "date", false},
      {"04.03.2019", "date", false},
      {"2019.3.4", "date", false},
      {"20191304", NULL, false},
      {"120190304", NULL, false},
      {"a20190304b", NULL, false},
      {"192.168.1.2019", NULL, false},
      {"1.26.4", NULL, false},
      {"voxgan 0.1.0", NULL, true},
      {"6.0.5:9e026117", NULL, true},
      {"FSL5.0", NULL, true},
      {"FreeSurfer Nov 2012", NULL, true},
      {"", NULL, true},
      {"DOE^JANE", "person name", false},
      {"a ^ b, x^2", NULL, false},
      {"1.2.840.113619.2.55.3", "DICOM UID", false},
      {"0.25 1.2.3.4", NULL, false},
      {"TE=2.9;Time=101112.123", "free text", true},
      {"patient 12", "mention of a person", true},
      {"every patient is synthetic", NULL, false},
      {"1e-05", NULL, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *kind = vg_privacy_identifier_in(cases[i].text, ids, N_IDS, cases[i].header);
    if (kind ? !cases[i].kind || strcmp(kind, cases[i].kind) != 0 : cases[i].kind != NULL)
      fail_msg("'%s' is %s, wanted %s", cases[i].text, kind ? kind : "nothing",
               cases[i].kind ? cases[i].kind : "nothing");
  }
}

static identifier_report look(const char *const *files, size_t n) {
  identifier_report r;
  if (vg_privacy_identifiers_scan(scratch, (char *const *)(uintptr_t)files, n, ids, N_IDS, &r))
    fail_msg("%s", vg_error());
  assert_int_equal(r.files, n);
  return r;
}

static void expect(const identifier_report *r, const char *file, const char *field, const char *kind,
                   size_t count) {
  for (size_t i = 0; i < r->n; i++) {
    const identifier_finding *f = &r->list[i];
    if (!strcmp(f->file, file) && !strcmp(f->field, field) && !strcmp(f->kind, kind) && f->count == count)
      return;
  }
  for (size_t i = 0; i < r->n; i++)
    print_error("%s: %s (%s) x%zu\n", r->list[i].file, r->list[i].field, r->list[i].kind, r->list[i].count);
  fail_msg("no finding %s: %s (%s) x%zu", file, field, kind, count);
}

static void save(const char *name, const void *bytes, size_t len) {
  assert_int_equal(vg_fs_write_atomic(in_scratch(name), bytes, len), VG_OK);
}
static void write_text(const char *name, const char *text) {
  save(name, text, strlen(text));
}

static void headers(void **state) {
  (void)state;
  for (int version = 1; version <= 2; version++) {
    for (int swap = 0; swap < 2; swap++) {
      maker m = new_maker(version, VG_DT_I16);
      m.swap = swap;
      save_single(&m, "clean.nii");
      save_single(&m, "clean.nii.gz");
      strcpy(version == 1 ? m.v1.descrip : m.v2.descrip, "synthetic: voxgan 12.3.4");
      save_single(&m, "marked.nii.gz");
      strcpy(version == 1 ? m.v1.descrip : m.v2.descrip, "synthetic: voxgan 1.0 Jane");
      save_single(&m, "more.nii.gz");
      strcpy(version == 1 ? m.v1.descrip : m.v2.descrip, "acquired 2019-03-04");
      strcpy(version == 1 ? m.v1.aux_file : m.v2.aux_file, "DOE^JANE");
      strcpy(version == 1 ? m.v1.intent_name : m.v2.intent_name, "sub-1000");
      strcpy(m.v1.db_name, "anything else");
      save_single(&m, "told.nii.gz");
      static const char *const files[] = {"clean.nii", "clean.nii.gz", "marked.nii.gz", "more.nii.gz",
                                          "told.nii.gz"};
      identifier_report r = look(files, 5);
      expect(&r, "more.nii.gz", "descrip", "free text", 1);
      expect(&r, "told.nii.gz", "descrip", "date", 1);
      expect(&r, "told.nii.gz", "aux_file", "person name", 1);
      expect(&r, "told.nii.gz", "intent_name", IDENTIFIER_REAL_ID, 1);
      if (version == 1) expect(&r, "told.nii.gz", "db_name", "free text", 1);
      assert_int_equal(r.n, version == 1 ? 5 : 4);
      vg_privacy_identifiers_release(&r);
    }
  }
}

static void extensions(void **state) {
  (void)state;
  maker m = new_maker(1, VG_DT_U8);
  uint8_t bytes[1024] = {0};
  m.v1.vox_offset = 352 + 32 + 32;
  header_bytes(&m, bytes);
  bytes[348] = 1;
  const int32_t comment[2] = {32, 6}, dicom[2] = {32, 2};
  memcpy(bytes + 352, comment, 8);
  strcpy((char *)bytes + 360, "seen on 20190304");
  memcpy(bytes + 384, dicom, 8);
  image_bytes(&m, bytes + 416);
  save("extended.nii", bytes, 416 + N);
  static const char *const files[] = {"extended.nii"};
  identifier_report r = look(files, 1);
  expect(&r, "extended.nii", "extension 6", "date", 1);
  expect(&r, "extended.nii", "extension 2", "DICOM in a header", 1);
  assert_int_equal(r.n, 2);
  vg_privacy_identifiers_release(&r);
}

/* gzip's own header: a name that is the file's says nothing new. */
static void gzip_fields(void **state) {
  (void)state;
  maker m = new_maker(1, VG_DT_U8);
  void *gz;
  size_t len;
  uint8_t bytes[4096];
  single_bytes(&m);
  assert_int_equal(vg_gzip_deflate(file_buf, 352 + N, 6, &gz, &len), VG_OK);
  static const char *const names[] = {"own.nii.gz", "other.nii.gz"};
  static const char *const kept[] = {"own.nii", "sub-1000.nii"};
  for (int k = 0; k < 2; k++) {
    size_t at = 10;
    memcpy(bytes, gz, 10);
    bytes[3] = k ? 8 + 16 : 8;
    memcpy(bytes + at, kept[k], strlen(kept[k]) + 1);
    at += strlen(kept[k]) + 1;
    if (k) memcpy(bytes + at, "patient", 8), at += 8;
    memcpy(bytes + at, (uint8_t *)gz + 10, len - 10);
    save(names[k], bytes, at + len - 10);
  }
  vg_free(gz);
  identifier_report r = look(names, 2);
  expect(&r, "other.nii.gz", "gzip file name", IDENTIFIER_REAL_ID, 1);
  expect(&r, "other.nii.gz", "gzip comment", "mention of a person", 1);
  assert_int_equal(r.n, 2);
  vg_privacy_identifiers_release(&r);
}

static void sidecars_and_tables(void **state) {
  (void)state;
  write_text("a.json",
             "{\"PatientName\": \"x\", \"PatientPosition\": \"HFS\", \"InstitutionName\": \"\", "
             "\"RepetitionTime\": 2.0, \"nested\": {\"list\": [\"fine\", \"20190304\"], "
             "\"StudyInstanceUID\": \"1.2.3\"}, \"dataset\": {\"sub-1000\": 1}, \"seed\": 20190304}");
  write_text("b.json", "{ not json, sub-1000");
  write_text("manifest.csv",
             "id,source,edits\nsynth-1,sub-1000,\nsynth-2,sub-1000,graft(donor=BraTS-GLI-00017-000)\n");
  write_text("participants.tsv", "participant_id\tage\nsub-1000\t40\n");
  write_text("README.md", "# Synthetic data\n\nOf no patient. Version 1.2.3.\n");
  write_text("notes.txt", "made\nof DOE^JANE\n");
  write_text("sub-1000.png", "not a picture");
  char dicom[140] = "";
  memcpy(dicom + 128, "DICM", 4);
  save("image.dat", dicom, sizeof dicom);
  static const char *const files[] = {"a.json",    "b.json",    "manifest.csv", "participants.tsv",
                                      "README.md", "notes.txt", "sub-1000.png", "image.dat"};
  identifier_report r = look(files, 8);
  expect(&r, "a.json", "PatientName", "DICOM attribute", 1);
  expect(&r, "a.json", "nested.list[]", "date", 1);
  expect(&r, "a.json", "nested.StudyInstanceUID", "DICOM attribute", 1);
  expect(&r, "a.json", "dataset", IDENTIFIER_REAL_ID, 1);
  expect(&r, "b.json", "text", IDENTIFIER_REAL_ID, 1);
  expect(&r, "manifest.csv", "column source", IDENTIFIER_REAL_ID, 2);
  expect(&r, "manifest.csv", "column edits", IDENTIFIER_REAL_ID, 1);
  expect(&r, "participants.tsv", "column participant_id", IDENTIFIER_REAL_ID, 1);
  expect(&r, "notes.txt", "text", "person name", 1);
  expect(&r, "sub-1000.png", "name", IDENTIFIER_REAL_ID, 1);
  expect(&r, "image.dat", "file", "DICOM file", 1);
  assert_int_equal(r.n, 11);
  assert_int_equal(r.unread, 1);
  vg_privacy_identifiers_release(&r);
}

/* Every finding is compared with those before it: the list is short, the count is whole. */
static void many_fields(void **state) {
  (void)state;
  enum { KEYS = 3000 };
  vg_str text = VG_STR_INIT;
  for (int i = 0; i < KEYS; i++) vg_str_addf(&text, "%s\"Patient%d\":%d", i ? "," : "{", i, i);
  vg_str_add(&text, "}");
  write_text("many.json", vg_str_text(&text));
  write_text("small.json", "{\"PatientName\":1}");
  static const char *const files[] = {"many.json", "small.json"};
  identifier_report r = look(files, 2);
  size_t count = 0;
  for (size_t i = 0; i < r.n; i++) count += r.list[i].count;
  assert_int_equal(count, KEYS + 1);
  assert_true(r.n < 300);
  expect(&r, "many.json", "Patient0", "DICOM attribute", 1);
  expect(&r, "many.json", "further fields", "DICOM attribute", KEYS - 256);
  expect(&r, "small.json", "PatientName", "DICOM attribute", 1);
  vg_privacy_identifiers_release(&r);
  vg_str_release(&text);
}

static void damaged(void **state) {
  (void)state;
  write_text("short.nii", "x");
  write_text("empty.nii.gz", "");
  save("torn.nii.gz", "\x1f\x8b\x08\x18\0\0\0\0\0\0abc", 13);
  static const char *const files[] = {"short.nii", "empty.nii.gz", "torn.nii.gz"};
  identifier_report r = look(files, 3);
  assert_int_equal(r.n, 0);
  vg_privacy_identifiers_release(&r);
  static const char *const gone[] = {"gone.txt"};
  assert_int_not_equal(
      vg_privacy_identifiers_scan(scratch, (char *const *)(uintptr_t)gone, 1, ids, N_IDS, &r), VG_OK);
}

int main(void) {
  vg_log_set_level(VG_LOG_ERROR);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(words),
      cmocka_unit_test(headers),
      cmocka_unit_test(extensions),
      cmocka_unit_test(gzip_fields),
      cmocka_unit_test(sidecars_and_tables),
      cmocka_unit_test(many_fields),
      cmocka_unit_test(damaged),
  };
  const int failed = cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
  return failed ? failed : vg_mem_live() != 0;
}
