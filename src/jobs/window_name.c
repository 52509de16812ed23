/* window_name.c: the windows of synthesis, and the formats of exported models, by name. */
#include "voxgan/run.h"

const char *vg_window_name(int window) {
  static const char *const names[] = {
      [VG_WINDOW_AUTO] = "auto", [VG_WINDOW_WHOLE] = "whole", [VG_WINDOW_PATCH] = "patch"};
  return window >= 0 && (size_t)window < sizeof names / sizeof *names ? names[window] : NULL;
}

const char *vg_export_format_name(int format) {
  static const char *const names[] = {[VG_EXPORT_TORCHSCRIPT] = "torchscript", [VG_EXPORT_ONNX] = "onnx"};
  return format >= 0 && (size_t)format < sizeof names / sizeof *names ? names[format] : NULL;
}
