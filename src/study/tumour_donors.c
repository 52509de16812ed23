/* tumour_donors.c: a phantom is made when it is first drawn. */
#include "study/tumour_donors.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "edit/brain/measure.h"
#include "edit/brain/tissue.h"
#include "voxgan/dataset.h"
#include "voxgan/phantom.h"

#define PHANTOMS 12
#define PHANTOM_VOXELS 96 /* along an axis, 2 mm each */
#define CACHE_ROOM ((size_t)256 << 20)

typedef struct phantom {
  char id[24];
  vg_map_entry entry; /* ready once it is made */
} phantom;

struct vg_tumour_donors {
  vg_classes classes;
  uint64_t seed;
  vg_dataset set; /* n == 0: phantoms */
  vg_map_cache cache;
  const vg_subject **with; /* subjects with a tumour map */
  size_t n;
  phantom *phantoms;
  pthread_mutex_t making;
};

static vg_status open_set(vg_tumour_donors *d, const char *folder, vg_classes *classes) {
  const vg_roots roots = {.paths = &folder, .n = 1};
  d->set.skip_incomplete = true;
  vg_status st = vg_dataset_add_roots(&d->set, &roots, NULL, NULL);
  if (st) return st;
  for (int i = 0; i < d->set.n_sources && !st; i++)
    st = vg_classes_add(classes, &d->set.sources[i].tumour_scheme, VG_ROLE_TUMOUR);
  if (!st && !(d->with = vg_calloc(d->set.n ? d->set.n : 1, sizeof *d->with))) st = VG_MEMORY;
  for (size_t i = 0; i < d->set.n && !st; i++)
    if (d->set.subjects[i].tumour) d->with[d->n++] = &d->set.subjects[i];
  if (!st && !d->n) st = vg_fail(VG_CONFIG, "%s: no subject has a tumour map", folder);
  return st;
}

static vg_status open_phantoms(vg_tumour_donors *d, vg_classes *classes) {
  vg_scheme brats;
  vg_status st = vg_scheme_parse("brats", &brats);
  if (!st) st = vg_classes_add(classes, &brats, VG_ROLE_TUMOUR);
  if (st) return st;
  if (!(d->phantoms = VG_NEW_N(phantom, PHANTOMS))) return VG_MEMORY;
  d->n = PHANTOMS;
  for (int i = 0; i < PHANTOMS; i++)
    snprintf(d->phantoms[i].id, sizeof d->phantoms[i].id, "phantom-%d", i + 1);
  return VG_OK;
}

vg_status vg_tumour_donors_open(const char *folder, uint64_t seed, vg_classes *classes,
                                vg_tumour_donors **out) {
  vg_tumour_donors *d = *out = VG_NEW(vg_tumour_donors);
  if (!d) return VG_MEMORY;
  d->seed = seed;
  vg_map_cache_init(&d->cache, CACHE_ROOM);
  d->cache.edited = true;
  pthread_mutex_init(&d->making, NULL);
  vg_status st = *folder ? open_set(d, folder, classes) : open_phantoms(d, classes);
  if (!st) return VG_OK;
  vg_tumour_donors_free(d);
  *out = NULL;
  return st;
}

void vg_tumour_donors_free(vg_tumour_donors *d) {
  if (!d) return;
  vg_map_cache_release(&d->cache);
  for (int i = 0; d->phantoms && i < PHANTOMS; i++) {
    vg_maps_release(&d->phantoms[i].entry.maps);
    vg_memo_release(&d->phantoms[i].entry.memo);
  }
  vg_free(d->phantoms);
  vg_free(d->with);
  vg_dataset_release(&d->set);
  pthread_mutex_destroy(&d->making);
  vg_free(d);
}

void vg_tumour_donors_set_classes(vg_tumour_donors *d, const vg_classes *classes) {
  d->classes = *classes;
}

/* ---- phantoms ---- */

