/* version.h: which voxgan this is. */
#ifndef VOXGAN_VERSION_H
#define VOXGAN_VERSION_H
#ifdef __cplusplus
extern "C" {
#endif
const char *vg_version(void); /* "0.1.0" */
#ifdef __cplusplus
}
#endif
#endif
