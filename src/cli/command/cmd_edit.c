/* cmd_edit.c: voxgan edit. */
#include "cli/study_options.h"

static vg_status run(char **args, int n_args) {
  (void)args, (void)n_args;
  vg_study_options study;
  vg_produce_options output;
  vg_study *s = NULL;
  vg_status st = vg_cli_study_options_read(&study, &output);
  if (st) return st;
  st = vg_study_open(&study, &s);
  if (!st) st = vg_produce(s, &output, NULL);
  vg_study_free(s);
  return st;
}

const cli_command vg_cli_cmd_edit = {
    .name = "edit",
    .arguments = "",
    .summary = "make edited label maps without a model: the step that synth runs before it makes images",
    .details = "Each label map yields one case, or --per-case many, altered by the --edit chain or the\n"
               "--plan. Positions are world millimetres, volumes are millilitres. Every parameter takes a\n"
               "value or a distribution: uniform(a,b), normal(mean,sd), lognormal(median,sigma), int(a,b),\n"
               "choice(a:0.3,b:0.7). Case k depends only on the study, the seed and k.\n"
               "\n"
               "examples:\n"
               "  voxgan edit --labels BraTS2021 --out smaller --edit scale:factor=0.5\n"
               "  voxgan edit --labels OASIS --donors BraTS2021 --out study --per-case 4 --seed 7 \\\n"
               "      --edit graft:donor=random --edit 'scale:ml=uniform(5,40),mass=0.5'\n",
    .options = vg_cli_study_options,
    .least_args = 0,
    .most_args = 0,
    .writes = "out",
    .run = run,
};
