/* shard.c: reads the number of the shard that a process makes. */
#include <stdlib.h>
#include "voxgan/output.h"
#include "base/str.h"

static bool whole(const char *text, long long *out) {
  return text && vg_parse_i64(text, out);
}

/* The indices of an array job may start anywhere and have a step: --array=10-40:10 means shards 1 to 4. */
static vg_status from_slurm(long long *i, long long *n) {
  long long id, least = 0, step = 1;
  if (!whole(getenv("SLURM_ARRAY_TASK_ID"), &id) || !whole(getenv("SLURM_ARRAY_TASK_COUNT"), n))
    return vg_fail(VG_USAGE,
                   "--shard slurm: SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT are not set; submit "
                   "with sbatch --array, or give --shard I/N");
  if (!whole(getenv("SLURM_ARRAY_TASK_MIN"), &least)) least = 1;
  if (!whole(getenv("SLURM_ARRAY_TASK_STEP"), &step) || step < 1) step = 1;
  *i = (id - least) / step + 1;
  return VG_OK;
}

vg_status vg_shard_parse(const char *text, int *shard, int *shards) {
  long long i = 0, n = 0;
  bool slurm = text[0] == 's';
  if (slurm) {
    vg_status st = vg_starts_with(text, "slurm") && !text[5]
                       ? from_slurm(&i, &n)
                       : vg_fail(VG_USAGE, "--shard is \"%s\", but must be I/N or slurm", text);
    if (st) return st;
  } else {
    char **numbers = NULL;
    size_t count = 0;
    numbers = vg_split(text, '/', &count);
    if (!numbers) return VG_MEMORY;
    bool fine = count == 2 && vg_parse_i64(numbers[0], &i) && vg_parse_i64(numbers[1], &n);
    vg_strv_free(numbers);
    if (!fine) return vg_fail(VG_USAGE, "--shard is \"%s\", but must be I/N or slurm", text);
  }
  if (n < 1 || n > 1000000 || i < 1 || i > n)
    return vg_fail(VG_USAGE, "--shard %s: shard %lld of %lld is not within 1 to %lld", text, i, n,
                   n < 1 ? 1 : n);
  *shard = (int)i;
  *shards = (int)n;
  return VG_OK;
}
