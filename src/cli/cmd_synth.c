/* cmd_synth.c: voxgan synth. */
#include <stdlib.h>
#include <string.h>
#include "cli/study_options.h"

static const char *device, *window = "auto", *finish, *verify;
static double memory;
static cli_list keep_largest, fill_holes;
static bool probabilities;

static const cli_option options[] = {
    {"images", CLI_LIST, &study_values.images, "DIR",
     "for a model of direction image2label: the data set whose images it segments; may be repeated", false},
    {"keep-largest", CLI_LIST, &keep_largest, "CLASS",
     "keep the largest piece of a predicted class only; all for every class; may be repeated", false},
    {"fill-holes", CLI_LIST, &fill_holes, "CLASS",
     "fill what a predicted class encloses and nothing labels; all for every class; may be repeated", false},
    {"probabilities", CLI_FLAG, &probabilities, NULL, "write a map of each predicted class's probability too",
     false},
    {"window", CLI_TEXT, &window, "W",
     "whole, patch (overlapping, Gaussian-weighted), or auto: whole where it fits, but for label maps "
     "patches where they were "
     "trained on",
     false},
    {"memory", CLI_F64, &memory, "GIB", "memory that synthesis may take; 0: what the machine has free",
     false},
    {"device", CLI_TEXT, &device, "D", "cpu, cuda, cuda:N or auto", false},
    {"finish", CLI_TEXT, &finish, "DIR",
     "close a data set that shards made: merge their records into its manifest and verify all", false},
    {"verify", CLI_TEXT, &verify, "DIR", "check a data set's files against its manifest", false},
    {NULL, CLI_FLAG, NULL, NULL, NULL, false},
};

static vg_status run(char **args, int n_args) {
  static const char *const windows[] = {"auto", "whole", "patch"};
  if (finish) return vg_produce_finish(finish, (int)study_values.sheet);
  if (verify) return vg_produce_verify(verify);
  if (!n_args) return vg_fail(VG_USAGE, "too few arguments; wanted MODEL");
  vg_synth_options o = {.model = args[0], .device = device, .memory_gib = memory};
  int w = 0;
  while (w < 3 && strcmp(window, windows[w])) w++;
  if (w == 3) return vg_fail(VG_USAGE, "--window is \"%s\", but must be auto, whole or patch", window);
  if (memory < 0) return vg_fail(VG_USAGE, "--memory must not be negative");
  vg_status st = study_options_read(&o.study, &o.output);
  if (st) return st;
  if (study_values.dry_run && !study_values.images.n) return study_options_describe(&o.study);
  if (study_values.images.n) {
    o.images = o.study.hosts;
    o.study.hosts = (vg_roots){0};
  }
  o.keep_largest = keep_largest.items;
  o.n_keep_largest = keep_largest.n;
  o.fill_holes = fill_holes.items;
  o.n_fill_holes = fill_holes.n;
  o.probabilities = probabilities;
  o.dry_run = study_values.dry_run;
  o.window = (vg_window)w;
  o.threads = (int)study_values.threads;
  const vg_torch_module *torch;
  /* Between two cases the network's threads wait; by default they wait spinning, on cores that edits and
   * writing want. libgomp reads this once, when the module brings it. */
  setenv("GOMP_SPINCOUNT", "2000", 0);
  st = vg_torch_open(&torch);
  return st ? st : torch->synth(&o);
}

const cli_command cmd_synth = {
    .name = "synth",
    .arguments = "MODEL",
    .summary = "make a synthetic data set from label maps, or label maps from images, with a trained model",
    .details =
        "MODEL is a model.safetensors or a run folder. Each label map gives one case, or --per-case "
        "many: its "
        "images\n"
        "and the labels that they were made from, in the same grid, so that the pair is annotated "
        "data. --edit "
        "and\n"
        "--plan alter the labels first (see `voxgan edit --help`). Finished cases are kept when the "
        "command is "
        "run\n"
        "again. Exit code 1 when some cases could not be made.\n\n"
        "A model of train.direction image2label makes the label maps of a data set's --images instead. "
        "These must be\n"
        "free of the skull, as in training: the brain is found from them, and nothing outside it is "
        "labelled.\n\n"
        "examples:\n"
        "  voxgan synth runs/a --labels BraTS2021_val --out synthetic --format brats2023\n"
        "  voxgan synth runs/a --plan study.json --out study --format nnunet --shard slurm\n"
        "  voxgan synth runs/tissues --images BraTS2021 --out tissues --keep-largest wm --fill-holes all\n"
        "  voxgan synth --finish study\n",
    .options = options,
    .shared = study_options,
    .least_args = 0,
    .most_args = 1,
    .writes = "out",
    .run = run,
};
