/* lock_claim.h: exclusion on file systems without flock(). */
#ifndef VG_BASE_LOCK_CLAIM_H
#define VG_BASE_LOCK_CLAIM_H
#include "base/fs.h"

/* Makes PATH.claim.RANDOM, which names this process, and looks who else has one. *claim (vg_free) is NULL
 * where a process that may be alive has one. */
vg_status vg_claim_make(const char *path, char **claim);
/* The same beside those of others. */
vg_status vg_claim_add(const char *path, char **claim);
/* Whether a process that may be alive has a claim on path. holder: takes a text about it; or NULL. */
bool vg_claim_held(const char *path, char *holder, size_t size);

#endif
