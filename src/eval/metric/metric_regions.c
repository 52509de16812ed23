/* metric_regions.c: named regions as unions of cells. */
#include <stdio.h>
#include <string.h>
#include "voxgan/metric.h"

void vg_metric_regions_init(vg_regions *r) {
  memset(r, 0, sizeof *r);
}

vg_status vg_metric_regions_add(vg_regions *r, const char *name, const uint8_t *cells, size_t n_cells) {
  if (r->n == VG_REGIONS_MAX)
    return vg_fail(VG_CONFIG, "region %s: more than %d regions", name, VG_REGIONS_MAX);
  if (strlen(name) >= VG_REGION_NAME) return vg_fail(VG_CONFIG, "region %s: name too long", name);
  for (int i = 0; i < r->n; i++) {
    if (!strcmp(r->names[i], name)) return vg_fail(VG_CONFIG, "region %s is defined twice", name);
  }
  snprintf(r->names[r->n], VG_REGION_NAME, "%s", name);
  for (size_t i = 0; i < n_cells; i++) r->member[cells[i]] |= UINT64_C(1) << r->n;
  r->n++;
  return VG_OK;
}
