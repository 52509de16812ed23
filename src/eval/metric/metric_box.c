/* metric_box.c: regions of two label maps as masks in the boxes around them. */
#include "eval/metric/metric_box.h"

#include <string.h>
#include "grid/runs.h"
#include "eval/metric/metric_memo.h"
#include "base/number/extent.h"

vg_box vg_metric_box_empty(void) {
  return (vg_box){{INT32_MAX, INT32_MAX, INT32_MAX}, {0, 0, 0}};
}

void vg_metric_box_add(vg_box *b, const vg_box *other) {
  for (int d = 0; d < 3; d++) {
    if (other->lo[d] < b->lo[d]) b->lo[d] = other->lo[d];
    if (other->hi[d] > b->hi[d]) b->hi[d] = other->hi[d];
  }
}

void vg_metric_box_extent(const vg_box *b, int extent[3]) {
  for (int d = 0; d < 3; d++) extent[d] = b->hi[d] > b->lo[d] ? b->hi[d] - b->lo[d] : 0;
}

size_t vg_metric_box_voxels(const vg_box *b) {
  int e[3];
  vg_metric_box_extent(b, e);
  return vg_extent_voxels(e);
}

static void add_label_boxes(const uint8_t *labels, const int dim[3], vg_box *by_label) {
  for (int z = 0; z < dim[2]; z++) {
    for (int y = 0; y < dim[1]; y++, labels += dim[0]) {
      for (int x = vg_row_seek(labels, 0, dim[0], true); x < dim[0];) {
        int from = x;
        uint8_t label = labels[x];
        while (x < dim[0] && labels[x] == label) x++;
        vg_metric_box_add(&by_label[label], &(vg_box){{from, y, z}, {x, y + 1, z + 1}});
        if (x < dim[0] && !labels[x]) x = vg_row_seek(labels, x, dim[0], true);
      }
    }
  }
}

static vg_status label_boxes(const vg_metric_input *in, void *block) {
  vg_box *by_label = block;
  for (int c = 0; c < VG_CELLS; c++) by_label[c] = vg_metric_box_empty();
  add_label_boxes(in->real_labels, in->dim, by_label);
  add_label_boxes(in->synth_labels, in->dim, by_label);
  return VG_OK;
}

static const vg_box *boxes_of_labels(const vg_metric_input *in) {
  return vg_metric_memo_get(in, label_boxes, VG_CELLS * sizeof(vg_box));
}

static vg_box box_of_region(const vg_metric_input *in, const vg_box *by_label, int region) {
  vg_box box = vg_metric_box_empty();
  for (int c = 0; c < VG_CELLS; c++) {
    if (in->regions->member[c] >> region & 1) vg_metric_box_add(&box, &by_label[c]);
  }
  return box;
}

void vg_metric_region_mask(const vg_metric_input *in, const uint8_t *labels, int region, const vg_box *box,
                           uint8_t *mask) {
  uint8_t member[VG_CELLS];
  int width = box->hi[0] - box->lo[0];
  for (int c = 0; c < VG_CELLS; c++) member[c] = in->regions->member[c] >> region & 1;
  for (int z = box->lo[2]; z < box->hi[2]; z++) {
    for (int y = box->lo[1]; y < box->hi[1]; y++, mask += width) {
      const uint8_t *row = labels + vg_extent_index(in->dim, 0, y, z) + box->lo[0];
      for (int x = 0; x < width; x++) mask[x] = member[row[x]];
    }
  }
}

/* Returns the first region with the same cells; that is region itself if no earlier one has them. */
static int twin_of(const vg_regions *regions, int region) {
  for (int r = 0; r < region; r++) {
    bool same = true;
    for (int c = 0; c < VG_CELLS && same; c++) {
      same = (regions->member[c] >> r & 1) == (regions->member[c] >> region & 1);
    }
    if (same) return r;
  }
  return region;
}

vg_status vg_metric_each_region(const vg_metric_input *in, vg_region_work work, size_t size, void *out) {
  const vg_box *by_label = boxes_of_labels(in);
  if (!by_label) return VG_MEMORY;
  for (int r = 0; r < in->regions->n; r++) {
    char *to = (char *)out + (size_t)r * size;
    int twin = twin_of(in->regions, r);
    vg_box box = box_of_region(in, by_label, r);
    vg_status st = VG_OK;
    if (twin < r)
      memcpy(to, (char *)out + (size_t)twin * size, size);
    else
      st = work(in, r, &box, to);
    if (st) return st;
  }
  return VG_OK;
}
