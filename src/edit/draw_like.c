/* draw_like.c: measures tumours, and orders their volumes. */
#include "edit/draw_like.h"

#include <string.h>

#include "base/mem.h"
#include "base/number/order_statistic.h"
#include "base/pool.h"
#include "base/task/progress.h"
#include "base/text/plural.h"
#include "voxgan/dataset.h"
#include "voxgan/volume.h"

enum { MAPS = 256 };

typedef struct measuring {
  const vg_dataset *ds;
  size_t index[MAPS];
  double ml[MAPS];
} measuring;

static vg_status measure(void *arg, size_t i) {
  measuring *m = arg;
  const vg_subject *s = &m->ds->subjects[m->index[i]];
  const vg_scheme *scheme = &m->ds->sources[s->source].tumour_scheme;
  vg_labelmap map = {0};
  size_t voxels = 0;
  vg_status st = vg_volume_read_labels(s->tumour, &map, NULL);
  if (st) return st;
  const size_t n = vg_geometry_voxels(&map.geo);
  bool tumour[65536] = {false};
  for (int v = 1; v < 65536; v++) {
    const vg_label *l = vg_scheme_find(scheme, (uint16_t)v);
    tumour[v] = l && l->role == VG_ROLE_TUMOUR;
  }
  for (size_t k = 0; k < n; k++) voxels += tumour[map.data[k]];
  m->ml[i] = (double)voxels * vg_geometry_voxel_ml(&map.geo);
  vg_labelmap_release(&map);
  return VG_OK;
}

vg_status vg_draw_like(const char *root, double knots[VG_DRAW_CHOICES]) {
  vg_dataset ds = {0};
  measuring *m = VG_NEW(measuring);
  size_t have = 0, at = 0, n = 0, kept = 0;
  vg_status st = m ? vg_dataset_add(&ds, root, "auto", NULL, NULL) : VG_MEMORY;
  for (size_t i = 0; i < ds.n && !st; i++) have += ds.subjects[i].tumour != NULL;
  for (size_t i = 0; i < ds.n && !st; i++)
    if (ds.subjects[i].tumour && at++ * (have < MAPS ? have : MAPS) / have >= n) m->index[n++] = i;
  if (!st) {
    m->ds = &ds;
    st = vg_task_parallel("measuring tumours", "maps", n, measure, m);
  }
  for (size_t i = 0; i < n && !st; i++)
    if (m->ml[i] > 0) m->ml[kept++] = m->ml[i];
  if (!st && !kept)
    st = vg_fail(VG_CONFIG, "like(%s): no tumour in its %zu tumour %s", root, n, vg_plural(n, "map", "maps"));
  if (!st) {
    vg_sort_f64(m->ml, kept);
    for (int k = 0; k < VG_DRAW_CHOICES; k++)
      knots[k] = vg_quantile_f64(m->ml, kept, (double)k / (VG_DRAW_CHOICES - 1));
  }
  vg_dataset_release(&ds);
  vg_free(m);
  return st == VG_DATA ? VG_CONFIG : st;
}
