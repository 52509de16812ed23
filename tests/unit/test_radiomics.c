/* Radiomic features by hand on tiny regions, filters against formulas, and suite frd.
 * tests/oracle/radiomics_oracle.py compares all features with pyradiomics. */
#include "evaluate_world.h"
#include "mini_tree.h"
#include "eval/frd/frd.h"
#include "eval/radiomics/radiomics.h"
#include "eval/radiomics/radiomics_filter.h"
#include "eval/radiomics/radiomics_levels.h"
#include "eval/shape/shape_diameters.h"
#include "eval/shape/shape_mesh.h"
#include "voxgan/phantom.h"
#include "voxgan/rng.h"

static void assert_close(double v, double expected, double allowed) {
  if (!(fabs(v - expected) <= allowed)) print_error("%.12g, expected %.12g\n", v, expected);
  assert_true(fabs(v - expected) <= allowed);
}

/* ---- a line of three voxels with levels 1, 1, 2 ---- */

static const int line_dim[3] = {3, 1, 1};
static const double line[3] = {0, 0, 5};
static const uint8_t whole_line[3] = {1, 1, 1};

static void levels_of_a_line(void **state) {
  (void)state;
  vg_radiomics_levels l;
  must(vg_radiomics_levels_make(line, whole_line, line_dim, 5, &l));
  assert_int_equal(l.n, 2);
  assert_int_equal(l.most, 2);
  assert_int_equal(l.n_steps, 1); /* a line has one direction */
  assert_true(l.value[0] == 1 && l.value[1] == 2 && l.count[0] == 2 && l.count[1] == 1);
  vg_radiomics_levels_release(&l);
  /* The first bin begins at a multiple of 5 below the least value; levels between may be empty. */
  must(vg_radiomics_levels_make((const double[]){-7, -5, 12.5}, whole_line, line_dim, 5, &l));
  assert_int_equal(l.n, 3);
  assert_true(l.value[0] == 1 && l.value[1] == 2 && l.value[2] == 5);
  vg_radiomics_levels_release(&l);
}

static void texture_of_a_line(void **state) {
  (void)state;
  vg_radiomics_levels l;
  double pairs[22], runs[16], zones[16], tones[5];
  must(vg_radiomics_levels_make(line, whole_line, line_dim, 5, &l));
  must(vg_radiomics_glcm(&l, pairs));
  must(vg_radiomics_glrlm(&l, runs));
  must(vg_radiomics_glszm(&l, zones));
  must(vg_radiomics_ngtdm(&l, tones));
  /* Pairs (1, 1) and (1, 2), both ways: p11 = 1/2, p12 = p21 = 1/4. The mean level is 5/4, its variance 3/16.
   */
  assert_close(pairs[0], 0.5 * 1 + 0.5 * 2, 1e-12); /* Autocorrelation */
  assert_close(pairs[4], 0.5, 1e-12);               /* Contrast */
  assert_close(pairs[5], -1.0 / 3, 1e-12);          /* Correlation */
  assert_close(pairs[6], 0.5, 1e-12);               /* DifferenceAverage */
  assert_close(pairs[7], 1, 1e-12);                 /* DifferenceEntropy */
  assert_close(pairs[9], 0.5 + 0.5 / 2, 1e-12);     /* Id */
  assert_close(pairs[16], 1.25, 1e-12);             /* JointAverage */
  assert_close(pairs[17], 3.0 / 8, 1e-12);          /* JointEnergy */
  assert_close(pairs[18], 1.5, 1e-12);              /* JointEntropy */
  assert_close(pairs[21], 3.0 / 16, 1e-12);         /* SumSquares */
  /* A run of 2 ones and one of 1 two; the zones are the same. */
  const double expected[16] = {1, 0.5, 0.25, 2.5,     2.5,  4,     (4 + 0.25) / 2, (1 + 0.25) / 2,
                               1, 1,   0.5,  2.0 / 3, 0.25, 0.625, (0.25 + 4) / 2, (0.25 + 0.25) / 2};
  for (int k = 0; k < 16; k++) {
    assert_close(runs[k], expected[k], 1e-12);
    assert_close(zones[k], expected[k], 1e-12);
  }
  /* Ones: 2 of 3 voxels, 0 and 0.5 from their neighbours' mean; two: 1 voxel, 1 from it. */
  assert_close(tones[0], 0, 1e-12);       /* Busyness: 1 * 2/3 equals 2 * 1/3 */
  assert_close(tones[1], 1.5, 1e-12);     /* Coarseness */
  assert_close(tones[2], 4.0 / 9, 1e-12); /* Complexity */
  assert_close(tones[3], 1.0 / 9, 1e-12); /* Contrast */
  assert_close(tones[4], 4.0 / 3, 1e-12); /* Strength */
  vg_radiomics_levels_release(&l);
}

