/* volume_format.h: the interface of a volume file format. A new format is a row of volumes.def and a file
 * volume_NAME.c. */
#ifndef VG_IO_VOLUME_FORMAT_H
#define VG_IO_VOLUME_FORMAT_H
#include "voxgan/volume.h"

typedef struct vg_volume_format {
  /* The length of name's ending (".nii.gz": 7), or 0 if the name belongs to another format. */
  size_t (*ending)(const char *name);
  /* Whether a file of this name is read as a volume. False for the second file of a pair (.img). */
  bool (*reads)(const char *name);
  vg_status (*info)(const char *path, vg_volume_header *header);
  vg_status (*read)(const char *path, vg_volume *vol, vg_volume_header *header);
  vg_status (*read_labels)(const char *path, vg_labelmap *map, vg_volume_header *header);
  /* The file with the voxels, where that is another one (vg_free); NULL otherwise. A format that has no pairs
   * has no such function. */
  vg_status (*beside)(const char *path, char **beside);
  /* NULL: the format can only be read. */
  vg_status (*write)(const char *path, const vg_volume *vol, const vg_volume_write_options *options);
  vg_status (*write_labels)(const char *path, const vg_labelmap *map, int xform_code, bool synthetic);
} vg_volume_format;

#define VG_VOLUME(name, help) extern const vg_volume_format vg_volume_##name;
#include "registry/volumes.def"
#undef VG_VOLUME

/* VG_DATA for a grid that no scanner makes: voxels outside 1e-3 to 100 mm, an origin or extent too far away,
 * axes that are parallel or not finite, or too many voxels. The door checks each file that a format reads; a
 * format may ask earlier, before it makes room. */
vg_status vg_volume_check_shape(const char *path, const int dim[3]);
vg_status vg_volume_check_geometry(const char *path, const vg_geometry *geo);

/* Adds a row at run time. False if there is no room. The arguments are borrowed. */
bool vg_volume_format_add(const char *name, const char *help, const vg_volume_format *format);

#endif
