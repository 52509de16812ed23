/* cmd_split.c: voxgan split. */
#include <stdio.h>
#include "cli/cli.h"
#include "base/mem.h"
#include "base/text/plural.h"
#include "output/sheet/contact_sheet.h"

static const char *out, *layout = "auto", *tumour_scheme, *anatomy_scheme;
static double share = 0.3;
static long long seed = 1;
static bool skip_incomplete;

static const cli_option options[] = {
    {"out", CLI_TEXT, &out, "DIR", "folder for train/ and test/", true},
    {"share", CLI_F64, &share, "S", "share of the persons to put into test/", false},
    {"seed", CLI_INT, &seed, "N", "seed of the draw", false},
    {"layout", CLI_TEXT, &layout, "L", "layout of the data; auto: guess it from the names, and print it",
     false},
    {"tumour-scheme", CLI_TEXT, &tumour_scheme, "S", "label scheme of the tumour maps, by name or inline",
     false},
    {"anatomy-scheme", CLI_TEXT, &anatomy_scheme, "S", "label scheme of the anatomy maps, by name or inline",
     false},
    {"skip-incomplete", CLI_FLAG, &skip_incomplete, NULL,
     "count files and folders that cannot be read, and subjects without a wanted file, as missing", false},
    {NULL, CLI_FLAG, NULL, NULL, NULL, false},
};

static vg_status run(char **args, int n_args) {
  (void)n_args;
  vg_dataset ds = {.skip_incomplete = skip_incomplete};
  bool *is_test = NULL;
  size_t n = 0;
  if (!(share > 0 && share < 1))
    return vg_fail(VG_USAGE, "--share is %g, but must be between 0 and 1", share);
  if (seed < 0) return vg_fail(VG_USAGE, "--seed must not be negative");
  vg_interrupt_install();
  vg_status st = vg_dataset_add(&ds, args[0], layout, tumour_scheme, anatomy_scheme);
  if (!st && !(is_test = VG_NEW_N(bool, ds.n))) st = VG_MEMORY;
  if (!st) st = vg_dataset_split(&ds, share, (uint64_t)seed, is_test);
  for (size_t i = 0; i < ds.n && !st; i++) n += is_test[i];
  if (!st && !n) st = vg_fail(VG_DATA, "%s: the cases of one person cannot be split", args[0]);
  if (!st) st = vg_dataset_split_links(&ds, is_test, out);
  if (!st)
    printf("%zu %s in %s/train, %zu in %s/test\n", ds.n - n, vg_plural(ds.n - n, "case", "cases"), out, n,
           out);
  vg_free(is_test);
  vg_dataset_release(&ds);
  return st;
}

const cli_command vg_cli_cmd_split = {
    .name = "split",
    .arguments = "DATA",
    .summary = "split a data set into subjects for training and subjects for testing",
    .details = "Writes two data sets of links, in the layout of DATA (of a CSV manifest: a manifest.csv\n"
               "each). A part remembers the layout and the schemes of labels that you name here\n"
               "(voxgan-data.json). All cases of a person stay on one side. Split before the first training: "
               "a model\n"
               "that learned from a test subject passes it on to the data that it makes.\n"
               "\n"
               "example:\n"
               "  voxgan split BraTS2021 --out parts --share 0.3\n"
               "  voxgan train configs/brats2021.json --data parts/train --out runs/a\n",
    .options = options,
    .least_args = 1,
    .most_args = 1,
    .writes = "out",
    .run = run,
};
