/* train_edits.c: edits maps of kinds, and keeps the results while there is room. */
#include "study/train_edits.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/number/extent.h"
#include "edit/brain/tissue.h"
#include "study/study_internal.h"
#include "study/tumour_donors.h"
#include "voxgan/edit.h"
#include "voxgan/log.h"

#define DRAWS 20
#define ROOM ((size_t)256 << 20) /* bytes of edited maps that stay */
#define TUMOUR_VOXELS 4096       /* that a map remembers */

/* An edited map that samples use, or that stays for further ones. */
typedef struct entry {
  vg_edited_map map; /* first: its address is the entry's */
  const vg_case *c;
  long epoch;
  int variant, users;
  bool ready, refused;
  uint64_t used;
  size_t bytes;
} entry;

/* The frame of a case's brain, which all of its edits need. */
typedef struct known_brain {
  const vg_case *c;
  vg_memo memo; /* the frame alone */
} known_brain;

struct vg_train_edits {
  vg_edit_chain chain;
  vg_tumour_donors *donors;
  vg_edits_target target;
  uint64_t seed;
  vg_map_editor editor;
  vg_classes tumours; /* tumour classes of the edits */
  vg_classes classes; /* of the maps that are edited: anatomy is one class for each kind of the brain */
  int n_brain;
  vg_kinds kinds;
  uint8_t code_of[VG_KINDS_MAX + 1];                         /* kind -> anatomy code; 0: outside the brain */
  uint8_t kind_of[VG_CLASSES_MAX + 1];                       /* and back */
  uint8_t lesion_of[VG_CLASSES_MAX + 1][VG_CLASSES_MAX + 1]; /* (tumour code, anatomy code) -> kind */
  pthread_mutex_t lock;
  pthread_cond_t changed;
  entry **entries;
  int n;
  known_brain **brains;
  int n_brains;
  size_t bytes;
  uint64_t clock;
};

/* ---- classes and kinds ---- */

static vg_status check_chain(const vg_edit_chain *chain, const char *text) {
  bool makes = false;
  for (int i = 0; i < chain->n; i++) makes |= chain->steps[i].edit->makes_tumour;
  if (makes) return VG_OK;
  return vg_fail(VG_CONFIG,
                 "\"%s\": none of its edits makes a tumour (graft or grow do), and the maps have none", text);
}

static vg_status add_targets(vg_train_edits *e, vg_classes *classes) {
  vg_status st = VG_OK;
  if (e->target == VG_EDITS_TUMOUR) return vg_classes_add_name(classes, VG_CLASS_TUMOUR, VG_ROLE_TUMOUR);
  for (int k = 0; k < e->tumours.n && !st && e->target == VG_EDITS_CLASSES; k++)
    st = vg_classes_add_name(classes, e->tumours.names[k], VG_ROLE_TUMOUR);
  return st;
}

static vg_status open_edits(vg_train_edits *e, const vg_train_edits_options *o, vg_classes *classes) {
  if (vg_classes_count(classes, VG_ROLE_TUMOUR))
    return vg_fail(VG_CONFIG,
                   "it puts tumours into maps without any, and these have tumour classes (%s, ...); with "
                   "data.tumour=none they have not",
                   classes->names[vg_classes_count(classes, VG_ROLE_ANATOMY)]);
  vg_status st = vg_edit_chain_add(&e->chain, o->chain);
  if (!st) st = check_chain(&e->chain, o->chain);
  if (!st) st = vg_tumour_donors_open(o->donors, o->seed, &e->tumours, &e->donors);
  return st ? st : add_targets(e, classes);
}

static vg_status take(void *arg, const vg_case *c, size_t index, long epoch, int variant,
                      const vg_edited_map **out);
static void give(void *arg, const vg_edited_map *map);

