/* config_find.h: the configs and plans that come with voxgan, by name. */
#ifndef VG_SETTINGS_CONFIG_FIND_H
#define VG_SETTINGS_CONFIG_FIND_H
#include <stdio.h>
#include "voxgan/status.h"

/* The path of a config or plan (vg_free): name itself where such a file exists or it has a slash (a folder
 * does not count), otherwise NAME.json of those that come with voxgan. They lie in $VOXGAN_CONFIGS, else in
 * share/voxgan/configs of the installation, else in configs/ of the source tree. VG_CONFIG: there is none;
 * the message names the nearest.
 */
vg_status vg_config_find(const char *name, char **path);
/* Prints their names, and what each says about itself. */
vg_status vg_config_list(FILE *to);

#endif
