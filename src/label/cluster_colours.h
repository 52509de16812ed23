/* cluster_colours.h: the colours of classes that are clusters of intensities. */
#ifndef VG_CLUSTER_COLOURS_H
#define VG_CLUSTER_COLOURS_H
#include "voxgan/config.h"
#include "voxgan/labels.h"

/* The colour of class k. Clusters of the first series go from dark to light, as the intensities do, and
 * neighbours differ in tint. Clusters of further series differ in hue. All are duller than those of tumours.
 */
void vg_cluster_colour(const vg_clusters *of, int k, uint8_t rgb[3]);

#endif
