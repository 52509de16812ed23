/* prep_cache.c: prepared cases on disk, one file each, mapped rather than read.
 *
 * CACHE/KEY.case       header and arrays; KEY is the SHA-256 of the inputs' contents and of all that shapes
 * the result CACHE/hashes/ID      contents' hashes of one subject's files, good while size, times, inode,
 *                      device and a sample of the bytes stay
 * CACHE/locks/NN       one of 256 locks, by the key's first byte, so that no two processes make one case at
 * once
 *
 * A file is trusted only when its size, header and checksum agree, and its lengths and indices fit its
 * arrays; another is made again. Files appear by a rename and are never written in place, so they can stay
 * mapped. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/simd.h"
#include "io/volume_format.h"
#include "prep/cache/cache_use.h"
#include "prep/pack/pack.h"
#include "prep/range.h"
#include "prep/prep_case.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/number/axes.h"
#include "base/str.h"
#include "base/number/extent.h"

/* Changes whenever the format or the preparation changes; old files are then made again. */
#define FORMAT "voxgan case 4"
#define MAGIC "VGCASE1\n"
#define BYTE_ORDER_MARK 0x01020304u

typedef struct header {
  char magic[8];
  uint32_t byte_order, header_size;
  uint64_t total, checksum; /* of the file, with this field 0 */
  int32_t n_classes, n_anatomy, n_series;
  uint32_t n_tumour;
  vg_prep_record record;
  vg_range ranges[VG_SERIES_MAX];
} header;

#define HEADER_SIZE ((sizeof(header) + 63) / 64 * 64)

/* The four-lane core of XXH64 (Collet). It detects damage at the speed of memory. n is a multiple of 64. */
VG_HOT static uint64_t checksum(const uint8_t *bytes, size_t n, uint64_t seed) {
  const uint64_t p1 = 0x9E3779B185EBCA87u, p2 = 0xC2B2AE3D27D4EB4Fu;
  uint64_t lane[4] = {seed + p1 + p2, seed + p2, seed, seed - p1};
  for (size_t i = 0; i + 32 <= n; i += 32)
    for (int k = 0; k < 4; k++) {
      uint64_t w;
      memcpy(&w, bytes + i + 8 * (size_t)k, 8);
      lane[k] += w * p2;
      lane[k] = (lane[k] << 31 | lane[k] >> 33) * p1;
    }
  uint64_t h = n;
  for (int k = 0; k < 4; k++) h = (h ^ lane[k]) * p1 + p2;
  return h ^ h >> 29;
}

static uint64_t file_checksum(const uint8_t *bytes, size_t n) {
  union {
    header h;
    uint8_t bytes[HEADER_SIZE];
  } head;
  memcpy(head.bytes, bytes, HEADER_SIZE);
  head.h.checksum = 0;
  return checksum(bytes + HEADER_SIZE, n - HEADER_SIZE, checksum(head.bytes, HEADER_SIZE, 0));
}

/* ---- hashes of contents ---- */

/* Blocks of a file that are hashed to notice a change that its size, times and inode do not show, on file
 * systems that make these up. */
#define SAMPLES 16
#define SAMPLE 4096

static vg_status sample(const char *path, char hash[VG_HASH_LEN]) {
  vg_file f;
  uint8_t *bytes = vg_malloc(SAMPLES, SAMPLE);
  if (!bytes) return VG_MEMORY;
  vg_status st = vg_file_open(path, &f);
  size_t at = 0;
  for (uint64_t i = 0; i < SAMPLES && !st; i++) {
    const size_t n = f.size < SAMPLE ? (size_t)f.size : SAMPLE;
    st = vg_file_read(&f, path, (f.size - n) * i / (SAMPLES - 1), bytes + at, n);
    at += n;
  }
  if (!st) vg_hash(bytes, at, hash);
  vg_file_close(&f);
  vg_free(bytes);
  return st;
}

