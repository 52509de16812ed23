/* format_values.h: functions that the formats share: label values and names. */
#ifndef VG_FORMAT_VALUES_H
#define VG_FORMAT_VALUES_H
#include "output/format/format.h"

#define VG_FORMAT(name, help) extern const vg_dataset_format vg_dataset_format_##name;
#include "registry/formats.def"
#undef VG_FORMAT

/* Sets *out to the set's classes of that role with their values in the scheme `name`; false: the scheme lacks
 * one. */
bool vg_format_known_values(const vg_format_set *set, vg_role role, const char *name, vg_scheme *out);
/* The same with the values that *out has already: those of the sources. */
bool vg_format_own_values(const vg_format_set *set, vg_role role, vg_scheme *out);
/* Numbers the classes 1, 2, ... in their order. */
void vg_format_count_values(const vg_format_set *set, vg_role role, vg_scheme *out);
/* VG_CONFIG: `known` lacks a class; the message names the first, and the formats that take any class. */
vg_status vg_format_lacks(const vg_format_set *set, vg_role role, const vg_scheme *known, const char *format);

/* Copies the letters and digits of text, and the characters in `also`, without leading dots. VG_CONFIG:
 * nothing remains, or it does not fit. */
vg_status vg_format_clean(const char *text, const char *also, char *buf, size_t size);

#endif
