/* phantom_model.h: the types that the files of the phantom share: a subject's anatomy and scanner as drawn,
 * and one row of samples as tissue fractions. Lengths are mm in a head-fixed RAS frame with the anterior
 * commissure at its origin, in which the mean head has the proportions of the MNI templates. */
#ifndef VG_PHANTOM_MODEL_H
#define VG_PHANTOM_MODEL_H
#include <stdbool.h>
#include <stdint.h>

/* Anatomy first, and then the classes of a tumour, which cover it. */
enum {
  PH_CSF,
  PH_CORTEX,
  PH_DEEP, /* thalamus, caudate, putamen, hippocampus */
  PH_PALLIDUM,
  PH_WHITE,
  PH_STEM,  /* brainstem: white matter with nuclei */
  PH_SINUS, /* superior sagittal sinus: flowing blood */
  PH_ANATOMY,
  PH_NECROSIS = PH_ANATOMY,
  PH_OEDEMA,
  PH_SOLID, /* non-enhancing tumour */
  PH_ENHANCING,
  PH_CLASSES,
  PH_LESIONS = PH_CLASSES - PH_ANATOMY
};

#define PH_WAVES_MAX 32
/* A band-limited random field: a sum of plane waves, sin(2 pi (k.x + phase)); k in cycles per mm. */
typedef struct ph_waves {
  int n;
  float k[PH_WAVES_MAX][3], phase[PH_WAVES_MAX];
  float amplitude[PH_WAVES_MAX][3]; /* of the three components; scalar fields use the first */
} ph_waves;

typedef struct ph_tumour {
  bool present;
  float centre[3], radius;
  float shape[3][3]; /* unit-volume ellipsoid: r = |shape (x - centre)| */
  float roughness;   /* of the surface, mm */
  float rim;         /* thickness of the enhancing rim, mm; 0: the tumour does not enhance */
  float solid;       /* threshold of the noise above which the rim does not enhance */
  float oedema;      /* mean extent beyond the surface, mm */
  float push;        /* largest displacement of the surroundings, mm */
  ph_waves edge, inside, spread;
} ph_tumour;

typedef struct ph_subject {
  float to_head[3][4]; /* scanner (world) mm -> head frame, before the warp */
  ph_waves warp;       /* vector */
  ph_waves fold[2];    /* sulci lie on their zeros: deep ones, and shallow ones between */
  ph_waves depth;      /* modulates their depth */
  ph_waves bend;       /* and their course inwards */
  ph_waves texture;
  float fold_k[2];                                          /* centre of fold's band, radians per mm */
  float sulcus_depth[2], sulcus_vary[2], sulcus_width, rim; /* mm; width is half of it */
  float bend_share;                                         /* of a radian of the fold */
  float cortex;                                             /* thickness, mm */
  float ventricle;                                          /* added to their radii, mm */
  float folia;                                              /* lamellae per turn of the cerebellum */
  ph_tumour tumour;
} ph_subject;

/* Draws subject number; fov_lo, fov_hi are the corners of the imaged box in world mm, where the tumour has to
 * lie. */
void vg_phantom_subject_draw(uint64_t seed, uint64_t number, bool tumour, const float fov_lo[3],
                             const float fov_hi[3], ph_subject *out);

/* For choosing the site of a tumour: depth of a head position below hull and fissures, and its distance from
 * the ventricles, in the mean anatomy. */
float vg_phantom_depth_at(const float p[3], float *from_ventricle);

#define PH_BLOCK 64
/* Volume fractions of PH_BLOCK samples; anatomy sums to brain (0..1), lesions to at most 1. */
typedef struct ph_fractions {
  float brain[PH_BLOCK];
  float anatomy[PH_ANATOMY][PH_BLOCK];
  float lesion[PH_LESIONS][PH_BLOCK];
  float texture[PH_BLOCK]; /* smooth, mean 0, sd about 1 */
} ph_fractions;
/* Samples at world (x0 + i dx, y, z), each a cube of edge mm. false: none is in the brain, out is untouched.
 */
bool vg_phantom_block(const ph_subject *s, float x0, float dx, float y, float z, float edge,
                      ph_fractions *out);

/* ---- phantom_signal.c ---- */
enum { PH_T1, PH_T1C, PH_T2, PH_FLAIR, PH_SERIES };

typedef struct ph_scanner {
  float signal[PH_SERIES][PH_CLASSES]; /* image units */
  float noise[PH_SERIES];              /* sd of each channel, image units */
  float texture[PH_CLASSES];           /* relative sd of a class's smooth variation */
  ph_waves bias[PH_SERIES];            /* relative gain - 1 */
  uint64_t seed, key;                  /* of the noise */
} ph_scanner;

/* mprage: t1 is an inversion-recovery gradient echo, as in ADNI, and not a spin echo, as in BraTS. */
void vg_phantom_scanner_draw(uint64_t seed, uint64_t number, bool mprage, ph_scanner *out);

/* The values of n voxels of one row. sums[class][i] are their fractions; brain[i] 0 marks background. voxel
 * is the index of the first, which makes the noise a function of the position. Values are whole numbers, at
 * least 1 in the brain. */
void vg_phantom_signal_row(const ph_scanner *s, int series, int n, const float *const sums[PH_CLASSES],
                           const float *brain, const float *texture, float x0, float dx, float y, float z,
                           uint64_t voxel, float *out);

/* ---- shared arithmetic: every instruction set gives the same bits ---- */

/* sin(2 pi t) to 1e-3, without a library call that would keep the loop scalar. */
static inline float ph_sin(float t) {
  t -= (float)(int)(t + (t >= 0 ? 0.5f : -0.5f));
  float a = t < 0 ? -t : t;
  float y = t * (8.0f - 16.0f * a);
  float b = y < 0 ? -y : y;
  return y * (0.775f + 0.225f * b);
}

#endif
