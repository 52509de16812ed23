/* edit_add.h: edits that are added while the program runs. Tests use it to show that one row is enough. */
#ifndef VG_EDIT_ADD_H
#define VG_EDIT_ADD_H
#include "voxgan/edit.h"

#define VG_EDITS_MAX 63

/* Appends an edit to the registry: it is then listed, parsed, applied and checked as those of edits.def are.
 * name, help and edit are borrowed for good. VG_CONFIG: the registry is full, or has an edit of that name.
 * Not safe beside other threads. */
vg_status vg_edit_add(const char *name, const char *help, const vg_edit *edit);

#endif
