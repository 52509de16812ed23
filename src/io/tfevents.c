/* tfevents.c: writes the records, the checksums and the few protobuf messages of TensorBoard's event files.
 */
#include "io/tfevents.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "event files are little-endian, and numbers go into them as they lie in memory"
#endif

#define FILE_PREFIX "events.out.tfevents."

struct vg_tfevents {
  char *path;
  vg_str pending; /* records that are not yet written */
  uint32_t crc[256];
};

/* ---- records ---- */

static void fill_crc_table(uint32_t table[256]) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; bit++) c = c & 1 ? c >> 1 ^ 0x82f63b78 : c >> 1;
    table[i] = c;
  }
}

static void put_masked_crc(const uint32_t table[256], vg_str *s, const void *bytes, size_t len) {
  uint32_t c = UINT32_MAX;
  for (size_t i = 0; i < len; i++) c = c >> 8 ^ table[(c ^ ((const uint8_t *)bytes)[i]) & 255];
  c = ~c;
  c = (c >> 15 | c << 17) + 0xa282ead8;
  vg_str_add_bytes(s, &c, sizeof c);
}

/* ---- messages ---- */

typedef enum wire { WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_32 = 5 } wire;

static void put_varint(vg_str *s, uint64_t v) {
  for (; v > 127; v >>= 7) vg_str_add_bytes(s, &(uint8_t){(uint8_t)(v | 128)}, 1);
  vg_str_add_bytes(s, &(uint8_t){(uint8_t)v}, 1);
}
static void put_key(vg_str *s, unsigned field, wire type) {
  put_varint(s, field << 3 | type);
}
static void put_int(vg_str *s, unsigned field, int64_t v) {
  put_key(s, field, WIRE_VARINT);
  put_varint(s, (uint64_t)v);
}
static void put_double(vg_str *s, unsigned field, double v) {
  put_key(s, field, WIRE_64);
  vg_str_add_bytes(s, &v, sizeof v);
}
static void put_float(vg_str *s, unsigned field, float v) {
  put_key(s, field, WIRE_32);
  vg_str_add_bytes(s, &v, sizeof v);
}
static void put_bytes(vg_str *s, unsigned field, const void *bytes, size_t len) {
  put_key(s, field, WIRE_BYTES);
  put_varint(s, len);
  vg_str_add_bytes(s, bytes, len);
}
static void put_message_take(vg_str *s, unsigned field, vg_str *message) {
  put_bytes(s, field, vg_str_text(message), message->len);
  s->failed |= message->failed;
  vg_str_release(message);
}

/* Adds one Event. `what` is the field number of its content, which this call consumes. */
enum {
  EVENT_WALL_TIME = 1,
  EVENT_STEP = 2,
  EVENT_FILE_VERSION = 3,
  EVENT_SUMMARY = 5,
  EVENT_SESSION_LOG = 7
};

static void add_event_take(vg_tfevents *e, int64_t step, unsigned what, vg_str *content) {
  struct timespec now;
  vg_str event = VG_STR_INIT;
  clock_gettime(CLOCK_REALTIME, &now);
  put_double(&event, EVENT_WALL_TIME, (double)now.tv_sec + 1e-9 * (double)now.tv_nsec);
  put_int(&event, EVENT_STEP, step);
  put_message_take(&event, what, content);
  const uint64_t len = event.len;
  vg_str_add_bytes(&e->pending, &len, sizeof len);
  put_masked_crc(e->crc, &e->pending, &len, sizeof len);
  vg_str_add_bytes(&e->pending, vg_str_text(&event), event.len);
  put_masked_crc(e->crc, &e->pending, vg_str_text(&event), event.len);
  e->pending.failed |= event.failed;
  vg_str_release(&event);
}

/* Summary.Value */
enum { SUMMARY_VALUE = 1, VALUE_TAG = 1, VALUE_SIMPLE = 2, VALUE_IMAGE = 4 };

static void add_value_take(vg_tfevents *e, int64_t step, vg_str *value) {
  vg_str summary = VG_STR_INIT;
  put_message_take(&summary, SUMMARY_VALUE, value);
  add_event_take(e, step, EVENT_SUMMARY, &summary);
}

void vg_tfevents_scalar(vg_tfevents *e, int64_t step, const char *tag, double v) {
  if (!e) return;
  vg_str value = VG_STR_INIT;
  put_bytes(&value, VALUE_TAG, tag, strlen(tag));
  put_float(&value, VALUE_SIMPLE, (float)v);
  add_value_take(e, step, &value);
}

