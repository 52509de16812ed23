/* safetensors.c: the format of https://github.com/huggingface/safetensors, of F32 and BF16. Model files come
 * from others, so every number of the header is checked before it becomes a pointer. */
#include "io/safetensors.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/str.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors are little-endian, and so must be the machine that maps them"
#endif

/* Some 100,000 tensors; the reference implementation allows 100 MB, which as JSON takes gigabytes. */
#define HEADER_MAX ((uint64_t)16 << 20)
#define METADATA "__metadata__"
#define SMALLEST 2 /* bytes of an element */

static int by_name(const void *a, const void *b) {
  return strcmp(((const vg_st_entry *)a)->name, ((const vg_st_entry *)b)->name);
}

static int by_place(const void *a, const void *b) {
  const vg_st_entry *p = *(const vg_st_entry *const *)a, *q = *(const vg_st_entry *const *)b;
  return p->data < q->data ? -1 : p->data > q->data;
}

/* Reads a whole number in [0, most], without rounding. */
static bool whole(const vg_json *n, double most, uint64_t *out) {
  double v = vg_json_number(n, -1);
  if (!(v >= 0 && v <= most && v == floor(v))) return false;
  *out = (uint64_t)v;
  return true;
}

/* Computes the number of elements of e. False if they are more than the bytes. */
static bool count_elements(const vg_st_entry *e, uint64_t bytes, uint64_t *count) {
  *count = 1;
  for (int d = 0; d < e->ndim; d++) {
    if (__builtin_mul_overflow(*count, (uint64_t)e->shape[d], count)) return false;
  }
  return *count <= bytes / SMALLEST;
}

static vg_status read_entry(const char *path, const vg_json *item, const char *data, uint64_t data_len,
                            vg_st_entry *e) {
  const char *name = vg_json_key(item);
  const char *dtype = vg_json_string(vg_json_get(item, "dtype"), NULL);
  const vg_json *shape = vg_json_get(item, "shape"), *offsets = vg_json_get(item, "data_offsets");
  uint64_t begin, end, dim, count;
  if (!dtype || vg_json_type_of(shape) != VG_JSON_ARRAY || vg_json_size(offsets) != 2)
    return vg_fail(VG_DATA, "%s: tensor %s: dtype, shape or data_offsets is missing", path, name);
  e->stored = !strcmp(dtype, "F32") ? 4 : !strcmp(dtype, "BF16") ? 2 : 0;
  if (!e->stored)
    return vg_fail(VG_DATA, "%s: tensor %s: dtype is %s, but must be F32 or BF16", path, name, dtype);
  if (vg_json_size(shape) > VG_ST_MAX_DIMS)
    return vg_fail(VG_DATA, "%s: tensor %s: %zu dimensions, more than %d", path, name, vg_json_size(shape),
                   VG_ST_MAX_DIMS);
  for (const vg_json *d = vg_json_first(shape); d; d = vg_json_next(d)) {
    if (!whole(d, 9007199254740991.0, &dim)) return vg_fail(VG_DATA, "%s: tensor %s: bad shape", path, name);
    e->shape[e->ndim++] = (int64_t)dim;
  }
  if (!whole(vg_json_first(offsets), (double)data_len, &begin) ||
      !whole(vg_json_next(vg_json_first(offsets)), (double)data_len, &end) || begin > end || end > data_len)
    return vg_fail(VG_DATA, "%s: tensor %s: its bytes lie outside the file", path, name);
  if (!count_elements(e, data_len, &count) || end - begin != count * (uint64_t)e->stored)
    return vg_fail(VG_DATA, "%s: tensor %s: shape and number of bytes disagree", path, name);
  if ((uintptr_t)(data + begin) % (uintptr_t)e->stored)
    return vg_fail(VG_DATA, "%s: tensor %s: its bytes are not aligned", path, name);
  e->data = (const float *)(const void *)(data + begin);
  e->name = vg_strdup(name);
  return e->name ? VG_OK : VG_MEMORY;
}

/* The format requires that every byte is used once, without holes. */
static vg_status check_cover(const char *path, const vg_st_file *f, const char *data, uint64_t data_len) {
  vg_status st = VG_OK;
  const vg_st_entry **order = VG_NEW_N(const vg_st_entry *, f->n);
  const char *at = data;
  uint64_t count;
  if (!order) return VG_MEMORY;
  size_t n = 0;
  for (size_t i = 0; i < f->n; i++) {
    /* Empty tensors have an offset but no bytes. */
    if (count_elements(&f->entries[i], data_len, &count) && count) order[n++] = &f->entries[i];
  }
  qsort(order, n, sizeof *order, by_place);
  for (size_t i = 0; i < n && !st; i++) {
    count_elements(order[i], data_len, &count);
    if ((const char *)order[i]->data != at)
      st = vg_fail(VG_DATA, "%s: tensor %s: its bytes overlap another's or leave a hole", path,
                   order[i]->name);
    at += count * (uint64_t)order[i]->stored;
  }
  if (!st && at != data + data_len) st = vg_fail(VG_DATA, "%s: bytes at the end belong to no tensor", path);
  vg_free(order);
  return st;
}

