/* metric_overlap.c: how far label maps cover each other: dice. */
#include "voxgan/mem.h"
#include "voxgan/metric.h"
#include "voxgan/pool.h"

enum { CHUNK = 1 << 20 };

/* Pairs of (real, synthetic) label in each chunk; counts are integers, so their order does not matter. */
typedef struct pair_counts {
  uint32_t n[VG_CELLS][VG_CELLS];
} pair_counts;

typedef struct pair_job {
  const uint8_t *a, *b;
  size_t voxels;
  uint64_t (*total)[VG_CELLS];
} pair_job;

static vg_status count_pairs(void *arg, size_t index) {
  const pair_job *j = arg;
  size_t begin = index * CHUNK, end = begin + CHUNK < j->voxels ? begin + CHUNK : j->voxels;
  pair_counts *c = VG_NEW(pair_counts);
  if (!c) return VG_MEMORY;
  for (size_t i = begin; i < end; i++) c->n[j->a[i]][j->b[i]]++;
  for (int a = 0; a < VG_CELLS; a++) {
    for (int b = 0; b < VG_CELLS; b++) {
      if (c->n[a][b]) __atomic_fetch_add(&j->total[a][b], c->n[a][b], __ATOMIC_RELAXED);
    }
  }
  vg_free(c);
  return VG_OK;
}

static vg_status dice(const vg_metric_input *in, double *values) {
  size_t voxels = (size_t)in->dim[0] * (size_t)in->dim[1] * (size_t)in->dim[2];
  uint64_t(*pairs)[VG_CELLS] = vg_calloc(VG_CELLS, sizeof *pairs);
  if (!pairs) return VG_MEMORY;
  pair_job job = {in->real_labels, in->synth_labels, voxels, pairs};
  vg_status st = vg_parallel((voxels + CHUNK - 1) / CHUNK, count_pairs, &job);
  for (int r = 0; !st && r < in->regions->n; r++) {
    const uint64_t *member = in->regions->member;
    double both = 0, real = 0, synth = 0;
    for (int a = 0; a < VG_CELLS; a++) {
      for (int b = 0; b < VG_CELLS; b++) {
        bool in_real = member[a] >> r & 1, in_synth = member[b] >> r & 1;
        if (in_real && in_synth) both += (double)pairs[a][b];
        if (in_real) real += (double)pairs[a][b];
        if (in_synth) synth += (double)pairs[a][b];
      }
    }
    values[r] = real + synth > 0 ? 2 * both / (real + synth) : 1;
  }
  vg_free(pairs);
  return st;
}

const vg_metric vg_metric_dice = {.unit = "", .kind = VG_METRIC_OVERLAP, .ideal = 1, .compute = dice};
