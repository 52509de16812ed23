/* clusters.h: classes of intensities, for subjects whose anatomy no map shows. */
#ifndef VG_PREP_CLUSTERS_H
#define VG_PREP_CLUSTERS_H
#include "voxgan/maps.h"

/* Gives the voxels of m->brain outside m->tumour n anatomy classes with the codes 1 to n, from dark to bright
 * on vol, which lies on the grid of m. A mixture of n Gaussians is fitted to the intensities; a voxel's class
 * depends on its intensity and on the classes of its six neighbours. Voxels of the tumour have no class. The
 * result does not depend on threads. VG_DATA: the brain has one intensity. path: for messages. */
vg_status vg_clusters_find(const vg_volume *vol, const char *path, int n, vg_maps *m);

#endif
