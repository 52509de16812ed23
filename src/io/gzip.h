/* gzip.h: whole-buffer gzip. libdeflate where one call does it; zlib for several members or for
 * data whose size the trailer does not tell. */
#ifndef VOXGAN_GZIP_H
#define VOXGAN_GZIP_H
#include <stdbool.h>
#include <stddef.h>
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

bool vg_gzip_is(const void *bytes, size_t len);
/* Inflates all members; stops with VG_DATA above limit bytes (a bomb), on truncation or on a
 * checksum that differs. *out is the caller's (vg_free). name is for messages. */
vg_status vg_gzip_inflate(const char *name, const void *bytes, size_t len, size_t limit, void **out,
                          size_t *out_len);
/* The first bytes only, at most want of them: enough for a header. */
vg_status vg_gzip_peek(const char *name, const void *bytes, size_t len, void *out, size_t want, size_t *got);
vg_status vg_gzip_deflate(const void *bytes, size_t len, int level, void **out, size_t *out_len);

#ifdef __cplusplus
}
#endif
#endif
