/* phantom_anatomy.c: the brain as implicit functions.
 *
 * Every structure is a depth field: mm inside its surface, negative outside. The cerebrum is a hull (two
 * ellipsoids and a base), cut by sheets of fluid: the interhemispheric fissure, the Sylvian fissure with the
 * insula at its bottom, and the sulci. These are the zeros of a band-limited random field that is looked up
 * at the foot of the nearest point of the surface, so that a sulcus goes straight in; cortex is what lies
 * within a thickness of any of these surfaces. A sample's fractions come from the depths by a linear ramp as
 * wide as the sample: exact for flat surfaces and for thin sheets.
 */
#include <math.h>
#include <string.h>
#include "base/simd.h"
#include "phantom/phantom_model.h"

/* Inlined by force: a clone for one instruction set must not call code made for another. */
#define INLINE static inline __attribute__((always_inline))

INLINE float minf(float a, float b) {
  return a < b ? a : b;
}
INLINE float maxf(float a, float b) {
  return a > b ? a : b;
}
INLINE float clampf(float v, float lo, float hi) {
  return minf(maxf(v, lo), hi);
}
INLINE float absf(float v) {
  return v < 0 ? -v : v;
}
/* Polynomial smooth minimum; k is the width of the blend, mm. */
INLINE float smin(float a, float b, float k) {
  float h = maxf(k - absf(a - b), 0);
  return minf(a, b) - h * h / (4 * k);
}
INLINE float smax(float a, float b, float k) {
  return -smin(-a, -b, k);
}
/* Blends ever more widely with depth: the gradient fades where depths from two sides meet, instead of
 * jumping. */
INLINE float smin_deep(float a, float b) {
  return smin(a, b, 3 + 0.4f * maxf(minf(a, b), 0));
}
INLINE float step_smooth(float lo, float hi, float v) {
  float t = clampf((v - lo) / (hi - lo), 0, 1);
  return t * t * (3 - 2 * t);
}
/* Share of a cube of a given 1/edge whose centre lies depth inside a flat surface. */
INLINE float inside(float depth, float per_edge) {
  return clampf(0.5f + depth * per_edge, 0, 1);
}

/* First-order depth inside an ellipsoid: (1 - g) / |grad g| with g the gauge function. */
INLINE float ellipsoid(float x, float y, float z, float rx, float ry, float rz) {
  float a = x / rx, b = y / ry, c = z / rz;
  float g = sqrtf(a * a + b * b + c * c) + 1e-4f;
  a /= rx, b /= ry, c /= rz;
  return (1 - g) * g / (sqrtf(a * a + b * b + c * c) + 1e-6f);
}

typedef struct node {
  float x, y, z, r;
} node;
/* Depth inside the cone with round ends from p to q. */
INLINE float cone(float x, float y, float z, const node p, const node q) {
  float dx = q.x - p.x, dy = q.y - p.y, dz = q.z - p.z;
  float t = ((x - p.x) * dx + (y - p.y) * dy + (z - p.z) * dz) / (dx * dx + dy * dy + dz * dz);
  t = clampf(t, 0, 1);
  x -= p.x + t * dx, y -= p.y + t * dy, z -= p.z + t * dz;
  return p.r + t * (q.r - p.r) - sqrtf(x * x + y * y + z * z);
}

/* ---- the structures; a = |x| ---- */

/* Floor of the cerebrum; behind y = -40 it rests on the tentorium. */
INLINE float base_height(float a, float y) {
  float front = -12 - 0.2f * (y + 20);
  float middle = -12 - 0.55f * (y + 20);
  float back = -1 - 0.5f * (-40 - y);
  float mid = y > -20 ? front : middle;
  float z = y > -40 ? mid : back;
  /* The hypothalamus hangs down between the temporal lobes. */
  z -= 7 * step_smooth(17, 3, a) * step_smooth(-30, -18, y) * step_smooth(14, 2, y);
  return z - 0.24f * maxf(a - 6, 0) * step_smooth(-15, -45, y);
}