vg_status vg_train_edits_open(const vg_train_edits_options *o, vg_classes *classes, vg_train_edits **out) {
  vg_train_edits *e = *out = VG_NEW(vg_train_edits);
  if (!e) return VG_MEMORY;
  e->target = o->target;
  e->seed = o->seed;
  e->editor =
      (vg_map_editor){.share = o->share, .variants = o->variants, .arg = e, .take = take, .give = give};
  pthread_mutex_init(&e->lock, NULL);
  pthread_cond_init(&e->changed, NULL);
  vg_status st = open_edits(e, o, classes);
  if (!st) return VG_OK;
  vg_train_edits_free(e);
  *out = NULL;
  return st == VG_MEMORY ? st : vg_fail_in(st, "train.edits");
}

static void map_release(vg_edited_map *m) {
  vg_free((void *)(uintptr_t)m->kinds);
  vg_free((void *)(uintptr_t)m->tumour);
}

static void entry_free(entry *x) {
  map_release(&x->map);
  vg_free(x);
}

void vg_train_edits_free(vg_train_edits *e) {
  if (!e) return;
  for (int i = 0; i < e->n; i++) entry_free(e->entries[i]);
  for (int i = 0; i < e->n_brains; i++) {
    vg_memo_release(&e->brains[i]->memo);
    vg_free(e->brains[i]);
  }
  vg_free(e->entries);
  vg_free(e->brains);
  vg_edit_chain_release(&e->chain);
  vg_tumour_donors_free(e->donors);
  pthread_mutex_destroy(&e->lock);
  pthread_cond_destroy(&e->changed);
  vg_free(e);
}

/* A kind is called by its contrast, whose name tells more about it; or by its class, where only that says
 * which tissue it is. */
static void name_anatomy(vg_classes *c, const vg_kinds *kinds, const vg_scheme *contrasts,
                         const vg_classes *learned, const uint8_t *kind_of, int n) {
  vg_tissue tissue[VG_CLASSES_MAX + 1];
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < n; i++) {
      const int kind = kind_of[i + 1], contrast = kinds->contrast[kind];
      const char *name = learned->names[kinds->klass[kind] - 1];
      if (pass == 0 && contrast <= contrasts->n) name = contrasts->labels[contrast - 1].name;
      if (pass == 1) vg_tissue_table(c, tissue);
      if (pass == 0 || tissue[i + 1] == VG_TISSUE_OTHER) snprintf(c->names[i], VG_CLASS_NAME, "%s", name);
      c->roles[i] = VG_ROLE_ANATOMY;
      if (pass == 0) c->n = i + 1;
    }
}

/* The kinds of tumour voxels: a contrast for each of its classes, counted from the last, and the class that
 * is learned there. */
static vg_status add_lesions(vg_train_edits *e, const vg_classes *learned) {
  vg_status st = VG_OK;
  for (int t = 0; t < e->tumours.n && !st; t++)
    for (int code = 0; code <= e->n_brain && !st; code++) {
      int klass = e->kinds.klass[e->kind_of[code]];
      if (e->target == VG_EDITS_TUMOUR) klass = vg_classes_find(learned, VG_CLASS_TUMOUR) + 1;
      if (e->target == VG_EDITS_CLASSES) klass = vg_classes_find(learned, e->tumours.names[t]) + 1;
      uint8_t *kind = &e->lesion_of[e->n_brain + 1 + t][code];
      st = vg_kinds_of(&e->kinds, VG_CONTRASTS_MAX - 1 - t, klass, kind);
      if (!st) e->kinds.lesion[*kind] = true;
    }
  return st;
}

