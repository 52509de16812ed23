/* id_index.c: finds a subject by its id in constant time, so that a manifest of many rows is read in linear
 * time. */
#include <stdlib.h>
#include <string.h>

#include "base/index/text_index.h"
#include "base/mem.h"
#include "dataset/layout.h"
#include "dataset/subject_of.h"

typedef struct id_index {
  size_t n; /* subjects that it knows */
  vg_text_index numbers;
} id_index;

void vg_dataset_forget_ids(vg_dataset *ds) {
  id_index *x = ds->ids;
  if (x) vg_text_index_release(&x->numbers);
  vg_free(x);
  ds->ids = NULL;
}

vg_status vg_dataset_find_id(vg_dataset *ds, const char *id, size_t *at) {
  if (!ds->ids && !(ds->ids = VG_NEW(id_index))) return VG_MEMORY;
  id_index *x = ds->ids;
  for (; x->n < ds->n; x->n++) {
    const char *own = ds->subjects[x->n].id;
    vg_status st = vg_text_index_put(&x->numbers, own, strlen(own), x->n);
    if (st) return st;
  }
  const size_t number = vg_text_index_get(&x->numbers, id, strlen(id));
  *at = number == VG_NO_NUMBER ? ds->n : number;
  return VG_OK;
}

static int by_id(const void *a, const void *b) {
  return strcmp(((const vg_subject *)a)->id, ((const vg_subject *)b)->id);
}

const vg_subject *vg_dataset_subject_of(const vg_dataset *ds, const char *id) {
  const vg_subject wanted = {.id = (char *)(uintptr_t)id};
  return ds->n ? bsearch(&wanted, ds->subjects, ds->n, sizeof wanted, by_id) : NULL;
}