INLINE float cerebrum_hull(float a, float y, float z) {
  float main = ellipsoid(a, y + 17, z - 12, 66.5f, 85, 60);
  main = smin(main, 0.92f * (z - base_height(a, y)), 10);
  float temporal = ellipsoid(a - 40, y + 21, z + 21 + 0.14f * (y + 20), 25.5f, 43, 20);
  return smax(main, temporal, 6);
}

INLINE float cerebellum_hull(float a, float y, float z) {
  float body = ellipsoid(a - 21, y + 62, z + 35, 32, 27, 23);
  float vermis = ellipsoid(a, y + 58, z + 30, 12, 25, 25);
  body = smax(body, vermis, 5);
  return smin(body, 0.92f * (base_height(a, y) - 3 - z), 3);
}

INLINE float stem_depth(float a, float y, float z) {
  static const node mid = {0, -22, -5, 11}, pons = {0, -26, -28, 13}, medulla = {0, -40, -53, 7};
  static const node arm0 = {9, -34, -31, 7}, arm1 = {17, -48, -34, 5};
  float d = smax(cone(a, y, z, mid, pons), cone(a, y, z, pons, medulla), 4);
  return smax(d, cone(a, y, z, arm0, arm1), 4);
}

/* Outside (positive) or inside the ellipse, in the midline plane, that the corpus callosum bounds. */
INLINE float callosum_outside(float y, float z) {
  float b = (y + 4) / 37, c = (z - 5) / 25;
  float g = sqrtf(b * b + c * c) + 1e-4f;
  b /= 37, c /= 25;
  return (g - 1) * g / sqrtf(b * b + c * c + 1e-8f);
}

/* Distance from the named fissures. */
INLINE float fissures(float a, float y, float z) {
  float e = callosum_outside(y, z), below = minf(e, 0);
  float mid = sqrtf(a * a + below * below) - 0.7f;
  float line = -2 - 0.38f * y;
  float inner = 37 - 10 * step_smooth(2, 18, y);
  float sway = 2.6f * ph_sin(0.023f * a + 0.018f * y) + 1.4f * ph_sin(0.061f * a - 0.04f * y + 0.3f);
  float dz = 0.93f * (z - line - sway - 0.2f * (a - 37)), da = maxf(inner - a, 0),
        dy = maxf(maxf(-46 - y, y - 25), 0);
  float sylvian = sqrtf(dz * dz + da * da + dy * dy) - 0.6f;
  float ia = a - 38 + 0.004f * (y - 2) * (y - 2);
  ia += 0.6f * sway;
  float iy = maxf(absf(y - 1) - 19, 0), iz = maxf(absf(z - line - 2) - 9, 0);
  float insula = sqrtf(ia * ia + iy * iy + iz * iz) - 0.6f;
  return smin_deep(mid, smin_deep(sylvian, insula));
}

/* Depth below the surface that the sulci start from. */
INLINE float primary(float x, float y, float z) {
  float a = absf(x);
  return smin_deep(cerebrum_hull(a, y, z), fissures(a, y, z));
}

INLINE float ventricle_depth(float a, float y, float z, float grow) {
  static const node horn = {9, 31, 3, 3.2f}, front = {6.5f, 12, 14, 5}, body = {9, -9, 20, 5},
                    back = {18, -32, 18, 5.5f}, atrium = {25, -43, 8, 6}, occipital = {25, -66, 4, 2},
                    t0 = {33, -33, -8, 2.6f}, t1 = {33, -12, -19, 1.8f};
  float d = smax(cone(a, y, z, horn, front), cone(a, y, z, front, body), 2);
  d = smax(d, smax(cone(a, y, z, body, back), cone(a, y, z, back, atrium), 2), 2);
  d = smax(d, smax(cone(a, y, z, atrium, occipital), cone(a, y, z, atrium, t0), 2), 2);
  d = smax(d, cone(a, y, z, t0, t1), 2);
  return minf(d + grow, a - 0.6f);
}

INLINE float third_ventricle(float a, float y, float z, float grow) {
  float dy = maxf(absf(y + 11) - 13, 0), dz = maxf(absf(z - 1) - 10, 0);
  return 1.6f + 0.4f * grow - sqrtf(a * a + dy * dy + dz * dz);
}

