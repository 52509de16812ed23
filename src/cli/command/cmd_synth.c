/* cmd_synth.c: voxgan synth. */
#include <stdlib.h>
#include <string.h>
#include "cli/study_options.h"

static const char *series, *device, *window = "auto", *finish, *verify, *scores;
static const char *style, *resample;
static double memory, noise = 1;
static cli_list keep_largest, fill_holes;
static bool probabilities, skull_strip, no_csf;

static const cli_option options[] = {
    {"images", CLI_LIST, &vg_cli_study_values.images, "DIR",
     "data set, or scan, that a model of direction image2label segments; may be repeated", false},
    {"keep-largest", CLI_LIST, &keep_largest, "CLASS",
     "keep only the largest component of a predicted class; all: of every class; whole-tumour: of all tumour "
     "classes together; may be repeated",
     false},
    {"fill-holes", CLI_LIST, &fill_holes, "CLASS",
     "fill unlabelled voxels that a predicted class encloses; all: for every class; may be repeated", false},
    {"series", CLI_TEXT, &series, "NAME",
     "the series that a model of any series segments; by default the first that a subject has", false},
    {"skull-strip", CLI_FLAG, &skull_strip, NULL,
     "also write the images with 0 outside the brain that a model of whole heads found", false},
    {"no-csf", CLI_FLAG, &no_csf, NULL,
     "with --skull-strip: 0 also in the csf around the brain, as BET and SynthStrip's --no-csf leave it",
     false},
    {"probabilities", CLI_FLAG, &probabilities, NULL, "also write a probability map for each predicted class",
     false},
    {"window", CLI_TEXT, &window, "whole|patch|auto",
     "whole, patch (overlapping, Gaussian-weighted) or auto. auto takes whole if it fits into memory; a "
     "model that predicts label maps and was trained on patches takes patch",
     false},
    {"memory", CLI_F64, &memory, "GIB", "memory limit of synthesis; 0: what this job may still take", false},
    {"noise", CLI_F64, &noise, "SCALE",
     "factor of the noise of a model with net.noise: 1 as trained, 0 for the mean image", false},
    {"style", CLI_TEXT, &style, "S",
     "style of a model with net.style: random, mean, or like=ID of a case of the label maps' data set, or "
     "like=FILE,... with an image of each series; default: random",
     false},
    {"resample", CLI_TEXT, &resample, "PART",
     "tumour: the cases of a label map share noise and style, and only the tumour is drawn again: its noise, "
     "and its parts with data.tumour_parts",
     false},
    {"device", CLI_TEXT, &device, "D", "cpu, cuda, cuda:N or auto", false},
    {"finish", CLI_TEXT, &finish, "DIR",
     "finish a data set made by shards: merge their records into its manifest and verify all files", false},
    {"scores", CLI_TEXT, &scores, "DIR",
     "with --finish: the folder of a voxgan evaluation, whose means and privacy verdicts the card repeats",
     false},
    {"verify", CLI_TEXT, &verify, "DIR", "check a data set's files against its manifest", false},
    {NULL, CLI_FLAG, NULL, NULL, NULL, false},
};

static const char *window_at(const void *list, size_t i) {
  (void)list;
  return vg_window_name((int)i);
}

static vg_status run(char **args, int n_args) {
  if (finish) return vg_produce_finish(finish, (int)vg_cli_study_values.sheet, scores);
  if (scores) return vg_fail(VG_USAGE, "--scores needs --finish DIR");
  if (verify) return vg_produce_verify(verify);
  if (!n_args) return vg_fail(VG_USAGE, "too few arguments; expected MODEL");
  vg_synth_options o = {.model = args[0], .device = device, .memory_gib = memory};
  const int w = vg_names_find(VG_NAMES_BY(window_at, NULL), window);
  if (w < 0) return vg_fail(VG_USAGE, "--window is \"%s\", but must be auto, whole or patch", window);
  if (!(noise >= 0 && noise <= 100))
    return vg_fail(VG_USAGE, "--noise is %g, but must be from 0 to 100", noise);
  if (resample && strcmp(resample, "tumour") != 0)
    return vg_fail(VG_USAGE, "--resample is \"%s\", but must be tumour", resample);
  if (memory < 0) return vg_fail(VG_USAGE, "--memory must not be negative");
  vg_status st = vg_cli_study_options_read(&o.study, &o.output);
  if (st) return st;
  if (vg_cli_study_values.images.n) {
    o.images = o.study.hosts;
    o.study.hosts = (vg_roots){0};
  }
  o.keep_largest = keep_largest.items;
  o.n_keep_largest = keep_largest.n;
  o.fill_holes = fill_holes.items;
  o.n_fill_holes = fill_holes.n;
  o.series = series;
  o.skull_strip = skull_strip;
  o.strip_csf = no_csf;
  o.probabilities = probabilities;
  o.window = (vg_window)w;
  o.noise = noise;
  o.style = style;
  o.resample_tumour = resample;
  o.threads = (int)vg_cli_study_values.threads;
  const vg_torch_module *torch;
  /* Between two cases the network's threads wait. By default they spin, and take cores from editing and
   * writing. libgomp reads this variable once, when the module loads it. */
  setenv("GOMP_SPINCOUNT", "2000", 0);
  st = vg_torch_open(&torch);
  return st ? st : torch->synth(&o);
}

const cli_command vg_cli_cmd_synth = {
    .name = "synth",
    .arguments = "MODEL",
    .summary = "make a synthetic data set from label maps, or label maps from images, with a trained model",
    .details =
        "MODEL is a model.safetensors, a run folder, or the name of one in the folder models. Each\n"
        "label map yields one case, or --per-case many: the images and the labels that they were made\n"
        "from, on the same grid, so that the pair is annotated data. --edit and --plan alter the labels\n"
        "first (see `voxgan edit --help`). The same command run again keeps finished cases. The exit\n"
        "code is 1 if some cases could not be made.\n"
        "\n"
        "A model with net.noise or net.style draws for each case, from --seed and the number of the\n"
        "case: --per-case 5 yields five different images of each label map. The manifest records what\n"
        "was drawn.\n"
        "\n"
        "A model of train.direction image2label makes label maps from the --images of a data set\n"
        "instead. The images must be skull-stripped, as in training: the brain is found from them,\n"
        "and nothing outside it is labelled. A model of train.images synthetic takes whole heads too.\n"
        "\n"
        "examples:\n"
        "  voxgan synth runs/a --labels BraTS2021_val --out synthetic --format brats2023\n"
        "  voxgan synth runs/a --plan study.json --out study --format nnunet --shard slurm\n"
        "  voxgan synth runs/tissues --images BraTS2021 --out tissues --keep-largest wm --fill-holes all\n"
        "  voxgan synth runs/a --labels BraTS2021 --out textures --per-case 8 --resample tumour\n"
        "  voxgan synth runs/heads --images ADNI --out brains --skull-strip\n"
        "  voxgan synth --finish study\n",
    .options = options,
    .shared = vg_cli_study_options,
    .least_args = 0,
    .most_args = 1,
    .writes = "out",
    .run = run,
};