vg_status vg_train_edits_set_kinds(vg_train_edits *e, const vg_kinds *kinds, const vg_scheme *contrasts,
                                   const vg_classes *classes) {
  e->kinds = *kinds;
  e->n_brain = 0;
  for (int i = 1; i <= kinds->n; i++) e->n_brain += vg_kinds_in_brain(kinds, i);
  if (e->n_brain + e->tumours.n > VG_CLASSES_MAX || classes->n + e->tumours.n > VG_CLASSES_MAX)
    return vg_fail(VG_CONFIG,
                   "train.edits: the brain has %d structures and classes, and at most %d can be edited",
                   e->n_brain > classes->n ? e->n_brain : classes->n, VG_CLASSES_MAX - e->tumours.n);
  for (int i = 1, code = 0; i <= kinds->n; i++)
    if (vg_kinds_in_brain(kinds, i)) {
      e->code_of[i] = (uint8_t)++code;
      e->kind_of[code] = (uint8_t)i;
    }
  name_anatomy(&e->classes, kinds, contrasts, classes, e->kind_of, e->n_brain);
  for (int t = 0; t < e->tumours.n; t++) {
    memcpy(e->classes.names[e->n_brain + t], e->tumours.names[t], VG_CLASS_NAME);
    e->classes.roles[e->n_brain + t] = VG_ROLE_TUMOUR;
  }
  e->classes.n = e->n_brain + e->tumours.n;
  vg_tumour_donors_set_classes(e->donors, &e->classes);
  vg_status st = add_lesions(e, classes);
  return st == VG_CONFIG ? vg_fail_in(st, "train.edits") : st;
}

const vg_kinds *vg_train_edits_kinds(const vg_train_edits *e) {
  return &e->kinds;
}

const vg_map_editor *vg_train_edits_editor(const vg_train_edits *e) {
  return &e->editor;
}

/* ---- one map ---- */

/* The brain of a case as maps, cut to its box; lo: the box's first voxel in the case's crop. */
static vg_status read_brain(const vg_train_edits *e, const vg_case *c, vg_maps *out, int lo[3]) {
  const vg_prep_record *r = &c->record;
  vg_geometry geo = r->ras;
  for (int a = 0; a < 3; a++) {
    geo.dim[a] = r->crop_dim[a];
    for (int b = 0; b < 3; b++) geo.affine.m[a][3] += r->ras.affine.m[a][b] * r->crop_lo[b];
  }
  const size_t n = vg_extent_voxels(r->crop_dim);
  vg_status st = vg_maps_new(&geo, &e->classes, out);
  for (size_t i = 0; i < n && !st; i++) {
    out->anatomy[i] = e->code_of[c->kinds[i]];
    out->brain[i] = out->anatomy[i] != 0;
  }
  if (!st && !memchr(out->brain, 1, n)) st = vg_fail(VG_REFUSED, "it has no labelled voxel");
  return st ? st : vg_maps_crop(out, lo);
}

/* The maps' voxels over those of the case, as kinds. */
static void put_kinds(const vg_train_edits *e, const vg_case *c, const vg_maps *before, const vg_maps *m,
                      const int lo[3], uint8_t *kinds) {
  const int *dim = m->geo.dim;
  memcpy(kinds, c->kinds, vg_extent_voxels(c->record.crop_dim));
  for (int z = 0, i = 0; z < dim[2]; z++)
    for (int y = 0; y < dim[1]; y++) {
      uint8_t *row = kinds + vg_extent_index(c->record.crop_dim, lo[0], lo[1] + y, lo[2] + z);
      for (int x = 0; x < dim[0]; x++, i++) {
        const uint8_t code = m->brain[i] ? m->anatomy[i] : 0;
        if (m->tumour[i])
          row[x] = e->lesion_of[m->tumour[i]][code];
        else if (code || before->brain[i])
          row[x] = e->kind_of[code];
      }
    }
}

/* Lists up to TUMOUR_VOXELS of the tumour's voxels, spread evenly over it: samples are centred on them. */
static vg_status list_tumour(const vg_train_edits *e, entry *x, size_t n) {
  size_t all = 0, seen = 0;
  const uint8_t *kinds = x->map.kinds;
  for (size_t i = 0; i < n; i++) all += e->kinds.lesion[kinds[i]];
  const size_t most = all < TUMOUR_VOXELS ? all : TUMOUR_VOXELS;
  uint32_t *list = vg_malloc(most, sizeof *list);
  if (!list) return VG_MEMORY;
  for (size_t i = 0; i < n; i++) {
    if (!e->kinds.lesion[kinds[i]]) continue;
    if (seen * most / all != (seen + 1) * most / all) list[x->map.n_tumour++] = (uint32_t)i;
    seen++;
  }
  x->map.tumour = list;
  return VG_OK;
}

