/* study_apart.h: what a study reads must not lie where it is written. */
#ifndef VG_STUDY_APART_H
#define VG_STUDY_APART_H
#include "voxgan/study.h"

/* VG_USAGE where out overlaps with a folder or manifest of the hosts or donors, also one that a plan names,
 * or one of their files lies in out. */
vg_status vg_study_apart(const vg_study *s, const char *out);

#endif