/* The state of a file, kept beside its hash: "SIZE MTIME CTIME DEVICE INODE SAMPLE" (vg_free). */
static vg_status file_state(const char *path, char **out) {
  struct stat s;
  char hash[VG_HASH_LEN];
  *out = NULL;
  vg_status st = sample(path, hash);
  if (!st && stat(path, &s) != 0) st = vg_fail(VG_IO, "%s: cannot look at it", path);
  if (st) return st;
  *out = vg_format("%lld %lld.%09ld %lld.%09ld %llu %llu %.32s", (long long)s.st_size,
                   (long long)s.st_mtim.tv_sec, (long)s.st_mtim.tv_nsec, (long long)s.st_ctim.tv_sec,
                   (long)s.st_ctim.tv_nsec, (unsigned long long)s.st_dev, (unsigned long long)s.st_ino, hash);
  return *out ? VG_OK : VG_MEMORY;
}

/* The remembered hash of path, when its state is what it was. A line is STATE HASH PATH. */
static bool recall(const char *memory, const char *path, const char *state, char hash[VG_HASH_LEN]) {
  if (!memory) return false;
  char *end = vg_format(" %s\n", path), *start = vg_format("%s ", state);
  bool found = false;
  for (const char *line = memory; end && start && *line && !found;) {
    const char *next = strchr(line, '\n');
    next = next ? next + 1 : line + strlen(line);
    size_t at = strlen(start), len = (size_t)(next - line);
    if (len == at + VG_HASH_LEN - 1 + strlen(end) && vg_starts_with(line, start) &&
        memcmp(line + at + VG_HASH_LEN - 1, end, strlen(end)) == 0) {
      memcpy(hash, line + at, VG_HASH_LEN - 1);
      hash[VG_HASH_LEN - 1] = '\0';
      found = true;
    }
    line = next;
  }
  vg_free(end);
  vg_free(start);
  return found;
}

typedef struct input {
  const char *role;
  int part;   /* the volume of several; -1: the file has one */
  char *path; /* resolved */
  char hash[VG_HASH_LEN];
} input;

static vg_status hash_inputs(const char *cache, input *in, int n) {
  vg_str names = VG_STR_INIT, memory = VG_STR_INIT;
  for (int i = 0; i < n; i++) vg_str_addf(&names, "%s\n", in[i].path);
  char id[VG_HASH_LEN];
  vg_hash(vg_str_text(&names), names.len, id);
  char *file = vg_format("%s/hashes/%.32s", cache, id);
  void *old = NULL;
  size_t len;
  bool changed = false;
  vg_status st = file && !vg_str_failed(&names) ? VG_OK : VG_MEMORY;
  if (!st) st = vg_fs_read_optional(file, &old, &len);
  for (int i = 0; i < n && !st; i++) {
    char *before = NULL, *after = NULL;
    st = file_state(in[i].path, &before);
    if (!st && !recall(old, in[i].path, before, in[i].hash)) {
      /* The state is taken before the contents: a file that changes meanwhile is hashed again next time. */
      st = vg_hash_file(in[i].path, in[i].hash);
      if (!st) st = file_state(in[i].path, &after);
      changed |= !st && strcmp(before, after) == 0;
    }
    if (!st) vg_str_addf(&memory, "%s %s %s\n", before, in[i].hash, in[i].path);
    vg_free(before);
    vg_free(after);
  }
  if (!st && changed && !vg_str_failed(&memory))
    st = vg_fs_write_atomic(file, vg_str_text(&memory), memory.len);
  vg_free(old);
  vg_free(file);
  vg_str_release(&names);
  vg_str_release(&memory);
  return st;
}

/* ---- key ---- */

static char *resolve(const char *path) {
  char *real = realpath(path, NULL);
  char *copy = vg_strdup(real ? real : path);
  free(real);
  return copy;
}

/* The file of a volume, and the one beside it that holds its voxels. */
static vg_status add_input(const char *role, const char *path, input *in, int *n) {
  int part;
  vg_volume_part(path, &part);
  char *file = vg_volume_file(path), *beside = NULL;
  vg_status st = file ? vg_volume_beside(file, &beside) : VG_MEMORY;
  if (!st) in[(*n)++] = (input){.role = role, .part = part, .path = resolve(file)};
  if (!st && beside) in[(*n)++] = (input){.role = role, .part = -1, .path = resolve(beside)};
  for (int i = 0; i < *n; i++)
    if (!in[i].path) st = VG_MEMORY;
  vg_free(file);
  vg_free(beside);
  return st;
}

