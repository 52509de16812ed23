/* map_cache.c: reads subjects' maps, keeps them, and drops the least recently used ones first. */
#include "study/map_cache.h"

#include <stdio.h>
#include <string.h>

#include "edit/brain/heal.h"
#include "edit/brain/measure.h"
#include "edit/brain/tissue.h"
#include "edit/hidden.h"
#include "grid/grid.h"
#include "prep/parts.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/message.h"
#include "base/str.h"

/* Voxels kept around a donor's brain. */
#define MARGIN 2

void vg_map_cache_init(vg_map_cache *c, size_t room) {
  memset(c, 0, sizeof *c);
  pthread_mutex_init(&c->lock, NULL);
  pthread_cond_init(&c->changed, NULL);
  c->room = room;
}

static void entry_free(vg_map_entry *e) {
  vg_maps_release(&e->maps);
  vg_memo_release(&e->memo);
  vg_free(e);
}

void vg_map_cache_release(vg_map_cache *c) {
  for (int i = 0; i < c->n; i++) entry_free(c->entries[i]);
  vg_free(c->entries);
  pthread_mutex_destroy(&c->lock);
  pthread_cond_destroy(&c->changed);
}

/* ---- reading ---- */

/* Whether the study knows every class of a role in the scheme. */
static bool knows(const vg_classes *classes, const vg_scheme *scheme, vg_role role) {
  for (int i = 0; i < scheme->n; i++) {
    if (scheme->labels[i].role != role) continue;
    int at = vg_classes_find(classes, scheme->labels[i].name);
    if (at < 0 || classes->roles[at] != role) return false;
  }
  return true;
}

vg_status vg_maps_crop(vg_maps *m, int corner[3]) {
  int lo[3], extent[3];
  vg_maps out;
  vg_mask_box(m->brain, m->geo.dim, MARGIN, lo, extent);
  vg_geometry geo = m->geo;
  for (int r = 0; r < 3; r++) {
    geo.dim[r] = extent[r];
    for (int a = 0; a < 3; a++) geo.affine.m[r][3] += m->geo.affine.m[r][a] * lo[a];
  }
  vg_status st = vg_maps_new(&geo, &m->classes, &out);
  if (st) return st;
  size_t to = 0, width = (size_t)extent[0];
  for (int z = 0; z < extent[2]; z++)
    for (int y = 0; y < extent[1]; y++, to += width) {
      size_t from =
          ((size_t)(lo[2] + z) * (size_t)m->geo.dim[1] + (size_t)(lo[1] + y)) * (size_t)m->geo.dim[0] +
          (size_t)lo[0];
      memcpy(out.anatomy + to, m->anatomy + from, width);
      memcpy(out.tumour + to, m->tumour + from, width);
      memcpy(out.brain + to, m->brain + from, width);
    }
  vg_maps_release(m);
  *m = out;
  if (corner) memcpy(corner, lo, sizeof lo);
  return VG_OK;
}

static vg_status read_donor(const vg_dataset *ds, const vg_subject *subject, const vg_classes *classes,
                            vg_maps *out) {
  const vg_source *source = &ds->sources[subject->source];
  bool mapped = subject->anatomy && knows(classes, &source->anatomy_scheme, VG_ROLE_ANATOMY) &&
                knows(classes, &source->tumour_scheme, VG_ROLE_ANATOMY);
  if (mapped) return vg_maps_read(ds, subject, classes, out);
  /* Besides the tumour, we need only the extent of the brain, which one series shows. */
  vg_subject lean = *subject;
  vg_clusters parts;
  bool have = false;
  for (int i = 0; i < VG_SERIES_MAX && !vg_classes_parts(classes, &parts); i++) {
    if (have) lean.series[i] = NULL;
    have |= lean.series[i] != NULL;
  }
  vg_classes tumour = {0};
  vg_parts_follow(classes, &tumour);
  uint8_t code[VG_CLASSES_MAX + 1] = {0};
  vg_status st = VG_OK;
  for (int k = 0; k < classes->n && !st; k++) {
    if (classes->roles[k] != VG_ROLE_TUMOUR) continue;
    st = vg_classes_add_name(&tumour, classes->names[k], VG_ROLE_TUMOUR);
    code[tumour.n] = (uint8_t)(k + 1);
  }
  if (!st) st = vg_maps_read(ds, &lean, &tumour, out);
  if (st) return st;
  size_t n = vg_geometry_voxels(&out->geo);
  for (size_t i = 0; i < n; i++) out->tumour[i] = code[out->tumour[i]];
  memset(out->anatomy, 0, n);
  out->classes = *classes;
  return VG_OK;
}

/* Most edits keep the frame and the ventricles, so we find them once for each host. */
static vg_status study_brain(vg_map_entry *e, bool edited) {
  size_t n = vg_geometry_voxels(&e->maps.geo);
  e->bytes = 3 * n;
  if (!edited) return e->pieces.tumour ? vg_frame_find(&e->maps, &e->frame) : VG_OK;
  vg_status st = vg_memo_frame(&e->memo, &e->maps, &e->frame);
  if (st || e->donor) return st;
  uint8_t *ventricles = vg_malloc(n, 1);
  st = ventricles ? vg_memo_ventricles(&e->memo, &e->maps, &e->frame, ventricles) : VG_MEMORY;
  vg_free(ventricles);
  e->bytes += n;
  return st;
}

