/* Ranks from the variables of torchrun, mpirun and srun. Expected values: what these programs document. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "jobs/world.h"

extern char **environ;

/* Sets exactly these variables, "NAME=value" each. */
static void environment(const char *const *list) {
  clearenv();
  for (; *list; list++) assert_int_equal(putenv((char *)(uintptr_t)*list), 0);
}
#define ENV(...) environment((const char *const[]){__VA_ARGS__, NULL})

static vg_world good(void) {
  vg_world w;
  if (vg_world_read(&w)) fail_msg("%s", vg_error());
  return w;
}

static void refuses(const char *name) {
  vg_world w;
  assert_int_equal(vg_world_read(&w), VG_CONFIG);
  if (!strstr(vg_error(), name)) fail_msg("no %s in: %s", name, vg_error());
}

static void alone(void **state) {
  (void)state;
  ENV("HOME=/");
  assert_int_equal(good().size, 1);
  ENV("RANK=0", "WORLD_SIZE=1");
  assert_int_equal(good().size, 1);
  ENV("RANK=", "WORLD_SIZE=");
  assert_int_equal(good().size, 1);
  /* the script of a batch job, where srun has started nothing */
  ENV("SLURM_PROCID=0", "SLURM_NTASKS=4", "SLURM_LOCALID=0", "SLURMD_NODENAME=a", "SLURM_JOB_ID=7",
      "SLURM_NODELIST=a");
  assert_int_equal(good().size, 1);
}

static void by_torchrun(void **state) {
  (void)state;
  ENV("RANK=5", "WORLD_SIZE=8", "LOCAL_RANK=1", "LOCAL_WORLD_SIZE=4", "MASTER_ADDR=node1",
      "MASTER_PORT=29500", "TORCHELASTIC_USE_AGENT_STORE=True", "TORCHELASTIC_RESTART_COUNT=2",
      "SLURM_PROCID=1", "SLURM_NTASKS=2");
  vg_world w = good();
  assert_int_equal(w.rank, 5);
  assert_int_equal(w.size, 8);
  assert_int_equal(w.local_rank, 1);
  assert_int_equal(w.local_size, 4);
  assert_string_equal(w.host, "node1");
  assert_int_equal(w.port, 29500);
  assert_int_equal(w.attempt, 2);
  assert_true(w.kept);
  ENV("RANK=1", "WORLD_SIZE=2", "LOCAL_RANK=1", "MASTER_ADDR=::1", "MASTER_PORT=1");
  w = good();
  assert_false(w.kept);
  assert_int_equal(w.local_size, 0);
}

static void faults(void **state) {
  (void)state;
  static const struct {
    const char *without, *with, *named;
  } list[] = {
      {"RANK", NULL, "RANK"},
      {"WORLD_SIZE", NULL, "WORLD_SIZE"},
      {"LOCAL_RANK", NULL, "LOCAL_RANK"},
      {"MASTER_ADDR", NULL, "MASTER_ADDR"},
      {"MASTER_PORT", NULL, "MASTER_PORT"},
      {"RANK", "RANK=4", "RANK is 4"},
      {"RANK", "RANK=-1", "RANK"},
      {"RANK", "RANK=1x", "RANK"},
      {"WORLD_SIZE", "WORLD_SIZE=0", "WORLD_SIZE"},
      {"LOCAL_RANK", "LOCAL_RANK=2", "LOCAL_RANK"},
      {"LOCAL_WORLD_SIZE", "LOCAL_WORLD_SIZE=5", "LOCAL_WORLD_SIZE"},
      {"LOCAL_WORLD_SIZE", "LOCAL_WORLD_SIZE=1", "LOCAL_WORLD_SIZE"},
      {"MASTER_PORT", "MASTER_PORT=65536", "MASTER_PORT"},
      {"MASTER_PORT", "MASTER_PORT=99999999999999999999", "MASTER_PORT"},
      {"WORLD_SIZE", "WORLD_SIZE=4 ", "WORLD_SIZE"},
      {"NOTHING", "OMPI_COMM_WORLD_RANK=3", "OMPI_COMM_WORLD_RANK"},
      {"TORCHELASTIC_RESTART_COUNT", "TORCHELASTIC_RESTART_COUNT=often", "TORCHELASTIC_RESTART_COUNT"},
  };
  for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
    ENV("RANK=1", "WORLD_SIZE=4", "LOCAL_RANK=1", "LOCAL_WORLD_SIZE=2", "MASTER_ADDR=h", "MASTER_PORT=1234");
    unsetenv(list[i].without);
    if (list[i].with) putenv((char *)(uintptr_t)list[i].with);
    refuses(list[i].named);
  }
  char host[300] = "MASTER_ADDR=";
  memset(host + 12, 'h', 270);
  ENV("RANK=1", "WORLD_SIZE=4", "LOCAL_RANK=1", "MASTER_PORT=1234", host);
  refuses("MASTER_ADDR");
}

