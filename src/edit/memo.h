/* memo.h: what one chain of edits has found out about brains, for its later edits. Taken out of the same
 * brain, a moved tumour leaves the maps that a grafted one was put into, so nearly every edit of a chain asks
 * for the same frame and ventricles. They are known again by the maps' content, so nobody has to tell when
 * maps change. */
#ifndef VG_EDIT_MEMO_H
#define VG_EDIT_MEMO_H
#include "edit/frame.h"

#define VG_MEMO_FRAMES 4

/* By {0} and _release. */
typedef struct vg_memo {
  int n_frames;
  struct {
    uint64_t key;
    vg_brain_frame frame;
  } frames[VG_MEMO_FRAMES]; /* the oldest is overwritten */
  uint64_t ventricles_key;
  uint8_t *ventricles; /* of the maps last asked for; NULL */
  size_t voxels;       /* of them */
} vg_memo;

void vg_memo_release(vg_memo *memo);
/* What `from` knows is known to memo too. */
vg_status vg_memo_learn(vg_memo *memo, const vg_memo *from);

/* Of the maps' grid and all that they hold. */
uint64_t vg_memo_key(const vg_maps *maps);

/* vg_frame_find and vg_ventricles_find_in, once for maps of one key; memo NULL: every time. */
vg_status vg_memo_frame(vg_memo *memo, uint64_t key, const vg_maps *maps, vg_brain_frame *out);
vg_status vg_memo_ventricles(vg_memo *memo, uint64_t key, const vg_maps *maps, const vg_brain_frame *frame,
                             uint8_t *mask);

#endif
