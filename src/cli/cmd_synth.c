/* cmd_synth.c: voxgan synth. */
#include <string.h>
#include "cli/cli.h"

static cli_list labels, layouts;
static const char *out, *format, *device, *tumour_scheme, *anatomy_scheme, *window = "auto";
static long long threads, seed = 1;
static double memory;
static bool overwrite, skip_incomplete;

static const cli_option options[] = {
    {"labels", CLI_LIST, &labels, "DIR|FILE",
     "label maps: a data set's folder, a CSV manifest, or one label map; may be repeated", true},
    {"out", CLI_TEXT, &out, "DIR", "data set to write", true},
    {"layout", CLI_LIST, &layouts, "L", "layout of the label maps' folder; guessed and said when not given",
     false},
    {"format", CLI_TEXT, &format, "L", "layout to write in; that of the label maps when not given", false},
    {"tumour-scheme", CLI_TEXT, &tumour_scheme, "S", "label scheme of the tumour maps, by name or inline",
     false},
    {"anatomy-scheme", CLI_TEXT, &anatomy_scheme, "S", "label scheme of the anatomy maps, by name or inline",
     false},
    {"window", CLI_TEXT, &window, "W",
     "whole, patch (overlapping, Gaussian-weighted), or auto: whole where it fits", false},
    {"memory", CLI_F64, &memory, "GIB", "memory that synthesis may take; 0: what the machine has free",
     false},
    {"device", CLI_TEXT, &device, "D", "cpu, cuda, cuda:N or auto", false},
    {"threads", CLI_INT, &threads, "N", "threads, 0 for all processors", false},
    {"seed", CLI_INT, &seed, "N", "seed, recorded with the data set", false},
    {"overwrite", CLI_FLAG, &overwrite, NULL, "make finished cases anew instead of keeping them", false},
    {"skip-incomplete", CLI_FLAG, &skip_incomplete, NULL, "leave out subjects that lack a label map", false},
    {NULL, CLI_FLAG, NULL, NULL, NULL, false},
};

static vg_status run(char **args, int n_args) {
  (void)n_args;
  vg_synth_options o = {.model = args[0],
                        .labels = {labels.items, labels.n, layouts.items, layouts.n},
                        .tumour_scheme = tumour_scheme,
                        .anatomy_scheme = anatomy_scheme,
                        .out = out,
                        .format = format,
                        .device = device,
                        .threads = (int)threads,
                        .seed = (uint64_t)seed,
                        .overwrite = overwrite,
                        .skip_incomplete = skip_incomplete,
                        .memory_gib = memory};
  static const char *const windows[] = {"auto", "whole", "patch"};
  int w = 0;
  while (w < 3 && strcmp(window, windows[w])) w++;
  if (w == 3) return vg_fail(VG_USAGE, "--window is \"%s\", but must be auto, whole or patch", window);
  if (seed < 0) return vg_fail(VG_USAGE, "--seed must not be negative");
  if (memory < 0) return vg_fail(VG_USAGE, "--memory must not be negative");
  o.window = (vg_window)w;
  const vg_torch_module *torch;
  vg_status st = cli_set_threads(threads);
  if (!st) st = vg_torch_open(&torch);
  return st ? st : torch->synth(&o);
}

const cli_command cmd_synth = {
    .name = "synth",
    .arguments = "MODEL",
    .summary = "make a synthetic data set from label maps with a trained model",
    .details = "MODEL is a model.safetensors or a run folder. Each label map gives one case: its images and "
               "a copy of the\n"
               "labels in the same grid, so that the pair is annotated data. Finished cases are kept when "
               "the command\n"
               "is run again.\n\n"
               "example:\n"
               "  voxgan synth runs/a --labels BraTS2021_val --out synthetic --format brats2023\n",
    .options = options,
    .least_args = 1,
    .most_args = 1,
    .run = run,
};
