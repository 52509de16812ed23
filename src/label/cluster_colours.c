/* cluster_colours.c: colours by lightness, chroma and hue, which the eye tells better than steps of red,
 * green and blue. */
#include "label/cluster_colours.h"
#include <math.h>

/* Chosen by a search: for 4 to 24 classes, the least distance (CIE 1976) of two of them, and of one and a
 * tumour's colour, is then largest. Degrees begin at red. */
enum { ONE_DARK = 24, ONE_LIGHT = 92, ONE_CHROMA = 22, ONE_HUE = 300 };
enum { DARK = 26, LIGHT = 78, HUE = 45, FEW_HUES = 3, FEW_DULL = 8, FEW_VIVID = 26, DULL = 24, VIVID = 42 };

static uint8_t encode(double linear) {
  const double v = fmin(fmax(linear, 0), 1), s = v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055;
  return (uint8_t)lround(255 * s);
}

static double cube(double t) {
  return t > 6.0 / 29 ? t * t * t : 3 * 36.0 / 841 * (t - 4.0 / 29);
}

/* CIE L*C*h at D65 as sRGB; what the screen cannot show is clipped. */
static void from_lch(double lightness, double chroma, double degrees, uint8_t rgb[3]) {
  const double angle = degrees * (acos(-1) / 180), l = (lightness + 16) / 116;
  const double x = 0.95047 * cube(l + chroma * cos(angle) / 500), y = cube(l),
               z = 1.08883 * cube(l - chroma * sin(angle) / 200);
  rgb[0] = encode(3.2406 * x - 1.5372 * y - 0.4986 * z);
  rgb[1] = encode(-0.9689 * x + 1.8758 * y + 0.0415 * z);
  rgb[2] = encode(0.0557 * x - 0.2040 * y + 1.0570 * z);
}

void vg_cluster_colour(const vg_clusters *of, int k, uint8_t rgb[3]) {
  int others = 1; /* combinations of the further series */
  for (int i = 1; i < of->n_series; i++) others *= of->n[i];
  const int first = k / others;
  const double up = of->n[0] > 1 ? (double)first / (of->n[0] - 1) : 0.5;
  const bool few = others <= FEW_HUES;
  const int dull = few ? FEW_DULL : DULL, vivid = few ? FEW_VIVID : VIVID;
  if (others == 1)
    from_lch(ONE_DARK + (ONE_LIGHT - ONE_DARK) * up, ONE_CHROMA, ONE_HUE + 120 * (first % 3), rgb);
  else
    from_lch(DARK + (LIGHT - DARK) * up, first % 2 ? vivid : dull, HUE + 360.0 * (k % others) / others, rgb);
}
