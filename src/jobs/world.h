/* world.h: which process of several this one is, as whatever started it says. */
#ifndef VG_JOBS_WORLD_H
#define VG_JOBS_WORLD_H
#include "voxgan/run.h"

/* Reads the environment. In this order, the first that speaks of more than nothing decides:
 *
 *   RANK, WORLD_SIZE, LOCAL_RANK, ...        torchrun, `voxgan train --processes`, or a person
 *   OMPI_COMM_WORLD_RANK, ...                mpirun of Open MPI
 *   PMI_RANK, PMI_SIZE, MPI_LOCALRANKID      mpirun of MPICH
 *   SLURM_PROCID, SLURM_NTASKS, ...          srun
 *
 * A process alone has size 1. VG_CONFIG, in a line that names the variable: it is missing, is no number, or
 * contradicts another.
 */
vg_status vg_world_read(vg_world *out);

/* The threads of each process: those that are set, or else its share of the processors. 0: all of them. */
int vg_world_threads(const vg_world *w, int set);

/* The first name of a node list of Slurm, as "node[03-05,9],login" gives "node03". false: it does not fit. */
bool vg_world_first_host(const char *list, char *out, size_t size);

#endif
