/* version.h: which voxgan this is. */
#ifndef VOXGAN_VERSION_H
#define VOXGAN_VERSION_H

/* The version of these headers. The Makefile reads it from here. */
#define VOXGAN_VERSION_MAJOR 0
#define VOXGAN_VERSION_MINOR 1
#define VOXGAN_VERSION_PATCH 0

#define VOXGAN_VERSION_TEXT_(a, b, c) #a "." #b "." #c
#define VOXGAN_VERSION_TEXT(a, b, c) VOXGAN_VERSION_TEXT_(a, b, c)
/* "0.1.0" */
#define VOXGAN_VERSION VOXGAN_VERSION_TEXT(VOXGAN_VERSION_MAJOR, VOXGAN_VERSION_MINOR, VOXGAN_VERSION_PATCH)
/* One number, to compare: VOXGAN_VERSION_NUMBER >= 100 is 0.1.0 or later. */
#define VOXGAN_VERSION_NUMBER \
  (VOXGAN_VERSION_MAJOR * 10000 + VOXGAN_VERSION_MINOR * 100 + VOXGAN_VERSION_PATCH)

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that is loaded, for example "0.1.0". */
const char *vg_version(void);

#ifdef __cplusplus
}
#endif
#endif
