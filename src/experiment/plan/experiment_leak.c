/* experiment_leak.c: finds the test subject that a case was made from. */
#include "experiment/plan/experiment_leak.h"
#include <ctype.h>
#include <string.h>
#include "base/mem.h"

/* Ids are compared as spans of text, because a list of donors has ids of any length. */
typedef struct span {
  const char *at;
  size_t n;
} span;

static span span_of(const char *text) {
  return (span){text, strlen(text)};
}

/* Writes the letters and digits of an id, as vg_dataset_id_key() does, to x->room. One letter more than any
 * id in x has tells it from all of them. */
static span key_of(leak_index *x, span s) {
  size_t n = 0;
  for (size_t i = s.n >= 4 && !memcmp(s.at, "sub-", 4) ? 4 : 0; i < s.n && n <= x->longest; i++)
    if (isalnum((unsigned char)s.at[i])) x->room[n++] = s.at[i];
  return (span){x->room, n};
}

/* ---- building ---- */

static vg_status put_key(leak_index *x, vg_text_index *to, const char *id, size_t number) {
  const span s = span_of(id);
  if (s.n > x->longest) {
    char *room = vg_realloc(x->room, s.n + 2, 1);
    if (!room) return VG_MEMORY;
    x->room = room;
    x->longest = s.n;
  }
  const span key = key_of(x, s);
  return vg_text_index_put(to, key.at, key.n, number);
}

static vg_status put_hash(leak_index *x, vg_text_index *to, const char *id, size_t number) {
  char hex[17];
  if (!x->secret) return VG_OK;
  vg_secret_id(x->secret, id, hex);
  return vg_text_index_put(to, hex, strlen(hex), number);
}

vg_status vg_leak_index_init(const vg_dataset *test, const vg_dataset *known, const vg_secret *secret,
                             leak_index *out) {
  vg_status st = VG_OK;
  *out = (leak_index){.test = test, .known = known, .secret = secret, .room = vg_malloc(1, 1)};
  if (!out->room) st = VG_MEMORY;
  for (size_t i = 0; i < test->n && !st; i++) {
    const vg_subject *s = &test->subjects[i];
    st = put_key(out, &out->ids, s->id, i);
    if (!st) st = put_key(out, &out->persons, s->person, i);
    if (!st && *s->person) st = vg_text_index_put(&out->person_texts, s->person, strlen(s->person), i);
    if (!st) st = put_hash(out, &out->hashes, s->id, i);
    if (!st) st = put_hash(out, &out->hashes, s->person, i);
  }
  for (size_t i = 0; i < known->n && !st; i++) {
    st = put_key(out, &out->known_ids, known->subjects[i].id, i);
    if (!st) st = put_hash(out, &out->known_hashes, known->subjects[i].id, i);
  }
  if (st) vg_leak_index_release(out);
  return st;
}

void vg_leak_index_release(leak_index *x) {
  vg_text_index *const all[] = {&x->ids,    &x->persons,   &x->person_texts,
                                &x->hashes, &x->known_ids, &x->known_hashes};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) vg_text_index_release(all[i]);
  vg_free(x->room);
  *x = (leak_index){0};
}

/* ---- looking up ---- */

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

static size_t number_of_key(leak_index *x, const vg_text_index *in, span id) {
  const span key = key_of(x, id);
  return vg_text_index_get(in, key.at, key.n);
}

/* "BraTS-GLI-00001-002" is a case of BraTS-GLI-00001. */
static size_t case_of(const leak_index *x, span id) {
  size_t found = VG_NO_NUMBER;
  for (size_t n = 1; n < id.n && n <= x->longest; n++)
    if (!isalnum((unsigned char)id.at[n]))
      found = least(found, vg_text_index_get(&x->person_texts, id.at, n));
  return found;
}

/* The first test subject with that id, or of whose person the id is another case. */
static size_t find_open(leak_index *x, span id) {
  size_t found = least(number_of_key(x, &x->ids, id), number_of_key(x, &x->persons, id));
  const size_t known = number_of_key(x, &x->known_ids, id);
  if (known != VG_NO_NUMBER)
    found = least(found, number_of_key(x, &x->persons, span_of(x->known->subjects[known].person)));
  return least(found, case_of(x, id));
}

static size_t find(leak_index *x, span id) {
  const size_t found = least(find_open(x, id), vg_text_index_get(&x->hashes, id.at, id.n));
  if (found != VG_NO_NUMBER) return found;
  /* The hash may belong to another case of a test person, which only known lists. */
  const size_t hashed = vg_text_index_get(&x->known_hashes, id.at, id.n);
  return hashed == VG_NO_NUMBER ? hashed : find_open(x, span_of(x->known->subjects[hashed].id));
}

const vg_subject *vg_leak_find(leak_index *x, const char *source, const char *donors) {
  size_t found = *source ? find(x, span_of(source)) : VG_NO_NUMBER;
  while (*donors && found == VG_NO_NUMBER) {
    const size_t n = strcspn(donors, ";");
    if (n) found = find(x, (span){donors, n});
    donors += n + (donors[n] == ';');
  }
  return found == VG_NO_NUMBER ? NULL : &x->test->subjects[found];
}
