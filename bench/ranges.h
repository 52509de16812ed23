/* ranges.h: the ranges of synthetic images that the benchmarks draw from. They stay as they are when a
 * default changes, so that figures of different versions compare. */
#ifndef VG_BENCH_RANGES_H
#define VG_BENCH_RANGES_H
#include "prep/randomise/randomise.h"

static const vg_randomise how = {.scale = {0.8, 1.2},
                                 .stretch = 0.1,
                                 .rotate = 15,
                                 .shear = 0.012,
                                 .elastic = 3,
                                 .elastic_mm = 25,
                                 .mean = {0.05, 1},
                                 .sd = {0.01, 0.1},
                                 .clusters = 3,
                                 .spread = 0.08,
                                 .partial = 0.7,
                                 .bias = 0.4,
                                 .bias_mm = 50,
                                 .slice_share = 0.5,
                                 .slice = {1, 7},
                                 .noise = 0.06,
                                 .rician = 0.5,
                                 .gamma = 0.5,
                                 .tumour_gap = 0.1,
                                 .tumour_ring = 0.33,
                                 .tumour_rim_mm = 6,
                                 .tumour_mottled = 0.33,
                                 .tumour_mottle = 0.15,
                                 .tumour_mottle_mm = 8,
                                 .strip = 0.4,
                                 .crop = 0.2};

#endif
