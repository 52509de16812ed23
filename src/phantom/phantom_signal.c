/* phantom_signal.c: from tissue fractions to image values: relaxation times, signal equations, the scanner's
 * gain, bias field and noise. */
#include <math.h>
#include "base/simd.h"
#include "phantom/phantom_model.h"
#include "voxgan/rng.h"

/* Relaxation times in ms and proton density relative to water, at 3 T.
 * Grey and white matter: Wansapura et al., J Magn Reson Imaging 9:531 (1999): T1 1331 and 832, T2 110 and 80;
 * for the T2 of white matter Stanisz et al., Magn Reson Med 54:507 (2005), have 69, and the middle is taken.
 * Deep grey matter and pallidum lie between them, the pallidum with its iron below in T2.
 * CSF: that of water in the body, T1 4.2 to 4.5 s, T2 about 2 s. Blood: Stanisz et al.,
 * T1 1932, T2 275; the low density stands for the flow void.
 * Tumours: de Blank et al., MR fingerprinting: T1 of high-grade tumour 1863 (70), of low-grade 1355 (187), of
 * white matter around them 1261 (359); T2 by fingerprinting comes out low, so T2 is that of multi-echo
 * studies, 110 to 180. Necrosis is proteinaceous fluid, between tumour and CSF. */
typedef struct tissue {
  float t1, t2, pd;
  float contrast; /* mmol/l of gadolinium reached after injection */
  float vary;     /* relative sd of smooth variation inside the class */
} tissue;
static const tissue tissues[PH_CLASSES] = {
    [PH_CSF] = {4300, 1990, 1.00f, 0, 0.01f},          [PH_CORTEX] = {1331, 110, 0.83f, 0.010f, 0.015f},
    [PH_DEEP] = {1140, 92, 0.81f, 0.010f, 0.015f},     [PH_PALLIDUM] = {960, 70, 0.76f, 0.005f, 0.015f},
    [PH_WHITE] = {832, 75, 0.70f, 0.004f, 0.015f},     [PH_STEM] = {930, 85, 0.73f, 0.005f, 0.02f},
    [PH_SINUS] = {1932, 275, 0.35f, 1.6f, 0.05f},      [PH_NECROSIS] = {2300, 300, 0.93f, 0.02f, 0.07f},
    [PH_OEDEMA] = {1400, 150, 0.84f, 0.01f, 0.06f},    [PH_SOLID] = {1650, 160, 0.86f, 0.02f, 0.06f},
    [PH_ENHANCING] = {1500, 125, 0.83f, 0.26f, 0.12f},
};
/* Relaxivity of gadolinium chelates at 3 T, per mmol/l and second. The concentration above shortens the T1 of
 * enhancing tumour by about 960 ms; 838 (210) was measured in glioblastomas ("Quantitative T1 mapping
 * indicates tumor infiltration beyond the enhancing part of glioblastomas", NMR Biomed, 2020). */
#define RELAXIVITY 4.5f

typedef struct sequence {
  double tr, te, ti; /* ms; ti 0: no inversion */
  double contrast;   /* share of the injected dose that has arrived */
} sequence;

/* Spin echo: PD (1 - exp(-TR/T1)) exp(-TE/T2); with inversion the magnitude of PD (1 - 2 exp(-TI/T1) +
 * exp(-TR/T1)) exp(-TE/T2) (Haacke et al., Magnetic Resonance Imaging: Physical Principles and Sequence
 * Design, 1999). */
static double signal(const tissue *t, const sequence *q) {
  double r1 = 1.0 / t->t1 + RELAXIVITY * 1e-3 * t->contrast * q->contrast;
  double mz = q->ti > 0 ? 1 - 2 * exp(-q->ti * r1) + exp(-q->tr * r1) : 1 - exp(-q->tr * r1);
  return t->pd * fabs(mz) * exp(-q->te / t->t2);
}

