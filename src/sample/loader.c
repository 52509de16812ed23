/* loader.c: makes samples ahead of time into a ring of batches.
 *
 * A worker claims the next batch number, waits until its slot in the ring is free, fills it and marks it
 * ready. The consumer takes one batch after the other. The content of a batch depends on its number alone, so
 * order and bytes do not depend on the workers. */
#include "sample/loader.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "base/message.h"
#include "base/number/extent.h"
#include "sample/sample.h"
#include "sample/tumour_crop.h"
#include "voxgan/log.h"

typedef struct slot {
  vg_batch batch;
  long number; /* of the batch in this slot; -1: none */
  bool ready;
} slot;

struct vg_loader {
  vg_loader_settings s;
  vg_sample_maker maker;
  int batches; /* per epoch, of all ranks */
  int own;     /* of these, made here; 1 where none is, as nobody asks for it */
  slot *ring;
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
  return l->s.samples_per_epoch > 0 ? l->s.samples_per_epoch : (int)l->maker.n_cases;
}

static int label_channels(const vg_loader *l) {
  return l->maker.n_classes + l->s.background;
}

int vg_loader_batches(const vg_loader *l) {
  return l->batches;
}

double vg_loader_waited(const vg_loader *l) {
  return l->waited;
}

static vg_status make_batch(const vg_loader *l, vg_sample_memory *memory, long number, vg_batch *b) {
  size_t patch = vg_extent_voxels(l->s.patch);
  b->epoch = (int)(number / l->own);
  b->index = (int)(number % l->own) * l->s.ranks + l->s.rank;
  vg_status st = VG_OK;
  for (int i = 0; i < b->n && !st; i++)
    st = vg_sample_make(&l->maker, memory, b->epoch, (long)b->index * b->n + i,
                        b->labels + (size_t)i * (size_t)label_channels(l) * patch,
                        b->image + (size_t)i * (size_t)l->maker.n_series * patch,
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
  vg_sample_memory memory;
  vg_status st = vg_sample_memory_init(&l->maker, &memory);
  if (st) {
    give_up(l, st);
    return NULL;
  }
  pthread_mutex_lock(&l->mutex);
  while (!l->stop) {
    long number = l->next_claim++;
    slot *p = &l->ring[number % l->ring_size];
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
  vg_sample_memory_release(&memory);
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
  l->ring = VG_NEW_N(slot, l->ring_size);
  if (!l->ring) return VG_MEMORY;
  for (int i = 0; i < l->ring_size; i++) {
    vg_batch *b = &l->ring[i].batch;
    l->ring[i].number = -1;
    b->n = l->s.batch;
    memcpy(b->dim, l->s.patch, sizeof b->dim);
    b->labels = vg_malloc(samples * (size_t)label_channels(l), sizeof *b->labels);
    b->image = vg_malloc(samples * (size_t)l->maker.n_series, sizeof *b->image);
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
  l->s = *settings;
  l->maker = (vg_sample_maker){.cases = cases,
                               .n_cases = n,
                               .s = &l->s,
                               .n_classes = cases[0].n_classes,
                               .n_series = cases[0].n_series,
                               .n_anatomy = cases[0].n_anatomy};
  if (l->s.threads < 1) l->s.threads = 1;
  if (l->s.ahead < 1) l->s.ahead = 2;
  if (l->s.ranks < 1) l->s.ranks = 1;
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
  slot *p = &l->ring[number % l->ring_size];
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
    visit(context, b->image, plane * (size_t)l->maker.n_series);
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
