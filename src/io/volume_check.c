/* volume_check.c: which grids are taken from files. What comes after relies on these bounds: lengths in
 * voxels then fit an int, products of them a size_t, and positions survive the way to an index and back. */
#include <math.h>

#include "io/volume_format.h"

#define AXIS_MOST 32767               /* voxels; what NIfTI-1 can write */
#define VOXELS_MOST ((size_t)1 << 31) /* 1290 along each axis */
#define MM_LEAST 1e-3
#define MM_MOST 100.0
#define EXTENT_MOST 1e5 /* mm */
#define OFFSET_MOST 1e6 /* mm */
#define FLAT 0.01       /* volume of a voxel by that of a box of its edges */

vg_status vg_volume_check_shape(const char *path, const int dim[3]) {
  size_t n = 1;
  bool good = true;
  for (int a = 0; a < 3; a++) {
    good &= dim[a] >= 1 && dim[a] <= AXIS_MOST && (n *= (size_t)dim[a]) <= VOXELS_MOST;
    if (!good) break;
  }
  return good ? VG_OK
              : vg_fail(VG_DATA,
                        "%s: promises %dx%dx%d voxels: at most %d along an axis and 2^31 in all can be", path,
                        dim[0], dim[1], dim[2], AXIS_MOST);
}

vg_status vg_volume_check_geometry(const char *path, const vg_geometry *geo) {
  vg_status st = vg_volume_check_shape(path, geo->dim);
  if (st) return st;
  double mm[3];
  for (int r = 0; r < 3; r++)
    for (int c = 0; c < 4; c++)
      if (!isfinite(geo->affine.m[r][c]))
        return vg_fail(VG_DATA, "%s: its affine cannot place voxels: it is not finite", path);
  vg_geometry_spacing(geo, mm);
  for (int a = 0; a < 3; a++) {
    if (!(mm[a] >= MM_LEAST && mm[a] <= MM_MOST))
      return vg_fail(VG_DATA,
                     "%s: voxels of %.4gx%.4gx%.4g mm: %g to %g mm can be (a wrong unit in the header?)",
                     path, mm[0], mm[1], mm[2], MM_LEAST, MM_MOST);
    if (!(mm[a] * geo->dim[a] <= EXTENT_MOST))
      return vg_fail(VG_DATA, "%s: %.4g mm long: at most %g mm can be", path, mm[a] * geo->dim[a],
                     EXTENT_MOST);
    if (!(fabs(geo->affine.m[a][3]) < OFFSET_MOST))
      return vg_fail(VG_DATA, "%s: begins %.4g mm from the origin: less than %g mm can be", path,
                     fabs(geo->affine.m[a][3]), OFFSET_MOST);
  }
  if (!(vg_geometry_voxel_ml(geo) * 1000 >= FLAT * mm[0] * mm[1] * mm[2]))
    return vg_fail(VG_DATA, "%s: its affine cannot place voxels: two of its axes are all but parallel", path);
  return VG_OK;
}
