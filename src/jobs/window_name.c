/* window_name.c: the windows of synthesis by name. */
#include "voxgan/run.h"

const char *vg_window_name(int window) {
  static const char *const names[] = {
      [VG_WINDOW_AUTO] = "auto", [VG_WINDOW_WHOLE] = "whole", [VG_WINDOW_PATCH] = "patch"};
  return window >= 0 && (size_t)window < sizeof names / sizeof *names ? names[window] : NULL;
}
