/* hidden.c: hides a resection cavity and the tissue of the head from an edit. */
#include "edit/hidden.h"
#include "base/mem.h"
#include "label/class_words.h"

/* The classes to hide. */
typedef struct query {
  bool head[VG_CLASSES_MAX + 1], any;
  uint8_t cavity; /* 0: none */
} query;

static query ask(const vg_maps *m, bool cavity) {
  query q = {.cavity = cavity ? (uint8_t)(vg_classes_find(&m->classes, VG_CLASS_CAVITY) + 1) : 0};
  q.any = vg_class_head_table(&m->classes, q.head) || q.cavity;
  return q;
}

static bool is_hidden(const query *q, const vg_maps *m, size_t i) {
  return m->tumour[i] ? m->tumour[i] == q->cavity : q->head[m->anatomy[i]];
}

vg_status vg_hide(vg_maps *m, bool cavity, vg_hidden *h) {
  const size_t voxels = vg_geometry_voxels(&m->geo);
  const query q = ask(m, cavity);
  size_t n = 0;
  *h = (vg_hidden){0};
  for (size_t i = 0; q.any && i < voxels; i++) n += is_hidden(&q, m, i);
  if (!n) return VG_OK;
  h->at = vg_malloc(n, sizeof *h->at);
  h->anatomy = vg_malloc(n, 1);
  h->brain = vg_malloc(n, 1);
  h->cavity = vg_malloc(n, 1);
  if (!h->at || !h->anatomy || !h->brain || !h->cavity) {
    vg_hidden_drop(h);
    return VG_MEMORY;
  }
  for (size_t i = 0; i < voxels; i++) {
    if (!is_hidden(&q, m, i)) continue;
    h->at[h->n] = (uint32_t)i;
    h->anatomy[h->n] = m->anatomy[i];
    h->brain[h->n] = m->brain[i];
    h->cavity[h->n++] = m->tumour[i];
    m->tumour[i] = m->anatomy[i] = m->brain[i] = 0;
  }
  return VG_OK;
}

void vg_hidden_restore(vg_maps *m, vg_hidden *h) {
  for (size_t k = 0; k < h->n; k++) {
    const size_t i = h->at[k];
    m->tumour[i] = h->cavity[k];
    m->anatomy[i] = h->anatomy[k];
    m->brain[i] = h->brain[k];
  }
  vg_hidden_drop(h);
}

void vg_hidden_drop(vg_hidden *h) {
  vg_free(h->at);
  vg_free(h->anatomy);
  vg_free(h->brain);
  vg_free(h->cavity);
  *h = (vg_hidden){0};
}
