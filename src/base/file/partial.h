/* partial.h: the file that a writer fills before it gives it its name. */
#ifndef VG_BASE_PARTIAL_H
#define VG_BASE_PARTIAL_H
#include "base/fs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Its name is PATH.tmp. and 16 random hex digits, so that two writers never meet, in whatever process,
 * container or machine they run. The writer holds a lock on it: a file whose lock is free has no writer any
 * more. */
typedef struct vg_partial {
  int fd;
  char *path; /* vg_free */
} vg_partial;

#define VG_PARTIAL_TRIES 16

/* A name of this kind for path, without a file (vg_free); NULL: no memory, or no random bytes (errno is set).
 */
char *vg_partial_name(const char *path);
/* Makes the file, which did not exist before, never through a link. VG_IO with errno: it cannot be made. */
vg_status vg_partial_open(const char *path, vg_partial *out);
/* Random bytes of the system as 16 hex digits; false with errno. */
bool vg_random_hex(char hex[17]);
/* Whether flock() failed with an errno that says that the file system has no locks. */
bool vg_no_locks(int fault);

#ifdef __cplusplus
}
#endif
#endif
