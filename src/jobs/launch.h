/* launch.h: `--processes`: a command that starts itself several times on this machine. */
#ifndef VG_JOBS_LAUNCH_H
#define VG_JOBS_LAUNCH_H
#include "voxgan/status.h"

/* Runs this program n times with its own arguments but `--processes`, and the variables RANK, WORLD_SIZE,
 * LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR and MASTER_PORT. They write to the terminal of this one. Signals
 * that ask for a stop are passed on. When one ends badly the others have some time to notice, and are killed
 * then. Returns the status of the first that ended badly, with a message that names its rank. */
vg_status vg_launch(int n);

#endif