void vg_phantom_scanner_draw(uint64_t seed, uint64_t number, bool mprage, ph_scanner *out) {
  vg_rng r = vg_rng_init(seed, vg_rng_key("phantom scanner", number, 0));
  sequence q[PH_SERIES] = {
      [PH_T1] = {vg_rng_uniform(&r, 520, 700), vg_rng_uniform(&r, 9, 15), 0, 0},
      [PH_T1C] = {vg_rng_uniform(&r, 520, 700), vg_rng_uniform(&r, 9, 15), 0, vg_rng_uniform(&r, 0.8, 1.2)},
      [PH_T2] = {vg_rng_uniform(&r, 3800, 6000), vg_rng_uniform(&r, 85, 110), 0, 0},
      [PH_FLAIR] = {9000, vg_rng_uniform(&r, 105, 135), vg_rng_uniform(&r, 2380, 2520), 0},
  };
  if (mprage) q[PH_T1] = (sequence){2300, 3, vg_rng_uniform(&r, 1020, 1120), 0};
  tissue mine[PH_CLASSES];
  for (int c = 0; c < PH_CLASSES; c++) {
    double spread = c >= PH_ANATOMY ? 0.10 : 0.02; /* tumours differ more than healthy tissue */
    mine[c] = tissues[c];
    mine[c].t1 *= (float)exp(spread * vg_rng_normal(&r));
    mine[c].t2 *= (float)exp(spread * vg_rng_normal(&r));
    if (c == PH_ENHANCING) mine[c].contrast *= (float)exp(0.2 * vg_rng_normal(&r));
    out->texture[c] = tissues[c].vary;
  }
  for (int s = 0; s < PH_SERIES; s++) {
    /* Scanners have units of their own: white matter lands anywhere within a factor of three. */
    double white = 350 * exp(vg_rng_uniform(&r, 0, 1.1)), gain = white / signal(&mine[PH_WHITE], &q[s]);
    for (int c = 0; c < PH_CLASSES; c++) out->signal[s][c] = (float)(gain * signal(&mine[c], &q[s]));
    out->noise[s] = (float)(white * vg_rng_uniform(&r, 0.012, 0.03));
    ph_waves *b = &out->bias[s];
    *b = (ph_waves){.n = 4};
    for (int i = 0; i < b->n; i++) {
      for (int j = 0; j < 3; j++) b->k[i][j] = (float)vg_rng_uniform(&r, -1, 1) / 230;
      b->phase[i] = (float)vg_rng_uniform(&r, 0, 1);
      b->amplitude[i][0] = (float)vg_rng_uniform(&r, 0.02, 0.08);
    }
  }
  out->seed = seed;
  out->key = vg_rng_key("phantom noise", number, 0);
}

VG_HOT static void clean_row(const ph_scanner *s, int series, int n, const float *const sums[PH_CLASSES],
                             const float *brain, const float *texture, float x0, float dx, float y, float z,
                             float *out) {
  for (int i = 0; i < n; i++) out[i] = 0;
  for (int c = 0; c < PH_CLASSES; c++) {
    const float *f = sums[c];
    float level = s->signal[series][c], vary = level * s->texture[c];
    for (int i = 0; i < n; i++) out[i] += f[i] * (level + vary * texture[i]);
  }
  const ph_waves *b = &s->bias[series];
  float gain[PH_BLOCK];
  for (int i0 = 0; i0 < n; i0 += PH_BLOCK) {
    int m = n - i0 < PH_BLOCK ? n - i0 : PH_BLOCK;
    for (int i = 0; i < m; i++) gain[i] = 1;
    for (int w = 0; w < b->n; w++) {
      float base = b->k[w][1] * y + b->k[w][2] * z + b->phase[w], kx = b->k[w][0], a = b->amplitude[w][0];
      for (int i = 0; i < m; i++) gain[i] += a * ph_sin(base + kx * (x0 + (float)(i0 + i) * dx));
    }
    for (int i = 0; i < m; i++) {
      /* The mean over the brain's share of the voxel: skull-stripping cuts, and does not blend. */
      float share = brain[i0 + i];
      out[i0 + i] = share > 0 ? out[i0 + i] * gain[i] / share : 0;
    }
  }
}

void vg_phantom_signal_row(const ph_scanner *s, int series, int n, const float *const sums[PH_CLASSES],
                           const float *brain, const float *texture, float x0, float dx, float y, float z,
                           uint64_t voxel, float *out) {
  clean_row(s, series, n, sums, brain, texture, x0, dx, y, z, out);
  for (int i = 0; i < n; i++) {
    if (!(brain[i] > 0)) continue;
    uint32_t u[4];
    vg_philox(s->seed, s->key + (uint64_t)series, voxel + (uint64_t)i, u);
    /* Box-Muller; the magnitude of a complex signal with equal noise in both channels is Rician (Gudbjartsson
     * and Patz, Magn Reson Med 34:910, 1995). */
    float radius = s->noise[series] * sqrtf(-2.0f * logf(((float)(u[0] >> 8) + 0.5f) * 0x1p-24f));
    float turn = (float)(u[1] >> 8) * 0x1p-24f;
    float re = out[i] + radius * ph_sin(turn + 0.25f), im = radius * ph_sin(turn);
    float v = rintf(sqrtf(re * re + im * im));
    out[i] = v < 1 ? 1 : v > 32767 ? 32767 : v;
  }
}