static void first_order_by_hand(void **state) {
  (void)state;
  vg_radiomics_levels l;
  double v[3] = {5, 0, 0}, f[18];
  must(vg_radiomics_levels_make(line, whole_line, line_dim, 5, &l));
  vg_radiomics_first_order(v, 3, &l, 300, 8, f);
  assert_close(f[0], 0, 1e-12);                           /* 10Percentile */
  assert_close(f[1], 4, 1e-12);                           /* 90Percentile, linear */
  assert_close(f[2], 300 * 300 * 2 + 305 * 305, 1e-6);    /* Energy */
  assert_close(f[3], log2(3) - 2.0 / 3, 1e-9);            /* Entropy */
  assert_close(f[5], 1.5, 1e-9);                          /* Kurtosis */
  assert_close(f[7], (2 * 5.0 / 3 + 10.0 / 3) / 3, 1e-9); /* MeanAbsoluteDeviation */
  assert_close(f[8], 5.0 / 3, 1e-12);                     /* Mean */
  assert_close(f[12], 0, 1e-12);                          /* RobustMean...: 5 lies above 4 */
  assert_close(f[14], sqrt(0.5), 1e-9);                   /* Skewness */
  assert_close(f[15], 8 * f[2], 1e-6);                    /* TotalEnergy */
  assert_close(f[16], 5.0 / 9, 1e-12);                    /* Uniformity */
  assert_close(f[17], 50.0 / 9, 1e-9);                    /* Variance */
  vg_radiomics_levels_release(&l);
}

static void dependences_of_a_line(void **state) {
  (void)state;
  vg_radiomics_levels l;
  double sizes[14], pairs[2];
  must(vg_radiomics_levels_make(line, whole_line, line_dim, 5, &l));
  must(vg_radiomics_gldm(&l, sizes));
  must(vg_radiomics_mcc(&l, pairs));
  /* Two ones of size 2, themselves and the other, and one two of size 1. */
  const double entropy = -(2.0 / 3 * log2(2.0 / 3) + log2(1.0 / 3) / 3);
  const double expected[14] = {entropy, 5.0 / 3, 5.0 / 9, 2.0 / 9, 5.0 / 3, 2.0 / 9, 2,
                               3,       4,       2.75,    0.75,    0.5,     1.5,     0.25};
  for (int k = 0; k < 14; k++) assert_close(sizes[k], expected[k], 1e-12);
  /* Q of the pairs' matrix has the eigenvalues 1 and 1/9. */
  assert_close(pairs[0], 1.0 / 3, 1e-12); /* MCC */
  assert_close(pairs[1], 2.5, 1e-12);     /* SumAverage: twice the mean level of 5/4 */
  vg_radiomics_levels_release(&l);
}

/* One level says nothing about its neighbours, and equal intensities have no moments. */
static void one_level(void **state) {
  (void)state;
  static const double equal[3] = {0.1, 0.1, 0.1};
  vg_radiomics_levels l;
  double v[10], f[18], pairs[22];
  for (int i = 0; i < 10; i++) v[i] = 0.1;
  must(vg_radiomics_levels_make(equal, whole_line, line_dim, 5, &l));
  vg_radiomics_first_order(v, 10, &l, 300, 8, f);
  assert_true(f[5] == 0 && f[14] == 0 && f[17] == 0); /* Kurtosis, Skewness, Variance */
  must(vg_radiomics_glcm(&l, pairs));
  assert_true(pairs[5] == 1 && pairs[13] == 0 && pairs[14] == 0); /* Correlation, Imc1, Imc2 */
  vg_radiomics_levels_release(&l);
}

