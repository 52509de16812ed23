/* setting.h: a value that a row of settings.def describes, wherever it is stored. The networks use it for the
 * settings that they keep a copy of. */
#ifndef VG_SETTINGS_SETTING_H
#define VG_SETTINGS_SETTING_H
#include "voxgan/config.h"

/* Bytes that a value takes, in a vg_config and elsewhere. */
size_t vg_setting_size(const vg_setting *s);
/* VG_CONFIG when the value is outside its bounds, or none of its choices; the message names the setting. */
vg_status vg_setting_check(const vg_setting *s, const void *value);
/* Sets a value of type STR, CHOICE or NAME. VG_CONFIG when the text is none of its choices or too long. */
vg_status vg_setting_set_text(const vg_setting *s, const char *text, void *value);

#endif
