/* prep_restore.c: converts a prepared grid back to the scan's own, and stores the preparation in a model's
 * metadata. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "prep/clusters.h"
#include "prep/range.h"
#include "prep/prep_case.h"
#include "base/mem.h"
#include "voxgan/log.h"
#include "base/number/statistic.h"
#include "base/number/extent.h"
#include "base/text/plural.h"
#include "base/whole.h"

/* The number of voxels that the prepared brain grows by before interpolation. The scan's own mask is finer
 * and reaches beyond the prepared one. */
#define GROW 2

/* One layer of voxels around where mask is set takes the mean of its neighbours there. */
static vg_status grow(float *v, float *mask, const int dim[3]) {
  size_t m = 0;
  struct fresh {
    size_t at;
    float value;
  } *fresh = NULL;
  size_t sy = (size_t)dim[0], sz = sy * (size_t)dim[1];
  for (int pass = 0; pass < 2; pass++) {
    if (pass == 1) {
      fresh = vg_malloc(m, sizeof *fresh);
      if (!fresh) return VG_MEMORY;
      m = 0;
    }
    size_t i = 0;
    for (int z = 0; z < dim[2]; z++)
      for (int y = 0; y < dim[1]; y++)
        for (int x = 0; x < dim[0]; x++, i++) {
          if (mask[i] > 0) continue;
          float sum = 0, weight = 0;
          for (int dz = z ? -1 : 0; dz <= (z + 1 < dim[2]); dz++)
            for (int dy = y ? -1 : 0; dy <= (y + 1 < dim[1]); dy++)
              for (int dx = x ? -1 : 0; dx <= (x + 1 < dim[0]); dx++) {
                size_t k = i + (size_t)((ptrdiff_t)sz * dz + (ptrdiff_t)sy * dy + dx);
                sum += mask[k] > 0 ? v[k] : 0;
                weight += mask[k] > 0;
              }
          if (weight == 0) continue;
          if (pass == 1) fresh[m] = (struct fresh){i, sum / weight};
          m++;
        }
  }
  for (size_t k = 0; k < m; k++) {
    v[fresh[k].at] = fresh[k].value;
    mask[fresh[k].at] = 1;
  }
  vg_free(fresh);
  return VG_OK;
}

/* Interpolates a channel on the native crop. Voxels out of reach get the brain's mean. */
static vg_status to_native(const vg_case *c, const float *channel, float *native) {
  const vg_prep_record *r = &c->record;
  size_t n = vg_extent_voxels(r->dim), n_native = vg_extent_voxels(r->crop_dim);
  vg_resampler rs = {0};
  float *v = NULL, *mask = NULL, *weight = NULL;
  vg_status st = vg_record_resampler(r, true, &rs);
  if (st) goto out;
  if (rs.identity) {
    memcpy(native, channel, n * sizeof *native);
    goto out;
  }
  v = vg_malloc(n, sizeof *v);
  mask = vg_malloc(n, sizeof *mask);
  weight = vg_malloc(n_native, sizeof *weight);
  if (!v || !mask || !weight) {
    st = VG_MEMORY;
    goto out;
  }
  double sum = 0, count = 0;
  for (size_t i = 0; i < n; i++) {
    mask[i] = c->brain[i];
    v[i] = c->brain[i] ? channel[i] : 0;
    sum += v[i];
    count += mask[i];
  }
  float mean = count ? (float)(sum / count) : -1;
  for (int k = 0; k < GROW && !st; k++) st = grow(v, mask, r->dim);
  if (st) goto out;
  vg_resample(&rs, v, native);
  vg_resample(&rs, mask, weight);
  for (size_t i = 0; i < n_native; i++) native[i] = weight[i] > 1e-3f ? native[i] / weight[i] : mean;
out:
  vg_resampler_release(&rs);
  vg_free(v);
  vg_free(mask);
  vg_free(weight);
  return st;
}

vg_status vg_restore(const vg_case *c, const float *channel, const vg_range *range, vg_volume *out) {
  const vg_prep_record *r = &c->record;
  memset(out, 0, sizeof *out);
  float *native = vg_malloc(vg_extent_voxels(r->crop_dim), sizeof *native);
  vg_status st = native ? to_native(c, channel, native) : VG_MEMORY;
  if (!st) st = vg_volume_new(&r->ras, out);
  if (st) goto out;
  size_t n = vg_geometry_voxels(&r->ras);
  float background = (float)range->background;
  if (background != 0)
    for (size_t i = 0; i < n; i++) out->data[i] = background;
  double lo = range->lo, half = (range->hi - range->lo) / 2;
  size_t i = 0;
  for (int z = 0; z < r->crop_dim[2]; z++)
    for (int y = 0; y < r->crop_dim[1]; y++) {
      float *row =
          out->data + vg_extent_index(r->ras.dim, r->crop_lo[0], r->crop_lo[1] + y, r->crop_lo[2] + z);
      for (int x = 0; x < r->crop_dim[0]; x++, i++) {
        if (!(c->native_brain[i >> 3] >> (i & 7) & 1)) continue;
        double v = native[i] < -1 ? -1 : native[i] > 1 ? 1 : native[i];
        row[x] = (float)(lo + (v + 1) * half);
      }
    }
  st = vg_volume_to_geometry(out, &r->native);
out:
  vg_free(native);
  if (st) vg_volume_release(out);
  return st;
}

