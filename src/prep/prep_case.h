/* prep_case.h: the layout of a prepared case in memory, and the files it is made from. */
#ifndef VG_DATA_PREP_CASE_H
#define VG_DATA_PREP_CASE_H
#include "grid/resample.h"
#include "prep/prep.h"
#include "voxgan/config.h"

static inline size_t vg_align64(size_t n) {
  return (n + 63) & ~(size_t)63;
}

/* Byte offsets of a case's arrays in one block, each 64-byte aligned. */
typedef struct vg_case_layout {
  size_t labels, kinds, image, brain, native_brain, tumour, total;
} vg_case_layout;

/* kinds: whether the case has them. */
vg_case_layout vg_case_layout_of(const vg_case *c, bool kinds);

/* Whether a file of a cache begins as a prepared case does. */
vg_status vg_case_file_is(const char *path, bool *is);

/* The files that the preparation of a subject reads. Paths are borrowed from the subject. */
typedef struct vg_case_inputs {
  const char *tumour, *anatomy;      /* label maps, or NULL */
  const char *series[VG_SERIES_MAX]; /* NULL: some_series, and the subject lacks it */
  int n_series;
  bool imaged;           /* any of them is not NULL */
  bool mask_from_series; /* no label map has the anatomy, or mask_only */
  bool mask_only;        /* the series alone define the brain */
  vg_clusters clusters;  /* anatomy classes found in the intensities of series[of[i]]; n_series 0: none */
  int of[VG_CLUSTER_SERIES_MAX];
  vg_clusters parts; /* into which the tumour is divided; n_series 0: none */
  const char *part_series[VG_CLUSTER_SERIES_MAX];
} vg_case_inputs;

vg_status vg_case_inputs_of(const vg_dataset *ds, const vg_subject *subject, const vg_prep_settings *settings,
                            vg_case_inputs *in);

/* The series by which a tumour is divided. VG_DATA: the subject lacks one. */
vg_status vg_part_series_of(const vg_dataset *ds, const vg_subject *subject, const vg_clusters *of,
                            const char *path[VG_CLUSTER_SERIES_MAX]);

/* native crop -> prepared grid, and back. */
vg_status vg_record_resampler(const vg_prep_record *r, bool back, vg_resampler *out);

#endif
