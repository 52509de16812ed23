/* experiment_leak.c: finds the test subject that a case was made from. */
#include <ctype.h>
#include <string.h>
#include "experiment/experiment_data.h"
#include "base/str.h"

/* Ids are compared as spans of text, because a list of donors has ids of any length. */
typedef struct span {
  const char *at;
  size_t n;
} span;

static span span_of(const char *text) {
  return (span){text, strlen(text)};
}

/* Returns the next letter or digit at or after *i; 0 at the end. */
static char next_letter(span s, size_t *i) {
  while (*i < s.n && !isalnum((unsigned char)s.at[*i])) ++*i;
  return *i < s.n ? s.at[(*i)++] : '\0';
}

/* Whether two ids have the same letters and digits, as vg_dataset_id_key() reduces them. */
static bool same_key(span a, const char *text) {
  const span b = span_of(text);
  size_t i = a.n >= 4 && !memcmp(a.at, "sub-", 4) ? 4 : 0;
  size_t k = vg_starts_with(text, "sub-") ? 4 : 0;
  for (;;) {
    const char x = next_letter(a, &i), y = next_letter(b, &k);
    if (x != y) return false;
    if (!x) return true;
  }
}

/* "BraTS-GLI-00001-002" is a case of BraTS-GLI-00001. */
static bool case_of(span id, const char *person) {
  const size_t n = strlen(person);
  return n && id.n > n && !memcmp(id.at, person, n) && !isalnum((unsigned char)id.at[n]);
}

static const char *person_of(span id, const vg_dataset *known) {
  for (size_t i = 0; i < known->n; i++)
    if (same_key(id, known->subjects[i].id)) return known->subjects[i].person;
  return NULL;
}

static bool is_hash_of(span hex, const char *id, const vg_secret *secret) {
  char own[17];
  vg_secret_id(secret, id, own);
  return hex.n == strlen(own) && !memcmp(own, hex.at, hex.n);
}

/* Returns the test subject with that id, or a test subject of whose person the id is another case. */
static const vg_subject *find(span id, const vg_dataset *test, const vg_dataset *known,
                              const vg_secret *secret) {
  const char *person = person_of(id, known);
  for (size_t i = 0; i < test->n; i++) {
    const vg_subject *t = &test->subjects[i];
    if (same_key(id, t->id) || same_key(id, t->person) || case_of(id, t->person)) return t;
    if (person && same_key(span_of(person), t->person)) return t;
    if (secret && (is_hash_of(id, t->id, secret) || is_hash_of(id, t->person, secret))) return t;
  }
  /* The hash may belong to another case of a test person, which only known lists. */
  for (size_t i = 0; i < known->n && secret; i++)
    if (is_hash_of(id, known->subjects[i].id, secret))
      return find(span_of(known->subjects[i].id), test, known, NULL);
  return NULL;
}

const vg_subject *vg_experiment_leak(const char *source, const char *donors, const vg_dataset *test,
                                     const vg_dataset *known, const vg_secret *secret) {
  const vg_subject *found = *source ? find(span_of(source), test, known, secret) : NULL;
  while (*donors && !found) {
    const size_t n = strcspn(donors, ";");
    if (n) found = find((span){donors, n}, test, known, secret);
    donors += n + (donors[n] == ';');
  }
  return found;
}
