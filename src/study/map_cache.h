/* map_cache.h: subjects' maps kept in memory while there is room: donors are drawn again and again, and hosts
 * come in turn. */
#ifndef VG_STUDY_MAP_CACHE_H
#define VG_STUDY_MAP_CACHE_H
#include <pthread.h>
#include "edit/brain/memo.h"

/* Components. */
typedef struct vg_pieces {
  int tumour; /* 0: there is none */
  int core;   /* of it without its oedema */
} vg_pieces;

typedef struct vg_map_entry {
  const vg_subject *subject;
  bool donor;
  bool ready; /* else some thread is reading it */
  int users;
  uint64_t used; /* when last asked for */
  size_t bytes;
  vg_maps maps;
  vg_brain_frame frame;
  vg_memo memo; /* for the edits of it, or of what it is grafted into */
  vg_pieces pieces;
} vg_map_entry;

typedef struct vg_map_cache {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  size_t room, bytes;
  bool edited; /* entries come with what edits would find out about them */
  bool heal;   /* hosts' anatomy is made up where the tumour hides it */
  uint64_t clock;
  vg_map_entry **entries;
  int n;
} vg_map_cache;

void vg_map_cache_init(vg_map_cache *c, size_t room);
void vg_map_cache_release(vg_map_cache *c);

/* The subject's maps, read where they are not there yet; a subject is known by its address. donor: only its
 * tumour matters; the maps are cut to the brain's box, and its anatomy is left out where classes do not know
 * it. _give ends the use. Any thread. */
vg_status vg_map_cache_take(vg_map_cache *c, const vg_dataset *ds, const vg_subject *subject,
                            const vg_classes *classes, bool donor, const vg_map_entry **out);
void vg_map_cache_give(vg_map_cache *c, const vg_map_entry *entry);

#endif
