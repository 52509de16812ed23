/* markup.c: writes text and pictures as HTML. */
#include "report/markup.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "base/whole.h"

/* The number of bytes of the UTF-8 character at the start of text; 0 if it is not UTF-8 (RFC 3629). */
static size_t character(const char *text) {
  const unsigned char *c = (const unsigned char *)text;
  if (c[0] < 0x80) return 1;
  size_t n = c[0] >= 0xC2 && c[0] < 0xE0   ? 2
             : (c[0] & 0xF0) == 0xE0       ? 3
             : c[0] >= 0xF0 && c[0] < 0xF5 ? 4
                                           : 0;
  for (size_t i = 1; i < n; i++) {
    if ((c[i] & 0xC0) != 0x80) return 0;
  }
  bool overlong = (c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xF0 && c[1] < 0x90);
  bool beyond = (c[0] == 0xED && c[1] > 0x9F) || (c[0] == 0xF4 && c[1] > 0x8F);
  return overlong || beyond ? 0 : n;
}

void vg_markup_escape(vg_str *to, const char *text) {
  while (*text) {
    size_t n = character(text);
    const char *entity = *text == '<'    ? "&lt;"
                         : *text == '>'  ? "&gt;"
                         : *text == '&'  ? "&amp;"
                         : *text == '"'  ? "&quot;"
                         : *text == '\'' ? "&#39;"
                                         : NULL;
    bool control = n == 1 && ((unsigned char)*text < 0x20 || *text == 0x7F) && !strchr("\t\n", *text);
    if (entity)
      vg_str_add(to, entity);
    else if (!n || control)
      vg_str_add(to, "\xEF\xBF\xBD"); /* the replacement character */
    else
      vg_str_add_bytes(to, text, n);
    text += n ? n : 1;
  }
}

void vg_markup_escape_v(vg_str *to, const char *fmt, va_list ap) {
  va_list again;
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, fmt, again);
  va_end(again);
  char *text = n < 0 ? NULL : vg_malloc((size_t)n + 1, 1);
  if (!text) {
    to->failed = true;
    return;
  }
  vsnprintf(text, (size_t)n + 1, fmt, ap);
  vg_markup_escape(to, text);
  vg_free(text);
}

/* Adds Base64 (RFC 4648) piece by piece, so that a failed add stops early. */
static void add_base64(vg_str *to, const uint8_t *bytes, size_t n) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char piece[4096];
  size_t at = 0;
  for (size_t i = 0; i < n; i += 3) {
    size_t rest = n - i;
    uint32_t three = (uint32_t)bytes[i] << 16 | (rest > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                     (rest > 2 ? bytes[i + 2] : 0);
    piece[at++] = digits[three >> 18];
    piece[at++] = digits[three >> 12 & 63];
    piece[at++] = rest > 1 ? digits[three >> 6 & 63] : '=';
    piece[at++] = rest > 2 ? digits[three & 63] : '=';
    if (at == sizeof piece || rest <= 3) {
      vg_str_add_bytes(to, piece, at);
      at = 0;
    }
  }
}

vg_status vg_markup_img(vg_str *to, const void *bytes, size_t n, const char *alt, double width,
                        double height) {
  static const uint8_t signature[16] = {0x89, 'P', 'N', 'G', 13, 10, 26, 10, 0, 0, 0, 13, 'I', 'H', 'D', 'R'};
  const uint8_t *b = bytes;
  if (n < 24 || memcmp(b, signature, sizeof signature) != 0) return vg_fail(VG_DATA, "not a PNG file");
  unsigned size[2];
  for (int i = 0; i < 2; i++) {
    const uint8_t *at = b + 16 + 4 * i;
    size[i] = (unsigned)at[0] << 24 | (unsigned)at[1] << 16 | (unsigned)at[2] << 8 | at[3];
  }
  if (width > 0 && height > 0) { /* the direction with finer voxels keeps its pixels */
    double ratio = width / height, own = size[1] ? (double)size[0] / size[1] : 1;
    if (ratio > own)
      size[0] = (unsigned)vg_int_of(size[1] * ratio + 0.5);
    else
      size[1] = (unsigned)vg_int_of(size[0] / ratio + 0.5);
  }
  vg_str_add(to, "<img alt=\"");
  vg_markup_escape(to, alt);
  vg_str_addf(to, "\" width=\"%u\" height=\"%u\" src=\"data:image/png;base64,", size[0], size[1]);
  add_base64(to, b, n);
  vg_str_add(to, "\">");
  return VG_OK;
}
