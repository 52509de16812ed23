/* gzip.h: whole-buffer gzip. Uses libdeflate if one call suffices, and zlib for several members or if the
 * trailer does not state the size. */
#ifndef VOXGAN_GZIP_H
#define VOXGAN_GZIP_H
#include <stdbool.h>
#include <stddef.h>
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

bool vg_gzip_is(const void *bytes, size_t len);
/* Inflates all members. The caller frees *out (vg_free). name is for messages. VG_DATA: more than limit bytes
 * (a bomb), a truncated file, a wrong checksum. */
vg_status vg_gzip_inflate(const char *name, const void *bytes, size_t len, size_t limit, void **out,
                          size_t *out_len);
/* The same for one zlib stream (RFC 1950), after which nothing but zeros may come. */
vg_status vg_zlib_inflate(const char *name, const void *bytes, size_t len, size_t limit, void **out,
                          size_t *out_len);
/* Inflates only the first bytes, at most `want`: enough for a header. */
vg_status vg_gzip_peek(const char *name, const void *bytes, size_t len, void *out, size_t want, size_t *got);
vg_status vg_gzip_deflate(const void *bytes, size_t len, int level, void **out, size_t *out_len);

#ifdef __cplusplus
}
#endif
#endif
