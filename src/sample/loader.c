/* loader.c: makes patches, with augmentation, ahead of time into a ring of batches.
 *
 * A worker claims the next batch number, waits until its slot in the ring is free, fills it and marks it
 * ready. The consumer takes one batch after the other. The content of a batch depends on its number alone, so
 * order and bytes do not depend on the workers. */
#include "sample/loader.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "base/message.h"
#include "base/simd.h"
#include "prep/pack/channel.h"
#include "sample/augment.h"
#include "sample/case_images.h"
#include "sample/case_order.h"
#include "sample/spatial.h"
#include "sample/tumour_crop.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "voxgan/rng.h"
#include "base/number/extent.h"

/* ---- one patch ---- */

VG_HOT static void fractions(const uint8_t *in, float *out, int n) {
  for (int i = 0; i < n; i++) out[i] = (float)in[i] * (1.0f / 255);
}

VG_HOT static void intensities(const int16_t *in, float *out, int n) {
  for (int i = 0; i < n; i++) out[i] = (float)in[i] * (1.0f / 32767);
}

static void fill(float *out, float value, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = value;
}

/* Copies the part of one channel that lies inside the case; a row runs along x. */
static void copy_channel(const vg_channel *ch, bool image, const int lo[3], const int dim[3], float *out) {
  const float outside = image ? -1.0f : 0.0f;
  for (int z = 0; z < dim[0]; z++)
    for (int y = 0; y < dim[1]; y++, out += dim[2]) {
      const vg_row r = vg_channel_row(ch, y + lo[1], z + lo[0]);
      const int64_t first = (int64_t)r.x - lo[2], end = first + r.n;
      const int from = first > 0 ? (int)first : 0, to = end < dim[2] ? (int)end : dim[2];
      if (from >= to) {
        fill(out, outside, (size_t)dim[2]);
        continue;
      }
      fill(out, outside, (size_t)from);
      const size_t at = (size_t)r.at + (size_t)(from - first);
      if (image)
        intensities((const int16_t *)ch->values + at, out + from, to - from);
      else if (r.at == VG_ROW_FULL)
        fill(out + from, (float)ch->full * (1.0f / 255), (size_t)(to - from));
      else
        fractions((const uint8_t *)ch->values + at, out + from, to - from);
      fill(out + to, outside, (size_t)(dim[2] - to));
    }
}

void vg_case_patch(const vg_case *c, const int lo[3], const int dim[3], float *labels, float *image) {
  const size_t patch = vg_extent_voxels(dim);
  for (int k = 0; labels && k < c->n_classes; k++) {
    const vg_channel ch = vg_case_labels(c, k);
    copy_channel(&ch, false, lo, dim, labels + (size_t)k * patch);
  }
  for (int k = 0; image && k < c->n_series; k++) {
    const vg_channel ch = vg_case_image(c, k);
    copy_channel(&ch, true, lo, dim, image + (size_t)k * patch);
  }
}

/* ---- the loader ---- */

typedef struct place {
  vg_batch batch;
  long number; /* of the batch in this slot; -1: none */
  bool ready;
} place;

struct vg_loader {
  const vg_case *cases;
  size_t n_cases;
  vg_loader_settings s;
  int n_classes, n_series, n_anatomy;
  int batches; /* per epoch, of all ranks */
  int own;     /* of these, made here; 1 where none is, as nobody asks for it */
  place *ring;
  int ring_size;
  pthread_t *threads;
  int n_threads; /* started */
  pthread_mutex_t mutex;
  pthread_cond_t filled, freed;
  long next_claim; /* batches are numbered through all epochs */
  long next_take;  /* the consumer's next batch; it still borrows the one before */
  bool lent, stop;
  vg_status status;
  char message[VG_MESSAGE_MAX];
  double waited;
};

static int samples_of(const vg_loader *l) {
  return l->s.samples_per_epoch > 0 ? l->s.samples_per_epoch : (int)l->n_cases;
}

static int label_channels(const vg_loader *l) {
  return l->n_classes + l->s.background;
}

int vg_loader_batches(const vg_loader *l) {
  return l->batches;
}

double vg_loader_waited(const vg_loader *l) {
  return l->waited;
}

/* What a worker needs beside the batch. */
typedef struct work_memory {
  vg_case_order order;
  float *scratch, *places, *field; /* the last two: NULL where no sample is bent */
  vg_randomiser *randomiser;       /* NULL where all samples are real */
} work_memory;