vg_status vg_restore_maps(const vg_case *c, const float *fractions, const vg_classes *classes, vg_maps *out) {
  const vg_prep_record *r = &c->record;
  const size_t n = vg_extent_voxels(r->dim), n_native = vg_extent_voxels(r->crop_dim);
  memset(out, 0, sizeof *out);
  float *one = vg_malloc(n_native, sizeof *one), *most = vg_malloc(n_native, sizeof *most);
  uint8_t *code = vg_calloc(n_native, 1);
  vg_status st = one && most && code ? to_native(c, fractions, most) : VG_MEMORY;
  for (int k = 0; k < classes->n && !st; k++) {
    st = to_native(c, fractions + (size_t)(k + 1) * n, one);
    for (size_t i = 0; i < n_native && !st; i++)
      if (one[i] > most[i]) most[i] = one[i], code[i] = (uint8_t)(k + 1);
  }
  if (!st) st = vg_maps_new(&r->ras, classes, out);
  if (st) goto out;
  out->native = r->native;
  out->xform_code = r->xform_code;
  size_t i = 0;
  for (int z = 0; z < r->crop_dim[2]; z++)
    for (int y = 0; y < r->crop_dim[1]; y++) {
      size_t at = vg_extent_index(r->ras.dim, r->crop_lo[0], r->crop_lo[1] + y, r->crop_lo[2] + z);
      for (int x = 0; x < r->crop_dim[0]; x++, i++, at++) {
        if (!(c->native_brain[i >> 3] >> (i & 7) & 1)) continue;
        out->brain[at] = 1;
        if (!code[i]) continue;
        (classes->roles[code[i] - 1] == VG_ROLE_TUMOUR ? out->tumour : out->anatomy)[at] = code[i];
      }
    }
out:
  vg_free(one);
  vg_free(most);
  vg_free(code);
  return st;
}

void vg_range_median(const vg_case *const *cases, size_t n, int series, vg_range *out) {
  *out = (vg_range){0, 1, 0};
  double *v = n ? vg_malloc(n, sizeof *v) : NULL;
  if (!v) {
    if (n) *out = cases[0]->ranges[series];
    return;
  }
  for (size_t i = 0; i < n; i++) v[i] = cases[i]->ranges[series].lo;
  out->lo = vg_statistic_median(v, n);
  for (size_t i = 0; i < n; i++) v[i] = cases[i]->ranges[series].hi;
  out->hi = vg_statistic_median(v, n);
  for (size_t i = 0; i < n; i++) v[i] = cases[i]->ranges[series].background;
  out->background = vg_statistic_median(v, n);
  vg_free(v);
}

/* ---- metadata ---- */

void vg_prep_set_seen(vg_prep_settings *s, const vg_case *cases, size_t n, const int patch[3]) {
  for (int a = 0; a < 3; a++) {
    s->seen[0][a] = s->seen[1][a] = 0;
    for (size_t i = 0; i < n && s->spacing[a] <= 0 && (!patch || patch[2 - a] > 1); i++) {
      const double mm = cases[i].record.spacing[a];
      if (!i || mm < s->seen[0][a]) s->seen[0][a] = mm;
      if (mm > s->seen[1][a]) s->seen[1][a] = mm;
    }
  }
}

static vg_status read_seen(const char *name, const vg_json *list, vg_prep_settings *s) {
  const vg_json *row = vg_json_first(list);
  for (int k = 0; row && k < 2; k++, row = vg_json_next(row)) {
    const vg_json *e = vg_json_first(row);
    for (int a = 0; a < 3; a++, e = e ? vg_json_next(e) : NULL) {
      s->seen[k][a] = vg_json_number(e, NAN);
      if (!(s->seen[k][a] >= 0 && s->seen[k][a] < 1000) || s->seen[k][a] < s->seen[0][a])
        return vg_fail(VG_DATA, "%s: the voxel sizes that it learned on are damaged", name);
    }
  }
  return VG_OK;
}

