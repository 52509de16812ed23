/* detect_score.h: the area under the ROC curve over several networks, with an interval over persons. */
#ifndef VG_EVAL_DETECT_SCORE_H
#define VG_EVAL_DETECT_SCORE_H
#include <stdint.h>
#include "base/number/statistic.h"

/* A patch or volume that a network was asked about. */
typedef struct detect_item {
  double score; /* higher: rather of the second group */
  uint32_t person;
  uint8_t second; /* 1: of the second group */
} detect_item;

typedef struct detect_answers {
  detect_item *items;
  size_t n;
} detect_answers;

/* For each network the probability that an item of the second group scores higher than one of the first, ties
 * counting half; then the mean over networks. Scores of different networks have no common scale and are not
 * compared. The interval is a percentile bootstrap over persons, with all their items and for all networks
 * alike. stratum: (n_persons) persons are drawn within each, so that no group vanishes because persons are on
 * one side only. Sorts the items. NaN: no network has items of both groups; no interval for fewer than 2
 * persons. */
vg_status vg_detect_area(detect_answers *networks, size_t n_networks, const uint8_t *stratum,
                         size_t n_persons, vg_estimate *out);

#endif
