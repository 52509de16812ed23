/* text_index.h: finds the number of a text, such as an id's index, in constant time.
 *
 *     vg_text_index x = {0};
 *     st = vg_text_index_put(&x, id, strlen(id), i);
 *     const size_t i = vg_text_index_get(&x, id, strlen(id));    // VG_NO_NUMBER: not there
 *     vg_text_index_release(&x);
 */
#ifndef VG_TEXT_INDEX_H
#define VG_TEXT_INDEX_H
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

#define VG_NO_NUMBER SIZE_MAX

/* Zero is an empty index. It holds copies of its texts. */
typedef struct vg_text_index {
  size_t n, cap;
  struct vg_text_slot *slots;
} vg_text_index;

/* A text that already exists keeps its number. */
vg_status vg_text_index_put(vg_text_index *x, const char *text, size_t len, size_t number);
/* The number of a text, or VG_NO_NUMBER. */
size_t vg_text_index_get(const vg_text_index *x, const char *text, size_t len);
void vg_text_index_release(vg_text_index *x);

#endif