/* ---- filters ---- */

/* The Laplacian of x^2 is 2 per mm^2 whatever the smoothing; times sigma^2. */
static void laplacian_of_a_square(void **state) {
  (void)state;
  const int dim[3] = {81, 4, 4};
  const double mm[3] = {0.5, 1, 2};
  static double in[81 * 16], out[81 * 16];
  for (int i = 0; i < 81 * 16; i++) in[i] = pow(0.5 * (i % 81 - 40), 2);
  must(vg_radiomics_log(in, dim, mm, 2, out));
  for (int i = 5 * 81 + 36; i < 5 * 81 + 45; i++) assert_close(out[i], 2 * 2 * 2, 0.05);
}

/* The bands of a constant: the low-pass has sum sqrt 2 along each axis, the high-pass 0. Of noise, the
 * squares of all bands add up to 8 times its own. */
static void wavelet_bands(void **state) {
  (void)state;
  const int dim[3] = {8, 6, 4};
  enum { VOXELS = 8 * 6 * 4 };
  double flat[VOXELS], noise[VOXELS], out[VOXELS], squares = 0, all = 0;
  vg_rng r = vg_rng_init(1, 2);
  for (int i = 0; i < VOXELS; i++) {
    flat[i] = 3;
    noise[i] = vg_rng_normal(&r);
    squares += noise[i] * noise[i];
  }
  for (unsigned band = 0; band < 8; band++) {
    must(vg_radiomics_wavelet(flat, dim, band, out));
    for (int i = 0; i < VOXELS; i++) assert_close(out[i], band ? 0 : 3 * pow(2, 1.5), 1e-9);
    must(vg_radiomics_wavelet(noise, dim, band, out));
    for (int i = 0; i < VOXELS; i++) all += out[i] * out[i];
  }
  assert_close(all, 8 * squares, 1e-6 * squares);
}

/* ---- version 0: all features of an image ---- */

static double feature_of(const double *values, const char *name) {
  char buf[96];
  for (int k = 0; k < VG_RADIOMICS_FEATURES_V0; k++)
    if (!strcmp(vg_radiomics_name(&vg_radiomics_v0, k, buf, sizeof buf), name)) return values[k];
  fail_msg("no feature %s", name);
  return 0;
}

static void names_of_version_0(void **state) {
  (void)state;
  char buf[96];
  assert_int_equal(vg_radiomics_count(&vg_radiomics_v0), 107);
  assert_int_equal(vg_radiomics_count(&vg_radiomics_v1), 1001);
  assert_string_equal(vg_radiomics_name(&vg_radiomics_v0, 0, buf, sizeof buf), "original_shape_Elongation");
  assert_string_equal(vg_radiomics_name(&vg_radiomics_v0, 14, buf, sizeof buf),
                      "original_firstorder_10Percentile");
  assert_string_equal(vg_radiomics_name(&vg_radiomics_v0, 14 + 18 + 22, buf, sizeof buf),
                      "original_glcm_MCC");
  assert_string_equal(vg_radiomics_name(&vg_radiomics_v0, 106, buf, sizeof buf), "original_ngtdm_Strength");
}

