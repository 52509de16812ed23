/* memo.h: what one chain of edits has found out about brains, for its later edits. Nearly every edit of a
 * chain asks for the same frame and ventricles: they are known again by the content of what they are found
 * from, so nobody has to tell when maps change. A frame is its brain's, whatever lies inside: its midplane
 * stays when a tumour comes, grows or pushes. Ventricles are those of one anatomy, with whatever tumour. */
#ifndef VG_EDIT_MEMO_H
#define VG_EDIT_MEMO_H
#include "edit/brain/frame.h"

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

/* vg_frame_find, once for each grid and brain mask; memo NULL: every time. */
vg_status vg_memo_frame(vg_memo *memo, const vg_maps *maps, vg_brain_frame *out);
/* vg_ventricles_find_in, once for each grid, brain mask and anatomy. */
vg_status vg_memo_ventricles(vg_memo *memo, const vg_maps *maps, const vg_brain_frame *frame, uint8_t *mask);

#endif
