/* mass.h: mass effect: what a tumour adds displaces what is around it. */
#ifndef VG_EDIT_MASS_H
#define VG_EDIT_MASS_H
#include "voxgan/edit.h"

/* Parameters that every edit that adds or enlarges takes, for its params table. */
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

/* Displaces maps->anatomy as `added` (mask of voxels that are tumour now and were not before) pushes it
 * outward: share of its volume leaves it, along the flow of pressure.h over a unit of time. In uniform tissue
 * what lies r from the middle of a ball of radius a moves by about
 *   share a^3 / (3 r^2) (1 + r/falloff) / (1 + a/falloff) exp(-(r - a) / falloff).
 * The brain's outline stays, and nothing leaves it; known anatomy stays known, and what is not known under a
 * tumour does not spread. Tumour labels are not moved. Shifts of less than half a voxel do not show in
 * labels.
 */
vg_status vg_mass_effect(vg_maps *maps, const uint8_t *added, const vg_mass_settings *s);

#endif
