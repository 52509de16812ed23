/* cmd_edit.c: voxgan edit. */
#include "cli/study_options.h"

static vg_status run(char **args, int n_args) {
  (void)args, (void)n_args;
  vg_study_options study;
  vg_produce_options output;
  vg_study *s = NULL;
  vg_status st = study_options_read(&study, &output);
  if (st) return st;
  if (study_values.dry_run) return study_options_describe(&study);
  st = vg_study_open(&study, &s);
  if (!st) st = vg_produce(s, &output, NULL);
  vg_study_free(s);
  return st;
}

const cli_command cmd_edit = {
    .name = "edit",
    .arguments = "",
    .summary = "make edited label maps: what synth does before it makes images, without a model",
    .details =
        "Each label map gives a case, or --per-case many, altered by the --edit chain or the --plan. "
        "Positions "
        "are world\n"
        "millimetres, volumes millilitres; every parameter takes a distribution: uniform(a,b), "
        "normal(mean,sd), "
        "\n"
        "lognormal(median,sigma), int(a,b), choice(a:0.3,b:0.7). Case k depends on the study, the seed and k "
        "alone.\n\n"
        "examples:\n"
        "  voxgan edit --labels BraTS2021 --out smaller --edit scale:factor=0.5\n"
        "  voxgan edit --labels OASIS --donors BraTS2021 --out study --per-case 4 --seed 7 \\\n"
        "      --edit graft:donor=random --edit 'scale:ml=uniform(5,40),mass=0.5'\n",
    .options = study_options,
    .least_args = 0,
    .most_args = 0,
    .writes = "out",
    .run = run,
};
