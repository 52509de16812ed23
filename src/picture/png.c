/* png.c: pictures for people: planes of values, class maps, labels. */
#include "picture/png.h"
#include <png.h>
#include <stdbool.h>
#include <string.h>
#include "picture/font.h"
#include "base/fs.h"
#include "base/mem.h"

vg_status vg_picture_new(int width, int height, vg_picture *out) {
  if (width < 1 || height < 1 || width > 65535 || height > 65535)
    return vg_fail(VG_FAILED, "a picture cannot have %dx%d pixels", width, height);
  uint8_t *rgb = vg_calloc((size_t)width * (size_t)height, 3);
  if (!rgb) return VG_MEMORY;
  *out = (vg_picture){width, height, rgb};
  return VG_OK;
}

void vg_picture_release(vg_picture *p) {
  vg_free(p->rgb);
  *p = (vg_picture){0};
}

/* Draws a zoom x zoom block, clipped to the picture. */
static void fill(vg_picture *p, int left, int top, int size, const uint8_t rgb[3]) {
  for (int y = top < 0 ? 0 : top; y < top + size && y < p->height; y++) {
    for (int x = left < 0 ? 0 : left; x < left + size && x < p->width; x++)
      memcpy(p->rgb + 3 * ((size_t)y * (size_t)p->width + (size_t)x), rgb, 3);
  }
}

void vg_picture_grey(vg_picture *p, int left, int top, const float *plane, int nu, int nv, ptrdiff_t stride_u,
                     ptrdiff_t stride_v, float lo, float hi, int zoom) {
  float scale = hi > lo ? 255.0f / (hi - lo) : 0.0f;
  for (int v = 0; v < nv; v++) {
    for (int u = 0; u < nu; u++) {
      float shade = (plane[v * stride_v + u * stride_u] - lo) * scale;
      uint8_t g = !(shade > 0) ? 0 : shade >= 255 ? 255 : (uint8_t)(shade + 0.5f);
      fill(p, left + u * zoom, top + (nv - 1 - v) * zoom, zoom, (const uint8_t[3]){g, g, g});
    }
  }
}

void vg_picture_classes(vg_picture *p, int left, int top, const uint8_t *plane, int nu, int nv,
                        ptrdiff_t stride_u, ptrdiff_t stride_v, int zoom, const uint8_t *colours) {
  static const uint8_t black[3] = {0, 0, 0};
  for (int v = 0; v < nv; v++) {
    for (int u = 0; u < nu; u++) {
      const uint8_t c = plane[v * stride_v + u * stride_u];
      fill(p, left + u * zoom, top + (nv - 1 - v) * zoom, zoom, c ? colours + 3 * (c - 1) : black);
    }
  }
}

void vg_picture_swatch(vg_picture *p, int left, int top, const uint8_t rgb[3]) {
  fill(p, left, top, 7, rgb);
}

void vg_picture_text(vg_picture *p, int left, int top, const char *text) {
  static const uint8_t white[3] = {255, 255, 255};
  for (; *text; text++, left += 6) {
    int c = (unsigned char)*text - VG_FONT_FIRST;
    if (c < 0 || c >= VG_FONT_COUNT) c = '?' - VG_FONT_FIRST;
    for (int x = 0; x < VG_FONT_COLUMNS; x++) {
      for (int y = 0; y < 8; y++) {
        if (vg_font[c][x] >> y & 1) fill(p, left + x, top + y, 1, white);
      }
    }
  }
}

static bool is_grey(const vg_picture *p) {
  size_t n = (size_t)p->width * (size_t)p->height;
  for (size_t i = 0; i < n; i++) {
    const uint8_t *c = p->rgb + 3 * i;
    if (c[0] != c[1] || c[0] != c[2]) return false;
  }
  return true;
}

/* The colours of the picture, if they fit in a PNG's colour map. */
typedef struct colours {
  uint8_t map[256][3];
  int n;
} colours;

static uint32_t packed(const uint8_t rgb[3]) {
  return (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
}

/* Makes one byte a pixel: the index of its colour, or its shade if the picture is grey. NULL if the picture
 * has too many colours, or, with *st set, for lack of memory. */
static uint8_t *one_byte(const vg_picture *p, bool grey, colours *out, vg_status *st) {
  enum { SLOTS = 1024 };
  uint32_t known[SLOTS];
  int16_t index[SLOTS];
  size_t n = (size_t)p->width * (size_t)p->height;
  uint8_t *bytes = vg_malloc(n, 1);
  *st = bytes ? VG_OK : VG_MEMORY;
  memset(index, 0xff, sizeof index);
  out->n = 0;
  for (size_t i = 0; bytes && i < n; i++) {
    const uint8_t *rgb = p->rgb + 3 * i;
    uint32_t colour = packed(rgb), slot = colour * 2654435761u >> 22;
    if (grey) {
      bytes[i] = rgb[0];
      continue;
    }
    while (index[slot] >= 0 && known[slot] != colour) slot = (slot + 1) % SLOTS;
    if (index[slot] < 0) {
      if (out->n == 256) {
        vg_free(bytes);
        return NULL;
      }
      memcpy(out->map[out->n], rgb, 3);
      known[slot] = colour;
      index[slot] = (int16_t)out->n++;
    }
    bytes[i] = (uint8_t)index[slot];
  }
  return bytes;
}

vg_status vg_picture_png(const vg_picture *p, void **bytes, size_t *len) {
  vg_status st;
  colours map;
  bool grey = is_grey(p);
  uint8_t *small = one_byte(p, grey, &map, &st);
  *bytes = NULL;
  if (st) return st;
  png_image image = {.version = PNG_IMAGE_VERSION,
                     .width = (png_uint_32)p->width,
                     .height = (png_uint_32)p->height,
                     .format = grey    ? PNG_FORMAT_GRAY
                               : small ? PNG_FORMAT_RGB_COLORMAP
                                       : PNG_FORMAT_RGB,
                     .colormap_entries = small && !grey ? (png_uint_32)map.n : 0};
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  void *png = vg_malloc(size, 1);
  if (!png)
    st = VG_MEMORY;
  else if (!png_image_write_to_memory(&image, png, &size, 0, small ? small : p->rgb, 0, map.map))
    st = vg_fail(VG_FAILED, "cannot make PNG: %s", image.message);
  png_image_free(&image);
  vg_free(small);
  if (st) {
    vg_free(png);
    return st;
  }
  *bytes = png;
  *len = size;
  return VG_OK;
}

vg_status vg_picture_write(const char *path, const vg_picture *p) {
  void *bytes;
  size_t len;
  vg_status st = vg_picture_png(p, &bytes, &len);
  if (st) return vg_fail_in(st, "%s", path);
  st = vg_fs_write_atomic(path, bytes, len);
  vg_free(bytes);
  return st;
}
