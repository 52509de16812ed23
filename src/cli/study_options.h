/* study_options.h: the options that every command which makes a study takes: edit and synth. */
#ifndef VG_CLI_STUDY_OPTIONS_H
#define VG_CLI_STUDY_OPTIONS_H
#include "cli/cli.h"

/* As given; one command runs in a process. */
extern struct study_values {
  cli_list labels, images, layouts, donors, donor_layouts, edits;
  const char *tumour_scheme, *anatomy_scheme, *plan, *prefix, *out, *format, *name, *anonymous, *shard;
  long long per_case, redraws, seed, threads, sheet;
  bool overwrite, skip_incomplete, dry_run;
} study_values;

/* For cli_command.shared. */
extern const cli_option study_options[];

/* Checks what is given and sets the pool's threads. */
vg_status study_options_read(vg_study_options *study, vg_produce_options *output);
/* --dry-run. */
vg_status study_options_describe(const vg_study_options *study);

#endif