/* Grey levels are 25 wide and intensities stay as they are: 0, 0, 30 have levels 1, 1, 2. */
static void version_0_of_a_line(void **state) {
  (void)state;
  const float image[3] = {0, 0, 30};
  const double mm[3] = {1, 2, 4};
  static double v[VG_RADIOMICS_FEATURES_V0];
  must(vg_radiomics_compute(&vg_radiomics_v0, image, whole_line, line_dim, mm, v));
  assert_close(feature_of(v, "original_firstorder_Mean"), 10, 1e-12);
  assert_close(feature_of(v, "original_firstorder_Energy"), 900, 1e-9); /* nothing is added */
  assert_close(feature_of(v, "original_firstorder_TotalEnergy"), 7200, 1e-9);
  assert_close(feature_of(v, "original_glcm_Contrast"), 0.5, 1e-12);
  assert_close(feature_of(v, "original_glcm_SumAverage"), 2.5, 1e-12);
  assert_close(feature_of(v, "original_gldm_LargeDependenceEmphasis"), 3, 1e-12);
  assert_close(feature_of(v, "original_ngtdm_Coarseness"), 1.5, 1e-12);
  assert_close(feature_of(v, "original_shape_VoxelVolume"), 24, 1e-12);
  assert_close(feature_of(v, "original_shape_MajorAxisLength"), 4 * sqrt(2.0 / 3), 1e-12);
  assert_close(feature_of(v, "original_shape_Elongation"), 0, 1e-12);
}

/* ---- shapes ---- */

static void fill_box(uint8_t *roi, const int dim[3], const int side[3]) {
  memset(roi, 0, (size_t)dim[0] * (size_t)dim[1] * (size_t)dim[2]);
  for (int z = 0; z < side[2]; z++)
    for (int y = 0; y < side[1]; y++)
      for (int x = 0; x < side[0]; x++) roi[(z * dim[1] + y) * dim[0] + x] = 1;
}

/* The mesh of a box goes through the middle of its outer faces, and cuts edges and corners. */
static void shape_of_a_box(void **state) {
  (void)state;
  const int dim[3] = {6, 5, 4}, side[3] = {5, 4, 3};
  const double mm[3] = {1, 1, 1};
  static float image[6 * 5 * 4];
  static uint8_t roi[6 * 5 * 4];
  static double v[VG_RADIOMICS_FEATURES_V0];
  for (int i = 0; i < 6 * 5 * 4; i++) image[i] = (float)(i % 7 * 20);
  fill_box(roi, dim, side);
  must(vg_radiomics_compute(&vg_radiomics_v0, image, roi, dim, mm, v));
  const double faces = 2 * (4 * 3 + 3 * 2 + 4 * 2), lengths = 4 * (4 + 3 + 2);
  const double volume = 4 * 3 * 2 + faces / 2 + lengths / 8 + 8 / 48.0;
  const double area = faces + lengths * sqrt(0.5) + sqrt(3);
  assert_close(feature_of(v, "original_shape_MeshVolume"), volume, 1e-9);
  assert_close(feature_of(v, "original_shape_SurfaceArea"), area, 1e-9);
  assert_close(feature_of(v, "original_shape_SurfaceVolumeRatio"), area / volume, 1e-9);
  assert_close(feature_of(v, "original_shape_Sphericity"),
               cbrt(36 * 3.14159265358979 * volume * volume) / area, 1e-9);
  assert_close(feature_of(v, "original_shape_VoxelVolume"), 60, 1e-9);
  /* n voxels in a row have the variance (n^2 - 1) / 12. */
  assert_close(feature_of(v, "original_shape_MajorAxisLength"), 4 * sqrt(2), 1e-9);
  assert_close(feature_of(v, "original_shape_MinorAxisLength"), 4 * sqrt(15 / 12.0), 1e-9);
  assert_close(feature_of(v, "original_shape_LeastAxisLength"), 4 * sqrt(8 / 12.0), 1e-9);
  assert_close(feature_of(v, "original_shape_Elongation"), sqrt(15 / 24.0), 1e-9);
  assert_close(feature_of(v, "original_shape_Flatness"), sqrt(8 / 24.0), 1e-9);
  /* From the middle of one outer face to that of the opposite one, at opposite corners. */
  assert_close(feature_of(v, "original_shape_Maximum2DDiameterSlice"), sqrt(25 + 9), 1e-9);
  assert_close(feature_of(v, "original_shape_Maximum2DDiameterColumn"), sqrt(25 + 4), 1e-9);
  assert_close(feature_of(v, "original_shape_Maximum2DDiameterRow"), sqrt(16 + 4), 1e-9);
  assert_close(feature_of(v, "original_shape_Maximum3DDiameter"), sqrt(25 + 9 + 4), 1e-9);
}

