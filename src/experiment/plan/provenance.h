/* provenance.h: what synthetic cases were made from, by the manifest of their data set. */
#ifndef VG_EXPERIMENT_PLAN_PROVENANCE_H
#define VG_EXPERIMENT_PLAN_PROVENANCE_H
#include "io/table.h"
#include "voxgan/dataset.h"
#include "voxgan/output.h"

typedef struct provenance {
  const char *purpose; /* of the check, for messages: "so that folds can be kept free of them" */
  char *dir;           /* of the manifest */
  vg_table manifest;
  int id, source, donors, origins, model; /* columns; origins and model -1: none */
  bool anonymous;                         /* by the description */
  char marker[VG_HASH_LEN];               /* of the key; "": the description has none */
  vg_secret secret;
  bool secret_is_set;
} provenance;

/* The case of a row goes back to source and to donors ("a;b"): those of its manifest, or what these were made
 * from themselves. */
typedef struct provenance_row {
  const char *id, *source, *donors;
} provenance_row;

typedef struct provenance_tally {
  size_t hashed, unknown, known; /* ids that only look like a hash; of nobody; of somebody */
  size_t of_strangers;           /* cases with an id of nobody */
} provenance_tally;

/* Whether the data set at root, a folder or a manifest, hides the ids of its sources. */
vg_status vg_provenance_is_anonymous(const char *root, bool *anonymous);

/* Opens the manifest of a synthetic data set. VG_DATA: it has none, or one that names no sources. */
vg_status vg_provenance_open(const char *root, const char *purpose, provenance *out);
void vg_provenance_release(provenance *p);
provenance_row vg_provenance_row(const provenance *p, size_t row);

/* Reads the key (NULL: none), and counts the sources that are subjects of `all`. VG_DATA: sources are hashed
 * and there is no key, or a case has no source. VG_CONFIG: the key is that of another data set. */
vg_status vg_provenance_check(provenance *p, const char *key, const vg_dataset *all, provenance_tally *out);

#endif
