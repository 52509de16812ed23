/* secret.c: the key of an anonymous data set, and what is derived from it. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "voxgan/log.h"
#include "voxgan/output.h"

/* A shorter key could be guessed by trying all. */
#define KEY_LEAST 16
/* No id has a line break, so no id has this text's HMAC. */
#define MARKER "voxgan\nkey of an anonymous data set"

vg_status vg_secret_read(const char *path, vg_secret *out) {
  struct stat info;
  *out = (vg_secret){0};
  if (vg_fs_read(path, &out->key, &out->len)) return vg_fail_in(VG_CONFIG, "key file");
  if (out->len < KEY_LEAST) {
    const size_t len = out->len;
    vg_secret_release(out);
    return len ? vg_fail(VG_CONFIG,
                         "key file: %s: has %zu bytes, but must have at least %d; make one with head -c 32 "
                         "/dev/urandom",
                         path, len, KEY_LEAST)
               : vg_fail(VG_CONFIG, "key file: %s: is empty", path);
  }
  if (!stat(path, &info) && (info.st_mode & (S_IRGRP | S_IROTH)))
    vg_warn("key file: %s: other users can read it, and so find the ids; chmod 600 %s", path, path);
  return VG_OK;
}

void vg_secret_release(vg_secret *s) {
  if (s->key) explicit_bzero(s->key, s->len);
  vg_free(s->key);
  *s = (vg_secret){0};
}

void vg_secret_hash(const vg_secret *s, const char *text, char hex[VG_HASH_LEN]) {
  vg_hmac(s->key, s->len, text, strlen(text), hex);
}

void vg_secret_id(const vg_secret *s, const char *id, char hex[17]) {
  char whole[VG_HASH_LEN];
  vg_secret_hash(s, id, whole);
  memcpy(hex, whole, 16);
  hex[16] = '\0';
}

void vg_secret_hide(void *secret, const char *id, vg_str *out) {
  char hex[17];
  vg_secret_id(secret, id, hex);
  vg_str_add(out, hex);
}

void vg_secret_marker(const vg_secret *s, char hex[VG_HASH_LEN]) {
  vg_secret_hash(s, MARKER, hex);
}
