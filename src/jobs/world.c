/* world.c: rank and size from the variables of torchrun, mpirun and srun. */
#include "jobs/world.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/pool.h"
#include "base/str.h"

enum { MOST = 1 << 16 }; /* processes */

/* Ports below those that the kernel gives to outgoing connections. */
enum { FIRST_PORT = 12000, PORTS = 20000 };

/* NULL where it is unset or empty. */
static const char *text_of(const char *name) {
  const char *v = getenv(name);
  return v && *v ? v : NULL;
}

static vg_status missing(const char *name, const char *beside) {
  return vg_fail(VG_CONFIG, "%s is set, but %s is not: processes that train together need both", beside,
                 name);
}

/* A whole number; fallback where the variable is unset, unless that is negative. */
static vg_status number(const char *name, const char *beside, long long least, long long most, int fallback,
                        int *out) {
  const char *v = text_of(name);
  long long n;
  *out = fallback;
  if (!v) return fallback >= 0 ? VG_OK : missing(name, beside);
  if (!vg_parse_i64(v, &n)) return vg_fail(VG_CONFIG, "%s is \"%s\", which is no whole number", name, v);
  if (n < least || n > most)
    return vg_fail(VG_CONFIG, "%s is %lld, but must be from %lld to %lld", name, n, least, most);
  *out = (int)n;
  return VG_OK;
}

/* The variables of one kind of starter. */
typedef struct names {
  const char *rank, *size, *local_rank, *local_size;
} names;

static const names torch = {"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"},
                   ompi = {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
                           "OMPI_COMM_WORLD_LOCAL_SIZE"},
                   slurm = {"SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", NULL},
                   pmi = {"PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"};

static vg_status read_ranks(const names *n, vg_world *w) {
  vg_status st = number(n->size, n->rank, 1, MOST, -1, &w->size);
  if (!st) st = number(n->rank, n->size, 0, MOST - 1, -1, &w->rank);
  if (!st && w->rank >= w->size)
    st = vg_fail(VG_CONFIG, "%s is %d, but %s is %d: ranks count from 0", n->rank, w->rank, n->size, w->size);
  if (st || w->size == 1) return st;
  st = number(n->local_rank, n->rank, 0, w->size - 1, -1, &w->local_rank);
  if (!st && n->local_size) st = number(n->local_size, n->rank, 1, w->size, 0, &w->local_size);
  if (!st && w->local_size && w->local_rank >= w->local_size)
    st = vg_fail(VG_CONFIG, "%s is %d, but %s is %d", n->local_rank, w->local_rank, n->local_size,
                 w->local_size);
  if (!st && w->local_rank > w->rank)
    st = vg_fail(VG_CONFIG, "%s is %d, but %s is %d: the first is the rank on this machine alone",
                 n->local_rank, w->local_rank, n->rank, w->rank);
  return st;
}

/* MASTER_ADDR and MASTER_PORT, or the values given; a port of 0 stands for none. */
static vg_status read_place(const char *beside, const char *host, int port, vg_world *w) {
  const char *named = text_of("MASTER_ADDR");
  if (named) host = named;
  if (!host) return missing("MASTER_ADDR", beside);
  if (strlen(host) >= sizeof w->host) return vg_fail(VG_CONFIG, "MASTER_ADDR is longer than any host's name");
  snprintf(w->host, sizeof w->host, "%s", host);
  return number("MASTER_PORT", beside, 1, 65535, port ? port : -1, &w->port);
}

/* A port that all processes of a job find alike. */
static int port_of(unsigned long long job) {
  return FIRST_PORT + (int)(job % PORTS);
}

static vg_status read_torch(vg_world *w) {
  vg_status st = read_ranks(&torch, w);
  if (st || w->size == 1) return st;
  const char *keeps = text_of("TORCHELASTIC_USE_AGENT_STORE");
  w->kept = keeps && strcmp(keeps, "True") == 0;
  st = number("TORCHELASTIC_RESTART_COUNT", "RANK", 0, MOST, 0, &w->attempt);
  return st ? st : read_place("RANK", NULL, 0, w);
}

/* mpirun names no machine for all. On one machine, its own process id is common to all. */
static vg_status read_mpi(const names *n, vg_world *w) {
  vg_status st = read_ranks(n, w);
  if (st || w->size == 1) return st;
  const bool one = w->local_size == w->size;
  return read_place(n->rank, one ? "127.0.0.1" : NULL, one ? port_of((unsigned long long)getppid()) : 0, w);
}