/* Chooses the corner of the patch: D, H, W. */
static void pick_corner(const vg_loader *l, const vg_case *c, vg_rng *r, int lo[3]) {
  const int have[3] = {c->record.dim[2], c->record.dim[1], c->record.dim[0]};
  bool centred = vg_rng_uniform(r, 0, 1) < l->s.tumour_share && c->n_tumour > 0;
  int centre[3] = {0, 0, 0};
  if (centred) {
    uint32_t at = c->tumour[vg_rng_below(r, c->n_tumour)];
    centre[2] = (int)(at % (uint32_t)have[2]);
    centre[1] = (int)(at / (uint32_t)have[2] % (uint32_t)have[1]);
    centre[0] = (int)(at / (uint32_t)have[2] / (uint32_t)have[1]);
  }
  for (int a = 0; a < 3; a++) {
    int room = have[a] - l->s.patch[a];
    if (room <= 0) {
      /* Not always centred: otherwise the network's strides would hit the same voxels of a subject each time,
       * and the network would memorise a small data set. */
      lo[a] = -(int)vg_rng_below(r, (uint64_t)-room + 1);
    } else if (centred) {
      lo[a] = centre[a] - l->s.patch[a] / 2;
      lo[a] = lo[a] < 0 ? 0 : lo[a] > room ? room : lo[a];
    } else {
      lo[a] = (int)vg_rng_below(r, (uint64_t)room + 1);
    }
  }
}

/* A source's place of voxel lo of the prepared grid (x, y, z as D, H, W); both grids have the same centre. */
static vg_randomise_source source_of(const vg_loader *l, const vg_case *c, const double centre[3]) {
  vg_randomise_source s = vg_case_source(c, l->s.kinds);
  for (int a = 0; a < 3; a++) {
    const double mm = (centre[a] - (c->record.dim[2 - a] - 1) / 2.0) * s.sample_mm[a];
    s.centre[a] += mm / s.mm[a];
  }
  return s;
}

/* Moves the sample's centre to a voxel of the map, given by its index. */
static void centre_on(size_t at, vg_randomise_source *s) {
  const size_t row = at / (size_t)s->dim[2];
  s->centre[0] = (double)(row / (size_t)s->dim[1]);
  s->centre[1] = (double)(row % (size_t)s->dim[1]);
  s->centre[2] = (double)(at % (size_t)s->dim[2]);
}

/* Moves half of the samples to a labelled voxel, since most of a head is not brain. */
static void pick_labelled(const vg_kinds *kinds, vg_rng *r, vg_randomise_source *s) {
  const size_t n = vg_extent_voxels(s->dim);
  if (vg_rng_uniform(r, 0, 1) < 0.5) return;
  for (int attempt = 0; attempt < 64; attempt++) {
    const size_t at = vg_rng_below(r, n);
    if (!kinds->klass[s->kinds[at]]) continue;
    centre_on(at, s);
    return;
  }
}

/* Borrows an edited map for a share of the samples; NULL for the others. */
static vg_status take_edited(const vg_loader *l, const vg_case *c, long epoch, vg_rng *r,
                             const vg_edited_map **out) {
  const vg_map_editor *editor = l->s.editor;
  *out = NULL;
  if (!editor || vg_rng_uniform(r, 0, 1) >= editor->share) return VG_OK;
  const int variant = (int)vg_rng_below(r, (uint64_t)editor->variants);
  return editor->take(editor->arg, c, (size_t)(c - l->cases), epoch, variant, out);
}

static vg_status make_synthetic(const vg_loader *l, const vg_case *c, long epoch, long sample,
                                const int lo[3], vg_randomiser *randomiser, float *labels, float *image) {
  double centre[3];
  for (int a = 0; a < 3; a++) centre[a] = lo[a] + (l->s.patch[a] - 1) / 2.0;
  vg_randomise_source s = source_of(l, c, centre);
  s.epoch = epoch;
  /* A stream of its own: what else is drawn for a sample does not depend on the edits. */
  vg_rng e = vg_rng_init(l->s.seed, vg_rng_key("loader edits", (uint64_t)epoch, (uint64_t)sample));
  const vg_edited_map *edited;
  vg_status st = take_edited(l, c, epoch, &e, &edited);
  if (st) return st;
  const uint64_t key = vg_rng_key("loader synthetic", (uint64_t)epoch, (uint64_t)sample);
  vg_rng r = vg_rng_init(l->s.seed, key);
  if (edited) s.kinds = edited->kinds;
  if (edited && edited->n_tumour && vg_rng_uniform(&e, 0, 1) < l->s.tumour_share)
    centre_on(edited->tumour[vg_rng_below(&e, edited->n_tumour)], &s);
  else
    pick_labelled(l->s.kinds, &r, &s);
  vg_randomiser_make(randomiser, &s, l->s.seed, key, l->n_classes, labels, l->n_series, image);
  if (edited) l->s.editor->give(l->s.editor->arg, edited);
  return VG_OK;
}

