/* owned.h: which files in an output folder the program made, so that it writes over nothing else.
 *
 * ROOT/.voxgan/files lists every path that the maker of the folder may write, before it writes the first:
 *
 *     vg_owned files = {.kind = "phantom"};
 *     st = vg_owned_add(&files, "sub-1/anat/sub-1_T1w.nii.gz");
 *     ...
 *     if (!st) st = vg_owned_write(root, &files);
 *     vg_owned_release(&files);
 */
#ifndef VG_BASE_OWNED_H
#define VG_BASE_OWNED_H
#include <stdbool.h>
#include <stddef.h>
#include "base/fs.h"
#include "voxgan/status.h"

typedef struct vg_owned {
  char kind[96]; /* who made the folder, and of what; "" where nobody of ours did */
  char **paths;  /* below the root, sorted by _read, _write and the functions that look; '#' stands for a
                    number in  a file at the root */
  size_t n, cap;
} vg_owned;

void vg_owned_release(vg_owned *o);
vg_status vg_owned_add(vg_owned *o, const char *path);
/* Adds all of more. */
vg_status vg_owned_merge(vg_owned *o, const vg_owned *more);
/* kind "" and no path where the folder has no list, or is not there. VG_DATA: not a list of ours. */
vg_status vg_owned_read(const char *root, vg_owned *out);
vg_status vg_owned_write(const char *root, vg_owned *o);

/* VG_USAGE naming the first file below root that is not owned: not listed, no half-written file of a listed
 * one, and not in ROOT/.voxgan. Links to folders, devices and pipes are never owned, links to files only
 * where links is set. VG_OK if root does not exist. */
vg_status vg_owned_check(const char *root, vg_owned *o, bool links);
/* For a look before anything is made in the folder: VG_USAGE where it has no list and holds a file. */
vg_status vg_owned_look_first(const char *root);
/* Removes the half-written files of writers that are gone; see vg_fs_sweep_one. */
vg_status vg_owned_sweep(const char *root, vg_owned *o, bool alone);
/* Removes the files that are owned, except the one at path keep, and the folders that become empty. */
vg_status vg_owned_clear(const char *root, vg_owned *o, const char *keep);
/* Before path is written: removes what killed writers of path left beside it (see vg_fs_sweep_of).
 * VG_USAGE where path is anything but an empty file, or one whose first 8 kB contain mark: then another
 * program, or another command, made it, and it must not be written over. VG_OK if nothing is there. */
vg_status vg_owned_check_file(const char *path, const char *mark);
/* Claims the folder for one maker: refuses one that holds other files (see _check) or was made as another
 * kind, waits for the lock of it, which the caller releases, adds what is listed there to files, writes the
 * list, and sweeps. */
vg_status vg_owned_claim(const char *root, vg_owned *files, bool links, vg_lock *lock);

#endif
