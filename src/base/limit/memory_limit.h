/* memory_limit.h: how much memory this process may still take, and what sets the limit.
 *
 * A batch job rarely owns its node. The answer is the smallest of: the machine's available memory, every
 * control group (v1 and v2) from the process's own up to the mount point, `ulimit -v` and `ulimit -d`, and
 * what Slurm granted (SLURM_MEM_PER_NODE, SLURM_MEM_PER_CPU, SLURM_MEM_PER_GPU).
 */
#ifndef VG_MEMORY_LIMIT_H
#define VG_MEMORY_LIMIT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

typedef struct vg_memory_limit {
  uint64_t left;          /* bytes */
  uint64_t address_space; /* bytes of address space left by ulimit -v; UINT64_MAX: no limit */
  char source[160];       /* "the machine's free memory", "control group /job_7", "ulimit -v", ... */
} vg_memory_limit;

/* Reads the limits from proc and sys below root ("": the machine's own), and from the environment. Without
 * any information, left is 4 GiB. Needs no memory from the heap. */
vg_memory_limit vg_memory_limit_read(const char *root);
/* The bytes that this process may still take: vg_memory_limit_read("").left. */
size_t vg_memory_left(void);

/* Fails with VG_MEMORY if `ulimit -v` leaves less address space than `need` bytes and what libtorch's threads
 * reserve: VG_SPACE_BASE, and VG_SPACE_THREAD for each of `threads`, the data loader's and autograd's. Its
 * libraries wait for ever or abort when a thread's memory cannot be mapped, so it must be known before. */
#define VG_SPACE_BASE ((uint64_t)64 << 20)
#define VG_SPACE_THREAD \
  ((uint64_t)136 << 20) /* a stack of 8 MiB, and 128 MiB for malloc's arena or OpenBLAS */
vg_status vg_memory_require_space(const char *root, uint64_t need, int threads);

/* Where `ulimit -v` limits the address space, lets all threads share one arena of malloc(): each further one
 * reserves 128 MiB. Call it before the first thread. */
void vg_memory_spare_space(void);

/* ---- control groups ---- */

/* The tightest control group of the process. Returns false if none sets a limit. Memory of cached files that
 * the kernel can drop does not count as used. */
bool vg_cgroup_memory_left(const char *root, uint64_t *left, char *group, size_t size);

/* Reads the first number of a file ("max" is none), or, with a key, the number after that key at the start of
 * a line. */
bool vg_limit_number(const char *path, const char *key, uint64_t *out);

#endif
