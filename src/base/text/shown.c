/* shown.c: replaces what does not print by escapes. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* fopencookie */
#endif
#include "base/text/shown.h"
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* ---- characters ---- */

/* The bytes of the UTF-8 character that begins with lead; 0: none does. */
static size_t utf8_length(unsigned char lead) {
  return lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
}

/* Decodes a character and returns its bytes; 0: not UTF-8 (truncated, overlong, a surrogate, too large). */
static size_t decode(const unsigned char *text, size_t len, uint32_t *code) {
  static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const size_t n = utf8_length(text[0]);
  if (!n || n > len) return 0;
  *code = text[0] & mask[n];
  for (size_t i = 1; i < n; i++) {
    if ((text[i] & 0xc0) != 0x80) return 0;
    *code = *code << 6 | (text[i] & 0x3f);
  }
  return *code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000) ? 0 : n;
}

static bool prints(uint32_t c) {
  static const uint32_t hidden[][2] = {
      {0x00, 0x1f},     {0x7f, 0x9f},     {0x061c, 0x061c}, {0x200e, 0x200f},   {0x2028, 0x202e},
      {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
  };
  for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
    if (c >= hidden[i][0] && c <= hidden[i][1]) return false;
  return true;
}

bool vg_shown_as_is(const char *text, size_t len, size_t *n) {
  uint32_t code;
  *n = decode((const unsigned char *)text, len, &code);
  if (*n) return prints(code);
  *n = 1;
  return false;
}

void vg_shown_escape(const char *text, size_t n, char out[16]) {
  uint32_t code;
  if (!decode((const unsigned char *)text, n, &code))
    snprintf(out, 16, "\\x%02x", (unsigned)(unsigned char)*text);
  else
    snprintf(out, 16, code > 0xffff ? "\\U%08x" : "\\u%04x", (unsigned)code);
}

/* ---- texts ---- */

void vg_shown_put(FILE *to, const char *text) {
  const size_t len = strlen(text);
  char code[16];
  for (size_t at = 0, n; at < len; at += n) {
    if (vg_shown_as_is(text + at, len - at, &n)) {
      fwrite(text + at, 1, n, to);
      continue;
    }
    vg_shown_escape(text + at, n, code);
    fputs(code, to);
  }
}

/* ---- a stream ---- */

typedef struct filter {
  int fd;
  char begun[4]; /* the first bytes of a character whose others are still to come */
  size_t n_begun;
  char out[4096];
  size_t n_out;
} filter;

static bool flush(filter *f) {
  for (size_t at = 0; at < f->n_out;) {
    const ssize_t n = write(f->fd, f->out + at, f->n_out - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      f->n_out = 0;
      return false;
    }
    at += (size_t)n;
  }
  f->n_out = 0;
  return true;
}

static bool put(filter *f, const char *bytes, size_t n) {
  if (f->n_out + n > sizeof f->out && !flush(f)) return false;
  memcpy(f->out + f->n_out, bytes, n);
  f->n_out += n;
  return true;
}

static bool put_character(filter *f, const char *text, size_t len, size_t *n) {
  char code[16];
  if (vg_shown_as_is(text, len, n) || *text == '\n' || *text == '\t') return put(f, text, *n);
  vg_shown_escape(text, *n, code);
  return put(f, code, strlen(code));
}

/* Whether the bytes may be the beginning of a longer character. */
static bool is_begun(const char *text, size_t len) {
  if (utf8_length((unsigned char)*text) <= len) return false;
  for (size_t i = 1; i < len; i++)
    if ((text[i] & 0xc0) != 0x80) return false;
  return true;
}

static ssize_t filter_write(void *cookie, const char *text, size_t len) {
  filter *f = cookie;
  size_t at = 0, n;
  /* Completes the character that the last write began. */
  while (f->n_begun && at < len) {
    f->begun[f->n_begun++] = text[at++];
    if (is_begun(f->begun, f->n_begun)) continue;
    for (size_t b = 0; b < f->n_begun; b += n)
      if (!put_character(f, f->begun + b, f->n_begun - b, &n)) return 0;
    f->n_begun = 0;
  }
  for (; at < len; at += n) {
    if (is_begun(text + at, len - at)) {
      memcpy(f->begun, text + at, len - at);
      f->n_begun = len - at;
      break;
    }
    if (!put_character(f, text + at, len - at, &n)) return 0;
  }
  return flush(f) ? (ssize_t)len : 0;
}

FILE *vg_shown_stream(int fd) {
  static filter only; /* the program has one stdout */
  only = (filter){.fd = fd};
  FILE *to = fopencookie(&only, "w", (cookie_io_functions_t){.write = filter_write});
  if (to) setvbuf(to, NULL, isatty(fd) ? _IOLBF : _IOFBF, BUFSIZ);
  return to;
}