static void by_slurm(void **state) {
  (void)state;
  ENV("SLURM_PROCID=3", "SLURM_NTASKS=4", "SLURM_LOCALID=0", "SLURM_JOB_ID=123456", "SLURM_STEP_ID=0",
      "SLURM_JOB_NODELIST=gpu[007-009,12]", "SLURM_NODEID=2", "SLURM_STEP_TASKS_PER_NODE=2,1(x2)");
  vg_world w = good();
  assert_int_equal(w.rank, 3);
  assert_int_equal(w.size, 4);
  assert_int_equal(w.local_size, 1);
  assert_string_equal(w.host, "gpu007");
  assert_int_equal(w.port, 12000 + 123456 % 20000);
  putenv((char *)(uintptr_t) "MASTER_ADDR=other");
  putenv((char *)(uintptr_t) "MASTER_PORT=99");
  w = good();
  assert_string_equal(w.host, "other");
  assert_int_equal(w.port, 99);
  ENV("SLURM_PROCID=1", "SLURM_NTASKS=2", "SLURM_LOCALID=1", "SLURM_NODELIST=n1,n2");
  refuses("SLURM_JOB_ID");
  ENV("SLURM_PROCID=1", "SLURM_NTASKS=2", "SLURM_LOCALID=1", "SLURM_JOB_ID=5");
  refuses("SLURM_JOB_NODELIST");
  ENV("SLURM_PROCID=1", "SLURM_NTASKS=2", "SLURM_JOB_ID=5", "SLURM_NODELIST=n1");
  refuses("SLURM_LOCALID");
  ENV("SLURM_PROCID=1", "SLURM_JOB_ID=5", "SLURM_NODELIST=n1");
  refuses("SLURM_NTASKS");
  ENV("SLURM_PROCID=1", "SLURM_NTASKS=2", "SLURM_LOCALID=1", "SLURM_JOB_ID=5", "SLURM_NODELIST=n[");
  refuses("n[");
}

static void by_mpirun(void **state) {
  (void)state;
  ENV("OMPI_COMM_WORLD_RANK=1", "OMPI_COMM_WORLD_SIZE=2", "OMPI_COMM_WORLD_LOCAL_RANK=1",
      "OMPI_COMM_WORLD_LOCAL_SIZE=2", "SLURM_PROCID=0", "SLURM_NTASKS=1");
  vg_world w = good();
  assert_int_equal(w.rank, 1);
  assert_int_equal(w.size, 2);
  assert_string_equal(w.host, "127.0.0.1");
  assert_int_equal(w.port, 12000 + getppid() % 20000);
  ENV("OMPI_COMM_WORLD_RANK=1", "OMPI_COMM_WORLD_SIZE=2", "OMPI_COMM_WORLD_LOCAL_RANK=0",
      "OMPI_COMM_WORLD_LOCAL_SIZE=1");
  refuses("MASTER_ADDR");
  ENV("PMI_RANK=1", "PMI_SIZE=3", "MPI_LOCALRANKID=1", "MPI_LOCALNRANKS=3");
  w = good();
  assert_int_equal(w.rank, 1);
  assert_int_equal(w.size, 3);
  /* of MPICH in a job of Slurm: both have the variables of the one task that started them */
  ENV("PMI_RANK=1", "PMI_SIZE=2", "MPI_LOCALRANKID=1", "MPI_LOCALNRANKS=2", "SLURM_PROCID=0",
      "SLURM_NTASKS=2", "SLURM_LOCALID=0", "SLURM_STEP_ID=0", "SLURM_JOB_ID=7", "SLURM_STEP_NODELIST=a");
  w = good();
  assert_int_equal(w.rank, 1);
  assert_int_equal(w.local_rank, 1);
  assert_string_equal(w.host, "127.0.0.1");
  /* srun --mpi=pmi2 */
  ENV("PMI_RANK=1", "PMI_SIZE=2", "SLURM_PROCID=1", "SLURM_NTASKS=2", "SLURM_LOCALID=1", "SLURM_STEP_ID=0",
      "SLURM_JOB_ID=7", "SLURM_STEP_NODELIST=a");
  w = good();
  assert_int_equal(w.rank, 1);
  assert_string_equal(w.host, "a");
}

static void node_lists(void **state) {
  (void)state;
  static const struct {
    const char *list, *first;
  } rows[] = {{"a", "a"},
              {"a,b", "a"},
              {"n[1-3]", "n1"},
              {"n[03,7-9],m", "n03"},
              {"n[1-2]-ib", "n1-ib"},
              {"r1n[08-12]", "r1n08"},
              {"", NULL},
              {"[1-2]", NULL},
              {"n[", NULL},
              {"n[]", NULL},
              {"n[1", NULL},
              {"r[1-2]n[1-2]", NULL},
              {",a", NULL}};
  char out[16];
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const bool ok = vg_world_first_host(rows[i].list, out, sizeof out);
    assert_int_equal(ok, rows[i].first != NULL);
    if (ok) assert_string_equal(out, rows[i].first);
  }
  assert_false(vg_world_first_host("a-name-of-16-chr", out, sizeof out));
  assert_true(vg_world_first_host("a-name-of-15-ch", out, sizeof out));
  assert_false(vg_world_first_host("a-name-of[123456789-123456799]", out, sizeof out));
}

static void threads(void **state) {
  (void)state;
  const long all = sysconf(_SC_NPROCESSORS_ONLN);
  vg_world w = {.size = 1};
  assert_int_equal(vg_world_threads(&w, 0), 0);
  assert_int_equal(vg_world_threads(&w, 3), 3);
  w = (vg_world){.size = 4, .local_size = 2};
  assert_int_equal(vg_world_threads(&w, 3), 3);
  assert_in_range(vg_world_threads(&w, 0), 1, all / 2 > 1 ? all / 2 : 1);
  w.local_size = 100000;
  assert_int_equal(vg_world_threads(&w, 0), 1);
  w.bound = true;
  assert_int_equal(vg_world_threads(&w, 0), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(alone),    cmocka_unit_test(by_torchrun), cmocka_unit_test(faults),
      cmocka_unit_test(by_slurm), cmocka_unit_test(by_mpirun),   cmocka_unit_test(node_lists),
      cmocka_unit_test(threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
