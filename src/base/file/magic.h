/* magic.h: what a file is by its first bytes, for messages about files that voxgan does not read. */
#ifndef VG_BASE_FILE_MAGIC_H
#define VG_BASE_FILE_MAGIC_H
#include <stddef.h>

/* "DICOM: convert it to NIfTI with `dcm2niix -z y -o OUT FOLDER`", a static text; NULL: no format that is
 * known here. bytes: the first ones of the file, 512 are enough. */
const char *vg_magic_advice(const void *bytes, size_t n);
/* The same for a file. NULL also where it cannot be read. */
const char *vg_file_advice(const char *path);

#endif
