/* cli.h: the description of a command. cli.c and main.c derive everything else from it: parsing, help, exit
 * codes.
 *
 * To add a command, write three things: a file cmd_NAME.c that defines `const cli_command vg_cli_cmd_NAME`,
 * its row in registry/commands.def, and a section in docs/voxgan.1.
 */
#ifndef VG_CLI_H
#define VG_CLI_H
#include <stdbool.h>
#include "base/names.h"
#include "voxgan/voxgan.h"

typedef enum cli_type {
  CLI_FLAG,    /* bool * */
  CLI_INT,     /* long long * */
  CLI_F64,     /* double * */
  CLI_TEXT,    /* const char ** */
  CLI_LIST,    /* cli_list *: may be repeated */
  CLI_SCHEMES, /* cli_schemes *: may be repeated, for the data sets in their order */
} cli_type;

#define CLI_LIST_MAX 256
typedef struct cli_list {
  const char *items[CLI_LIST_MAX];
  int n;
} cli_list;

/* Label schemes as vg_dataset_add_nth takes them: "S;T". */
typedef struct cli_schemes {
  const char *text; /* NULL: none */
  char room[4096];
} cli_schemes;

/* One option. out points to a static variable of the command's file, which holds the default. */
typedef struct cli_option {
  const char *name; /* without the dashes */
  cli_type type;
  void *out;
  const char *value; /* the value's name in help; NULL for flags */
  const char *help;
  bool required;
} cli_option;

typedef struct cli_command {
  const char *name, *arguments, *summary;
  const char *details;       /* paragraphs at the end of --help, or NULL */
  const cli_option *options; /* ends with a NULL name */
  const cli_option *shared;  /* options that several commands share, or NULL. None is required */
  int least_args, most_args; /* positional */
  /* Names of the options whose path is written, with commas. All other options whose value is a path, and all
   * arguments, are read: main.c refuses an input and an output that overlap. NULL: nothing is written. */
  const char *writes;
  const char *own_page; /* file in the argument's folder that may be written although the folder is read */
  vg_status (*run)(char **args, int n_args);
} cli_command;

/* Options that every command takes. */
extern bool vg_cli_quiet, vg_cli_verbose;
const cli_option *vg_cli_common_options(void);

const cli_command *vg_cli_command_at(int i); /* NULL past the last */
vg_names vg_cli_command_names(void);
/* Fills the options' variables and moves the positional arguments to the front of argv. Sets help if --help
 * was given. On VG_USAGE the message names the option and the nearest known one. */
vg_status vg_cli_parse(const cli_command *c, int argc, char **argv, int *n_args, bool *help);
void vg_cli_print_help(const cli_command *c);
/* Settings from the command line. device NULL, threads -1 and seed -1 keep the config file's values. */
typedef struct cli_run_settings {
  const cli_list *sets; /* KEY=VALUE */
  const char *device;
  long long threads, seed;
} cli_run_settings;
/* Applies the defaults, then the config (a file, or a name from `voxgan list configs`; NULL: none), then the
 * command line. Does not resolve the config. */
vg_status vg_cli_read_config(const char *name, const cli_run_settings *more, vg_config *config);

/* Sets data.tumour_scheme and data.anatomy_scheme, where they are given. */
vg_status vg_cli_set_schemes(const cli_schemes *tumour, const cli_schemes *anatomy, vg_config *config);

/* After vg_cli_parse. VG_USAGE: something that the command reads overlaps with something that it writes. */
vg_status vg_cli_check_paths(const cli_command *c, char *const *args, int n_args);

/* Sets the pool's size from --threads. */
vg_status vg_cli_set_threads(long long threads);

#endif