static int by_key(const void *a, const void *b) {
  return strcmp(vg_json_key(*(const vg_json *const *)a), vg_json_key(*(const vg_json *const *)b));
}

/* VG_DATA for a value that is no string, or a key that occurs twice. */
static vg_status check_strings(const char *path, const vg_json *object, size_t n) {
  vg_status st = VG_OK;
  size_t i = 0;
  const vg_json **items = VG_NEW_N(const vg_json *, n);
  if (!items) return VG_MEMORY;
  for (const vg_json *c = vg_json_first(object); c && !st; c = vg_json_next(c)) {
    items[i++] = c;
    if (vg_json_type_of(c) != VG_JSON_STRING)
      st = vg_fail(VG_DATA, "%s: " METADATA " %s is not a string", path, vg_json_key(c));
  }
  if (!st) qsort(items, n, sizeof *items, by_key);
  for (i = 1; i < n && !st; i++)
    if (!by_key(&items[i - 1], &items[i]))
      st = vg_fail(VG_DATA, "%s: " METADATA " %s occurs twice", path, vg_json_key(items[i]));
  vg_free(items);
  return st;
}

/* Ours has a dozen entries. Each is looked up by walking over those before it. */
#define METADATA_MAX 1024

static vg_status read_metadata(const char *path, const vg_json *from, vg_json **out) {
  const size_t n = vg_json_size(from);
  vg_json *meta = vg_json_object();
  if (!meta) return VG_MEMORY;
  *out = meta;
  if (from && vg_json_type_of(from) != VG_JSON_OBJECT)
    return vg_fail(VG_DATA, "%s: " METADATA " is not an object", path);
  if (n > METADATA_MAX)
    return vg_fail(VG_DATA, "%s: " METADATA " has %zu entries, more than %d", path, n, METADATA_MAX);
  vg_status st = check_strings(path, from, n);
  if (st) return st;
  for (const vg_json *c = vg_json_first(from); c; c = vg_json_next(c))
    vg_json_put_string(meta, vg_json_key(c), vg_json_string(c, ""));
  return vg_json_size(meta) == n ? VG_OK : vg_fail(VG_MEMORY, "out of memory");
}

/* The header's JSON, from the file's first bytes. */
static vg_status read_header(const char *path, const vg_file *file, vg_json **header, uint64_t *header_len) {
  *header_len = 0;
  vg_status st = file->size < 8 ? VG_OK : vg_file_read(file, path, 0, header_len, 8);
  if (st) return st;
  if (file->size < 8 || *header_len < 2 || *header_len > HEADER_MAX || *header_len > file->size - 8)
    return vg_fail(VG_DATA, "%s: not a safetensors file, or cut short", path);
  char *text = vg_malloc(*header_len + 1, 1);
  if (!text) return VG_MEMORY;
  st = vg_file_read(file, path, 8, text, *header_len);
  text[*header_len] = '\0';
  if (!st && strlen(text) != *header_len)
    st = vg_fail(VG_DATA, "%s: not a safetensors file: NUL byte in the header", path);
  if (!st) st = vg_json_parse(path, text, header);
  if (!st && vg_json_type_of(*header) != VG_JSON_OBJECT)
    st = vg_fail(VG_DATA, "%s: not a safetensors file: the header is not an object", path);
  vg_free(text);
  return st;
}

static vg_status read_entries(const char *path, const vg_json *header, const char *data, uint64_t data_len,
                              vg_st_file *f) {
  f->entries = VG_NEW_N(vg_st_entry, vg_json_size(header));
  if (!f->entries) return VG_MEMORY;
  for (const vg_json *item = vg_json_first(header); item; item = vg_json_next(item)) {
    if (!strcmp(vg_json_key(item), METADATA)) continue;
    vg_status st = read_entry(path, item, data, data_len, &f->entries[f->n]);
    if (st) return st;
    f->n++;
  }
  qsort(f->entries, f->n, sizeof *f->entries, by_name);
  for (size_t i = 1; i < f->n; i++)
    if (!strcmp(f->entries[i - 1].name, f->entries[i].name))
      return vg_fail(VG_DATA, "%s: tensor %s occurs twice", path, f->entries[i].name);
  return check_cover(path, f, data, data_len);
}

