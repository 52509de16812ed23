/* maps_clean.c: cleans predicted maps: removes stray pieces and fills holes. */
#include <string.h>

#include "grid/grid.h"
#include "voxgan/maps.h"
#include "base/mem.h"
#include "prep/brain.h"
#include "label/class_words.h"

/* The map that contains a class. */
static uint8_t *map_of(const vg_maps *m, int klass) {
  return klass == VG_MAPS_WHOLE_TUMOUR || m->classes.roles[klass] == VG_ROLE_TUMOUR ? m->tumour : m->anatomy;
}

static bool is_of(uint8_t value, int klass) {
  return klass == VG_MAPS_WHOLE_TUMOUR ? value != 0 : value == klass + 1;
}

/* Finds the components of the class (inverted: of all other voxels). */
static vg_status components(const vg_maps *m, int klass, bool inverted, int neighbours, uint8_t *mask,
                            uint32_t *label, size_t *n, size_t **sizes) {
  const uint8_t *map = map_of(m, klass);
  const size_t voxels = vg_geometry_voxels(&m->geo);
  for (size_t i = 0; i < voxels; i++) mask[i] = is_of(map[i], klass) != inverted;
  return vg_components(mask, m->geo.dim, neighbours, label, n, sizes);
}

vg_status vg_maps_keep_largest(vg_maps *m, int klass) {
  const size_t voxels = vg_geometry_voxels(&m->geo);
  uint8_t *mask = vg_malloc(voxels, 1);
  uint32_t *label = vg_malloc(voxels, sizeof *label);
  size_t n = 0, *sizes = NULL, largest = 0;
  vg_status st = mask && label ? components(m, klass, false, 26, mask, label, &n, &sizes) : VG_MEMORY;
  if (st || n < 2) goto out;
  for (size_t k = 1; k < n; k++)
    if (sizes[k] > sizes[largest]) largest = k;
  /* The brain without the stray voxels. Each stray voxel takes the class of the nearest voxel in it. */
  for (size_t i = 0; i < voxels; i++) mask[i] = m->brain[i] && (!label[i] || label[i] == largest + 1);
  for (size_t i = 0; i < voxels; i++) label[i] = label[i] && label[i] != largest + 1;
  double mm[3];
  vg_geometry_spacing(&m->geo, mm);
  uint32_t *nearest = vg_malloc(voxels, sizeof *nearest);
  st = nearest ? vg_distance_nearest(mask, m->geo.dim, mm, NULL, nearest) : VG_MEMORY;
  for (size_t i = 0; i < voxels && !st; i++) {
    if (!label[i]) continue;
    if (!m->brain[i]) {
      map_of(m, klass)[i] = 0;
      continue;
    }
    m->anatomy[i] = m->anatomy[nearest[i]];
    m->tumour[i] = m->tumour[nearest[i]];
  }
  vg_free(nearest);
out:
  vg_free(sizes);
  vg_free(label);
  vg_free(mask);
  return st;
}

vg_status vg_maps_find_brain(vg_maps *m) {
  const size_t voxels = vg_geometry_voxels(&m->geo);
  bool head[VG_CLASSES_MAX + 1];
  vg_class_head_table(&m->classes, head);
  for (size_t i = 0; i < voxels; i++) m->brain[i] = (m->anatomy[i] && !head[m->anatomy[i]]) || m->tumour[i];
  vg_status st = vg_brain_of_mask(m->brain, m->geo.dim);
  for (size_t i = 0; i < voxels && !st; i++)
    if (!m->brain[i]) {
      m->tumour[i] = 0;
      if (!head[m->anatomy[i]]) m->anatomy[i] = 0;
    }
  return st;
}

/* Marks the components that reach a face of the grid. An axis of one voxel has no faces: a slice is 2-D. */
static void mark_open(const uint32_t *label, const int dim[3], uint8_t *open) {
  size_t i = 0;
  for (int z = 0; z < dim[2]; z++)
    for (int y = 0; y < dim[1]; y++)
      for (int x = 0; x < dim[0]; x++, i++) {
        const int at[3] = {x, y, z};
        bool face = false;
        for (int a = 0; a < 3; a++) face |= dim[a] > 1 && (at[a] == 0 || at[a] == dim[a] - 1);
        if (face && label[i]) open[label[i] - 1] = 1;
      }
}

vg_status vg_maps_fill_holes(vg_maps *m, int klass) {
  const bool tumour = m->classes.roles[klass] == VG_ROLE_TUMOUR;
  const size_t voxels = vg_geometry_voxels(&m->geo);
  uint8_t *mask = vg_malloc(voxels, 1), *open = NULL, *map = map_of(m, klass);
  uint32_t *label = vg_malloc(voxels, sizeof *label);
  size_t n = 0;
  vg_status st = mask && label ? components(m, klass, true, 6, mask, label, &n, NULL) : VG_MEMORY;
  if (!st && !(open = vg_calloc(n + 1, 1))) st = VG_MEMORY;
  if (!st) mark_open(label, m->geo.dim, open);
  for (size_t i = 0; i < voxels && !st; i++) {
    if (!label[i] || open[label[i] - 1] || !m->brain[i] || m->tumour[i] || (!tumour && m->anatomy[i]))
      continue;
    map[i] = (uint8_t)(klass + 1);
    if (tumour) m->anatomy[i] = 0;
  }
  vg_free(open);
  vg_free(label);
  vg_free(mask);
  return st;
}