INLINE float caudate_depth(float a, float y, float z) {
  static const node head = {12.5f, 17, 3, 6.8f}, mid = {14.5f, 6, 12, 5}, body = {18, -10, 20, 3.4f},
                    tail = {24, -27, 20, 2};
  return smax(cone(a, y, z, head, mid), smax(cone(a, y, z, mid, body), cone(a, y, z, body, tail), 2), 2);
}

INLINE float thalamus_depth(float a, float y, float z) {
  return ellipsoid(a - 11.5f + 0.3f * (y + 18), y + 18, z - 7, 10, 15, 9.5f);
}

INLINE float putamen_depth(float a, float y, float z) {
  return ellipsoid(a - 26 + 0.25f * (y - 2), y - 2, z - 2, 6, 16, 12);
}

INLINE float pallidum_depth(float a, float y, float z) {
  return ellipsoid(a - 19 + 0.4f * (y + 3), y + 3, z + 1, 3.8f, 9, 6);
}

INLINE float hippocampus_depth(float a, float y, float z) {
  static const node amygdala = {22, -4, -19, 6}, body = {27, -22, -14, 4}, tail = {24, -37, -2, 2.5f};
  return smax(cone(a, y, z, amygdala, body), cone(a, y, z, body, tail), 2);
}

/* ---- blocks ---- */

typedef float lane[PH_BLOCK];

/* Adds scalar waves: v += amplitude * sin. */
INLINE void add_waves(const ph_waves *w, const float *x, const float *y, const float *z, float *v) {
  for (int m = 0; m < w->n; m++) {
    float kx = w->k[m][0], ky = w->k[m][1], kz = w->k[m][2], p = w->phase[m], a = w->amplitude[m][0];
    for (int i = 0; i < PH_BLOCK; i++) v[i] += a * ph_sin(kx * x[i] + ky * y[i] + kz * z[i] + p);
  }
}

/* Value and gradient (per mm). */
INLINE void add_waves_gradient(const ph_waves *w, const float *x, const float *y, const float *z, float *v,
                               float *gx, float *gy, float *gz) {
  for (int m = 0; m < w->n; m++) {
    float kx = w->k[m][0], ky = w->k[m][1], kz = w->k[m][2], p = w->phase[m], a = w->amplitude[m][0];
    float turn = 6.2831853f * a;
    for (int i = 0; i < PH_BLOCK; i++) {
      float t = kx * x[i] + ky * y[i] + kz * z[i] + p;
      float c = turn * ph_sin(t + 0.25f);
      v[i] += a * ph_sin(t);
      gx[i] += c * kx, gy[i] += c * ky, gz[i] += c * kz;
    }
  }
}

INLINE void to_head(const ph_subject *s, float x0, float dx, float y, float z, float *hx, float *hy,
                    float *hz) {
  lane px, py, pz;
  for (int i = 0; i < PH_BLOCK; i++) {
    float x = x0 + (float)i * dx;
    px[i] = s->to_head[0][0] * x + s->to_head[0][1] * y + s->to_head[0][2] * z + s->to_head[0][3];
    py[i] = s->to_head[1][0] * x + s->to_head[1][1] * y + s->to_head[1][2] * z + s->to_head[1][3];
    pz[i] = s->to_head[2][0] * x + s->to_head[2][1] * y + s->to_head[2][2] * z + s->to_head[2][3];
    hx[i] = px[i], hy[i] = py[i], hz[i] = pz[i];
  }
  const ph_waves *w = &s->warp;
  for (int m = 0; m < w->n; m++) {
    float kx = w->k[m][0], ky = w->k[m][1], kz = w->k[m][2], p = w->phase[m];
    float ax = w->amplitude[m][0], ay = w->amplitude[m][1], az = w->amplitude[m][2];
    for (int i = 0; i < PH_BLOCK; i++) {
      float v = ph_sin(kx * px[i] + ky * py[i] + kz * pz[i] + p);
      hx[i] += ax * v, hy[i] += ay * v, hz[i] += az * v;
    }
  }
}

