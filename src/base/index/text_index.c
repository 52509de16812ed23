/* text_index.c: a hash table from texts to numbers.
 *
 * Open addressing. At most half of the slots are taken. */
#include "base/index/text_index.h"
#include <string.h>
#include "base/mem.h"

typedef struct vg_text_slot {
  char *text; /* NULL: free */
  size_t len, number;
} slot;

/* FNV-1a. */
static size_t hash(const char *text, size_t len) {
  uint64_t h = 0xcbf29ce484222325u;
  for (size_t i = 0; i < len; i++) h = (h ^ (unsigned char)text[i]) * 0x100000001b3u;
  return (size_t)(h ^ h >> 32);
}

/* The slot of the text, or the free one where it belongs. */
static slot *slot_of(const vg_text_index *x, const char *text, size_t len) {
  size_t i = hash(text, len) & (x->cap - 1);
  while (x->slots[i].text && (x->slots[i].len != len || memcmp(x->slots[i].text, text, len) != 0))
    i = (i + 1) & (x->cap - 1);
  return &x->slots[i];
}

static vg_status grow(vg_text_index *x) {
  vg_text_index more = {.n = x->n, .cap = x->cap ? 2 * x->cap : 64};
  if (!(more.slots = vg_calloc(more.cap, sizeof *more.slots))) return VG_MEMORY;
  for (size_t i = 0; i < x->cap; i++)
    if (x->slots[i].text) *slot_of(&more, x->slots[i].text, x->slots[i].len) = x->slots[i];
  vg_free(x->slots);
  *x = more;
  return VG_OK;
}

vg_status vg_text_index_put(vg_text_index *x, const char *text, size_t len, size_t number) {
  if (2 * (x->n + 1) > x->cap && grow(x)) return VG_MEMORY;
  slot *s = slot_of(x, text, len);
  if (s->text) return VG_OK;
  if (!(s->text = vg_malloc(len + 1, 1))) return VG_MEMORY;
  memcpy(s->text, text, len);
  s->text[len] = '\0';
  s->len = len;
  s->number = number;
  x->n++;
  return VG_OK;
}

size_t vg_text_index_get(const vg_text_index *x, const char *text, size_t len) {
  const slot *s = x->cap ? slot_of(x, text, len) : NULL;
  return s && s->text ? s->number : VG_NO_NUMBER;
}

void vg_text_index_release(vg_text_index *x) {
  for (size_t i = 0; i < x->cap; i++) vg_free(x->slots[i].text);
  vg_free(x->slots);
  *x = (vg_text_index){0};
}