static uint32_t big_endian(const uint8_t *b) {
  return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

vg_status vg_tfevents_png(vg_tfevents *e, int64_t step, const char *tag, const void *png, size_t len) {
  enum { IMAGE_HEIGHT = 1, IMAGE_WIDTH, IMAGE_COLORSPACE, IMAGE_ENCODED, RGB = 3 };
  if (!e) return VG_OK;
  /* Signature, then the chunk IHDR: length, name, width, height. */
  if (len < 24 || memcmp(png, "\x89PNG\r\n\x1a\n", 8)) return vg_fail(VG_DATA, "%s: not a PNG file", tag);
  const uint8_t *size = (const uint8_t *)png + 16;
  vg_str image = VG_STR_INIT, value = VG_STR_INIT;
  put_int(&image, IMAGE_HEIGHT, big_endian(size + 4));
  put_int(&image, IMAGE_WIDTH, big_endian(size));
  put_int(&image, IMAGE_COLORSPACE, RGB);
  put_bytes(&image, IMAGE_ENCODED, png, len);
  put_bytes(&value, VALUE_TAG, tag, strlen(tag));
  put_message_take(&value, VALUE_IMAGE, &image);
  add_value_take(e, step, &value);
  return VG_OK;
}

/* ---- files ---- */

/* TensorBoard reads the files of a folder in order of name, each to its end. A new file must therefore come
 * last, even if two start within a second or the clock was set back. */
static vg_status next_second(const char *dir, long long *second) {
  char **files;
  size_t n;
  vg_status st = vg_fs_walk(dir, &files, &n);
  if (st) return st;
  *second = (long long)time(NULL);
  for (size_t i = 0; i < n; i++) {
    if (!vg_starts_with(files[i], FILE_PREFIX)) continue;
    long long taken = strtoll(files[i] + strlen(FILE_PREFIX), NULL, 10);
    if (*second <= taken) *second = taken + 1;
  }
  vg_strv_free(files);
  return VG_OK;
}

vg_status vg_tfevents_new(const char *dir, int64_t first_step, vg_tfevents **out) {
  enum { SESSION_LOG_STATUS = 1, START = 1 };
  char host[HOST_NAME_MAX + 1];
  long long second;
  vg_status st = vg_fs_make_dirs(dir);
  if (!st) st = next_second(dir, &second);
  if (st) return st;
  if (gethostname(host, sizeof host)) strcpy(host, "host");
  vg_tfevents *e = VG_NEW(vg_tfevents);
  if (e) e->path = vg_format("%s/" FILE_PREFIX "%lld.%s", dir, second, host);
  if (!e || !e->path) {
    vg_tfevents_free(e);
    return VG_MEMORY;
  }
  fill_crc_table(e->crc);
  vg_str version = VG_STR_INIT, session = VG_STR_INIT;
  vg_str_add(&version, "brain.Event:2");
  add_event_take(e, 0, EVENT_FILE_VERSION, &version);
  put_int(&session, SESSION_LOG_STATUS, START);
  add_event_take(e, first_step, EVENT_SESSION_LOG, &session);
  st = vg_tfevents_flush(e);
  if (st) {
    vg_tfevents_free(e);
    return st;
  }
  *out = e;
  return VG_OK;
}

vg_status vg_tfevents_flush(vg_tfevents *e) {
  if (!e || (!e->pending.len && !vg_str_failed(&e->pending))) return VG_OK;
  if (vg_str_failed(&e->pending)) return VG_MEMORY;
  vg_status st = vg_fs_append(e->path, vg_str_text(&e->pending), e->pending.len);
  vg_str_clear(&e->pending);
  return st;
}

void vg_tfevents_free(vg_tfevents *e) {
  if (!e) return;
  vg_str_release(&e->pending);
  vg_free(e->path);
  vg_free(e);
}

vg_status vg_tfevents_clear(const char *dir) {
  char **files;
  size_t n;
  vg_status st = vg_fs_walk_optional(dir, &files, &n);
  if (st) return st;
  for (size_t i = 0; i < n && !st; i++) {
    char *path = vg_fs_join(dir, files[i]);
    if (!path)
      st = VG_MEMORY;
    else if (vg_starts_with(files[i], FILE_PREFIX))
      st = vg_fs_remove(path);
    vg_free(path);
  }
  vg_strv_free(files);
  return st;
}
