/* head_check.c: the volume of what stands out from the background, in a few subjects of each source. */
#include "prep/census/head_check.h"

#include "base/mem.h"
#include "base/pool.h"
#include "base/task/progress.h"
#include "base/text/plural.h"
#include "prep/prep.h"
#include "voxgan/log.h"
#include "voxgan/volume.h"

enum { LOOKS = 8 };

typedef struct look {
  const vg_subject *subject;
  const char *path;
  double ml; /* 0: it could not be read, which reading for use reports */
} look;

static vg_status measure(void *arg, size_t i) {
  look *l = (look *)arg + i;
  vg_volume vol = {0};
  vg_status st = vg_volume_read(l->path, &vol, NULL);
  const size_t n = st ? 0 : vg_geometry_voxels(&vol.geo);
  uint8_t *mask = st ? NULL : vg_malloc(n, 1);
  if (!st && !mask) st = VG_MEMORY;
  if (!st) st = vg_brain_mask(&vol, l->path, mask, NULL);
  size_t inside = 0;
  for (size_t k = 0; k < n && !st; k++) inside += mask[k];
  if (!st) l->ml = (double)inside * vg_geometry_voxel_ml(&vol.geo);
  vg_free(mask);
  vg_volume_release(&vol);
  if (st == VG_MEMORY || st == VG_INTERRUPTED) return st;
  vg_error_clear();
  return VG_OK;
}

/* The first series of a subject without an anatomy map, or NULL. */
static const char *scan_of(const vg_dataset *ds, const vg_subject *s) {
  for (int k = 0; k < ds->series.n && !s->anatomy; k++)
    if (s->series[k]) return s->series[k];
  return NULL;
}

static size_t choose(const vg_dataset *ds, int source, look looks[LOOKS]) {
  size_t have = 0, at = 0, n = 0;
  for (size_t i = 0; i < ds->n; i++)
    have += ds->subjects[i].source == source && scan_of(ds, &ds->subjects[i]);
  const size_t wanted = have < LOOKS ? have : LOOKS;
  for (size_t i = 0; i < ds->n; i++) {
    const vg_subject *s = &ds->subjects[i];
    const char *path = s->source == source ? scan_of(ds, s) : NULL;
    if (path && at++ * wanted / have >= n) looks[n++] = (look){s, path, 0};
  }
  return n;
}

static vg_status check(const vg_dataset *ds, int source, bool *found) {
  look looks[LOOKS];
  const look *first = NULL;
  size_t seen = 0, heads = 0;
  const size_t n = choose(ds, source, looks);
  vg_status st = vg_task_parallel("looking for skulls", "scans", n, measure, looks);
  for (size_t i = 0; i < n && !st; i++) {
    seen += looks[i].ml > 0;
    if (looks[i].ml <= VG_BRAIN_MOST_ML) continue;
    if (!heads++) first = &looks[i];
  }
  if (st || !heads || 2 * heads < seen) return st;
  *found = true;
  vg_warn(
      "%s: %zu of %zu %s looked at %s (%s: %.0f ml stand out from the "
      "background; a brain has less than %d), and skin and bone would be taken for brain: train with "
      "--anatomy "
      "brain, a model that finds the brain, or strip the skulls first, by `voxgan synth brain --images DIR "
      "--skull-strip`, SynthStrip or HD-BET (docs/guide/data.md)",
      vg_source_name(&ds->sources[source]), heads, seen, vg_plural(seen, "scan", "scans"),
      vg_plural(heads, "seems to be a whole head, not a brain", "seem to be whole heads, not brains"),
      first->subject->id, first->ml, VG_BRAIN_MOST_ML);
  return VG_OK;
}

vg_status vg_dataset_warn_of_heads(const vg_dataset *ds, bool *found) {
  vg_status st = VG_OK;
  *found = false;
  for (int i = 0; i < ds->n_sources && !st; i++) st = check(ds, i, found);
  return st;
}
