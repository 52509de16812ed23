/* format_values.h: what the formats share. */
#ifndef VG_FORMAT_VALUES_H
#define VG_FORMAT_VALUES_H
#include "output/format/format.h"

#define VG_FORMAT(name, help) extern const vg_dataset_format vg_dataset_format_##name;
#include "registry/formats.def"
#undef VG_FORMAT

/* Puts what the scheme `name` has of the set's classes of that role into *out; false when it lacks one. */
bool vg_format_known_values(const vg_format_set *set, vg_role role, const char *name, vg_scheme *out);
/* The same with *out as it came: the sources' own values stay. */
bool vg_format_own_values(const vg_format_set *set, vg_role role, vg_scheme *out);
/* 1, 2, ... in the order of the classes. */
void vg_format_count_values(const vg_format_set *set, vg_role role, vg_scheme *out);
/* VG_CONFIG: the format has no value for the first class that known lacks. */
vg_status vg_format_lacks(const vg_format_set *set, vg_role role, const vg_scheme *known, const char *format);

/* Only the letters, digits and further ones of text that are in also, without dots in front; VG_CONFIG when
 * none is left, or it does not fit. */
vg_status vg_format_clean(const char *text, const char *also, char *buf, size_t size);

#endif