static vg_status take_labels(const vg_classes *classes, const vg_labelmap *tumour, const vg_labelmap *tissue,
                             vg_maps *out) {
  const vg_label *label;
  vg_scheme brats;
  vg_status st = vg_scheme_parse("brats", &brats);
  if (!st) st = vg_maps_new(&tumour->geo, classes, out);
  const size_t n = vg_geometry_voxels(&tumour->geo);
  for (size_t i = 0; i < n && !st; i++) {
    label = tumour->data[i] ? vg_scheme_find(&brats, tumour->data[i]) : NULL;
    out->tumour[i] = label ? vg_tumour_code(classes, label->name) : 0;
    out->brain[i] = tissue->data[i] || label;
  }
  return st;
}

static vg_status make_phantom(const vg_tumour_donors *d, int k, vg_map_entry *e) {
  const vg_phantom_settings how = {.subjects = PHANTOMS,
                                   .size = {PHANTOM_VOXELS, PHANTOM_VOXELS, PHANTOM_VOXELS},
                                   .layout = "brats2021",
                                   .seed = d->seed};
  vg_labelmap tumour = {0}, tissue = {0};
  vg_status st = vg_phantom_make(&how, k, true, NULL, &tumour, &tissue);
  if (!st) st = vg_labelmap_canonicalise(&tumour);
  if (!st) st = vg_labelmap_canonicalise(&tissue);
  if (!st) st = take_labels(&d->classes, &tumour, &tissue, &e->maps);
  if (!st) st = vg_maps_crop(&e->maps, NULL);
  if (!st) st = vg_tumour_pieces(&e->maps, 0, &e->pieces.tumour);
  if (!st) st = vg_tumour_pieces(&e->maps, vg_tumour_code(&d->classes, "oedema"), &e->pieces.core);
  if (!st) st = vg_memo_frame(&e->memo, &e->maps, &e->frame);
  if (st) vg_maps_release(&e->maps);
  e->ready = !st;
  vg_labelmap_release(&tumour);
  vg_labelmap_release(&tissue);
  return st;
}

/* ---- giving ---- */

static const char *id_of(const void *donors, size_t i) {
  const vg_tumour_donors *d = donors;
  if (i >= d->n) return NULL;
  return d->phantoms ? d->phantoms[i].id : d->with[i]->id;
}

static vg_status find(const vg_tumour_donors *d, const char *id, vg_rng *rng, size_t *out) {
  const vg_names names = VG_NAMES_BY(id_of, d);
  const int at = strcmp(id, "random") ? vg_names_find(names, id) : (int)vg_rng_below(rng, d->n);
  *out = (size_t)at;
  if (at >= 0) return VG_OK;
  const char *near = vg_names_nearest(names, id);
  return vg_fail(VG_CONFIG, near ? "no donor %s; did you mean %s?" : "no donor %s", id, near);
}

void vg_donor_hold_release(vg_donor_hold *h) {
  if (h->held && !h->of->phantoms) vg_map_cache_give(&h->of->cache, h->held);
  h->held = NULL;
}

static vg_status hold(vg_donor_hold *h, size_t at) {
  vg_tumour_donors *d = h->of;
  if (!d->phantoms) return vg_map_cache_take(&d->cache, &d->set, d->with[at], &d->classes, true, &h->held);
  vg_map_entry *e = &d->phantoms[at].entry;
  pthread_mutex_lock(&d->making);
  vg_status st = e->ready ? VG_OK : make_phantom(d, (int)at, e);
  pthread_mutex_unlock(&d->making);
  if (!st) h->held = e;
  return st;
}

vg_status vg_tumour_donors_give(void *arg, const char *id, vg_rng *rng, const vg_maps **maps,
                                const char **used) {
  vg_donor_hold *h = arg;
  size_t at;
  vg_status st = find(h->of, id, rng, &at);
  if (st) return st;
  *used = id_of(h->of, at);
  if (!maps) return VG_OK;
  vg_donor_hold_release(h);
  if ((st = hold(h, at))) return st;
  if (!h->held->pieces.tumour) return vg_fail(VG_REFUSED, "donor %s has no tumour", *used);
  h->pieces.tumour += h->held->pieces.tumour;
  h->pieces.core += h->held->pieces.core;
  *maps = &h->held->maps;
  return h->memo ? vg_memo_learn(h->memo, &h->held->memo) : VG_OK;
}