/* Numbers of kinds depend on the schemes of all sources. */
static void add_kinds(vg_str *t, const vg_prep_settings *s, const vg_case_inputs *in) {
  char *contrasts = vg_scheme_text(&s->contrasts);
  vg_str_addf(t, "contrasts %s kinds", contrasts ? contrasts : "");
  t->failed |= !contrasts;
  for (int i = 1; i <= s->kinds.n; i++) vg_str_addf(t, " %d:%d", s->kinds.contrast[i], s->kinds.klass[i]);
  for (int i = 0; i < in->n_series; i++)
    if (!in->series[i]) vg_str_addf(t, " without %d", i);
  vg_str_add(t, "\n");
  vg_free(contrasts);
}

static vg_status make_key(const char *cache, const vg_dataset *ds, const vg_subject *subject,
                          const vg_prep_settings *s, char key[VG_HASH_LEN], char contents[VG_HASH_LEN],
                          bool *imaged) {
  vg_case_inputs in;
  if (s->some_series) VG_BUG("the cache's key has no place for series that are missing");
  vg_status st = vg_case_inputs_of(ds, subject, s, &in);
  if (st) return st;
  *imaged = in.imaged;
  const vg_source *src = &ds->sources[subject->source];
  input inputs[2 * (VG_SERIES_MAX + 2 + VG_CLUSTER_SERIES_MAX)];
  int n = 0;
  if (in.tumour) st = add_input("tumour", in.tumour, inputs, &n);
  if (in.anatomy && !st) st = add_input("anatomy", in.anatomy, inputs, &n);
  for (int i = 0; i < in.n_series && !st; i++)
    if (in.series[i]) st = add_input("series", in.series[i], inputs, &n);
  for (int i = 0; i < in.parts.n_series && !st; i++) st = add_input("part", in.part_series[i], inputs, &n);
  if (!st) st = hash_inputs(cache, inputs, n);

  vg_str t = VG_STR_INIT;
  char *tumour = vg_scheme_text(&src->tumour_scheme), *anatomy = vg_scheme_text(&src->anatomy_scheme);
  vg_str_addf(&t, FORMAT "\nspacing %.17g", s->spacing[0]);
  if (!vg_axes_same(s->spacing)) vg_str_addf(&t, " %.17g %.17g", s->spacing[1], s->spacing[2]);
  vg_str_addf(&t, " margin %.17g percentile %.17g %.17g\n", s->margin, s->percentile[0], s->percentile[1]);
  if (s->brain_from_images) vg_str_add(&t, "brain from images\n");
  if (s->heads) vg_str_add(&t, "heads\n");
  if (s->synthetic) add_kinds(&t, s, &in);
  for (int a = 0; a < 3; a++)
    if (s->seen[1][a] > 0) vg_str_addf(&t, "seen %d %.17g %.17g\n", a, s->seen[0][a], s->seen[1][a]);
  for (int i = 0; i < s->classes.n; i++)
    vg_str_addf(&t, "class %s %s\n", s->classes.names[i], vg_role_name(s->classes.roles[i]));
  for (int k = 0; k < in.parts.n_series; k++)
    for (int p = 0; p < in.parts.n[k] - 1; p++)
      vg_str_addf(&t, "limit %.9g\n", (double)s->classes.limits[k][p]);
  for (int i = 0; i < s->series.n; i++) vg_str_addf(&t, "channel %s\n", s->series.names[i]);
  vg_str_addf(&t, "schemes %s | %s\n", in.tumour && tumour ? tumour : "",
              in.anatomy && anatomy ? anatomy : "");
  const size_t settings_end = t.len;
  for (int i = 0; i < n; i++) {
    vg_str_addf(&t, "%s %s", inputs[i].role, inputs[i].hash);
    if (inputs[i].part >= 0) vg_str_addf(&t, " #%d", inputs[i].part);
    vg_str_add(&t, "\n");
  }
  if (!st && (vg_str_failed(&t) || !tumour || !anatomy)) st = VG_MEMORY;
  if (!st) vg_hash(vg_str_text(&t), t.len, key);
  if (!st) vg_hash(vg_str_text(&t) + settings_end, t.len - settings_end, contents);
  vg_str_release(&t);
  vg_free(tumour);
  vg_free(anatomy);
  for (int i = 0; i < n; i++) vg_free(inputs[i].path);
  return st;
}

