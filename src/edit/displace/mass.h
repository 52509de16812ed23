/* mass.h: the mass effect: a growing tumour displaces the tissue around it. */
#ifndef VG_EDIT_MASS_H
#define VG_EDIT_MASS_H
#include "voxgan/edit.h"

/* Parameters of every edit that adds or enlarges tumour, for its params table. */
#define VG_MASS_PARAMS                                                                                       \
  {.name = "mass",                                                                                           \
   .type = VG_PARAM_NUMBER,                                                                                  \
   .def = 0,                                                                                                 \
   .least = 0,                                                                                               \
   .most = 1,                                                                                                \
   .unit = "",                                                                                               \
   .help =                                                                                                   \
       "mass effect: share of the added volume that displaces the anatomy around it; the rest replaces it"}, \
  {                                                                                                          \
    .name = "falloff", .type = VG_PARAM_NUMBER, .def = 30, .least = 2, .most = 200, .unit = "mm",            \
    .help = "distance over which pressure in tissue falls to 1/e; displacement falls faster, as it spreads"  \
  }

typedef struct vg_mass_settings {
  double share;   /* 0: no mass effect */
  double falloff; /* mm */
} vg_mass_settings;

/* Displaces maps->anatomy outward from `added`, the mask of new tumour voxels: a `share` of their volume
 * flows out of them, along the flow of pressure.h over a unit of time. Around a ball of radius a in uniform
 * tissue, a point at distance r from its middle moves by about share a^3 / (3 r^2) (1 + r/falloff) / (1 +
 * a/falloff) exp(-(r - a) / falloff). The brain's outline stays, and nothing leaves it. Known anatomy stays
 * known, and unknown anatomy under a tumour does not spread. Tumour labels do not move. Shifts below half a
 * voxel do not show in labels. */
vg_status vg_mass_effect(vg_maps *maps, const uint8_t *added, const vg_mass_settings *s);

#endif