/* Voxels that share only an edge: their octahedra stay apart, or are joined by a hexagon in place of two of
 * their triangles where corner 7 of a cube is set. pyradiomics has the same two areas. */
static void shape_across_an_edge(void **state) {
  (void)state;
  const int dim[3] = {2, 2, 1};
  const double mm[3] = {1, 1, 1}, data[4] = {0}, octahedron = sqrt(3);
  const uint8_t apart[4] = {1, 0, 0, 1}, joined[4] = {0, 1, 1, 0};
  double area, volume;
  vg_radiomics_levels l;
  must(vg_radiomics_levels_make(data, apart, dim, 25, &l));
  vg_shape_mesh(&l, mm, &area, &volume);
  assert_close(area, 2 * octahedron, 1e-12);
  assert_close(volume, 2.0 / 6, 1e-12);
  vg_radiomics_levels_release(&l);
  must(vg_radiomics_levels_make(data, joined, dim, 25, &l));
  vg_shape_mesh(&l, mm, &area, &volume);
  assert_close(area, 2 * octahedron - octahedron / 4 + 3 * octahedron / 4, 1e-12);
  vg_radiomics_levels_release(&l);
}

/* All 128 cubes occur. Area, volume and diameters are those of pyradiomics 3.0.1. */
static void shape_of_noise(void **state) {
  (void)state;
  enum { SIDE = 12, VOXELS = SIDE * SIDE * SIDE };
  const int dim[3] = {SIDE, SIDE, SIDE};
  const double mm[3] = {1, 1.7, 2.6};
  static double data[VOXELS];
  static uint8_t roi[VOXELS];
  double area, volume, reach[4];
  uint32_t random = 1; /* of a linear congruential generator */
  for (int i = 0; i < VOXELS; i++) {
    random = (1103515245u * random + 12345u) & 0x7fffffff;
    roi[i] = (random >> 16 & 255) < 140;
  }
  vg_radiomics_levels l;
  must(vg_radiomics_levels_make(data, roi, dim, 25, &l));
  assert_int_equal(l.n_inside, 965);
  vg_shape_mesh(&l, mm, &area, &volume);
  must(vg_shape_diameters(&l, mm, reach));
  vg_radiomics_levels_release(&l);
  assert_close(area, 6019.693825436984, 1e-8);
  assert_close(volume, 4154.8, 1e-8);
  const double expected[4] = {36.37485395159683, 33.082321563034235, 23.17671245021606, 37.72439529005071};
  for (int k = 0; k < 4; k++) assert_close(reach[k], expected[k], 1e-8);
}

/* All pairs of the middles of faces between the region and its surroundings. */
static void diameters_of_all_pairs(const vg_radiomics_levels *l, const double mm[3], double out[4]) {
  static double v[20000][3];
  size_t n = 0;
  memset(out, 0, 4 * sizeof *out);
  for (int i = 0; i < l->dim[0] * l->dim[1] * l->dim[2]; i++) {
    const int at[3] = {i % l->dim[0], i / l->dim[0] % l->dim[1], i / l->dim[0] / l->dim[1]};
    const int step[3] = {1, l->dim[0], l->dim[0] * l->dim[1]};
    for (int a = 0; a < 3; a++) {
      if (at[a] + 1 == l->dim[a] || !l->at[i] == !l->at[i + step[a]]) continue;
      assert_true(n < 20000);
      for (int k = 0; k < 3; k++) v[n][k] = (at[k] + (k == a ? 0.5 : 0)) * mm[k];
      n++;
    }
  }
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < i; j++) {
      double sum = 0;
      for (int k = 0; k < 3; k++) sum += (v[i][k] - v[j][k]) * (v[i][k] - v[j][k]);
      for (int k = 0; k < 3; k++)
        if (!(fabs(v[i][k] - v[j][k]) > 1e-9)) out[k] = fmax(out[k], sqrt(sum));
      out[3] = fmax(out[3], sqrt(sum));
    }
  }
}

