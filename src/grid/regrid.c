/* regrid.c: finds nearest voxels by world position. */
#include "grid/regrid.h"

#include <math.h>

#include "base/pool.h"
#include "base/whole.h"

typedef struct regrid {
  const vg_labelmap *from;
  vg_labelmap *to;
  vg_affine step; /* index in `to` -> index in `from` */
} regrid;

static void fill_layers(void *arg, size_t begin, size_t end) {
  const regrid *r = arg;
  const int *in = r->from->geo.dim, *out = r->to->geo.dim;
  size_t i = begin * (size_t)out[1] * (size_t)out[0];
  for (size_t z = begin; z < end; z++)
    for (int y = 0; y < out[1]; y++)
      for (int x = 0; x < out[0]; x++, i++) {
        double at[3], ijk[3] = {x, y, (double)z};
        size_t k = 0;
        bool inside = true;
        vg_affine_apply(&r->step, ijk, at);
        for (int a = 2; a >= 0; a--) {
          double j = floor(at[a] + 0.5);
          inside = inside && j >= 0 && j < in[a];
          k = k * (size_t)in[a] + (inside ? vg_rank_of(j, (size_t)in[a]) : 0);
        }
        r->to->data[i] = inside ? r->from->data[k] : 0;
      }
}

vg_status vg_labelmap_regrid(vg_labelmap *m, const vg_geometry *to) {
  vg_affine back;
  vg_labelmap out;
  if (!vg_affine_invert(&m->geo.affine, &back)) return vg_fail(VG_DATA, "its affine is singular");
  vg_status st = vg_labelmap_new(to, &out);
  if (st) return st;
  regrid r = {m, &out, vg_affine_mul(&back, &to->affine)};
  vg_parallel_ranges((size_t)to->dim[2], 1, fill_layers, &r);
  vg_labelmap_release(m);
  *m = out;
  return VG_OK;
}
