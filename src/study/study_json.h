/* study_json.h: a study as JSON. */
#ifndef VG_STUDY_JSON_H
#define VG_STUDY_JSON_H
#include "io/json.h"
#include "voxgan/study.h"

/* What defines the study: plan, edits, seed and the ids of its sources. The data set's description keeps a
 * hash of it. */
vg_json *vg_study_to_json(const vg_study *s);

#endif
