/* memo.h: remembers frames and ventricles for the later edits of a chain. Nearly every edit of a chain needs
 * the same ones. Their keys are hashes of the maps that they follow from, so callers need not announce
 * changes. A frame depends on the brain mask only: the midplane stays when a tumour appears, grows or pushes.
 * Ventricles depend on the brain mask and the anatomy, but not on the tumour. */
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
  uint8_t *ventricles; /* of the last maps; NULL: none */
  size_t voxels;       /* of them */
} vg_memo;

void vg_memo_release(vg_memo *memo);
/* Copies the contents of `from` to memo. */
vg_status vg_memo_learn(vg_memo *memo, const vg_memo *from);

/* vg_frame_find, once for each grid and brain mask; memo NULL: on every call. */
vg_status vg_memo_frame(vg_memo *memo, const vg_maps *maps, vg_brain_frame *out);
/* vg_ventricles_find, once for each grid, brain mask and anatomy. */
vg_status vg_memo_ventricles(vg_memo *memo, const vg_maps *maps, const vg_brain_frame *frame, uint8_t *mask);

#endif