/* ---- file ---- */

static vg_status save(const char *path, const vg_case *c) {
  vg_pack pack;
  vg_status st = vg_pack_plan(c, &pack);
  if (st) return st;
  const size_t total = HEADER_SIZE + pack.total;
  uint8_t *bytes = vg_calloc(total, 1);
  if (!bytes) {
    vg_pack_release(&pack);
    return VG_MEMORY;
  }
  header *h = (header *)(void *)bytes;
  memcpy(h->magic, MAGIC, sizeof h->magic);
  h->byte_order = BYTE_ORDER_MARK;
  h->header_size = HEADER_SIZE;
  h->total = total;
  h->n_classes = c->n_classes;
  h->n_anatomy = c->n_anatomy;
  h->n_series = c->n_series;
  h->n_tumour = c->n_tumour;
  h->record = c->record;
  memcpy(h->ranges, c->ranges, sizeof h->ranges);
  vg_pack_write(&pack, bytes + HEADER_SIZE);
  vg_pack_release(&pack);
  h->checksum = file_checksum(bytes, total);
  st = vg_fs_write_atomic(path, bytes, total);
  vg_free(bytes);
  return st;
}

/* The grids are ones that files may have, one the other's permutation, and the crop lies in them. */
static bool record_is_sane(const vg_prep_record *r) {
  vg_geometry ras = r->native;
  if (vg_volume_check_geometry("", &r->native) || vg_volume_check_geometry("", &r->ras)) {
    vg_error_clear();
    return false;
  }
  vg_geometry_canonicalise(&ras);
  if (vg_geometry_same(&ras, "", &r->ras, "", 1e-6)) {
    vg_error_clear();
    return false;
  }
  for (int a = 0; a < 3; a++) {
    if (r->crop_lo[a] < 0 || r->crop_dim[a] < 1 || r->crop_lo[a] > r->ras.dim[a] - r->crop_dim[a] ||
        r->dim[a] < 1 || !(r->spacing[a] >= 1e-3 && r->spacing[a] <= 1e3))
      return false;
  }
  return true;
}

/* Points a case at the file, if each length and index is one that the arrays in it have. The checksum tells
 * damage, but has no key: anyone who changes the file can make it fit. */
static bool place(const vg_map *map, const header *h, const vg_prep_settings *s, vg_case *out) {
  const vg_prep_record *r = &h->record;
  double voxels = 1;
  if (!record_is_sane(r)) return false;
  for (int a = 0; a < 3; a++) voxels *= r->dim[a];
  if (voxels > UINT32_MAX || h->n_tumour > (h->n_classes > h->n_anatomy ? VG_CASE_TUMOUR : 0)) return false;
  for (int i = 0; i < h->n_series; i++)
    if (!vg_range_spans(h->ranges[i].lo, h->ranges[i].hi) || !isfinite(h->ranges[i].background)) return false;
  *out = (vg_case){.record = *r,
                   .n_classes = h->n_classes,
                   .n_anatomy = h->n_anatomy,
                   .n_series = h->n_series,
                   .n_tumour = h->n_tumour};
  memcpy(out->ranges, h->ranges, sizeof h->ranges);
  if (!vg_pack_place(out, s->synthetic, (const uint8_t *)map->bytes + HEADER_SIZE, map->len - HEADER_SIZE))
    return false;
  for (uint32_t i = 0; i < out->n_tumour; i++)
    if (out->tumour[i] >= voxels) return false;
  const size_t native = out->kinds ? vg_extent_voxels(r->crop_dim) : 0;
  for (size_t i = 0; i < native; i++)
    if (out->kinds[i] > s->kinds.n) return false;
  return true;
}