/* Depth below the surface of the skull-stripped head; true when any sample may be inside. */
INLINE bool head_depth(const ph_subject *s, const float *x, const float *y, const float *z, float edge,
                       float *depth) {
  float most = -1e9f;
  for (int i = 0; i < PH_BLOCK; i++) {
    float a = absf(x[i]);
    float d = smax(cerebrum_hull(a, y[i], z[i]), cerebellum_hull(a, y[i], z[i]), 14);
    /* The cisterns at the base are inside the skull. */
    d = smax(d, ellipsoid(a, y[i] + 24, z[i] + 14, 27, 34, 16), 8);
    depth[i] = smax(d, stem_depth(a, y[i], z[i]), 12) + s->rim;
  }
  for (int i = 0; i < PH_BLOCK; i++) most = maxf(most, depth[i]);
  return most > -edge;
}

/* The tumour's own fields at head positions, and the positions moved back to where their tissue was before
 * the tumour grew. Displacement rises linearly inside the core, falls with the square of the distance outside
 * it (what an incompressible medium does), and vanishes at the skull, which holds. */
typedef struct tumour_lanes {
  lane depth;    /* inside the core, roughened */
  lane inside;   /* noise of its inner structure */
  lane spread;   /* of the oedema's extent */
  lane pressure; /* 0..1, on what can be squeezed */
} tumour_lanes;

INLINE void grow_tumour(const ph_tumour *t, const float *head, float *x, float *y, float *z,
                        tumour_lanes *out) {
  memset(out, 0, sizeof *out);
  add_waves(&t->edge, x, y, z, out->depth);
  add_waves(&t->inside, x, y, z, out->inside);
  add_waves(&t->spread, x, y, z, out->spread);
  for (int i = 0; i < PH_BLOCK; i++) {
    float vx = x[i] - t->centre[0], vy = y[i] - t->centre[1], vz = z[i] - t->centre[2];
    float ex = t->shape[0][0] * vx + t->shape[0][1] * vy + t->shape[0][2] * vz;
    float ey = t->shape[1][0] * vx + t->shape[1][1] * vy + t->shape[1][2] * vz;
    float ez = t->shape[2][0] * vx + t->shape[2][1] * vy + t->shape[2][2] * vz;
    float r = sqrtf(ex * ex + ey * ey + ez * ez) + 1e-3f;
    out->depth[i] = t->radius - r + t->roughness * out->depth[i];
    float far = r / t->radius;
    float fall = far < 1 ? far : 1 / (far * far);
    float move = t->push * fall * step_smooth(0, 26, head[i]) / r;
    out->pressure[i] = t->push * 0.12f * clampf(1 - (r - t->radius) / 70, 0, 1);
    x[i] -= move * vx, y[i] -= move * vy, z[i] -= move * vz;
  }
}

/* Distance from the nearest zero of a band-limited field with gradient g, of which only the component along
 * the surface counts, the field being constant across it: near a zero the field over its slope, far from one
 * at most a quarter wave. */
INLINE float from_zero(float v, float gx, float gy, float gz, float nx, float ny, float nz, float k) {
  float along = gx * nx + gy * ny + gz * nz, flat = 0.63662f * k * v;
  gx -= along * nx, gy -= along * ny, gz -= along * nz;
  return v / sqrtf(gx * gx + gy * gy + gz * gz + flat * flat + 1e-8f);
}

