/* map_cache.h: keeps subjects' maps in memory while there is room, because cases use the same hosts and
 * donors again. */
#ifndef VG_STUDY_MAP_CACHE_H
#define VG_STUDY_MAP_CACHE_H
#include <pthread.h>
#include "edit/brain/memo.h"

/* Numbers of pieces: connected components by 26 neighbours. */
typedef struct vg_pieces {
  int tumour; /* of the tumour; 0: there is none */
  int core;   /* of the tumour without its oedema */
} vg_pieces;

typedef struct vg_map_entry {
  const vg_subject *subject;
  bool donor;
  bool ready; /* false: a thread is still reading it */
  int users;
  uint64_t used; /* time of the last use */
  size_t bytes;
  vg_maps maps;
  vg_brain_frame frame;
  vg_memo memo; /* for edits of this subject, or of one that receives its tumour */
  vg_pieces pieces;
} vg_map_entry;

typedef struct vg_map_cache {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  size_t room, bytes;
  bool edited; /* also find the frame and ventricles, which edits need */
  bool heal;   /* fill in the hosts' anatomy under the tumour, where it is unknown */
  uint64_t clock;
  vg_map_entry **entries;
  int n;
} vg_map_cache;

/* Cuts maps to the box of their brain, with a margin of two voxels. lo (may be NULL): the box's first voxel.
 */
vg_status vg_maps_crop(vg_maps *maps, int lo[3]);

void vg_map_cache_init(vg_map_cache *c, size_t room);
void vg_map_cache_release(vg_map_cache *c);

/* Gets the subject's maps, and reads them on first use; the subject's address identifies it. donor: only the
 * tumour matters, so the maps are cut to the brain's box, and the anatomy is dropped if classes lack one of
 * its classes. vg_map_cache_give ends the use. Any thread may call both. */
vg_status vg_map_cache_take(vg_map_cache *c, const vg_dataset *ds, const vg_subject *subject,
                            const vg_classes *classes, bool donor, const vg_map_entry **out);
void vg_map_cache_give(vg_map_cache *c, const vg_map_entry *entry);

#endif