static void mirror(float *v, size_t rows, int n) {
  for (size_t row = 0; row < rows; row++, v += n)
    for (int i = 0, k = n - 1; i < k; i++, k--) {
      float t = v[i];
      v[i] = v[k];
      v[k] = t;
    }
}

VG_HOT static void jitter(float *v, const float *inside, float gain, float shift, size_t n) {
  for (size_t i = 0; i < n; i++) {
    float x = v[i] * gain + shift;
    x = x < -1 ? -1 : x > 1 ? 1 : x;
    v[i] = inside[i] > 0 ? x : v[i];
  }
}

/* A part of a case: the voxels from lo on, or those at places. */
typedef struct part {
  const vg_case *c;
  int lo[3];
  const float *places; /* NULL: as they lie in the case */
} part;

/* Fills a mask: above 0 inside the brain of the patch, 0 outside. */
static void brain_patch(const part *p, const int dim[3], float *out) {
  const vg_channel brain = vg_case_brain(p->c);
  if (p->places)
    vg_spatial_brain(p->c, p->places, vg_extent_voxels(dim), out);
  else
    copy_channel(&brain, false, p->lo, dim, out);
}

/* Draws whether and how a real sample is turned, resized and bent. */
static void bend(const vg_loader *l, work_memory *memory, long epoch, long sample, part *p) {
  if (!memory->places) return;
  vg_rng r = vg_rng_init(l->s.seed, vg_rng_key("loader spatial", (uint64_t)epoch, (uint64_t)sample));
  if (vg_rng_uniform(&r, 0, 1) >= l->s.augment.share) return;
  vg_spatial_draw(&l->s.augment, p->c, p->lo, l->s.patch, &r, memory->field, memory->places);
  p->places = memory->places;
}

static void copy_part(const part *p, const int dim[3], float *labels, float *image) {
  if (p->places)
    vg_spatial_patch(p->c, p->places, vg_extent_voxels(dim), labels, image);
  else
    vg_case_patch(p->c, p->lo, dim, labels, image);
}

void vg_loader_background(const float *fractions, int n_classes, size_t patch, float *out) {
  fill(out, 1, patch);
  for (int k = 0; k < n_classes; k++)
    for (size_t i = 0; i < patch; i++) out[i] -= fractions[(size_t)k * patch + i];
  for (size_t i = 0; i < patch; i++) out[i] = out[i] < 0 ? 0 : out[i];
}

/* Afterwards inside holds the brain mask. Augmentation uses scratch. */
static void augment(const vg_loader *l, const part *p, long epoch, long sample, bool synthetic, float *image,
                    float *inside, float *scratch) {
  const vg_augment *how = &l->s.augment;
  size_t patch = vg_extent_voxels(l->s.patch);
  /* A stream of its own: what else is drawn for a sample does not depend on these settings. */
  vg_rng r = vg_rng_init(l->s.seed, vg_rng_key("loader augment", (uint64_t)epoch, (uint64_t)sample));
  bool missing[VG_SERIES_MAX] = {false};
  if (how->share > 0 && !synthetic) {
    brain_patch(p, l->s.patch, inside);
    vg_augment_images(image, l->n_series, inside, l->s.patch, how, &r, scratch);
  }
  if (how->drop_series > 0) vg_augment_drop(how->drop_series, l->n_series, &r, missing);
  for (int s = 0; s < l->n_series; s++)
    if (missing[s]) fill(image + (size_t)s * patch, -1, patch);
}

/* Whether a sample is made from the map of kinds. */
static bool is_synthetic(const vg_loader *l, const vg_case *c, long epoch, long sample) {
  if (!l->s.randomise || !c->imaged) return l->s.randomise != NULL;
  vg_rng r = vg_rng_init(l->s.seed, vg_rng_key("loader synthetic share", (uint64_t)epoch, (uint64_t)sample));
  return vg_rng_uniform(&r, 0, 1) < l->s.synthetic_share;
}

