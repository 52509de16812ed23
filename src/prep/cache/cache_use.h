/* cache_use.h: where prepared cases lie, and which processes use them, so that pruning spares these. */
#ifndef VG_CACHE_USE_H
#define VG_CACHE_USE_H
#include "base/fs.h"
#include "prep/prep.h"

#define VG_CACHE_FOLDER "voxgan-cache"
#define VG_CACHE_LINK "cache"
#define VG_CACHE_ENDING ".case"

/* The cache of a run (vg_free): setting, if it is not empty; else the folder that $VOXGAN_CACHE names; else
 * RUN/cache, if there is one; else voxgan-cache beside the run, which all runs there share. A link that
 * vg_cache_link made does not count as RUN/cache: the run may have been moved since. */
vg_status vg_cache_folder(const char *run, const char *setting, char **out);
/* Makes RUN/cache a relative link to the cache, so that a run's cases are found from the run. A link that an
 * earlier call made is replaced; a folder, and a link to an absolute path, stay. File systems without links
 * are no error. */
vg_status vg_cache_link(const char *run, const char *cache);

/* A process that uses a cache. Zero is none. */
typedef struct vg_cache_use {
  bool preparing, registered;
  vg_lock gate; /* shared, while cases are prepared: pruning waits for nobody, it refuses */
  vg_lock own;
  char *path; /* CACHE/users/RANDOM, whose time says when the use began */
} vg_cache_use;

/* Registers this process. A cache that is closed to us is used without. VG_INTERRUPTED: a prune went on. */
vg_status vg_cache_use_begin(const char *cache, vg_cache_use *u);
/* All cases are open. */
void vg_cache_use_prepared(vg_cache_use *u);
void vg_cache_use_end(vg_cache_use *u);

/* Notes that a case was used now, and what it was made of (CACHE/about/KEY). Faults are ignored: both are
 * for the reader of `voxgan cache` alone. */
void vg_cache_note(const char *cache, const char *key, const vg_dataset *ds, const vg_subject *subject,
                   const vg_prep_settings *settings);

#endif