static void diameters(void **state) {
  (void)state;
  enum { X = 17, Y = 14, Z = 11 };
  const int dim[3] = {X, Y, Z};
  const double mm[3] = {1, 0.7, 2.5};
  static double data[X * Y * Z];
  static uint8_t roi[X * Y * Z];
  vg_rng r = vg_rng_init(3, 5);
  for (int round = 0; round < 12; round++) {
    const double share = round % 4 ? 0.02 * round : 0.9;
    for (int i = 0; i < X * Y * Z; i++) roi[i] = vg_rng_uniform(&r, 0, 1) < share;
    roi[round * 7] = 1;
    double found[4], expected[4];
    vg_radiomics_levels l;
    must(vg_radiomics_levels_make(data, roi, dim, 25, &l));
    must(vg_shape_diameters(&l, mm, found));
    diameters_of_all_pairs(&l, mm, expected);
    for (int k = 0; k < 4; k++) assert_close(found[k], expected[k], 1e-9);
    vg_radiomics_levels_release(&l);
  }
}

/* ---- all features ---- */

static void names_are_pyradiomics(void **state) {
  (void)state;
  char buf[96];
  assert_string_equal(vg_radiomics_name(&vg_radiomics_v1, 0, buf, sizeof buf),
                      "original_firstorder_10Percentile");
  assert_string_equal(vg_radiomics_name(&vg_radiomics_v1, 77 + 18, buf, sizeof buf),
                      "log-sigma-2-0-mm-3D_glcm_Autocorrelation");
  assert_string_equal(vg_radiomics_name(&vg_radiomics_v1, 6 * 77 + 76, buf, sizeof buf),
                      "wavelet-HLL_ngtdm_Strength");
  assert_string_equal(vg_radiomics_name(&vg_radiomics_v1, VG_RADIOMICS_FEATURES - 1, buf, sizeof buf),
                      "wavelet-HHH_ngtdm_Strength");
}

static void undefined_is_nan(void **state) {
  (void)state;
  enum { SIDE = 12, VOXELS = SIDE * SIDE * SIDE };
  const int dim[3] = {SIDE, SIDE, SIDE};
  const double mm[3] = {2, 2, 2};
  static float image[VOXELS];
  static uint8_t roi[VOXELS];
  static double out[VG_RADIOMICS_FEATURES];
  memset(roi, 1, sizeof roi);
  must(vg_radiomics_compute(&vg_radiomics_v1, image, roi, dim, mm, out)); /* a constant image */
  assert_true(isnan(out[0]) && isnan(out[VG_RADIOMICS_FEATURES - 1]));
  for (int i = 0; i < VOXELS; i++) image[i] = (float)sin(i);
  must(vg_radiomics_compute(&vg_radiomics_v1, image, roi, dim, mm, out));
  for (int i = 0; i < VG_RADIOMICS_FEATURES; i++) assert_true(isfinite(out[i]));
  memset(roi, 0, sizeof roi);
  roi[700] = 1; /* one voxel */
  must(vg_radiomics_compute(&vg_radiomics_v1, image, roi, dim, mm, out));
  assert_true(isnan(out[0]));
  for (long n = 1;; n++) {
    roi[701] = 1;
    vg_mem_fail_after(n);
    const vg_status st = vg_radiomics_compute(&vg_radiomics_v1, image, roi, dim, mm, out);
    vg_mem_fail_after(0);
    if (!st) break;
    assert_int_equal(st, VG_MEMORY);
  }
}

