/* cmd_phantom.c: voxgan phantom. */
#include <stdio.h>
#include "cli/cli.h"
#include "base/str.h"

static const char *out, *layout = "brats2021";
static long long subjects = 4, seed = 1, first = 1, threads;
static const char *size = "128";
static bool anatomy;

static const cli_option options[] = {
    {"out", CLI_TEXT, &out, "DIR", "folder to write", true},
    {"subjects", CLI_INT, &subjects, "N", "how many", false},
    {"layout", CLI_TEXT, &layout, "L",
     "brats2013, brats2021, brats2023: four series and tumour labels; bids: T1 and tissue labels", false},
    {"size", CLI_TEXT, &size, "S", "voxels: one number, or X,Y,Z; the head keeps its size in mm", false},
    {"anatomy", CLI_FLAG, &anatomy, NULL, "write the tissue map too, in a BRATS layout", false},
    {"first", CLI_INT, &first, "K", "number of the first subject", false},
    {"seed", CLI_INT, &seed, "N", "seed; equal settings give equal bytes", false},
    {"threads", CLI_INT, &threads, "N", "threads, 0 for all processors", false},
    {NULL, CLI_FLAG, NULL, NULL, NULL, false},
};

static vg_status parse_size(int dim[3]) {
  size_t n;
  char **parts = vg_split(size, ',', &n);
  if (!parts) return VG_MEMORY;
  bool good = n == 1 || n == 3;
  for (size_t a = 0; a < 3 && good; a++) {
    long long v;
    good = vg_parse_i64(parts[n == 1 ? 0 : a], &v) && v > 0 && v <= 4096;
    if (good) dim[a] = (int)v;
  }
  vg_strv_free(parts);
  return good ? VG_OK : vg_fail(VG_USAGE, "--size is \"%s\", but must be N or X,Y,Z", size);
}

static vg_status run(char **args, int n_args) {
  (void)args, (void)n_args;
  vg_phantom_settings s = {.layout = layout, .anatomy = anatomy, .seed = (uint64_t)seed};
  vg_status st = parse_size(s.size);
  if (!st && (subjects < 1 || subjects > 1000000))
    st = vg_fail(VG_USAGE, "--subjects is %lld, but must be from 1 to 1000000", subjects);
  if (!st && (first < 0 || first > 1000000))
    st = vg_fail(VG_USAGE, "--first is %lld, but must be from 0 to 1000000", first);
  if (!st) st = vg_cli_set_threads(threads);
  s.subjects = (int)subjects;
  s.first = (int)first;
  if (st) return st;
  vg_interrupt_install();
  return vg_phantom_write(out, &s);
}

const cli_command vg_cli_cmd_phantom = {
    .name = "phantom",
    .arguments = "",
    .summary = "write a brain-like data set made from formulas, for tests and a first run",
    .details = "example:\n  voxgan phantom --out phantom --subjects 8 --size 64 --anatomy\n",
    .options = options,
    .writes = "out",
    .run = run,
};
