/* registry.h: names and help of every registry, readable without libtorch.
 *
 * A registry is an X-macro file of rows. A new row is all that `voxgan list`, validation, help and the tests
 * that walk every row need.
 */
#ifndef VOXGAN_REGISTRY_H
#define VOXGAN_REGISTRY_H

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_registry_row {
  const char *name, *help;
  const char *kind; /* of losses: "adversarial" or "reconstruction"; elsewhere NULL */
} vg_registry_row;

typedef struct vg_registry {
  const char *name, *help;
  const vg_registry_row *rows; /* ends with a NULL name */
} vg_registry;

const vg_registry *vg_registry_at(int i); /* NULL past the last */
const vg_registry *vg_registry_find(const char *name);

#ifdef __cplusplus
}
#endif
#endif
