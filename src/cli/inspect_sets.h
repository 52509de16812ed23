/* inspect_sets.h: what `voxgan inspect` shows of a folder that holds several data sets. */
#ifndef VG_CLI_INSPECT_SETS_H
#define VG_CLI_INSPECT_SETS_H
#include "io/json.h"
#include "voxgan/status.h"

/* Describes the data sets below a folder. *out stays NULL where the folder is one data set, or none. */
vg_status vg_cli_inspect_sets(const char *path, const char *tumour_scheme, const char *anatomy_scheme,
                              vg_json **out);
void vg_cli_print_sets(const vg_json *j);

#endif
