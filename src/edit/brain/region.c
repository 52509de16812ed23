/* region.c: named regions of the brain, by a point's unit coordinates.
 *
 * Every point is in one lobe: below the tentorium first, then the deep nuclei, then what lies under the
 * Sylvian fissure, behind the parieto-occipital and before the central sulcus; the rest is parietal. The
 * planes are those of the MNI templates (ICBM 152), whose brain reaches 70 mm to the sides, 88 mm to front
 * and back of y = -16, and 74 mm up and down of z = 4.
 */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "edit/brain/frame.h"

static const char *lobe_of(double side, double y, double z) {
  double tentorium = y < -0.15 ? -0.22 - 0.15 * side : -0.25;
  bool behind = y < -0.15 && side < 0.8, stem = y < 0.12 && side < 0.3;
  if (z < tentorium && (behind || stem)) return "cerebellum";
  double dx = side / 0.5, dy = (y - 0.13) / 0.42, dz = (z - 0.07) / 0.3;
  if (dx * dx + dy * dy + dz * dz < 1) return "deep";
  double sylvian = -0.45 * y;
  if (z < sylvian && y < 0.42 && y > -0.5 && (side > 0.3 || y < 0.2)) return "temporal";
  if (y < -0.5 - 0.4 * z) return "occipital";
  double central = 0.2 - 0.35 * fmax(z, 0);
  return y > central ? "frontal" : "parietal";
}

bool vg_frame_in_region(const vg_brain_frame *f, const char *region, const double mm[3]) {
  double unit[3];
  vg_frame_to_unit(f, mm, unit);
  for (int side = 0; side < 2; side++) {
    const char *prefix = side ? "right-" : "left-";
    size_t n = strlen(prefix);
    if (strncmp(region, prefix, n)) continue;
    if (side ? unit[0] < 0 : unit[0] >= 0) return false;
    region += n;
    if (!strcmp(region, "hemisphere")) return true;
    break;
  }
  return !strcmp(region, "any") || !strcmp(region, lobe_of(fabs(unit[0]), unit[1], unit[2]));
}
