/* study_options.h: the options shared by the commands that make a study: edit and synth. */
#ifndef VG_CLI_STUDY_OPTIONS_H
#define VG_CLI_STUDY_OPTIONS_H
#include "cli/cli.h"

/* The values as given. They are global because a process runs one command only. */
extern struct study_values {
  cli_list labels, images, layouts, donors, donor_layouts, edits;
  cli_schemes tumour_scheme, anatomy_scheme;
  const char *plan, *prefix, *out, *format, *name, *licence, *anonymous, *shard;
  long long per_case, redraws, seed, threads, sheet;
  bool overwrite, unmarked, skip_incomplete, dry_run;
} vg_cli_study_values;

/* For cli_command.shared. */
extern const cli_option vg_cli_study_options[];

/* Checks the values and sets the pool's threads. */
vg_status vg_cli_study_options_read(vg_study_options *study, vg_produce_options *output);

#endif
