/* version.c: the version of the library. */
#include "voxgan/version.h"

const char *vg_version(void) {
  return VOXGAN_VERSION;
}