static vg_status make_sample(const vg_loader *l, work_memory *memory, long epoch, long sample, float *labels,
                             float *image, float *weight, float *crop) {
  float *scratch = memory->scratch;
  const vg_case *c = &l->cases[vg_case_order_pick(&memory->order, epoch, sample)];
  const int *dim = l->s.patch;
  size_t patch = vg_extent_voxels(dim);
  vg_rng r = vg_rng_init(l->s.seed, vg_rng_key("loader sample", (uint64_t)epoch, (uint64_t)sample));
  part p = {.c = c};
  pick_corner(l, c, &r, p.lo);
  float *background = labels;
  if (l->s.background) labels += patch;
  const bool synthetic = is_synthetic(l, c, epoch, sample);
  if (synthetic) {
    vg_status st = make_synthetic(l, c, epoch, sample, p.lo, memory->randomiser, labels, image);
    if (st) return st;
  } else {
    bend(l, memory, epoch, sample, &p);
    copy_part(&p, dim, labels, image);
  }
  if (l->n_series) augment(l, &p, epoch, sample, synthetic, image, scratch, scratch + patch);
  if (l->s.jitter > 0 && l->n_series && !synthetic) {
    brain_patch(&p, dim, scratch);
    for (int s = 0; s < l->n_series; s++) {
      float gain = (float)vg_rng_uniform(&r, 1 - l->s.jitter, 1 + l->s.jitter);
      float shift = (float)vg_rng_uniform(&r, -l->s.jitter, l->s.jitter);
      jitter(image + (size_t)s * patch, scratch, gain, shift, patch);
    }
  }
  bool flip = l->s.flip && vg_rng_uniform(&r, 0, 1) < 0.5;
  if (flip) {
    size_t rows = (size_t)dim[0] * (size_t)dim[1];
    mirror(labels, rows * (size_t)l->n_classes, dim[2]);
    mirror(image, rows * (size_t)l->n_series, dim[2]);
  }
  if (l->s.background) vg_loader_background(labels, l->n_classes, patch, background);
  if (crop) {
    vg_rng corner = vg_rng_init(l->s.seed, vg_rng_key("loader box", (uint64_t)epoch, (uint64_t)sample));
    vg_tumour_crop_place(labels + (size_t)l->n_anatomy * patch, l->n_classes - l->n_anatomy, dim, l->s.box,
                         &corner, crop);
  }
  if (weight) {
    float more = (float)(l->s.tumour_weight - 1);
    fill(weight, 1, patch);
    for (int k = l->n_anatomy; k < l->n_classes; k++)
      for (size_t i = 0; i < patch; i++) weight[i] += more * labels[(size_t)k * patch + i];
  }
  return VG_OK;
}

static vg_status make_batch(const vg_loader *l, work_memory *memory, long number, vg_batch *b) {
  size_t patch = vg_extent_voxels(l->s.patch);
  b->epoch = (int)(number / l->own);
  b->index = (int)(number % l->own) * l->s.ranks + l->s.rank;
  vg_status st = VG_OK;
  for (int i = 0; i < b->n && !st; i++)
    st = make_sample(l, memory, b->epoch, (long)b->index * b->n + i,
                     b->labels + (size_t)i * (size_t)label_channels(l) * patch,
                     b->image + (size_t)i * (size_t)l->n_series * patch,
                     b->weight ? b->weight + (size_t)i * patch : NULL,
                     b->crop ? b->crop + (size_t)i * VG_CROP_NUMBERS : NULL);
  return st;
}

/* A worker that fails stores its message in the loader. */
static void give_up(vg_loader *l, vg_status st) {
  pthread_mutex_lock(&l->mutex);
  if (!l->status) {
    l->status = st;
    strncpy(l->message, vg_error(), sizeof l->message - 1);
  }
  pthread_cond_broadcast(&l->filled);
  pthread_mutex_unlock(&l->mutex);
}