static void undefined_of_version_0(void **state) {
  (void)state;
  enum { SIDE = 6, VOXELS = SIDE * SIDE * SIDE };
  const int dim[3] = {SIDE, SIDE, SIDE};
  const double mm[3] = {2, 2, 2};
  static float image[VOXELS];
  static uint8_t roi[VOXELS];
  static double out[VG_RADIOMICS_FEATURES_V0];
  must(vg_radiomics_compute(&vg_radiomics_v0, image, roi, dim, mm, out)); /* no voxel */
  for (int i = 0; i < VG_RADIOMICS_FEATURES_V0; i++) assert_true(isnan(out[i]));
  roi[100] = 1; /* one voxel */
  must(vg_radiomics_compute(&vg_radiomics_v0, image, roi, dim, mm, out));
  for (int i = 0; i < VG_RADIOMICS_FEATURES_V0; i++) assert_true(isnan(out[i]));
  memset(roi, 1, sizeof roi); /* a constant image has all features in this version */
  must(vg_radiomics_compute(&vg_radiomics_v0, image, roi, dim, mm, out));
  for (int i = 0; i < VG_RADIOMICS_FEATURES_V0; i++) assert_true(isfinite(out[i]));
  assert_true(feature_of(out, "original_glcm_MCC") == 1 && feature_of(out, "original_glcm_Imc2") == 0);
  for (int i = 0; i < VOXELS; i++) image[i] = (float)i;
  for (long n = 1;; n++) {
    vg_mem_fail_after(n);
    const vg_status st = vg_radiomics_compute(&vg_radiomics_v0, image, roi, dim, mm, out);
    vg_mem_fail_after(0);
    if (!st) break;
    assert_int_equal(st, VG_MEMORY);
  }
}

/* ---- the distance ---- */

/* Rows of features of which all but one are equal. */
static vg_set_distance distance_of(const double real[2], const double synth[2], size_t *dims) {
  static double a[2 * VG_RADIOMICS_FEATURES_V0], b[2 * VG_RADIOMICS_FEATURES_V0];
  size_t n = 2, m = 2;
  vg_set_distance d = {0};
  memset(a, 0, sizeof a);
  memset(b, 0, sizeof b);
  for (int i = 0; i < 2; i++) {
    a[i * VG_RADIOMICS_FEATURES_V0 + 5] = real[i];
    b[i * VG_RADIOMICS_FEATURES_V0 + 5] = synth[i];
  }
  must(vg_frd_distance(&vg_frd_v0, a, &n, b, &m, dims, &d));
  return d;
}

/* Of one feature, the distance is that of the means and of the SDs (n - 1), squared. */
static void distance_of_version_0(void **state) {
  (void)state;
  const double range = 7.45670747756958, half = sqrt(0.5);
  size_t dims;
  vg_set_distance d = distance_of((double[]){0, 1}, (double[]){1, 3}, &dims);
  assert_int_equal(dims, 1); /* the other 106 are constant */
  assert_close(d.value, range / 3 * range / 3 * (1.5 * 1.5 + half * half), 1e-4);
  /* An undefined feature counts as the middle of the range: 2 of 0 to 4. */
  d = distance_of((double[]){0, 4}, (double[]){NAN, 4}, &dims);
  assert_close(d.value, range / 4 * range / 4 * (1 + 2 * half * 2 * half), 1e-4);
  d = distance_of((double[]){2, 2}, (double[]){2, NAN}, &dims);
  assert_int_equal(dims, 0);
}

/* ---- the suite ---- */

static int make_sets(void **state) {
  if (set_up(state)) return -1;
  vg_phantom_settings p = {.subjects = 4, .size = {24, 24, 24}, .layout = "brats2021", .seed = 4};
  must(vg_phantom_write(real_dir, &p));
  p.seed = 5;
  p.first = 50;
  p.subjects = 3;
  must(vg_phantom_write(synth_dir, &p));
  return 0;
}

static vg_eval *evaluate_frd(const char *synth, const char *versions) {
  vg_eval *e;
  must(vg_eval_run(&(vg_eval_settings){.real = real_dir,
                                       .synth = synth,
                                       .real_layout = "brats2021",
                                       .synth_layout = "brats2021",
                                       .suites = "frd",
                                       .frd = versions},
                   &e));
  return e;
}

