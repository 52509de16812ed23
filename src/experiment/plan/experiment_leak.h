/* experiment_leak.h: whether a case was made from a test subject. */
#ifndef VG_EXPERIMENT_LEAK_H
#define VG_EXPERIMENT_LEAK_H
#include "base/index/text_index.h"
#include "voxgan/dataset.h"
#include "voxgan/output.h"

/* The test subjects by all that may name them, so that a check takes the same time for any number of them. */
typedef struct leak_index {
  const vg_dataset *test, *known;
  const vg_secret *secret;
  vg_text_index ids, persons, known_ids; /* by letters and digits */
  vg_text_index person_texts, hashes, known_hashes;
  char *room; /* longest + 2 */
  size_t longest;
} leak_index;

/* known: more subjects whose persons are known. secret: the key if ids are hashed, else NULL. Borrows all
 * three. */
vg_status vg_leak_index_init(const vg_dataset *test, const vg_dataset *known, const vg_secret *secret,
                             leak_index *out);
void vg_leak_index_release(leak_index *x);

/* Finds out whether source, or one of donors ("a;b"), is the id of a test subject or of another case of the
 * same person. Only letters and digits of ids count. Returns the test subject, or NULL. */
const vg_subject *vg_leak_find(leak_index *x, const char *source, const char *donors);

#endif