/* BF16 is the upper half of a float. */
static vg_status widen(vg_st_file *f) {
  uint64_t total = 0, count;
  for (size_t i = 0; i < f->n; i++)
    if (f->entries[i].stored == 2 && count_elements(&f->entries[i], f->len, &count)) total += count;
  if (!total) return VG_OK;
  float *to = f->widened = vg_malloc((size_t)total, sizeof *to);
  if (!to) return VG_MEMORY;
  for (size_t i = 0; i < f->n; i++) {
    vg_st_entry *e = &f->entries[i];
    if (e->stored != 2 || !count_elements(e, f->len, &count)) continue;
    const char *from = (const char *)e->data;
    for (uint64_t k = 0; k < count; k++) {
      uint16_t half;
      memcpy(&half, from + 2 * k, 2);
      const uint32_t bits = (uint32_t)half << 16;
      memcpy(&to[k], &bits, 4);
    }
    e->data = to;
    to += count;
  }
  return VG_OK;
}

vg_status vg_st_open(const char *path, vg_st_file *out) {
  vg_st_file f = {0};
  vg_json *header = NULL;
  uint64_t header_len = 0;
  vg_file file;
  vg_status st = vg_file_open(path, &file);
  if (st) return st;
  st = read_header(path, &file, &header, &header_len);
  if (st) goto out;
  /* The tensors' places are checked before the bytes are read, so the room costs nothing until then. */
  f.len = (size_t)file.size;
  f.bytes = vg_malloc(f.len, 1);
  st = f.bytes ? read_entries(path, header, f.bytes + 8 + header_len, file.size - 8 - header_len, &f)
               : VG_MEMORY;
  if (!st) st = read_metadata(path, vg_json_get(header, METADATA), &f.metadata);
  if (!st) st = vg_file_read(&file, path, 0, f.bytes, f.len);
  if (!st) st = widen(&f);
  if (st) goto out;
  *out = f;
  f = (vg_st_file){0};
out:
  if (st == VG_MEMORY) vg_fail_in(st, "%s", path);
  vg_file_close(&file);
  vg_st_release(&f);
  vg_json_free(header);
  return st;
}