static void *work(void *arg) {
  vg_loader *l = arg;
  size_t patch = vg_extent_voxels(l->s.patch);
  work_memory memory = {.scratch = vg_malloc((1 + VG_AUGMENT_SCRATCH) * patch, sizeof *memory.scratch)};
  vg_status st = memory.scratch ? VG_OK : VG_MEMORY;
  if (!st) st = vg_case_order_init(&memory.order, l->s.seed, l->n_cases, l->s.last, l->s.mix);
  if (!st && vg_spatial_wanted(&l->s.augment)) {
    memory.places = vg_malloc(3 * patch, sizeof *memory.places);
    memory.field = vg_malloc(vg_spatial_scratch(l->s.patch), sizeof *memory.field);
    if (!memory.places || !memory.field) st = VG_MEMORY;
  }
  if (!st && l->s.randomise) st = vg_randomiser_new(l->s.randomise, l->s.patch, &memory.randomiser);
  if (st) {
    give_up(l, st);
    goto out;
  }
  pthread_mutex_lock(&l->mutex);
  while (!l->stop) {
    long number = l->next_claim++;
    place *p = &l->ring[number % l->ring_size];
    /* The batch that the consumer borrows still occupies its slot. */
    while (!l->stop && number - (l->next_take - l->lent) >= l->ring_size)
      pthread_cond_wait(&l->freed, &l->mutex);
    if (l->stop) break;
    p->number = number;
    p->ready = false;
    pthread_mutex_unlock(&l->mutex);
    st = make_batch(l, &memory, number, &p->batch);
    if (st) {
      give_up(l, st);
      goto out;
    }
    pthread_mutex_lock(&l->mutex);
    p->ready = true;
    pthread_cond_broadcast(&l->filled);
  }
  pthread_mutex_unlock(&l->mutex);
out:
  vg_case_order_release(&memory.order);
  vg_free(memory.scratch);
  vg_free(memory.places);
  vg_free(memory.field);
  vg_randomiser_free(memory.randomiser);
  return NULL;
}

static vg_status check(const vg_case *cases, size_t n, const vg_loader_settings *s) {
  if (n == 0) return vg_fail(VG_DATA, "no case to load samples from");
  if (s->batch < 1) return vg_fail(VG_CONFIG, "batch %d is less than 1", s->batch);
  for (int a = 0; a < 3; a++)
    if (s->patch[a] < 1)
      return vg_fail(VG_CONFIG, "patch %dx%dx%d is empty", s->patch[0], s->patch[1], s->patch[2]);
  for (int a = 0; a < 3; a++)
    if (s->box[a] > s->patch[a])
      return vg_fail(VG_CONFIG, "a box of %dx%dx%d does not fit in the patch", s->box[0], s->box[1],
                     s->box[2]);
  for (size_t i = 1; i < n; i++)
    if (cases[i].n_classes != cases[0].n_classes || cases[i].n_series != cases[0].n_series ||
        cases[i].n_anatomy != cases[0].n_anatomy)
      return vg_fail(VG_DATA, "subjects %s and %s are prepared for different classes or series", cases[i].id,
                     cases[0].id);
  return VG_OK;
}

/* The samples of a batch times their voxels. */
static size_t batch_voxels(const vg_loader *l) {
  return (size_t)l->s.batch * vg_extent_voxels(l->s.patch);
}

static vg_status make_ring(vg_loader *l) {
  size_t samples = batch_voxels(l);
  l->ring = VG_NEW_N(place, l->ring_size);
  if (!l->ring) return VG_MEMORY;
  for (int i = 0; i < l->ring_size; i++) {
    vg_batch *b = &l->ring[i].batch;
    l->ring[i].number = -1;
    b->n = l->s.batch;
    memcpy(b->dim, l->s.patch, sizeof b->dim);
    b->labels = vg_malloc(samples * (size_t)label_channels(l), sizeof *b->labels);
    b->image = vg_malloc(samples * (size_t)l->n_series, sizeof *b->image);
    if (l->s.tumour_weight != 1) b->weight = vg_malloc(samples, sizeof *b->weight);
    if (l->s.box[0]) b->crop = vg_malloc((size_t)l->s.batch * VG_CROP_NUMBERS, sizeof *b->crop);
    if (!b->labels || !b->image || (l->s.tumour_weight != 1 && !b->weight) || (l->s.box[0] && !b->crop))
      return VG_MEMORY;
  }
  return VG_OK;
}

