/* identifier_words.c: recognises persons and dates in a text, and names of attributes that hold them. */
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include "eval/privacy/identifiers.h"
#include "base/str.h"

static bool is_word(char c) {
  return isalnum((unsigned char)c);
}

static bool is_digit(char c) {
  return isdigit((unsigned char)c);
}

/* Reads at most `most` digits from s as a number. *n: how many digits. */
static int number_at(const char *s, int most, int *n) {
  int v = 0;
  for (*n = 0; *n < most && is_digit(s[*n]); ++*n) v = 10 * v + (s[*n] - '0');
  return v;
}

static bool is_day(int year, int month, int day) {
  return year >= 1900 && year < 2100 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* 20190304, 20190304101112, 2019-03-04, 2019/3/4, 04.03.2019, 3/4/2019. at: first digit. */
static bool date_at(const char *at) {
  const size_t digits = strspn(at, "0123456789");
  int n[3], v[3] = {number_at(at, 8, &n[0])};
  if (digits == 8 || digits == 14)
    return !is_word(at[digits]) && is_day(v[0] / 10000, v[0] / 100 % 100, v[0] % 100);
  if (digits != 4 && (digits < 1 || digits > 2)) return false;
  const char mark = at[n[0]];
  if (!mark || !strchr("-/.", mark)) return false;
  const char *second = at + n[0] + 1;
  v[1] = number_at(second, 4, &n[1]);
  if (n[1] < 1 || n[1] > 2 || second[n[1]] != mark) return false;
  const char *third = second + n[1] + 1;
  v[2] = number_at(third, 5, &n[2]);
  if (third[n[2]] == '.' && is_digit(third[n[2] + 1])) return false; /* a version or an address */
  if (n[0] == 4) return n[2] >= 1 && n[2] <= 2 && is_day(v[0], v[1], v[2]);
  return n[2] == 4 && (is_day(v[2], v[1], v[0]) || is_day(v[2], v[0], v[1]));
}

/* 1.2.840.113619...: at least six numbers. */
static bool uid_at(const char *at) {
  int dots = 0;
  if ((*at != '1' && *at != '2') || at[1] != '.') return false;
  for (const char *s = at; is_digit(*s);) {
    s += strspn(s, "0123456789");
    if (*s != '.' || !is_digit(s[1])) break;
    dots++;
    s++;
  }
  return dots >= 5;
}

/* DOE^JANE */
static bool person_name(const char *text) {
  for (const char *s = strchr(text, '^'); s; s = strchr(s + 1, '^')) {
    if (s > text && isalpha((unsigned char)s[-1]) && isalpha((unsigned char)s[1])) return true;
  }
  return false;
}

static bool holds_word(const char *text, const char *word) {
  const size_t len = strlen(word);
  for (const char *s = text; (s = strstr(s, word)); s++) {
    if ((s == text || !is_word(s[-1])) && !is_word(s[len])) return true;
  }
  return false;
}

static bool is_telling(const char *id) {
  int letters = 0, digits = 0;
  for (const char *s = id; *s; s++) {
    letters += is_word(*s);
    digits += is_digit(*s);
  }
  return letters >= 4 && digits;
}

static bool mentions_patient(const char *text) {
  static const char *const words[] = {"patient", "subject", "birth", "accession", "hospital",
                                      "clinic",  "mrn",     "dob",   "name"};
  for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
    const size_t len = strlen(words[w]);
    for (const char *s = text; *s; s++) {
      if (!strncasecmp(s, words[w], len) && (s == text || !is_word(s[-1]))) return true;
    }
  }
  return false;
}

/* Whether a program wrote the text into a header: a program's name, or FSL's "6.0.5:9e026117". */
static bool is_program_mark(const char *text) {
  static const char *const names[] = {"FSL",  "FreeSurfer", "SPM",   "ANTs",  "ITK",
                                      "AFNI", "nibabel",    "NIfTI", "voxgan"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!strncasecmp(text, names[i], strlen(names[i]))) return true;
  }
  return is_digit(*text) && strspn(text, "0123456789abcdef.:") == strlen(text) && strchr(text, '.');
}

const char *vg_privacy_identifier_in(const char *text, const char *const *ids, size_t n_ids, bool header) {
  for (size_t i = 0; i < n_ids; i++) {
    if (is_telling(ids[i]) && holds_word(text, ids[i])) return IDENTIFIER_REAL_ID;
  }
  if (person_name(text)) return "person name";
  for (const char *s = text; *s; s++) {
    if (!is_digit(*s) || (s > text && (is_word(s[-1]) || (s[-1] == '.' && s > text + 1 && is_digit(s[-2])))))
      continue;
    if (uid_at(s)) return "DICOM UID";
    if (date_at(s)) return "date";
  }
  if (!header || !*text) return NULL;
  if (mentions_patient(text)) return "mention of a person";
  return is_program_mark(text) ? NULL : "free text";
}

bool vg_privacy_is_dicom_attribute(const char *key) {
  static const char *const begins[] = {"Patient",  "Institution", "Referring",   "Performing",
                                       "Operator", "Physician",   "OtherPatient"};
  static const char *const keys[] = {"AccessionNumber",
                                     "StudyID",
                                     "StudyDate",
                                     "StudyTime",
                                     "SeriesDate",
                                     "SeriesTime",
                                     "AcquisitionDate",
                                     "AcquisitionTime",
                                     "ContentDate",
                                     "ContentTime",
                                     "AcquisitionDateTime",
                                     "DeviceSerialNumber",
                                     "StationName",
                                     "ProcedureStepDescription",
                                     "RequestingPhysician",
                                     "BirthDate",
                                     "dateOfBirth",
                                     "mrn",
                                     "MRN"};
  for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
    if (vg_starts_with(key, begins[i]) && strcmp(key, "PatientPosition") != 0) return true;
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    if (!strcmp(key, keys[i])) return true;
  return vg_ends_with(key, "InstanceUID");
}