bool vg_world_first_host(const char *list, char *out, size_t size) {
  const size_t before = strcspn(list, "[,");
  size_t digits = 0;
  const char *from = list + before;
  if (*from == '[') digits = strspn(++from, "0123456789");
  if (!before || before + digits >= size || (list[before] == '[' && !digits)) return false;
  const char *rest = list[before] == '[' ? strchr(from, ']') : NULL;
  if (list[before] == '[' && !rest) return false;
  memcpy(out, list, before);
  memcpy(out + before, from, digits);
  out[before + digits] = '\0';
  if (!rest) return true;
  const size_t after = strcspn(++rest, ",[");
  if (rest[after] == '[' || before + digits + after >= size) return false;
  memcpy(out + before + digits, rest, after);
  out[before + digits + after] = '\0';
  return true;
}

/* Tasks of this node, by "4(x2),3" and the node's number; 0: not said. */
static int tasks_here(void) {
  const char *list = text_of("SLURM_STEP_TASKS_PER_NODE"), *node = text_of("SLURM_NODEID");
  if (!list) list = text_of("SLURM_TASKS_PER_NODE");
  long left = node ? strtol(node, NULL, 10) : -1;
  while (list && left >= 0 && *list) {
    char *end;
    const long tasks = strtol(list, &end, 10);
    long times = 1;
    if (!strncmp(end, "(x", 2)) {
      times = strtol(end + 2, &end, 10);
      if (*end == ')') end++;
    }
    if (left < times) return tasks > 0 && tasks <= MOST ? (int)tasks : 0;
    left -= times;
    list = *end == ',' ? end + 1 : "";
  }
  return 0;
}

static vg_status read_slurm(vg_world *w) {
  const char *nodes = text_of("SLURM_STEP_NODELIST"), *job = text_of("SLURM_JOB_ID"),
             *step = text_of("SLURM_STEP_ID");
  char host[sizeof w->host];
  vg_status st = read_ranks(&slurm, w);
  if (st || w->size == 1) return st;
  w->local_size = tasks_here();
  if (w->local_size <= w->local_rank) w->local_size = 0;
  if (!nodes) nodes = text_of("SLURM_JOB_NODELIST");
  if (!nodes) nodes = text_of("SLURM_NODELIST");
  if (!job) job = text_of("SLURM_JOBID");
  if (!nodes && !text_of("MASTER_ADDR")) return missing("SLURM_JOB_NODELIST", "SLURM_PROCID");
  if (!job && !text_of("MASTER_PORT")) return missing("SLURM_JOB_ID", "SLURM_PROCID");
  if (nodes && !vg_world_first_host(nodes, host, sizeof host))
    return vg_fail(VG_CONFIG, "the first host of Slurm's node list \"%.80s\" cannot be read: set MASTER_ADDR",
                   nodes);
  const unsigned long long number_of_job = strtoull(job ? job : "0", NULL, 10),
                           number_of_step = strtoull(step ? step : "0", NULL, 10);
  return read_place("SLURM_PROCID", nodes ? host : NULL,
                    port_of(number_of_job + 97 * (number_of_step % 1000)), w);
}

/* The script of a batch job has the variables of a task, but nobody started others beside it. */
static bool is_batch_script(void) {
  return text_of("SLURMD_NODENAME") && !text_of("SLURM_STEP_ID") && !text_of("SLURM_STEPID");
}

/* In a job of Slurm, MPICH's mpirun starts one task a node, and that task starts the processes, which inherit
 * its variables of Slurm. srun's own PMI sets no local rank. */
static bool is_from_mpich(void) {
  return text_of(pmi.local_rank) && text_of(pmi.rank) && text_of(pmi.size);
}

static vg_status compare_with_mpi(const vg_world *w) {
  const char *of_mpi = text_of(ompi.rank);
  long long rank;
  if (!of_mpi || w->size == 1 || !vg_parse_i64(of_mpi, &rank) || rank == w->rank) return VG_OK;
  return vg_fail(VG_CONFIG, "RANK is %d, but %s is %s: unset one", w->rank, ompi.rank, of_mpi);
}

static int processors(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
}

vg_status vg_world_read(vg_world *out) {
  *out = (vg_world){.size = 1};
  vg_status st = VG_OK;
  if (text_of(torch.rank) || text_of(torch.size)) {
    st = read_torch(out);
    if (!st) st = compare_with_mpi(out);
  } else if (text_of(ompi.size) || text_of(ompi.rank)) {
    st = read_mpi(&ompi, out);
    out->bound = true;
  } else if (text_of(slurm.rank) && !is_batch_script() && !is_from_mpich()) {
    st = read_slurm(out);
    out->bound = true;
  } else if (text_of(pmi.size) || text_of(pmi.rank)) {
    st = read_mpi(&pmi, out);
    out->bound = true;
  }
  /* srun and mpirun may have given each process processors of its own. */
  if (processors() >= sysconf(_SC_NPROCESSORS_ONLN)) out->bound = false;
  return st;
}

int vg_world_threads(const vg_world *w, int set) {
  if (set > 0 || w->size < 2 || w->bound || w->local_size < 2) return set;
  const int share = processors() / w->local_size;
  return share > 1 ? share : 1;
}