vg_status vg_loader_new(const vg_case *cases, size_t n, const vg_loader_settings *settings, vg_loader **out) {
  *out = NULL;
  vg_status st = check(cases, n, settings);
  if (st) return st;
  vg_loader *l = VG_NEW(vg_loader);
  if (!l) return VG_MEMORY;
  l->cases = cases;
  l->n_cases = n;
  l->s = *settings;
  if (l->s.threads < 1) l->s.threads = 1;
  if (l->s.ahead < 1) l->s.ahead = 2;
  if (l->s.ranks < 1) l->s.ranks = 1;
  l->n_classes = cases[0].n_classes;
  l->n_series = cases[0].n_series;
  l->n_anatomy = cases[0].n_anatomy;
  l->batches = (samples_of(l) + l->s.batch - 1) / l->s.batch;
  l->own = (l->batches - l->s.rank + l->s.ranks - 1) / l->s.ranks;
  if (l->own < 1) l->own = 1;
  /* The consumer borrows one slot while workers fill the others. */
  l->ring_size = (l->s.ahead > l->s.threads ? l->s.ahead : l->s.threads) + 1;
  pthread_mutex_init(&l->mutex, NULL);
  pthread_cond_init(&l->filled, NULL);
  pthread_cond_init(&l->freed, NULL);
  l->threads = VG_NEW_N(pthread_t, l->s.threads);
  st = l->threads ? make_ring(l) : VG_MEMORY;
  if (st) {
    vg_loader_free(l);
    return st;
  }
  *out = l;
  return VG_OK;
}

void vg_loader_seek(vg_loader *l, int epoch, int index) {
  if (l->n_threads) VG_BUG("vg_loader_seek after vg_loader_next");
  const int passed = index > l->s.rank ? (index - l->s.rank + l->s.ranks - 1) / l->s.ranks : 0;
  l->next_claim = l->next_take = (long)epoch * l->own + passed;
}

static vg_status start(vg_loader *l) {
  while (l->n_threads < l->s.threads) {
    int e = pthread_create(&l->threads[l->n_threads], NULL, work, l);
    char text[VG_ERRNO_TEXT];
    if (e && l->n_threads == 0)
      return vg_fail(VG_FAILED, "cannot start a loader thread: %s", vg_errno_text(e, text));
    if (e) break; /* fewer threads suffice */
    l->n_threads++;
  }
  return VG_OK;
}

vg_status vg_loader_next(vg_loader *l, const vg_batch **out) {
  *out = NULL;
  vg_status st = l->n_threads ? VG_OK : start(l);
  if (st) return st;
  pthread_mutex_lock(&l->mutex);
  if (l->lent) {
    l->lent = false;
    pthread_cond_broadcast(&l->freed);
  }
  long number = l->next_take;
  place *p = &l->ring[number % l->ring_size];
  if (!(p->ready && p->number == number)) {
    double since = vg_now();
    while (!(p->ready && p->number == number) && !l->status) pthread_cond_wait(&l->filled, &l->mutex);
    l->waited += vg_now() - since;
  }
  st = l->status;
  if (!st) {
    l->next_take++;
    l->lent = true;
    *out = &p->batch;
  }
  pthread_mutex_unlock(&l->mutex);
  return st ? vg_fail(st, "loader: %s", l->message) : VG_OK;
}

void vg_loader_memory(const vg_loader *l, void (*visit)(void *context, void *data, size_t bytes),
                      void *context) {
  const size_t plane = batch_voxels(l) * sizeof(float);
  for (int i = 0; i < l->ring_size; i++) {
    const vg_batch *b = &l->ring[i].batch;
    visit(context, b->labels, plane * (size_t)label_channels(l));
    visit(context, b->image, plane * (size_t)l->n_series);
    if (b->weight) visit(context, b->weight, plane);
    if (b->crop) visit(context, b->crop, (size_t)b->n * VG_CROP_NUMBERS * sizeof(float));
  }
}

void vg_loader_free(vg_loader *l) {
  if (!l) return;
  pthread_mutex_lock(&l->mutex);
  l->stop = true;
  pthread_cond_broadcast(&l->freed);
  pthread_mutex_unlock(&l->mutex);
  for (int i = 0; i < l->n_threads; i++) pthread_join(l->threads[i], NULL);
  for (int i = 0; l->ring && i < l->ring_size; i++) {
    vg_free(l->ring[i].batch.labels);
    vg_free(l->ring[i].batch.image);
    vg_free(l->ring[i].batch.weight);
    vg_free(l->ring[i].batch.crop);
  }
  vg_free(l->ring);
  vg_free(l->threads);
  pthread_mutex_destroy(&l->mutex);
  pthread_cond_destroy(&l->filled);
  pthread_cond_destroy(&l->freed);
  vg_free(l);
}
