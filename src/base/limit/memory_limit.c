/* memory_limit.c: the smallest of all limits on this process's memory. */
#include "base/limit/memory_limit.h"
#include "base/text/plural.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNKNOWN ((uint64_t)4 << 30)
#define PATH 4096

static void tighten(vg_memory_limit *l, uint64_t left, const char *source) {
  if (left >= l->left) return;
  l->left = left;
  snprintf(l->source, sizeof l->source, "%s", source);
}

static uint64_t minus(uint64_t limit, uint64_t used) {
  return limit > used ? limit - used : 0;
}

/* ---- the machine ---- */

static void add_machine(const char *root, vg_memory_limit *l) {
  char path[PATH];
  uint64_t kb;
  snprintf(path, sizeof path, "%s/proc/meminfo", root);
  if (vg_limit_number(path, "MemAvailable", &kb) && kb < UINT64_MAX / 1024)
    tighten(l, kb * 1024, "the machine's free memory");
}

/* ---- ulimit ---- */

/* Address space, resident memory and data of this process, in bytes. */
typedef struct usage {
  uint64_t space, resident, data;
} usage;

static usage read_usage(const char *root) {
  char path[PATH];
  unsigned long long space = 0, resident = 0, data = 0;
  snprintf(path, sizeof path, "%s/proc/self/statm", root);
  FILE *f = fopen(path, "re");
  if (f && fscanf(f, "%llu %llu %*s %*s %*s %llu", &space, &resident, &data) != 3)
    space = resident = data = 0;
  if (f) fclose(f);
  const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  return (usage){space * page, resident * page, data * page};
}

static void add_ulimits(const char *root, const usage *used, vg_memory_limit *l) {
  char path[PATH];
  uint64_t limit;
  snprintf(path, sizeof path, "%s/proc/self/limits", root);
  if (vg_limit_number(path, "Max address space", &limit)) {
    l->address_space = minus(limit, used->space);
    tighten(l, l->address_space, "ulimit -v");
  }
  if (vg_limit_number(path, "Max data size", &limit)) tighten(l, minus(limit, used->data), "ulimit -d");
}

/* ---- Slurm ---- */

/* A positive whole number at the start of a variable. SLURM_JOB_CPUS_PER_NODE may go on with "(x2)". */
static uint64_t variable(const char *name) {
  const char *text = getenv(name);
  if (!text || *text < '0' || *text > '9') return 0;
  return strtoull(text, NULL, 10);
}

static uint64_t first_of(const char *a, const char *b, const char *c) {
  uint64_t n = variable(a);
  if (!n) n = variable(b);
  if (!n) n = variable(c);
  return n ? n : 1;
}

/* Megabytes of the job's share of this node; 0 (also: --mem=0, the whole node): no limit. */
static uint64_t slurm_megabytes(const char **source) {
  uint64_t node = variable("SLURM_MEM_PER_NODE"), cpu = variable("SLURM_MEM_PER_CPU"),
           gpu = variable("SLURM_MEM_PER_GPU"), total = 0;
  if (node) {
    *source = "SLURM_MEM_PER_NODE";
    total = node;
  } else if (cpu) {
    *source = "SLURM_MEM_PER_CPU";
    const uint64_t n = first_of("SLURM_CPUS_ON_NODE", "SLURM_JOB_CPUS_PER_NODE", "SLURM_CPUS_PER_TASK");
    if (__builtin_mul_overflow(cpu, n, &total)) total = 0;
  } else if (gpu) {
    *source = "SLURM_MEM_PER_GPU";
    const uint64_t n = first_of("SLURM_GPUS_ON_NODE", "SLURM_GPUS_PER_NODE", "SLURM_GPUS");
    if (__builtin_mul_overflow(gpu, n, &total)) total = 0;
  }
  return total < UINT64_MAX >> 20 ? total : 0;
}

static void add_slurm(const usage *used, vg_memory_limit *l) {
  const char *source = "";
  const uint64_t megabytes = slurm_megabytes(&source);
  if (megabytes) tighten(l, minus(megabytes << 20, used->resident), source);
}

vg_memory_limit vg_memory_limit_read(const char *root) {
  vg_memory_limit l = {.left = UINT64_MAX, .address_space = UINT64_MAX};
  const usage used = read_usage(root);
  uint64_t left;
  char group[96] = "", source[160];
  add_machine(root, &l);
  add_ulimits(root, &used, &l);
  add_slurm(&used, &l);
  if (vg_cgroup_memory_left(root, &left, group, sizeof group)) {
    snprintf(source, sizeof source, "control group %s", group);
    tighten(&l, left, source);
  }
  if (l.left == UINT64_MAX) tighten(&l, UNKNOWN, "a guess");
  return l;
}

size_t vg_memory_left(void) {
  const uint64_t left = vg_memory_limit_read("").left;
  return left < SIZE_MAX ? (size_t)left : SIZE_MAX;
}

vg_status vg_memory_require_space(const char *root, uint64_t need, int threads) {
  const double mib = 1 << 20;
  const vg_memory_limit l = vg_memory_limit_read(root);
  const uint64_t all = need + VG_SPACE_BASE + VG_SPACE_THREAD * (uint64_t)(threads > 0 ? threads + 1 : 2);
  if (l.address_space >= all) return VG_OK;
  return vg_fail(VG_MEMORY,
                 "not enough memory: ulimit -v leaves %.0f MiB of address space, and the work with %d %s "
                 "needs about %.0f MiB; fewer threads need less",
                 (double)l.address_space / mib, threads, vg_plural(threads, "thread", "threads"),
                 (double)all / mib);
}

void vg_memory_spare_space(void) {
  if (vg_memory_limit_read("").address_space < UINT64_MAX) mallopt(M_ARENA_MAX, 1);
}