/* A model that was trained without tumours may label one as anything, even as background. */
static vg_status heal_under_tumour(vg_maps *m, const char *id) {
  size_t n = vg_geometry_voxels(&m->geo), tumour = 0, hidden = 0;
  uint8_t *gap = vg_malloc(n, 1);
  if (!gap) return VG_MEMORY;
  for (size_t i = 0; i < n; i++) {
    gap[i] = m->tumour[i] && !m->anatomy[i];
    tumour += m->tumour[i] != 0;
    hidden += gap[i];
  }
  vg_debug("%s: %zu of the tumour's %zu voxels have no anatomy, and take the class around them", id, hidden,
           tumour);
  if (2 * hidden > tumour)
    vg_warn("%s: most of the tumour (%zu of %zu voxels) lies where the anatomy map is empty; do the two maps "
            "belong to one scan?",
            id, hidden, tumour);
  vg_status st = hidden ? vg_heal(m, gap, VG_FILL_NEAREST) : VG_OK;
  for (size_t i = 0; i < n && !st; i++)
    if (gap[i] && !m->anatomy[i]) st = vg_fail(VG_DATA, "its anatomy map is empty");
  vg_free(gap);
  return st;
}

/* Says which part the subject has in the case: "host ID: ..." for "subject ID: ...". */
static vg_status name_part(vg_status st, const char *part, const char *id) {
  char subject[192], rest[VG_MESSAGE_MAX];
  snprintf(subject, sizeof subject, "subject %s: ", id);
  if (!vg_starts_with(vg_error(), subject)) return vg_fail_in(st, "%s %s", part, id);
  snprintf(rest, sizeof rest, "%s", vg_error() + strlen(subject));
  return vg_fail(st, "%s %s: %s", part, id, rest);
}

static vg_status read_entry(vg_map_entry *e, const vg_dataset *ds, const vg_classes *classes, bool edited,
                            bool heal) {
  vg_hidden head = {0}; /* as in edits, whose frame and ventricles are remembered */
  vg_status st = e->donor ? read_donor(ds, e->subject, classes, &e->maps)
                          : vg_maps_read(ds, e->subject, classes, &e->maps);
  if (!st) st = vg_hide(&e->maps, false, &head);
  if (!st && !memchr(e->maps.brain, 1, vg_geometry_voxels(&e->maps.geo)))
    st = vg_fail(VG_DATA, "nothing is labelled in its maps, so there is no brain");
  if (!st && heal && !e->donor) st = heal_under_tumour(&e->maps, e->subject->id);
  if (!st && e->donor) st = vg_maps_crop(&e->maps, NULL);
  if (!st) st = vg_tumour_pieces(&e->maps, 0, &e->pieces.tumour);
  if (!st) st = vg_tumour_pieces(&e->maps, vg_tumour_code(classes, "oedema"), &e->pieces.core);
  if (!st) st = study_brain(e, edited);
  if (e->donor)
    vg_hidden_drop(&head); /* of its maps only the tumour and the brain matter */
  else
    vg_hidden_restore(&e->maps, &head);
  return st ? name_part(st, e->donor ? "donor" : "host", e->subject->id) : VG_OK;
}

/* ---- keeping: the caller holds the lock ---- */

static vg_map_entry *find(vg_map_cache *c, const vg_subject *subject, bool donor) {
  for (int i = 0; i < c->n; i++)
    if (c->entries[i]->subject == subject && c->entries[i]->donor == donor) return c->entries[i];
  return NULL;
}

static void drop(vg_map_cache *c, vg_map_entry *e) {
  for (int i = 0; i < c->n; i++)
    if (c->entries[i] == e) {
      c->entries[i] = c->entries[--c->n];
      break;
    }
  c->bytes -= e->bytes;
  entry_free(e);
}

static void make_room(vg_map_cache *c) {
  while (c->bytes > c->room) {
    vg_map_entry *oldest = NULL;
    for (int i = 0; i < c->n; i++)
      if (!c->entries[i]->users && (!oldest || c->entries[i]->used < oldest->used)) oldest = c->entries[i];
    if (!oldest) return;
    drop(c, oldest);
  }
}

static vg_map_entry *add(vg_map_cache *c, const vg_subject *subject, bool donor) {
  vg_map_entry **more = vg_realloc(c->entries, (size_t)c->n + 1, sizeof *more);
  if (!more) return NULL;
  c->entries = more;
  vg_map_entry *e = VG_NEW(vg_map_entry);
  if (!e) return NULL;
  *e = (vg_map_entry){.subject = subject, .donor = donor};
  return c->entries[c->n++] = e;
}

vg_status vg_map_cache_take(vg_map_cache *c, const vg_dataset *ds, const vg_subject *subject,
                            const vg_classes *classes, bool donor, const vg_map_entry **out) {
  vg_status st = VG_OK;
  pthread_mutex_lock(&c->lock);
  vg_map_entry *e;
  while ((e = find(c, subject, donor)) && !e->ready) pthread_cond_wait(&c->changed, &c->lock);
  bool mine = !e;
  if (mine && !(e = add(c, subject, donor))) st = VG_MEMORY;
  if (!st) {
    e->users++;
    e->used = ++c->clock;
  }
  if (mine && !st) {
    pthread_mutex_unlock(&c->lock);
    st = read_entry(e, ds, classes, c->edited, c->heal);
    pthread_mutex_lock(&c->lock);
    if (st) {
      e->bytes = 0; /* not counted yet */
      drop(c, e);
    } else {
      e->ready = true;
      c->bytes += e->bytes;
      make_room(c);
    }
    pthread_cond_broadcast(&c->changed);
  }
  pthread_mutex_unlock(&c->lock);
  *out = st ? NULL : e;
  return st;
}

void vg_map_cache_give(vg_map_cache *c, const vg_map_entry *entry) {
  if (!entry) return;
  pthread_mutex_lock(&c->lock);
  vg_map_entry *e = find(c, entry->subject, entry->donor);
  e->users--;
  make_room(c);
  pthread_mutex_unlock(&c->lock);
}