/* Whether classes are found in the intensities of scans. */
static bool finds_classes(const vg_classes *c) {
  vg_clusters of;
  return vg_classes_clusters(c, &of) || vg_classes_parts(c, &of);
}

void vg_prep_put_limits(vg_json *root, const vg_classes *c) {
  vg_clusters of;
  if (!vg_classes_parts(c, &of)) return;
  vg_json *list = vg_json_put_take(root, "part_limits", vg_json_array());
  for (int k = 0; k < of.n_series; k++) {
    vg_json *row = vg_json_put_take(list, NULL, vg_json_array());
    for (int p = 0; p < of.n[k] - 1; p++) vg_json_put_number(row, NULL, (double)c->limits[k][p]);
  }
}

/* The limits of the n parts of one series: one less, from -1 to 1, none below that before it. */
static vg_status read_limit_row(const char *name, const char *series, const vg_json *row, int n,
                                float *limits) {
  const size_t have = vg_json_type_of(row) == VG_JSON_ARRAY ? vg_json_size(row) : 0;
  if (have != (size_t)(n - 1))
    return vg_fail(VG_DATA, "%s: damaged: part_limits has %zu %s for %s, and %d parts need %d", name, have,
                   vg_plural(have, "limit", "limits"), series, n, n - 1);
  const vg_json *e = vg_json_first(row);
  for (int p = 0; p < n - 1; p++, e = vg_json_next(e)) {
    const double limit = vg_json_number(e, NAN);
    if (!(limit >= -1 && limit <= 1))
      return vg_fail(VG_DATA, "%s: damaged: limit %d of %s in part_limits is no number from -1 to 1", name,
                     p + 1, series);
    if (p && limit < (double)limits[p - 1])
      return vg_fail(VG_DATA, "%s: damaged: limit %d of %s in part_limits is below the one before", name,
                     p + 1, series);
    limits[p] = (float)limit;
  }
  return VG_OK;
}

vg_status vg_prep_read_limits(const char *name, const vg_json *root, vg_classes *c) {
  const vg_json *list = vg_json_get(root, "part_limits");
  vg_clusters of;
  c->divided = list != NULL;
  if (!list) return VG_OK;
  if (!vg_classes_parts(c, &of))
    return vg_fail(VG_DATA, "%s: damaged: it has part_limits, but its classes are no parts of tumours", name);
  const size_t have = vg_json_type_of(list) == VG_JSON_ARRAY ? vg_json_size(list) : 0;
  if (have != (size_t)of.n_series)
    return vg_fail(VG_DATA, "%s: damaged: part_limits has lists for %zu series, and its classes divide %d",
                   name, have, of.n_series);
  const vg_json *row = vg_json_first(list);
  vg_status st = VG_OK;
  for (int k = 0; k < of.n_series && !st; k++, row = vg_json_next(row))
    st = read_limit_row(name, of.series[k], row, of.n[k], c->limits[k]);
  return st;
}

vg_json *vg_prep_to_json(const vg_prep_settings *s, const vg_range *ranges) {
  vg_json *root = vg_json_object();
  vg_json_put_axes(root, "spacing", s->spacing);
  vg_json_put_number(root, "margin", s->margin);
  if (s->seen[1][0] + s->seen[1][1] + s->seen[1][2] > 0) {
    vg_json *seen = vg_json_put_take(root, "voxels_seen", vg_json_array());
    for (int k = 0; k < 2; k++) {
      vg_json *row = vg_json_put_take(seen, NULL, vg_json_array());
      for (int a = 0; a < 3; a++) vg_json_put_number(row, NULL, s->seen[k][a]);
    }
  }
  vg_json *p = vg_json_put_take(root, "percentile", vg_json_array());
  vg_json_put_number(p, NULL, s->percentile[0]);
  vg_json_put_number(p, NULL, s->percentile[1]);
  vg_json_put_string(root, "brain", s->heads ? "heads" : s->brain_from_images ? "images" : "labels");
  if (finds_classes(&s->classes)) vg_json_put_number(root, "clusters", VG_CLUSTERS_WAY);
  vg_prep_put_limits(root, &s->classes);
  vg_json *classes = vg_json_put_take(root, "classes", vg_json_array());
  for (int i = 0; i < s->classes.n; i++) {
    vg_json *c = vg_json_put_take(classes, NULL, vg_json_object());
    vg_json_put_string(c, "name", s->classes.names[i]);
    vg_json_put_string(c, "role", vg_role_name(s->classes.roles[i]));
  }
  vg_json *series = vg_json_put_take(root, "series", vg_json_array());
  for (int i = 0; i < s->series.n; i++) {
    vg_json *e = vg_json_put_take(series, NULL, vg_json_object());
    vg_json_put_string(e, "name", s->series.names[i]);
    if (!ranges) continue;
    vg_json_put_number(e, "lo", ranges[i].lo);
    vg_json_put_number(e, "hi", ranges[i].hi);
    vg_json_put_number(e, "background", ranges[i].background);
  }
  return root;
}

