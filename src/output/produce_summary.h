/* produce_summary.h: what a study tells at its end. */
#ifndef VG_PRODUCE_SUMMARY_H
#define VG_PRODUCE_SUMMARY_H
#include <stdbool.h>
#include <stddef.h>
#include "voxgan/status.h"

/* A case of the study, or of this shard. */
typedef struct todo {
  size_t k;     /* number in the study */
  char id[128]; /* in the form of the format */
  char cohort[64];
  bool kept, failed;
} todo;

/* Prints a row for each cohort: cases made, kept and failed, and their tumours. Warns of cases with equal
 * voxels. root: the data set, with the records. */
vg_status vg_produce_print_summary(const char *root, const todo *list, size_t n_list);

#endif
