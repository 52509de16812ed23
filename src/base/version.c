/* version.c: the version that the Makefile knows. */
#include "voxgan/version.h"

const char *vg_version(void) {
  return VG_VERSION;
}