const vg_st_entry *vg_st_find(const vg_st_file *f, const char *name) {
  size_t lo = 0, hi = f->n;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    int c = strcmp(f->entries[mid].name, name);
    if (!c) return &f->entries[mid];
    if (c < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  return NULL;
}

bool vg_st_holds(const vg_st_file *f, const char *prefix) {
  for (size_t i = 0; i < f->n; i++)
    if (vg_starts_with(f->entries[i].name, prefix)) return true;
  return false;
}

void vg_st_release(vg_st_file *f) {
  for (size_t i = 0; i < f->n; i++) vg_free(f->entries[i].name);
  vg_free(f->entries);
  vg_json_free(f->metadata);
  vg_free(f->widened);
  vg_free(f->bytes);
  *f = (vg_st_file){0};
}

/* ---- writing -------------------------------------------------------------------------------- */

#define SEAL "\"sha256\":\""
#define BLANK_SEAL "0000000000000000000000000000000000000000000000000000000000000000"

/* Finds the digits of the seal in the header, or returns NULL. No other text can match, because a quote
 * inside a string is escaped. */
static char *find_seal(const char *header, size_t len) {
  char *at = memmem(header, len, SEAL, strlen(SEAL));
  return at && (size_t)(header + len - at) >= strlen(SEAL BLANK_SEAL) ? at + strlen(SEAL) : NULL;
}

static void hash_sealed(const char *bytes, size_t len, const char *seal, char hex[VG_HASH_LEN]) {
  const size_t digits = strlen(BLANK_SEAL), before = (size_t)(seal - bytes);
  const vg_map pieces[] = {{bytes, before}, {BLANK_SEAL, digits}, {seal + digits, len - before - digits}};
  vg_hash_pieces(pieces, 3, hex);
}

vg_status vg_st_check_seal(const char *path, const vg_st_file *f) {
  const char *bytes = f->bytes;
  uint64_t header_len;
  memcpy(&header_len, bytes, 8);
  /* vg_st_open has checked it, in a file that may have changed since. */
  const char *seal = header_len <= f->len - 8 ? find_seal(f->bytes + 8, header_len) : NULL;
  char hex[VG_HASH_LEN];
  if (!seal) return vg_fail(VG_DATA, "%s: has no checksum", path);
  hash_sealed(bytes, f->len, seal, hex);
  if (memcmp(seal, hex, VG_HASH_LEN - 1))
    return vg_fail(VG_DATA, "%s: its checksum does not match its content: damaged or changed", path);
  return VG_OK;
}

/* Sorts by key, so that equal contents give equal bytes. */
static vg_status add_metadata(vg_json *header, const vg_json *metadata, bool sealed) {
  size_t n = vg_json_size(metadata), i = 0;
  if (metadata && !vg_json_is_whole(metadata)) return vg_fail(VG_MEMORY, "out of memory");
  if (!n && !sealed) return VG_OK;
  const vg_json **keys = VG_NEW_N(const vg_json *, n);
  if (!keys) return VG_MEMORY;
  vg_json *to = vg_json_put_take(header, METADATA, vg_json_object());
  for (const vg_json *c = vg_json_first(metadata); c; c = vg_json_next(c)) {
    if (vg_json_type_of(c) != VG_JSON_STRING) VG_BUG("metadata %s is not a string", vg_json_key(c));
    keys[i++] = c;
  }
  qsort(keys, n, sizeof *keys, by_key);
  for (i = 0; i < n; i++) vg_json_put_string(to, vg_json_key(keys[i]), vg_json_string(keys[i], ""));
  if (sealed) vg_json_put_string(to, "sha256", BLANK_SEAL);
  vg_free(keys);
  return VG_OK;
}

static uint64_t entry_bytes(const vg_st_entry *e) {
  uint64_t n = sizeof(float);
  for (int d = 0; d < e->ndim; d++) n *= (uint64_t)e->shape[d];
  return n;
}

static vg_status write_file(const char *path, const vg_st_entry *entries, size_t n, const vg_json *metadata,
                            bool sealed) {
  vg_status st = VG_OK;
  vg_str text = VG_STR_INIT;
  char *bytes = NULL;
  uint64_t at = 0;
  vg_json *header = vg_json_object();
  vg_st_entry *sorted = VG_NEW_N(vg_st_entry, n);
  if (!header || !sorted) {
    st = VG_MEMORY;
    goto out;
  }
  if (n) memcpy(sorted, entries, n * sizeof *sorted);
  qsort(sorted, n, sizeof *sorted, by_name);
  st = add_metadata(header, metadata, sealed);
  if (st) goto out;
  for (size_t i = 0; i < n; i++) {
    const vg_st_entry *e = &sorted[i];
    if (i && !strcmp(e->name, sorted[i - 1].name)) VG_BUG("tensor %s is written twice", e->name);
    uint64_t end = at + entry_bytes(e);
    vg_json *item = vg_json_object();
    vg_json_put_string(item, "dtype", "F32");
    vg_json *shape = vg_json_put_take(item, "shape", vg_json_array());
    for (int d = 0; d < e->ndim; d++) vg_json_put_number(shape, NULL, (double)e->shape[d]);
    vg_json *offsets = vg_json_put_take(item, "data_offsets", vg_json_array());
    vg_json_put_number(offsets, NULL, (double)at);
    vg_json_put_number(offsets, NULL, (double)end);
    vg_json_put_take(header, e->name, item);
    at = end;
  }
  char *json = vg_json_print(header, false);
  if (!json) {
    st = VG_MEMORY;
    goto out;
  }
  vg_str_add(&text, json);
  vg_free(json);
  /* Pads the header with blanks, so that the data start at a multiple of eight bytes. */
  while (!vg_str_failed(&text) && text.len % 8) vg_str_add(&text, " ");
  uint64_t header_len = text.len;
  bytes = vg_str_failed(&text) ? NULL : vg_malloc(8 + header_len + at, 1);
  if (!bytes) {
    st = VG_MEMORY;
    goto out;
  }
  memcpy(bytes, &header_len, 8);
  memcpy(bytes + 8, vg_str_text(&text), header_len);
  char *to = bytes + 8 + header_len;
  for (size_t i = 0; i < n; i++) {
    size_t size = entry_bytes(&sorted[i]);
    if (size) memcpy(to, sorted[i].data, size);
    to += size;
  }
  if (sealed) {
    char hex[VG_HASH_LEN], *seal = find_seal(bytes + 8, header_len);
    if (!seal) {
      st = vg_fail(VG_MEMORY, "out of memory");
      goto out;
    }
    hash_sealed(bytes, 8 + header_len + at, seal, hex);
    memcpy(seal, hex, VG_HASH_LEN - 1);
  }
  st = vg_fs_write_atomic(path, bytes, 8 + header_len + at);
out:
  if (st == VG_MEMORY) vg_fail_in(st, "%s", path);
  vg_free(bytes);
  vg_str_release(&text);
  vg_free(sorted);
  vg_json_free(header);
  return st;
}

vg_status vg_st_write(const char *path, const vg_st_entry *entries, size_t n, const vg_json *metadata) {
  return write_file(path, entries, n, metadata, false);
}

vg_status vg_st_write_sealed(const char *path, const vg_st_entry *entries, size_t n,
                             const vg_json *metadata) {
  return write_file(path, entries, n, metadata, true);
}
