/* header_text.h: what the text headers of MetaImage and NRRD share: lines, lists of numbers, the file that
 * holds the voxels, and ITK's world, whose x and y run the other way (LPS). */
#ifndef VG_IO_HEADER_TEXT_H
#define VG_IO_HEADER_TEXT_H
#include "io/raw/raw.h"

/* Headers are shorter; NRRD files of Slicer's segmentations have long ones. */
#define VG_HEADER_MOST ((size_t)1 << 20)

/* Cuts the next line off the text, in place: ends it, without its line break and blanks around it. The last
 * line needs no line break. NULL: nothing is left. *rest moves behind the line. */
char *vg_header_line(char **rest);

/* Reads exactly n finite numbers, separated by blanks, commas or brackets. False otherwise. */
bool vg_header_numbers(const char *text, double *to, int n);
/* The same for whole numbers. A number beyond int's range is false. */
bool vg_header_wholes(const char *text, int *to, int n);

/* Opens the file of the voxels that a header at path names, as raw->file and raw->voxel_path. VG_DATA: name
 * is not the plain name of a file beside the header: a header may not lead elsewhere. */
vg_status vg_header_open_beside(const char *path, const char *name, vg_raw *raw);

/* Sets the affine of raw: column j is step[j] and the last is origin, both in mm along L, P and S if lps,
 * else along R, A and S. */
void vg_header_place(vg_raw *raw, double step[3][3], const double origin[3], const int sign[3]);

#endif
