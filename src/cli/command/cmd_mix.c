/* cmd_mix.c: voxgan mix. */
#include <string.h>
#include "cli/cli.h"
#include "mix/mix.h"

static const char *out, *format = "nnunet", *name, *like, *licence, *key, *tumour_scheme, *real_layout,
                        *synth_layout;
static long long folds = 5, seed = 1, threads;
static bool copy, unchecked, skip_incomplete;

static const cli_option options[] = {
    {"out", CLI_TEXT, &out, "DIR", "folder for the data set, as nnUNet_raw", true},
    {"format", CLI_TEXT, &format, "F", "format to write: nnunet", false},
    {"name", CLI_TEXT, &name, "NAME", "number and name of the data set; default: 501_Mixed", false},
    {"like", CLI_TEXT, &like, "DIR",
     "a data set of nnU-Net (DatasetNNN_Name) whose channels, labels and regions the new one takes", false},
    {"folds", CLI_INT, &folds, "N", "folds of splits_final.json, by person", false},
    {"seed", CLI_INT, &seed, "N", "seed of the draw of folds", false},
    {"copy", CLI_FLAG, &copy, NULL, "copy the images instead of linking to them", false},
    {"licence", CLI_TEXT, &licence, "TEXT", "licence of the data set, for dataset.json", false},
    {"key", CLI_TEXT, &key, "KEYFILE", "key file of an anonymous synthetic data set", false},
    {"unchecked", CLI_FLAG, &unchecked, NULL,
     "train on synthetic cases of unknown sources in every fold, instead of stopping", false},
    {"layout", CLI_TEXT, &real_layout, "L", "layout of the real data set; default: guessed and printed",
     false},
    {"synth-layout", CLI_TEXT, &synth_layout, "L",
     "layout of the synthetic data set; default: guessed and printed", false},
    {"tumour-scheme", CLI_TEXT, &tumour_scheme, "S",
     "label scheme of the tumour maps of both, by name or inline", false},
    {"skip-incomplete", CLI_FLAG, &skip_incomplete, NULL, "skip cases that lack a series or the tumour map",
     false},
    {"threads", CLI_INT, &threads, "N", "threads, 0 for all processors", false},
    {NULL, CLI_FLAG, NULL, NULL, NULL, false},
};

static vg_status run(char **args, int n_args) {
  (void)n_args;
  if (strcmp(format, "nnunet") != 0)
    return vg_fail(VG_USAGE, "--format is %s, but mix writes only nnunet", format);
  if (seed < 0) return vg_fail(VG_USAGE, "--seed must not be negative");
  if (folds < 2 || folds > 100) return vg_fail(VG_USAGE, "--folds is %lld, but must be from 2 to 100", folds);
  vg_status st = vg_cli_set_threads(threads);
  if (st) return st;
  vg_interrupt_install();
  vg_mix_options o = {.real = args[0],
                      .synth = args[1],
                      .out = out,
                      .real_layout = real_layout,
                      .synth_layout = synth_layout,
                      .tumour_scheme = tumour_scheme,
                      .name = name,
                      .like = like,
                      .licence = licence,
                      .key = key,
                      .folds = (int)folds,
                      .seed = (uint64_t)seed,
                      .unchecked = unchecked,
                      .copy = copy,
                      .skip_incomplete = skip_incomplete};
  return vg_mix(&o);
}

const cli_command vg_cli_cmd_mix = {
    .name = "mix",
    .arguments = "REAL SYNTH",
    .summary = "one nnU-Net data set of real and synthetic cases, with leak-safe folds",
    .details =
        "Images are links, label maps are written with the values of nnU-Net's own BraTS converters\n"
        "(oedema 1, necrosis 2, enhancing 3; regions whole tumour, core, enhancing), or with those of\n"
        "--like. Ids begin with real_ or synth_. splits_final.json validates on real cases only, deals\n"
        "folds by person, and keeps every synthetic case out of the folds that validate on the person,\n"
        "or the donor, it was made from. Copy it to nnUNet_preprocessed/DatasetNNN_Name before training.\n"
        "\n"
        "example:\n"
        "  voxgan mix BraTS2021 study --out nnUNet_raw --name 501_Mixed\n",
    .least_args = 2,
    .most_args = 2,
    .options = options,
    .writes = "out",
    .run = run,
};
