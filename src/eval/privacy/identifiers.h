/* identifiers.h: finds identifiers of persons in a data set's file names, headers, sidecars and tables.
 *
 *   names      of files and folders
 *   NIfTI      descrip, aux_file, intent_name, db_name, data_type; every header extension (DICOM, comments)
 *   gzip       the name and the comment that its header may hold
 *   JSON       DICOM attributes that name a person, a place or a day; all strings and keys
 *   CSV, TSV   cell by cell, by column; other text files (.txt, .md, .xml, .bval, .bvec) as a whole
 *   DICOM      a file of that kind at all
 *
 * The scan looks for ids of known real subjects, as whole words; dates; names in DICOM's form (DOE^JANE);
 * DICOM UIDs; in headers also words such as patient, and any text that no known program writes. A finding
 * names the location and the kind of identifier, and does not repeat the identifier itself.
 */
#ifndef VG_EVAL_IDENTIFIERS_H
#define VG_EVAL_IDENTIFIERS_H
#include <stdbool.h>
#include <stddef.h>
#include "voxgan/status.h"

typedef struct identifier_finding {
  char *file, *field; /* field: "name", "descrip", a JSON path, a column, ... */
  const char *kind;   /* static */
  size_t count;       /* number of occurrences there */
} identifier_finding;

/* Caller-owned: _init by {0}, _release. */
typedef struct identifier_report {
  identifier_finding *list; /* files in the order given */
  size_t n;
  size_t files, unread; /* files inspected; unread: those of which only the name was inspected, because their
                           type is unknown (images, archives) */
} identifier_report;

#define IDENTIFIER_REAL_ID "id of a real subject"

/* Scans root/files[i]. ids: of real subjects. Ids with fewer than 4 letters and digits, or without a digit,
 * are too common and are ignored. Files that cannot be parsed are read as text. */
vg_status vg_privacy_identifiers_scan(const char *root, char *const *files, size_t n, const char *const *ids,
                                      size_t n_ids, identifier_report *out);
void vg_privacy_identifiers_release(identifier_report *r);

/* Returns the kind of identifier in a text, or NULL. header: the text is from a header, which should not
 * mention persons at all. */
const char *vg_privacy_identifier_in(const char *text, const char *const *ids, size_t n_ids, bool header);

/* Whether DICOM PS3.15, table E.1-1, has an attribute as identifying a person, a place or a day; key: as a
 * BIDS sidecar spells it. */
bool vg_privacy_is_dicom_attribute(const char *key);

#endif
