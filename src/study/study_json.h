/* study_json.h: a study as JSON. */
#ifndef VG_STUDY_JSON_H
#define VG_STUDY_JSON_H
#include "io/json.h"
#include "voxgan/study.h"

/* Everything that defines the study: plan, edits, seed and the ids of its sources. The description of the
 * data set contains a hash of it. */
vg_json *vg_study_to_json(const vg_study *s);

#endif