static vg_status read_classes(const char *name, const vg_json *list, vg_classes *out) {
  for (const vg_json *j = vg_json_first(list); j; j = vg_json_next(j)) {
    const char *role = vg_json_string(vg_json_get(j, "role"), "");
    bool tumour = strcmp(role, "tumour") == 0;
    int before = out->n;
    if (!tumour && strcmp(role, "anatomy") != 0)
      return vg_fail(VG_DATA, "%s: class role '%s' is unknown", name, role);
    vg_status st = vg_classes_add_name(out, vg_json_string(vg_json_get(j, "name"), ""),
                                       tumour ? VG_ROLE_TUMOUR : VG_ROLE_ANATOMY);
    if (st) {
      vg_fail_in(VG_DATA, "%s", name);
      return VG_DATA;
    }
    /* The order matters here: it is that of the weights' channels. */
    if (out->n != before + 1 || (!tumour && before && out->roles[before] == VG_ROLE_TUMOUR))
      return vg_fail(VG_DATA, "%s: a class repeats, or an anatomy class follows a tumour class", name);
  }
  return VG_OK;
}

static vg_status read_series(const char *name, const vg_json *list, vg_series_list *out, vg_range *ranges) {
  for (const vg_json *j = vg_json_first(list); j; j = vg_json_next(j)) {
    const char *text = vg_json_string(vg_json_get(j, "name"), "");
    if (!*text || strlen(text) >= VG_SERIES_NAME || vg_series_find(out, text) >= 0 || out->n == VG_SERIES_MAX)
      return vg_fail(VG_DATA, "%s: series '%s' is empty, too long, repeated or one too many", name, text);
    int at = out->n++;
    snprintf(out->names[at], VG_SERIES_NAME, "%s", text);
    if (!ranges) continue;
    ranges[at].lo = vg_json_number(vg_json_get(j, "lo"), NAN);
    ranges[at].hi = vg_json_number(vg_json_get(j, "hi"), NAN);
    ranges[at].background = vg_json_number(vg_json_get(j, "background"), NAN);
    if (!vg_range_spans(ranges[at].lo, ranges[at].hi) || !(fabs(ranges[at].lo) <= 1e30) ||
        !(fabs(ranges[at].background) <= 1e30))
      return vg_fail(VG_DATA, "%s: series %s has no intensity range", name, text);
  }
  return VG_OK;
}

vg_status vg_prep_from_json(const char *name, const vg_json *j, vg_prep_settings *s, vg_range *ranges) {
  memset(s, 0, sizeof *s);
  const vg_json *p = vg_json_get(j, "percentile");
  const vg_json *low = vg_json_first(p), *high = low ? vg_json_next(low) : NULL;
  bool fine = vg_json_axes(vg_json_get(j, "spacing"), s->spacing);
  for (int a = 0; a < 3; a++) fine &= s->spacing[a] >= 0 && s->spacing[a] < 1000;
  s->margin = vg_json_number(vg_json_get(j, "margin"), NAN);
  s->percentile[0] = vg_json_number(low, NAN);
  s->percentile[1] = vg_json_number(high, NAN);
  const char *brain = vg_json_string(vg_json_get(j, "brain"), "labels");
  s->brain_from_images = !strcmp(brain, "images");
  s->heads = !strcmp(brain, "heads");
  if (!s->brain_from_images && !s->heads && strcmp(brain, "labels") != 0)
    return vg_fail(VG_DATA, "%s: its brain is from \"%s\", which this voxgan does not know", name, brain);
  fine &= s->margin >= 0 && s->margin < 1000 && s->percentile[0] >= 0 &&
          s->percentile[1] > s->percentile[0] && s->percentile[1] <= 100;
  if (!fine)
    return vg_fail(VG_DATA, "%s: its preparation (spacing, margin, percentile) is missing or damaged", name);
  vg_status st = read_seen(name, vg_json_get(j, "voxels_seen"), s);
  if (!st) st = read_classes(name, vg_json_get(j, "classes"), &s->classes);
  if (!st) st = vg_prep_read_limits(name, j, &s->classes);
  const int way = vg_int_of(vg_json_number(vg_json_get(j, "clusters"), 1));
  if (!st && finds_classes(&s->classes) && way != VG_CLUSTERS_WAY)
    vg_warn("%s: another version of voxgan trained it, which divided intensities into classes in another "
            "way: its images "
            "will be worse than they were; train it again",
            name);
  return st ? st : read_series(name, vg_json_get(j, "series"), &s->series, ranges);
}
