/* subject_images.h: what a pair of subjects is read into: its label maps, and one series of both sides,
 * ready to be compared. */
#ifndef VG_EVAL_EVALUATE_IMAGES_H
#define VG_EVAL_EVALUATE_IMAGES_H
#include "eval/model/eval_study.h"
#include "eval/read/subject_maps.h"

typedef struct eval_maps {
  eval_map real_tumour, real_anatomy, synth_tumour, synth_anatomy;
  const eval_map *tumour, *anatomy; /* those that tell the regions of the images */
} eval_maps;

/* Zero at first; _release also after a failure. Both sides' maps where they are compared (both); else the
 * synthetic side's only where the real one has none. */
vg_status vg_eval_maps_read(const eval_study *s, const eval_pair *pair, bool both, eval_maps *out);
void vg_eval_maps_release(eval_maps *m);

/* Two maps, or images, on one grid: files may differ a little at a corner and still share it. */
vg_status vg_eval_same_grid(const vg_geometry *a, const char *path_a, const vg_geometry *b,
                            const char *path_b);

typedef struct eval_images {
  vg_volume real, synth; /* normalised as the evaluation says */
  uint8_t *cells;        /* of the image regions: EVAL_CELL_BRAIN ... */
  double range;          /* of the data */
} eval_images;

/* NULL where the subject has no such series. Borrowed. */
const char *vg_eval_series_path(const vg_dataset *ds, const vg_subject *s, const char *series);
/* surface: the tumour's, for the cells of the band around it, or NULL. Zero at first; _release also after a
 * failure. */
vg_status vg_eval_images_read(const vg_evaluation *e, const char *series, const char *real_path,
                              const char *synth_path, const eval_maps *maps, const vg_surface *surface,
                              eval_images *out);
void vg_eval_images_release(eval_images *m);

#endif