static void suite(void **state) {
  (void)state;
  vg_threads_set(1);
  vg_eval *one = evaluate_frd(synth_dir, NULL);
  vg_threads_set(3);
  vg_eval *more = evaluate_frd(synth_dir, NULL), *same = evaluate_frd(real_dir, NULL);
  vg_threads_set(0);
  assert_true(one->n_sets >= 4); /* four series in the brain, and tumours where they are large enough */
  assert_int_equal(more->n_sets, one->n_sets);
  assert_string_equal(one->sets[0].metric->name, "frd");
  for (size_t i = 0; i < one->n_sets; i++) {
    assert_true(isfinite(one->sets[i].value) && one->sets[i].value == more->sets[i].value);
    assert_true(same->sets[i].value < one->sets[i].value - 3); /* equal but for rounding: far below */
    assert_string_equal(one->sets[i].space, same->sets[i].space);
  }
  assert_non_null(strstr(one->sets[0].space, " brain"));
  assert_int_equal(one->sets[0].n_real, 4);
  assert_true(isfinite(one->sets[0].floor) && isnan(one->sets[0].ci_low)); /* four points have no interval */
  vg_eval_free(one);
  vg_eval_free(more);
  vg_eval_free(same);
}

static void suite_by_version(void **state) {
  (void)state;
  vg_threads_set(1);
  vg_eval *one = evaluate_frd(synth_dir, "v0");
  vg_threads_set(3);
  vg_eval *more = evaluate_frd(synth_dir, "v0"), *same = evaluate_frd(real_dir, "v0");
  vg_threads_set(0);
  vg_eval *v1 = evaluate_frd(synth_dir, "v1"), *both = evaluate_frd(synth_dir, "v0,v1");
  assert_true(one->n_sets >= 4 && one->n_sets == more->n_sets && one->n_sets == same->n_sets);
  for (size_t i = 0; i < one->n_sets; i++) {
    const eval_set *s = &one->sets[i];
    assert_string_equal(s->metric->name, "frd_v0");
    assert_true(isfinite(s->value) && s->value > 0 && s->value == more->sets[i].value);
    assert_close(same->sets[i].value, 0, 1e-2); /* not a logarithm; rows are floats */
    assert_non_null(strstr(s->note, " of 107 features"));
  }
  assert_int_equal(both->n_sets, one->n_sets + v1->n_sets); /* in the order of frd.def */
  for (size_t i = 0; i < both->n_sets; i++)
    assert_true(both->sets[i].value ==
                (i < v1->n_sets ? v1->sets[i].value : one->sets[i - v1->n_sets].value));
  vg_eval_free(one);
  vg_eval_free(more);
  vg_eval_free(same);
  vg_eval_free(v1);
  vg_eval_free(both);
}

static void versions_are_named(void **state) {
  (void)state;
  unsigned bits = 0;
  must(vg_frd_parse(NULL, &bits));
  assert_int_equal(bits, 1);
  must(vg_frd_parse("v0", &bits));
  assert_int_equal(bits, 2);
  must(vg_frd_parse("v0,v1", &bits));
  assert_int_equal(bits, 3);
  assert_int_equal(vg_frd_parse("v2", &bits), VG_CONFIG);
  assert_int_equal(vg_frd_parse("", &bits), VG_CONFIG);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(levels_of_a_line),
      cmocka_unit_test(texture_of_a_line),
      cmocka_unit_test(first_order_by_hand),
      cmocka_unit_test(laplacian_of_a_square),
      cmocka_unit_test(wavelet_bands),
      cmocka_unit_test(names_are_pyradiomics),
      cmocka_unit_test(undefined_is_nan),
      cmocka_unit_test(one_level),
      cmocka_unit_test(suite),
      cmocka_unit_test(dependences_of_a_line),
      cmocka_unit_test(names_of_version_0),
      cmocka_unit_test(version_0_of_a_line),
      cmocka_unit_test(shape_of_a_box),
      cmocka_unit_test(shape_across_an_edge),
      cmocka_unit_test(shape_of_noise),
      cmocka_unit_test(diameters),
      cmocka_unit_test(undefined_of_version_0),
      cmocka_unit_test(distance_of_version_0),
      cmocka_unit_test(suite_by_version),
      cmocka_unit_test(versions_are_named),
  };
  return cmocka_run_group_tests(tests, make_sets, tear_down);
}