/* One draw of the chain. brain: has the brain's frame. */
static vg_status draw(vg_train_edits *e, const vg_maps *before, const vg_memo *brain, uint64_t key,
                      vg_maps *out) {
  static const vg_plan_target any = {{0, INFINITY}, {0, 1}};
  vg_memo memo = {0};
  vg_donor_hold hold = {.of = e->donors, .memo = &memo};
  vg_edit_context context = {
      .seed = e->seed, .key = key, .memo = &memo, .donors = &hold, .donor = vg_tumour_donors_give};
  vg_edit_log log = {0};
  vg_tumour_facts facts;
  vg_status st = vg_memo_learn(&memo, brain);
  if (!st) st = vg_maps_copy(before, out);
  if (!st) st = vg_edit_chain_apply(&e->chain, out, &context, &log);
  if (!st) st = vg_study_check(out, &brain->frames[0].frame, hold.pieces, &log, &any, &facts);
  if (!st && !facts.components) st = vg_fail(VG_REFUSED, "there is no tumour in the end");
  vg_donor_hold_release(&hold);
  vg_edit_log_release(&log);
  vg_memo_release(&memo);
  if (st) vg_maps_release(out);
  return st;
}

static uint64_t key_of(const entry *x, size_t index, int attempt) {
  const uint64_t epoch = vg_rng_key("train edits epoch", (uint64_t)x->epoch, (uint64_t)x->variant);
  return vg_rng_key("train edits", epoch, (uint64_t)index * DRAWS + (uint64_t)attempt);
}

/* Draws until a tumour fits. VG_REFUSED: none of the draws did. brain: gets the brain's frame, if it lacks
 * it.
 */
static vg_status edit(vg_train_edits *e, entry *x, size_t index, vg_memo *brain) {
  const size_t n = vg_extent_voxels(x->c->record.crop_dim);
  vg_maps before = {0}, after = {0};
  vg_brain_frame frame;
  int lo[3];
  vg_status st = read_brain(e, x->c, &before, lo);
  if (!st) st = vg_memo_frame(brain, &before, &frame);
  for (int attempt = 0; !st && attempt < DRAWS; attempt++) {
    st = draw(e, &before, brain, key_of(x, index, attempt), &after);
    if (st != VG_REFUSED || attempt + 1 == DRAWS) break;
    st = VG_OK;
  }
  uint8_t *kinds = st ? NULL : vg_malloc(n, 1);
  if (!st && !kinds) st = VG_MEMORY;
  if (!st) {
    put_kinds(e, x->c, &before, &after, lo, kinds);
    x->map.kinds = kinds;
    st = list_tumour(e, x, n);
    x->bytes = n + x->map.n_tumour * sizeof *x->map.tumour;
  }
  vg_maps_release(&before);
  vg_maps_release(&after);
  return st;
}

/* ---- keeping: the caller holds the lock ---- */

static entry *find(const vg_train_edits *e, const vg_case *c, long epoch, int variant) {
  for (int i = 0; i < e->n; i++) {
    entry *x = e->entries[i];
    if (x->c == c && x->epoch == epoch && x->variant == variant) return x;
  }
  return NULL;
}

static void drop(vg_train_edits *e, entry *x) {
  int i = 0;
  while (e->entries[i] != x) i++;
  e->entries[i] = e->entries[--e->n];
  e->bytes -= x->bytes;
  entry_free(x);
}

/* Drops what nobody uses: the map of an earlier epoch that the new one replaces, and the least recently used
 * ones. */
