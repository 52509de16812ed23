/* path_part.h: names from data that become part of a path: ids, series, columns, cohorts.
 *
 * Every writer that puts data into a path checks it here, so a hostile name cannot lead out of the output
 * folder.
 */
#ifndef VG_BASE_PATH_PART_H
#define VG_BASE_PATH_PART_H
#include <stdbool.h>
#include <stddef.h>
#include "voxgan/status.h"

/* The longest name in bytes. With a suffix it stays below the 255 bytes of a file name. */
#define VG_PATH_PART_MAX 127

/* Returns NULL if value is safe as one part of a path, else what is wrong with it: it is empty, too long, not
 * UTF-8, begins with '.' or '-', or contains a slash, a backslash or a character that does not print. */
const char *vg_path_part_fault(const char *value);
/* The same as a status: st, with the message "WHERE: WHAT 'VALUE': fault". where is a file or folder. */
vg_status vg_path_part(vg_status st, const char *where, const char *what, const char *value);
/* Whether a relative path stays below its root: not absolute, and no part is empty, "." or "..". */
bool vg_path_below(const char *path);

#endif
