/* sheet_case.h: one case of a contact sheet: one slice of each file, and its tiles. */
#ifndef VG_OUTPUT_SHEET_CASE_H
#define VG_OUTPUT_SHEET_CASE_H
#include "voxgan/dataset.h"
#include "label/class_colours.h"
#include "picture/png.h"

/* One slice of a file, on its own grid. */
typedef struct vg_sheet_plane {
  int nx, ny;
  vg_affine to_voxel; /* world mm -> voxel */
  float *grey;        /* (Y, X) of a series, 0 black to 1 white; NULL: none */
  uint8_t *classes;   /* (Y, X) of a label map: 0, or index into the sheet's classes + 1 */
} vg_sheet_plane;

typedef struct vg_sheet_case {
  const char *id;
  double ml;                      /* volume of the tumour */
  bool has_tumour;                /* it has a tumour map, which may be empty */
  double centre[3];               /* world mm; the slice goes through this point */
  double across[2][3];            /* unit vectors in the slice, to the right and to the front */
  double lo[2], hi[2];            /* extent to show, mm from the centre along these */
  vg_sheet_plane tumour, anatomy; /* nx 0: none */
  vg_sheet_plane series[VG_SERIES_MAX];
} vg_sheet_case;

/* Reads the files and keeps one slice of each. classes: of the whole sheet. */
vg_status vg_sheet_case_read(const vg_dataset *ds, const vg_subject *subject, const vg_classes *classes,
                             vg_sheet_case *out);
void vg_sheet_case_release(vg_sheet_case *c);

/* How tiles are drawn. */
typedef struct vg_sheet_style {
  int width, height; /* of a tile */
  double mm;         /* a pixel */
  bool neurological;
  vg_colours colours; /* of the sheet's classes */
} vg_sheet_style;

/* Draw the tile of the labels and the tile of a series. Without an anatomy map, labels lie over series
 * `backdrop`
 * (-1: over black). */
void vg_sheet_draw_labels(vg_picture *p, int left, int top, const vg_sheet_case *c, int backdrop,
                          const vg_sheet_style *style);
void vg_sheet_draw_series(vg_picture *p, int left, int top, const vg_sheet_case *c, int series,
                          const vg_sheet_style *style);

#endif
