/* experiment_leak.c: what was made from whom. */
#include <ctype.h>
#include <string.h>
#include "experiment/experiment_data.h"
#include "base/mem.h"
#include "voxgan/str.h"

static bool same_key(const char *a, const char *b) {
  char x[128], y[128];
  vg_dataset_id_key(a, x);
  vg_dataset_id_key(b, y);
  return strcmp(x, y) == 0;
}

/* "BraTS-GLI-00001-002" is a case of BraTS-GLI-00001. */
static bool case_of(const char *id, const char *person) {
  const size_t n = strlen(person);
  return n && !strncmp(id, person, n) && id[n] && !isalnum((unsigned char)id[n]);
}

static const char *person_of(const char *id, const vg_dataset *known) {
  for (size_t i = 0; i < known->n; i++)
    if (same_key(known->subjects[i].id, id)) return known->subjects[i].person;
  return NULL;
}

static bool is_hash_of(const char *hex, const char *id, const vg_secret *secret) {
  char own[17];
  vg_secret_id(secret, id, own);
  return strcmp(own, hex) == 0;
}

/* The subject of test that id is, or whose person's it is. */
static const vg_subject *find(const char *id, const vg_dataset *test, const vg_dataset *known,
                              const vg_secret *secret) {
  const char *person = person_of(id, known);
  for (size_t i = 0; i < test->n; i++) {
    const vg_subject *t = &test->subjects[i];
    if (same_key(id, t->id) || same_key(id, t->person) || case_of(id, t->person)) return t;
    if (person && same_key(person, t->person)) return t;
    if (secret && (is_hash_of(id, t->id, secret) || is_hash_of(id, t->person, secret))) return t;
  }
  /* A hashed id can be that of a person's other case, which is only in known. */
  for (size_t i = 0; i < known->n && secret; i++)
    if (is_hash_of(id, known->subjects[i].id, secret)) return find(known->subjects[i].id, test, known, NULL);
  return NULL;
}

const vg_subject *experiment_leak(const char *source, const char *donors, const vg_dataset *test,
                                  const vg_dataset *known, const vg_secret *secret) {
  const vg_subject *found = *source ? find(source, test, known, secret) : NULL;
  while (*donors && !found) {
    char id[128];
    const size_t n = strcspn(donors, ";");
    if (n && n < sizeof id) {
      memcpy(id, donors, n);
      id[n] = '\0';
      found = find(id, test, known, secret);
    }
    donors += n + (donors[n] == ';');
  }
  return found;
}
