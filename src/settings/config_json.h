/* config_json.h: settings to and from JSON trees, as files of this program hold them. */
#ifndef VG_SETTINGS_CONFIG_JSON_H
#define VG_SETTINGS_CONFIG_JSON_H
#include "io/json.h"
#include "voxgan/config.h"

/* Sets what root holds. name is the file's, for messages. */
vg_status vg_config_from_json(vg_config *c, const char *name, const vg_json *root);
/* All settings, resolved. NULL when out of memory. */
vg_json *vg_config_to_json(const vg_config *c);

#endif
