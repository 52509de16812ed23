/* cmd_join.c: voxgan join. */
#include "cli/cli.h"
#include "output/join.h"

static cli_list tumour, anatomy, layouts, anatomy_layouts;
static const char *out, *format, *name, *licence;
static cli_schemes tumour_scheme, anatomy_scheme;
static long long sheet = 50, threads;
static bool copy, overwrite, skip_incomplete;

static const cli_option options[] = {
    {"tumour", CLI_LIST, &tumour, "DIR", "data set with images and tumour maps; may be repeated", true},
    {"anatomy", CLI_LIST, &anatomy, "DIR",
     "data set with an anatomy map for each tumour case; may be repeated", true},
    {"out", CLI_TEXT, &out, "DIR", "data set to write", true},
    {"layout", CLI_LIST, &layouts, "L", "layout of the tumour data set; default: guessed and printed", false},
    {"anatomy-layout", CLI_LIST, &anatomy_layouts, "L",
     "layout of the anatomy maps; default: guessed and printed", false},
    {"tumour-scheme", CLI_SCHEMES, &tumour_scheme, "S",
     "label scheme of the tumour maps, by name or inline; or one for each --tumour", false},
    {"anatomy-scheme", CLI_SCHEMES, &anatomy_scheme, "S",
     "label scheme of the anatomy maps, by name or inline; or one for each --anatomy", false},
    {"format", CLI_TEXT, &format, "F",
     "format to write, from `voxgan list formats`; default: that of the tumour data set", false},
    {"name", CLI_TEXT, &name, "NAME", "name of the data set", false},
    {"licence", CLI_TEXT, &licence, "TEXT", "licence of the data set, for its description and its card",
     false},
    {"copy", CLI_FLAG, &copy, NULL, "copy the images instead of linking to those of the tumour data set",
     false},
    {"skip-incomplete", CLI_FLAG, &skip_incomplete, NULL, "skip cases that lack one of the two maps", false},
    {"sheet", CLI_INT, &sheet, "N", "cases on the contact sheets; 0: no sheets", false},
    {"overwrite", CLI_FLAG, &overwrite, NULL, "make finished cases again instead of keeping them", false},
    {"threads", CLI_INT, &threads, "N", "threads, 0 for all processors", false},
    {NULL, CLI_FLAG, NULL, NULL, NULL, false},
};

static vg_status run(char **args, int n_args) {
  (void)args, (void)n_args;
  if (sheet < 0 || sheet > 10000)
    return vg_fail(VG_USAGE, "--sheet is %lld, but must be from 0 to 10000", sheet);
  vg_status st = vg_cli_set_threads(threads);
  if (st) return st;
  vg_join_options o = {.tumour = {tumour.items, tumour.n, layouts.items, layouts.n},
                       .anatomy = {anatomy.items, anatomy.n, anatomy_layouts.items, anatomy_layouts.n},
                       .tumour_scheme = tumour_scheme.text,
                       .anatomy_scheme = anatomy_scheme.text,
                       .copy = copy,
                       .skip_incomplete = skip_incomplete,
                       .output = {.out = out,
                                  .format = format,
                                  .title = name,
                                  .licence = licence,
                                  .overwrite = overwrite,
                                  .sheet = (int)sheet}};
  return vg_join(&o);
}

const cli_command vg_cli_cmd_join = {
    .name = "join",
    .arguments = "",
    .summary = "merge anatomy maps with a tumour data set, for training",
    .details = "Cases are paired by id: its letters and digits, without \"sub-\". The tumour map and the\n"
               "anatomy map stay separate. A network therefore sees the tumour where there is one, and\n"
               "`--edit remove` finds the anatomy under it. Where the anatomy map is empty under a tumour,\n"
               "it is filled from its surroundings. An anatomy map on another grid is resampled to the\n"
               "grid of the tumour map. To continue an interrupted join, run the same command again.\n"
               "\n"
               "example:\n"
               "  voxgan join --tumour BraTS2021 --anatomy predicted --out joined\n"
               "  voxgan train configs/brats2021.json --data joined --out runs/a\n",
    .options = options,
    .writes = "out",
    .run = run,
};
