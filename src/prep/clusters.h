/* clusters.h: classes of intensities, for subjects whose anatomy no map shows. */
#ifndef VG_PREP_CLUSTERS_H
#define VG_PREP_CLUSTERS_H
#include "voxgan/maps.h"
#include "voxgan/config.h"

/* The number of the way in which intensities are divided. A model keeps it, since its classes mean what this
 * way finds: 1, a mixture of Gaussians; 2, as below. */
#define VG_CLUSTERS_WAY 2

/* Gives the voxels of m->brain outside m->tumour the anatomy classes of these clusters, with the codes 1, 2,
 * ... vol[i] is series i, on the grid of m. Its intensities are divided into n[i] intervals, narrow where
 * intensities are frequent; a voxel's cluster, from dark to bright, depends on its intensity and on the
 * clusters of its six neighbours. The class is the combination of the clusters of all series; each series is
 * divided alone, so that a class means the same in each subject. Voxels of the tumour have no class. The
 * result does not depend on threads. VG_DATA: the brain has one intensity. path: for messages. */
vg_status vg_clusters_find(const vg_volume *const vol[], const char *const path[], const vg_clusters *of,
                           vg_maps *m);

enum { VG_CLUSTER_BINS = 1024 };
/* Divides a histogram into n intervals of least scatter: interval k has the bins from[k] .. from[k + 1] - 1.
 */
vg_status vg_clusters_partition(const size_t bins[VG_CLUSTER_BINS], int n, int from[VG_CLUSTERS_MAX + 1]);

#endif
