/* phantom_subject.c: draws one phantom subject: its head, folds, ventricles and tumour, each from a stream of
 * its own, so that a subject without its tumour is the same subject. */
#include <math.h>
#include <string.h>
#include "phantom/phantom_model.h"
#include "voxgan/rng.h"

/* A direction, uniform on the sphere. */
static void draw_direction(vg_rng *r, double d[3]) {
  double len;
  do {
    for (int j = 0; j < 3; j++) d[j] = vg_rng_normal(r);
    len = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
  } while (len < 1e-6);
  for (int j = 0; j < 3; j++) d[j] /= len;
}

/* Adds n waves with wavelengths in [lo, hi] mm and variance sd^2 in all, for each component. */
static void draw_waves(vg_rng *r, ph_waves *w, int n, double lo, double hi, double sd) {
  for (int i = 0; i < n && w->n < PH_WAVES_MAX; i++, w->n++) {
    double d[3], length = vg_rng_uniform(r, lo, hi), a[3];
    draw_direction(r, d);
    draw_direction(r, a);
    for (int j = 0; j < 3; j++) {
      w->k[w->n][j] = (float)(d[j] / length);
      w->amplitude[w->n][j] = (float)(sd * sqrt(6.0 / n) * a[j]);
    }
    w->phase[w->n] = (float)vg_rng_uniform(r, 0, 1);
  }
}

static void draw_scalar_waves(vg_rng *r, ph_waves *w, int n, double lo, double hi, double sd) {
  int first = w->n;
  draw_waves(r, w, n, lo, hi, sd);
  for (int i = first; i < w->n; i++) w->amplitude[i][0] = (float)(sd * sqrt(2.0 / n));
}

static double clamp(double v, double lo, double hi) {
  return v < lo ? lo : v > hi ? hi : v;
}

static void multiply(double a[3][3], double b[3][3]) {
  double c[3][3];
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) c[i][j] = a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j];
  }
  memcpy(a, c, sizeof c);
}

/* Turns about x, y and z. */
static void rotation(const double angle[3], double out[3][3]) {
  double cx = cos(angle[0]), sx = sin(angle[0]), cy = cos(angle[1]), sy = sin(angle[1]);
  double cz = cos(angle[2]), sz = sin(angle[2]);
  double x[3][3] = {{1, 0, 0}, {0, cx, -sx}, {0, sx, cx}};
  double y[3][3] = {{cy, 0, sy}, {0, 1, 0}, {-sy, 0, cy}};
  double z[3][3] = {{cz, -sz, 0}, {sz, cz, 0}, {0, 0, 1}};
  memcpy(out, x, sizeof x);
  multiply(out, y);
  multiply(out, z);
}

static void draw_pose(vg_rng *r, ph_subject *s, double from_head[3][3], double shift[3]) {
  double angle[3], turn[3][3], common = -0.03 + vg_rng_normal(r) * 0.025, grow[3];
  for (int j = 0; j < 3; j++) {
    angle[j] = clamp(vg_rng_normal(r) * 0.04, -0.1, 0.1);
    grow[j] = clamp(exp(common + vg_rng_normal(r) * 0.022), 0.88, 1.05);
    shift[j] = clamp(vg_rng_normal(r) * 1.5, -4, 4);
  }
  rotation(angle, turn);
  for (int i = 0; i < 3; i++) {
    double back = 0;
    for (int j = 0; j < 3; j++) {
      from_head[i][j] = turn[i][j] * grow[j];
      s->to_head[i][j] = (float)(turn[j][i] / grow[i]);
      back += turn[j][i] / grow[i] * shift[j];
    }
    s->to_head[i][3] = (float)-back;
  }
}

