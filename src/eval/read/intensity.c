/* intensity.c: scales intensities to [-1, 1]. */
#include "eval/read/intensity.h"

#include "base/simd.h"
#include "base/number/order_statistic.h"
#include "base/mem.h"
#include "prep/range.h"

vg_status vg_eval_intensity_range(const vg_volume *vol, const uint8_t *cells, float *lo, float *hi) {
  size_t n = vg_geometry_voxels(&vol->geo), inside = 0;
  for (size_t i = 0; i < n; i++) inside += cells[i] != 0;
  float *values = vg_malloc(inside, sizeof *values);
  if (!values) return VG_MEMORY;
  inside = 0;
  for (size_t i = 0; i < n; i++) {
    if (cells[i]) values[inside++] = vol->data[i];
  }
  *lo = vg_percentile_f32(values, inside, 0.5);
  *hi = vg_percentile_f32(values, inside, 99.5);
  vg_free(values);
  return VG_OK;
}

VG_HOT static void to_unit(float *v, const uint8_t *cells, size_t n, float lo, float hi) {
  /* A constant volume (from a collapsed generator) becomes 0. Outside the brain all is -1, as in prepared
   * data, so that the background value of a file does not affect windows at the brain's edge. */
  const bool spans = vg_range_spans((double)lo, (double)hi);
  float scale = spans ? 2 / (hi - lo) : 0, shift = spans ? -1 : 0;
  for (size_t i = 0; i < n; i++) {
    float x = (v[i] - lo) * scale + shift;
    x = x < -1 ? -1 : x;
    x = x > 1 ? 1 : x;
    v[i] = cells[i] ? x : -1;
  }
}

void vg_eval_intensity_to_unit(float *v, const uint8_t *cells, size_t n, float lo, float hi) {
  to_unit(v, cells, n, lo, hi);
}

bool vg_eval_intensity_recorded(const vg_json *description, const char *series, float *lo, float *hi) {
  const vg_json *range = vg_json_get(vg_json_get(vg_json_get(description, "voxgan"), "ranges"), series);
  *lo = (float)vg_json_number(vg_json_get(range, "lo"), 0);
  *hi = (float)vg_json_number(vg_json_get(range, "hi"), 0);
  return vg_range_spans((double)*lo, (double)*hi);
}
