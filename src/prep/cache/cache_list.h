/* cache_list.h: what a cache of prepared cases holds, and its pruning. */
#ifndef VG_CACHE_LIST_H
#define VG_CACHE_LIST_H
#include <time.h>
#include "prep/cache/cache_use.h"

typedef struct vg_cached {
  char key[VG_HASH_LEN];
  char *data, *series, *classes; /* "": not known, made by an earlier version */
  double spacing[3];             /* 0: not known, or the subject's own */
  uint64_t bytes;
  struct timespec used;
  bool in_use;  /* a running process may use it */
  bool removed; /* by pruning, or would be */
} vg_cached;

typedef struct vg_cache_list {
  char *folder;
  vg_cached *cases; /* the last used first */
  size_t n;
  size_t users; /* processes that use the cache now */
} vg_cache_list;

/* The cache of a folder: the folder itself, or the voxgan-cache in it, or that of a run (vg_cache_link, else
 * vg_cache_folder). VG_DATA: none of them. */
vg_status vg_cache_find(const char *folder, char **out);

/* Lists the cases. It skips other files, and files that are no prepared cases. */
vg_status vg_cache_read(const char *folder, vg_cache_list *out);
void vg_cache_list_release(vg_cache_list *l);

typedef struct vg_prune {
  double older;  /* seconds without use; negative: any age */
  uint64_t most; /* bytes that may stay; UINT64_MAX: any size */
  bool dry_run;
} vg_prune;

/* Reads "30d", "12h" (not used for that long) or "50GB", "500MB" (what may stay). VG_USAGE. */
vg_status vg_prune_parse(const char *text, vg_prune *out);

/* Removes the cases that the rule names, the longest unused first, but none that a running process may use,
 * and marks them in the list, which it reads. VG_REFUSED: a process is preparing cases. */
vg_status vg_cache_prune(const char *folder, const vg_prune *rule, vg_cache_list *out);

#endif