/* Depth below the folded surface: hull, fissures and sulci. cortex gets the local thickness. */
INLINE void cortex_depth(const ph_subject *s, const float *x, const float *y, const float *z,
                         const float *squeeze, const float *bend, float *depth, float *cortex) {
  lane nx, ny, nz, qx, qy, qz, v[2], gx[2], gy[2], gz[2], modulation, sided;
  const float eps = 1.5f;
  for (int i = 0; i < PH_BLOCK; i++) {
    float d = primary(x[i], y[i], z[i]);
    float ax = primary(x[i] + eps, y[i], z[i]) - d, ay = primary(x[i], y[i] + eps, z[i]) - d;
    float az = primary(x[i], y[i], z[i] + eps) - d;
    float length = sqrtf(ax * ax + ay * ay + az * az + 1e-6f), n = 1 / length;
    /* Without a nearest side a sulcus has no direction. */
    sided[i] = step_smooth(0.45f * eps, 0.75f * eps, length);
    nx[i] = ax * n, ny[i] = ay * n, nz[i] = az * n;
    depth[i] = d;
    /* A little short of the surface, so that sulci lean. */
    float back = 0.8f * clampf(d, -4, 28);
    /* The halves of the brain fold differently. */
    qx[i] = x[i] - back * nx[i] + (x[i] < 0 ? 300.0f : 0.0f);
    qy[i] = y[i] - back * ny[i];
    qz[i] = z[i] - back * nz[i];
    modulation[i] = 0;
    for (int o = 0; o < 2; o++) v[o][i] = gx[o][i] = gy[o][i] = gz[o][i] = 0;
  }
  for (int o = 0; o < 2; o++) add_waves_gradient(&s->fold[o], qx, qy, qz, v[o], gx[o], gy[o], gz[o]);
  add_waves(&s->depth, qx, qy, qz, modulation);
  for (int i = 0; i < PH_BLOCK; i++) {
    float a = absf(x[i]), d = depth[i];
    /* No sulci in the core that holds the deep nuclei and the ventricles. */
    float ca = a / 36, cy = (y[i] + 8) / 50, cz = (z[i] - 5) / 23;
    float gate = step_smooth(0.98f, 1.3f, sqrtf(ca * ca + cy * cy + cz * cz));
    /* Nor beside the hippocampus. */
    float ha = (a - 24) / 11, hy = (y[i] + 20) / 26, hz = (z[i] + 13) / 10;
    gate *= step_smooth(0.8f, 1.4f, sqrtf(ha * ha + hy * hy + hz * hz));
    float sheet = 1e3f;
    for (int o = 0; o < 2; o++) {
      float lean = bend[i] * s->bend_share / s->fold_k[o]; /* the sheet is not quite flat */
      float across = from_zero(v[o][i], gx[o][i], gy[o][i], gz[o][i], nx[i], ny[i], nz[i], s->fold_k[o]);
      across = absf(across + lean);
      float reach = (s->sulcus_depth[o] + s->sulcus_vary[o] * modulation[i]) * gate * sided[i];
      float over = maxf(d - maxf(reach, 0), 0) + maxf(3 - reach, 0);
      sheet = smin(sheet, sqrtf(across * across + over * over), 0.5f);
    }
    float width = s->sulcus_width * (1 - squeeze[i]) * (0.5f + 1.3f * maxf(1 - maxf(d, 0) / 8, 0));
    depth[i] = smin(d, sheet - width, 1.5f);
    /* The callosum comes to the fissure without cortex on it. */
    float bare =
        step_smooth(3, -1, callosum_outside(y[i], z[i])) * step_smooth(16, 10, a) * step_smooth(-8, 0, z[i]);
    cortex[i] = s->cortex * (1 - bare) * (1 - 0.12f * modulation[i]);
  }
}

INLINE void cerebellum_depth(const ph_subject *s, const float *x, const float *y, const float *z,
                             const float *bend, float *depth) {
  for (int i = 0; i < PH_BLOCK; i++) {
    float a = absf(x[i]), d = cerebellum_hull(a, y[i], z[i]);
    /* Folia fan out from the roof of the fourth ventricle. The angle in turns, by a rational arc tangent. */
    float v = y[i] + 46 + 0.3f * a, w = z[i] + 33 + 0.05f * a, r = sqrtf(v * v + w * w) + 1e-3f;
    float t = w / (r + absf(v)); /* tan of half the angle, -1..1 */
    float angle = t * (1 - 0.215f * (absf(t) - 1)) * 0.25f;
    float turn = s->folia * (angle + 2) + 0.45f * bend[i], whole = (float)(int)turn, rest = turn - whole;
    int nth = (int)turn % 3;
    float gap = absf(rest - 0.5f) * (6.2831853f * r / s->folia) * 0.9f;
    float reach = nth == 0 ? 20.0f : 13.0f, over = maxf(d - reach, 0) + maxf(11 - 0.22f * a - r, 0);
    float sheet = sqrtf(gap * gap + over * over) - 0.22f;
    depth[i] = minf(d, sheet);
  }
}

