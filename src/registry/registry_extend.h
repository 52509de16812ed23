/* registry_extend.h: adds rows while the program runs. Tests use it to show that one row is enough.
 * vg_edit_add, vg_dataset_format_add and vg_eval_suites_add call it. */
#ifndef VG_REGISTRY_EXTEND_H
#define VG_REGISTRY_EXTEND_H
#include "voxgan/status.h"

/* Appends a row to the registry of that name. All strings are borrowed for good. VG_CONFIG: there is no such
 * registry, it is full, or it has a row of that name. Not safe beside other threads. */
vg_status vg_registry_extend(const char *registry, const char *name, const char *help);
/* The same for a registry whose rows have kinds (losses). */
vg_status vg_registry_extend_kind(const char *registry, const char *kind, const char *name, const char *help);

#endif
