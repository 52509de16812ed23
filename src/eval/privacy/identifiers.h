/* identifiers.h: what in a data set's file names, headers, sidecars and tables may say who somebody is.
 *
 *   names      of files and folders
 *   NIfTI      descrip, aux_file, intent_name, db_name, data_type; every header extension (DICOM, comments)
 *   gzip       the name and the comment that its header may hold
 *   JSON       DICOM attributes that name a person, a place or a day; all strings and keys
 *   CSV, TSV   cell by cell, by column; other text files (.txt, .md, .xml, .bval, .bvec) as a whole
 *   DICOM      a file of that kind at all
 *
 * Looked for: ids of known real subjects, as whole words; dates; names in DICOM's form (DOE^JANE); DICOM
 * UIDs; in headers also words such as patient, and any text that is not a program's mark. What was found is
 * told by place and kind, and not repeated.
 */
#ifndef VG_EVAL_IDENTIFIERS_H
#define VG_EVAL_IDENTIFIERS_H
#include <stdbool.h>
#include <stddef.h>
#include "voxgan/status.h"

typedef struct identifier_finding {
  char *file, *field; /* field: "name", "descrip", a JSON path, a column, ... */
  const char *kind;   /* static */
  size_t count;       /* how often in that place */
} identifier_finding;

/* Caller-owned: _init by {0}, _release. */
typedef struct identifier_report {
  identifier_finding *list; /* files in the order given */
  size_t n;
  size_t files,
      unread; /* looked at; of them known by name only, since their kind is not (images, archives) */
} identifier_report;

#define IDENTIFIER_REAL_ID "id of a real subject"

/* root/files[i]. ids: of real subjects; those with fewer than 4 letters and digits, or without a digit, are
 * too common to be looked for. Files that cannot be parsed are read as text. */
vg_status vg_privacy_identifiers_scan(const char *root, char *const *files, size_t n, const char *const *ids,
                                      size_t n_ids, identifier_report *out);
void vg_privacy_identifiers_release(identifier_report *r);

/* The kind of identifier that a text holds, or NULL; header: a text that should say nothing of persons at
 * all. */
const char *vg_privacy_identifier_in(const char *text, const char *const *ids, size_t n_ids, bool header);

#endif
