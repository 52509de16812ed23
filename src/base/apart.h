/* apart.h: what a command reads must not be where it writes. */
#ifndef VG_BASE_APART_H
#define VG_BASE_APART_H
#include "voxgan/status.h"

/* VG_USAGE where an input and an output overlap: they are the same file or folder, or one lies in the other,
 * through whatever links. The names say in the message what each is, as "--labels"; "" for an argument.
 * Either may be missing. */
vg_status vg_fs_apart(const char *in_name, const char *in, const char *out_name, const char *out);

#endif
