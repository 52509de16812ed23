/* window.c: where windows lie. */
#include "run/synth/window.h"

window_axis vg_window_plan(int n, int patch, bool whole, int align) {
  window_axis p = {.extent = patch, .count = 1};
  if (patch == 1) {
    p.flat = true;
    p.count = n;
    p.span = n - 1;
  } else if (n <= patch || whole) {
    /* As the loader pads: centred. */
    p.extent = n > patch ? n : patch;
    p.first = -((p.extent - n) / 2);
  } else if (align > 1) {
    const int half = patch / 2 / align * align;
    p.step = half > align ? half : align;
    p.span = (n - patch + align - 1) / align * align;
    p.count = (p.span + p.step - 1) / p.step + 1;
  } else {
    p.span = n - patch;
    p.count = (p.span + patch / 2 - 1) / (patch / 2) + 1;
  }
  return p;
}

static int start_of(const window_axis *p, int k) {
  if (p->step) return k < p->count - 1 ? k * p->step : p->span;
  return p->first + (p->count > 1 ? (int)((long)p->span * k / (p->count - 1)) : 0);
}

void vg_window_place(const window_axis axis[3], int index, int lo[3]) {
  for (int a = 2; a >= 0; a--) {
    lo[a] = start_of(&axis[a], index % axis[a].count);
    index /= axis[a].count;
  }
}