/* The fractions of the tissues and of the brain, without a tumour; enters: how far oedema can enter each
 * voxel. */
INLINE void fill_anatomy(const ph_subject *s, const lane x, const lane y, const lane z, float edge,
                         const tumour_lanes *t, const lane head, const lane depth, const lane thickness,
                         const lane cerebellum, ph_fractions *out, lane enters) {
  float per = 1 / edge;
  for (int i = 0; i < PH_BLOCK; i++) {
    float a = absf(x[i]);
    float brain = inside(head[i], per), pial = inside(depth[i], per),
          core = inside(depth[i] - thickness[i], 1 / (edge + 0.7f));
    float grow = s->ventricle - 2.2f * t->pressure[i];
    float caudate_d = caudate_depth(a, y[i], z[i]), thalamus_d = thalamus_depth(a, y[i], z[i]);
    float deep = inside(smax(caudate_d, thalamus_d, 0.1f), per);
    deep = maxf(deep, inside(maxf(putamen_depth(a, y[i], z[i]), hippocampus_depth(a, y[i], z[i])), per));
    /* The thalamus, with its bundles, is halfway to the pallidum in T1. */
    float pallidum = maxf(inside(pallidum_depth(a, y[i], z[i]), per), 0.5f * inside(thalamus_d, per));
    /* The nuclei bulge into the ventricle, which makes its horns crescents. */
    float open = minf(ventricle_depth(a, y[i], z[i], grow), minf(-caudate_d, -thalamus_d));
    float fluid = inside(maxf(open, third_ventricle(a, y[i], z[i], grow)), per);
    float stem = inside(stem_depth(a, y[i], z[i]), per);
    float lobes = inside(cerebellum[i], per), lobes_core = inside(cerebellum[i] - 2, per);
    float fourth = inside(ellipsoid(a, y[i] + 44, z[i] + 33, 5, 4.5f, 9), per);

    float csf = 1 - pial, grey = pial - core, white = core;
    deep *= pial;
    csf *= 1 - deep, grey *= 1 - deep, white *= 1 - deep;
    pallidum *= pial;
    deep *= 1 - pallidum, csf *= 1 - pallidum, grey *= 1 - pallidum, white *= 1 - pallidum;
    float keep = 1 - fluid;
    csf = csf * keep + fluid, grey *= keep, white *= keep, deep *= keep, pallidum *= keep;
    /* How far infiltrating oedema can enter: it follows white matter and mostly spares cortex. */
    float entry =
        (white + 0.55f * deep + 0.3f * pallidum + grey * (0.12f + 0.6f * step_smooth(-5, 0, t->depth[i])));
    keep = 1 - stem;
    csf *= keep, grey *= keep, white *= keep, deep *= keep, pallidum *= keep, entry *= keep;
    keep = 1 - lobes;
    csf *= keep, grey *= keep, white *= keep, deep *= keep, pallidum *= keep, stem *= keep, entry *= keep;
    grey += lobes - lobes_core, white += lobes_core;
    keep = 1 - fourth;
    csf = csf * keep + fourth, grey *= keep, white *= keep, deep *= keep, pallidum *= keep, stem *= keep;
    /* The sagittal sinus runs in the top of the fissure. */
    float crest = head[i] - 1.2f;
    float sinus =
        inside(2.2f - sqrtf(a * a + crest * crest), per) * step_smooth(20, 40, z[i] - 0.3f * y[i]) * csf;
    csf -= sinus;

    out->brain[i] = brain;
    out->anatomy[PH_CSF][i] = csf * brain;
    out->anatomy[PH_CORTEX][i] = grey * brain;
    out->anatomy[PH_DEEP][i] = deep * brain;
    out->anatomy[PH_PALLIDUM][i] = pallidum * brain;
    out->anatomy[PH_WHITE][i] = white * brain;
    out->anatomy[PH_STEM][i] = stem * brain;
    out->anatomy[PH_SINUS][i] = sinus * brain;
    enters[i] = entry;
  }
}

