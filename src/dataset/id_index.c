/* id_index.c: finds a subject by its id in constant time, so that a manifest of many rows is read in linear
 * time.
 */
#include <string.h>

#include "dataset/layout.h"
#include "base/mem.h"

/* Open addressing. A slot holds a subject's place plus one; 0 is free. At most half of the slots are taken.
 */
typedef struct id_index {
  size_t n, cap;
  uint32_t *slots;
} id_index;

/* FNV-1a. */
static size_t hash(const char *id) {
  uint64_t h = 0xcbf29ce484222325u;
  for (; *id; id++) h = (h ^ (unsigned char)*id) * 0x100000001b3u;
  return (size_t)(h ^ h >> 32);
}

void vg_dataset_forget_ids(vg_dataset *ds) {
  id_index *x = ds->ids;
  if (x) vg_free(x->slots);
  vg_free(x);
  ds->ids = NULL;
}

/* The slot of the id, or the free one where it belongs. */
static uint32_t *slot_of(const vg_dataset *ds, const id_index *x, const char *id) {
  size_t i = hash(id) & (x->cap - 1);
  while (x->slots[i] && strcmp(ds->subjects[x->slots[i] - 1].id, id) != 0) i = (i + 1) & (x->cap - 1);
  return &x->slots[i];
}

/* Makes room for one more, and takes in the subjects that it does not know yet. */
static vg_status catch_up(vg_dataset *ds, id_index *x) {
  if (2 * (ds->n + 1) > x->cap) {
    size_t cap = 64;
    while (cap < 4 * (ds->n + 1)) cap *= 2;
    uint32_t *slots = vg_calloc(cap, sizeof *slots);
    if (!slots) return VG_MEMORY;
    vg_free(x->slots);
    *x = (id_index){0, cap, slots};
  }
  for (; x->n < ds->n; x->n++) *slot_of(ds, x, ds->subjects[x->n].id) = (uint32_t)x->n + 1;
  return VG_OK;
}

vg_status vg_dataset_find_id(vg_dataset *ds, const char *id, size_t *at) {
  if (ds->n >= UINT32_MAX - 1) return vg_fail(VG_DATA, "more than 2^32 subjects");
  if (!ds->ids && !(ds->ids = VG_NEW(id_index))) return VG_MEMORY;
  vg_status st = catch_up(ds, ds->ids);
  if (st) return st;
  const uint32_t place = *slot_of(ds, ds->ids, id);
  *at = place ? place - 1 : ds->n;
  return VG_OK;
}