static void draw_tumour(vg_rng *r, double from_head[3][3], const double shift[3], const float lo[3],
                        const float hi[3], ph_tumour *t) {
  t->present = true;
  t->radius = (float)clamp(exp(log(16) + vg_rng_normal(r) * 0.32), 8, 27);
  double kind = vg_rng_uniform(r, 0, 1);
  bool low_grade = kind<0.2, compact = kind> 0.85;
  t->rim = (float)(low_grade ? 0
                   : compact ? t->radius * vg_rng_uniform(r, 0.6, 0.95)
                             : vg_rng_uniform(r, 2.5, 5.5));
  t->solid = (float)vg_rng_uniform(r, 0.9, 2.2);
  t->oedema =
      (float)(low_grade ? vg_rng_uniform(r, 3, 9) : clamp(exp(log(13) + vg_rng_normal(r) * 0.4), 5, 26));
  t->push = (float)(t->radius * vg_rng_uniform(r, 0.25, 0.48) * (low_grade ? 0.6 : 1));
  t->roughness = (float)(t->radius * vg_rng_uniform(r, 0.09, 0.17));
  double angle[3], axes[3], turn[3][3], product = 1;
  for (int j = 0; j < 3; j++) {
    angle[j] = vg_rng_uniform(r, 0, 3.14159265358979);
    axes[j] = exp(vg_rng_normal(r) * 0.17);
    product *= axes[j];
  }
  rotation(angle, turn);
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) t->shape[i][j] = (float)(turn[i][j] * cbrt(product) / axes[i]);
  }
  draw_scalar_waves(r, &t->edge, 8, 1.1 * t->radius, 2.2 * t->radius, 1);
  draw_scalar_waves(r, &t->edge, 6, 0.5 * t->radius, 0.9 * t->radius, 0.3);
  draw_scalar_waves(r, &t->inside, 12, 12, 26, 1);
  draw_scalar_waves(r, &t->spread, 8, 28, 60, 0.9);
  draw_scalar_waves(r, &t->spread, 6, 9, 16, 0.35);

  /* The site should lie in a hemisphere, below the cortex, off the ventricles, and inside the imaged box. If
   * no draw satisfies all of this, we take the best one. */
  double best = -1e9;
  for (int tries = 0; tries < 300 && best < 0; tries++) {
    double p[3] = {vg_rng_uniform(r, 14, 58), vg_rng_uniform(r, -82, 52), vg_rng_uniform(r, -28, 62)};
    if (vg_rng_u32(r) & 1) p[0] = -p[0];
    float at[3] = {(float)p[0], (float)p[1], (float)p[2]}, off;
    double depth = vg_phantom_depth_at(at, &off), miss = 0;
    miss += clamp(0.75 * t->radius - depth, 0, 1e3) + clamp(depth - t->radius - 22, 0, 1e3);
    miss += clamp(0.4 * t->radius - off, 0, 1e3);
    for (int i = 0; i < 3; i++) {
      double world = shift[i], room = 0.8 * t->radius;
      for (int j = 0; j < 3; j++) world += from_head[i][j] * p[j];
      miss += 3 * (clamp(lo[i] + room - world, 0, 1e3) + clamp(world - hi[i] + room, 0, 1e3));
    }
    if (-miss > best) {
      best = -miss;
      memcpy(t->centre, at, sizeof at);
    }
  }
}

void vg_phantom_subject_draw(uint64_t seed, uint64_t number, bool tumour, const float fov_lo[3],
                             const float fov_hi[3], ph_subject *out) {
  memset(out, 0, sizeof *out);
  vg_rng r = vg_rng_init(seed, vg_rng_key("phantom", number, 0));
  double from_head[3][3], shift[3];
  draw_pose(&r, out, from_head, shift);
  draw_waves(&r, &out->warp, 8, 80, 170, 1.9);
  draw_waves(&r, &out->warp, 8, 34, 60, 0.55);
  for (int o = 0; o < 2; o++) {
    double length = o ? vg_rng_uniform(&r, 15, 18) : vg_rng_uniform(&r, 22, 26);
    draw_scalar_waves(&r, &out->fold[o], 20, 0.85 * length, 1.2 * length, 1);
    draw_scalar_waves(&r, &out->fold[o], 5, 0.45 * length, 0.6 * length, 0.14);
    out->fold_k[o] = (float)(6.283185307 / length);
  }
  draw_scalar_waves(&r, &out->bend, 8, 16, 36, 1);
  out->bend_share = 0.5f;
  draw_scalar_waves(&r, &out->depth, 10, 26, 50, 0.7);
  draw_scalar_waves(&r, &out->texture, 12, 9, 24, 1);
  /* Ageing widens sulci and ventricles together. */
  double atrophy = clamp(vg_rng_normal(&r), -1.5, 1.7);
  out->sulcus_depth[0] = (float)vg_rng_uniform(&r, 15, 18);
  out->sulcus_depth[1] = (float)vg_rng_uniform(&r, 2, 4);
  out->sulcus_vary[0] = 6, out->sulcus_vary[1] = -6;
  out->sulcus_width = (float)(0.7 + 0.14 * atrophy);
  out->rim = (float)(1.9 + 0.35 * atrophy);
  out->cortex = (float)(vg_rng_uniform(&r, 2.6, 3.0) - 0.08 * atrophy);
  out->ventricle = (float)clamp(0.6 + 1.1 * atrophy + 0.7 * vg_rng_normal(&r), -1.4, 4.5);
  out->folia = (float)vg_rng_uniform(&r, 33, 40);
  if (!tumour) return;
  r = vg_rng_init(seed, vg_rng_key("phantom tumour", number, 0));
  draw_tumour(&r, from_head, shift, fov_lo, fov_hi, &out->tumour);
}