/* NULL, and out holds the file's case; or the fault of the file. */
static const char *fault_of(const vg_map *map, const vg_prep_settings *s, vg_case *out) {
  const header *h = map->bytes;
  if (map->len < HEADER_SIZE) return "shorter than its header";
  if (memcmp(h->magic, MAGIC, sizeof h->magic) != 0) return "not a prepared case";
  if (h->byte_order != BYTE_ORDER_MARK || h->header_size != HEADER_SIZE) return "written by another build";
  if (h->total != map->len) return "of another size than it says";
  if (h->checksum != file_checksum(map->bytes, map->len)) return "damaged";
  if (h->n_classes != s->classes.n || h->n_series != s->series.n ||
      h->n_anatomy != vg_classes_count(&s->classes, VG_ROLE_ANATOMY))
    return "of other settings";
  return place(map, h, s, out) ? NULL : "made by somebody else: its numbers contradict each other";
}

vg_status vg_case_file_is(const char *path, bool *is) {
  vg_file f;
  char magic[sizeof((header *)0)->magic];
  vg_status st = vg_file_open(path, &f);
  *is = false;
  if (st) return st;
  if (f.size >= HEADER_SIZE) st = vg_file_read(&f, path, 0, magic, sizeof magic);
  *is = !st && f.size >= HEADER_SIZE && memcmp(magic, MAGIC, sizeof magic) == 0;
  vg_file_close(&f);
  return st;
}

/* *found says whether out was filled. */
static vg_status load(const char *path, const vg_subject *subject, const vg_prep_settings *s, vg_case *out,
                      bool *found) {
  bool exists;
  vg_map map;
  *found = false;
  vg_status st = vg_fs_exists(path, &exists);
  if (st || !exists) return st;
  st = vg_map_open(path, &map);
  if (st) return st;
  const char *fault = fault_of(&map, s, out);
  if (fault) {
    vg_warn("%s: %s; subject %s is prepared again", path, fault, subject->id);
    vg_map_release(&map);
    memset(out, 0, sizeof *out);
    return VG_OK;
  }
  out->map = map;
  out->id = vg_strdup(subject->id);
  if (!out->id) {
    vg_case_release(out);
    return VG_MEMORY;
  }
  *found = true;
  return VG_OK;
}

vg_status vg_prepare_cached(const char *cache, const vg_dataset *ds, const vg_subject *subject,
                            const vg_prep_settings *settings, vg_case *out) {
  memset(out, 0, sizeof *out);
  if (!cache || !*cache) return vg_prepare(ds, subject, settings, out);
  char *path = NULL, *lock_path = NULL, *hashes = vg_fs_join(cache, "hashes"),
       *locks = vg_fs_join(cache, "locks");
  char key[VG_HASH_LEN], contents[VG_HASH_LEN] = "";
  bool found = false, locked = false, imaged = false;
  vg_lock lock;
  vg_case made = {0};
  vg_status st = hashes && locks ? vg_fs_make_dirs(hashes) : VG_MEMORY;
  if (!st) st = vg_fs_make_dirs(locks);
  if (!st) st = make_key(cache, ds, subject, settings, key, contents, &imaged);
  if (st) goto out;
  path = vg_format("%s/%s.case", cache, key);
  lock_path = vg_format("%s/%.2s", locks, key);
  st = path && lock_path ? load(path, subject, settings, out, &found) : VG_MEMORY;
  if (st || found) goto out;
  st = vg_lock_take(lock_path, &lock);
  if (st) goto out;
  locked = true;
  st = load(path, subject, settings, out, &found);
  if (st || found) goto out;
  st = vg_prepare(ds, subject, settings, &made);
  if (!st) st = save(path, &made);
  if (!st) st = load(path, subject, settings, out, &found);
  if (!st && !found) st = vg_fail(VG_IO, "%s: its content differs from what was written", path);
out:
  if (locked) vg_lock_release(&lock);
  if (!st && found) {
    vg_cache_note(cache, key, ds, subject, settings);
    memcpy(out->inputs, contents, sizeof contents);
    out->imaged = imaged;
  }
  vg_case_release(&made);
  vg_free(path);
  vg_free(lock_path);
  vg_free(hashes);
  vg_free(locks);
  return st;
}
