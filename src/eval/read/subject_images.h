/* subject_images.h: the data of a pair of subjects, ready to compare: its label maps, and one series of both
 * sides. */
#ifndef VG_EVAL_EVALUATE_IMAGES_H
#define VG_EVAL_EVALUATE_IMAGES_H
#include "eval/model/eval_study.h"
#include "eval/read/subject_maps.h"

typedef struct eval_maps {
  eval_map real_tumour, real_anatomy, synth_tumour, synth_anatomy;
  const eval_map *tumour, *anatomy; /* the maps that define the regions of images */
} eval_maps;

/* Zero at first; _release also after a failure. With both, reads the maps of both sides, to compare them.
 * Otherwise reads a synthetic map only if the real side has none. */
vg_status vg_eval_maps_read(const eval_study *s, const eval_pair *pair, bool both, eval_maps *out);
void vg_eval_maps_release(eval_maps *m);

/* Checks that two maps or images share a grid. Corners may differ slightly between files. */
vg_status vg_eval_same_grid(const vg_geometry *a, const char *path_a, const vg_geometry *b,
                            const char *path_b);

typedef struct eval_images {
  vg_volume real, synth; /* normalised as the evaluation says */
  uint8_t *cells;        /* cells of the image regions: EVAL_CELL_BRAIN ... */
  double range;          /* data range */
} eval_images;

/* Returns NULL if the subject does not have the series. Borrowed. */
const char *vg_eval_series_path(const vg_dataset *ds, const vg_subject *s, const char *series);
/* Reads one series of both sides. surface: the tumour's surface, for the cells of the band, or NULL. Zero at
 * first; _release also after a failure. */
vg_status vg_eval_images_read(const vg_eval *e, const char *series, const char *real_path,
                              const char *synth_path, const eval_maps *maps, const vg_surface *surface,
                              eval_images *out);
void vg_eval_images_release(eval_images *m);

#endif