/* The fractions of the tumour's classes. out->brain must be set. */
INLINE void fill_lesion(const ph_subject *s, const lane x, const lane y, const lane z, float per,
                        const tumour_lanes *t, const lane head, const lane enters, ph_fractions *out) {
  const ph_tumour *tumour = &s->tumour;
  float side = tumour->centre[0] < 0 ? -1.0f : 1.0f;
  float enhancing_share = tumour->rim > 0 ? 1.0f : 0.0f;
  for (int i = 0; i < PH_BLOCK; i++) {
    /* The core stays under the pia and on its side of the falx, but grows through the callosum. */
    float falx = side * x[i] - 1 + 30 * step_smooth(0, -4, callosum_outside(y[i], z[i]));
    float body = inside(minf(t->depth[i], minf(head[i] - s->rim - 1, falx)), per) * out->brain[i];
    float rim = tumour->rim * clampf(1 + 0.45f * t->inside[i], 0.35f, 2);
    float centre = inside(t->depth[i] - rim, per);
    float solid = inside((t->inside[i] - tumour->solid) * 4, per);
    float ring = body * (1 - centre);
    /* Without an enhancing part the whole core is solid tumour, with cysts where the noise is lowest. */
    float cyst = inside((-1.3f - t->inside[i]) * 4, per) * inside(t->depth[i] - 3, per);
    out->lesion[PH_ENHANCING - PH_ANATOMY][i] = enhancing_share * ring * (1 - solid);
    out->lesion[PH_SOLID - PH_ANATOMY][i] =
        enhancing_share * ring * solid + (1 - enhancing_share) * body * (1 - cyst);
    out->lesion[PH_NECROSIS - PH_ANATOMY][i] =
        enhancing_share * body * centre + (1 - enhancing_share) * body * cyst;
    float across = maxf(-side * x[i], 0);
    float extent = tumour->oedema * clampf(1 + 0.6f * t->spread[i], 0.1f, 2.4f) - 1.5f * across;
    float oedema = clampf(0.5f + (extent + t->depth[i]) * 0.2f, 0, 1) * enters[i];
    out->lesion[PH_OEDEMA - PH_ANATOMY][i] = oedema * (out->brain[i] - body);
  }
}

VG_HOT bool vg_phantom_block(const ph_subject *s, float x0, float dx, float y0, float z0, float edge,
                             ph_fractions *out) {
  lane x, y, z, head, depth, cortex, cerebellum, bend, enters;
  tumour_lanes t;
  const ph_tumour *tumour = &s->tumour;
  to_head(s, x0, dx, y0, z0, x, y, z);
  if (!head_depth(s, x, y, z, edge, head)) return false;
  memset(out->texture, 0, sizeof out->texture);
  add_waves(&s->texture, x, y, z, out->texture);
  if (tumour->present) {
    grow_tumour(tumour, head, x, y, z, &t);
  } else {
    memset(&t, 0, sizeof t);
  }
  memset(bend, 0, sizeof bend);
  add_waves(&s->bend, x, y, z, bend);
  cortex_depth(s, x, y, z, t.pressure, bend, depth, cortex);
  cerebellum_depth(s, x, y, z, bend, cerebellum);
  fill_anatomy(s, x, y, z, edge, &t, head, depth, cortex, cerebellum, out, enters);
  if (tumour->present) {
    fill_lesion(s, x, y, z, 1 / edge, &t, head, enters, out);
  } else {
    memset(out->lesion, 0, sizeof out->lesion);
  }
  return true;
}

float vg_phantom_depth_at(const float p[3], float *from_ventricle) {
  float a = absf(p[0]);
  *from_ventricle = -maxf(ventricle_depth(a, p[1], p[2], 0), third_ventricle(a, p[1], p[2], 0));
  return primary(p[0], p[1], p[2]);
}