static void make_room(vg_train_edits *e, const entry *fresh) {
  for (int i = e->n - 1; i >= 0; i--) {
    entry *x = e->entries[i];
    if (!x->users && x->c == fresh->c && x->variant == fresh->variant) drop(e, x);
  }
  while (e->bytes > ROOM) {
    entry *oldest = NULL;
    for (int i = 0; i < e->n; i++)
      if (!e->entries[i]->users && (!oldest || e->entries[i]->used < oldest->used)) oldest = e->entries[i];
    if (!oldest) return;
    drop(e, oldest);
  }
}

static entry *add(vg_train_edits *e, const vg_case *c, long epoch, int variant) {
  entry **more = vg_realloc(e->entries, (size_t)e->n + 1, sizeof *more);
  if (!more) return NULL;
  e->entries = more;
  entry *x = VG_NEW(entry);
  if (!x) return NULL;
  *x = (entry){.c = c, .epoch = epoch, .variant = variant};
  return more[e->n++] = x;
}

/* The frame that is known of a case's brain; NULL: no memory. */
static known_brain *brain_of(vg_train_edits *e, const vg_case *c) {
  for (int i = 0; i < e->n_brains; i++)
    if (e->brains[i]->c == c) return e->brains[i];
  known_brain **more = vg_realloc(e->brains, (size_t)e->n_brains + 1, sizeof *more);
  if (!more) return NULL;
  e->brains = more;
  known_brain *b = VG_NEW(known_brain);
  if (!b) return NULL;
  b->c = c;
  return more[e->n_brains++] = b;
}

/* Edits a map. The lock is released meanwhile, since that takes some tenths of a second. */
static vg_status make(vg_train_edits *e, entry *x, size_t index) {
  vg_memo memo = {0};
  known_brain *b = brain_of(e, x->c);
  vg_status st = b ? vg_memo_learn(&memo, &b->memo) : VG_MEMORY;
  pthread_mutex_unlock(&e->lock);
  if (!st) st = edit(e, x, index, &memo);
  pthread_mutex_lock(&e->lock);
  if (!st && !b->memo.n_frames) st = vg_memo_learn(&b->memo, &memo);
  vg_memo_release(&memo);
  return st;
}

static vg_status take(void *arg, const vg_case *c, size_t index, long epoch, int variant,
                      const vg_edited_map **out) {
  vg_train_edits *e = arg;
  vg_status st = VG_OK;
  entry *x;
  pthread_mutex_lock(&e->lock);
  while ((x = find(e, c, epoch, variant)) && !x->ready) pthread_cond_wait(&e->changed, &e->lock);
  const bool mine = !x;
  if (mine && !(x = add(e, c, epoch, variant))) st = VG_MEMORY;
  if (!st) {
    x->users++;
    x->used = ++e->clock;
  }
  if (mine && !st) {
    st = make(e, x, index);
    if (st == VG_REFUSED) {
      static _Atomic bool told;
      if (!told) vg_warn("train.edits: case %s stays without a tumour: %s", c->id, vg_error());
      told = true;
      x->refused = true;
      st = VG_OK;
    }
    x->ready = true;
    e->bytes += x->bytes;
    if (st) {
      x->users = 0;
      drop(e, x);
    } else {
      make_room(e, x);
    }
    pthread_cond_broadcast(&e->changed);
  }
  *out = st || x->refused ? NULL : &x->map;
  if (!st && x->refused) x->users--;
  pthread_mutex_unlock(&e->lock);
  return st;
}

static void give(void *arg, const vg_edited_map *map) {
  vg_train_edits *e = arg;
  entry *x = (entry *)(uintptr_t)map;
  pthread_mutex_lock(&e->lock);
  x->users--;
  pthread_mutex_unlock(&e->lock);
}

vg_status vg_train_edits_try(vg_train_edits *e, const vg_case *c) {
  entry x = {.c = c};
  vg_memo memo = {0};
  vg_status st = edit(e, &x, 0, &memo);
  vg_memo_release(&memo);
  map_release(&x.map);
  return st == VG_REFUSED
             ? vg_fail_in(st, "train.edits: none of %d draws is fit for use; the last, in case %s", DRAWS,
                          c->id)
             : st;
}
