/* cli.h: how a command is described. Everything else (parsing, help, exit codes) follows
 * from the description, in cli.c and main.c.
 *
 * Adding a command is three things: a file cmd_NAME.c that defines `const cli_command cmd_NAME`, its row in
 * commands.def, and a section in docs/voxgan.1.
 */
#ifndef VG_CLI_H
#define VG_CLI_H
#include <stdbool.h>
#include "voxgan/voxgan.h"

typedef enum cli_type {
  CLI_FLAG, /* bool * */
  CLI_INT,  /* long long * */
  CLI_F64,  /* double * */
  CLI_TEXT, /* const char ** */
  CLI_LIST, /* cli_list *: may be repeated */
} cli_type;

#define CLI_LIST_MAX 256
typedef struct cli_list {
  const char *items[CLI_LIST_MAX];
  int n;
} cli_list;

/* One option. out points to a static variable of the command's file, which holds the default. */
typedef struct cli_option {
  const char *name; /* without the dashes */
  cli_type type;
  void *out;
  const char
      *value; /* what stands for the value in help; NULL for flags. One of path_values in cli.c: a path */
  const char *help;
  bool required;
} cli_option;

typedef struct cli_command {
  const char *name, *arguments, *summary;
  const char *details;       /* paragraphs at the end of --help, or NULL */
  const cli_option *options; /* ends with a NULL name */
  const cli_option *shared;  /* more of them, of several commands; NULL: none. Not required */
  int least_args, most_args; /* positional */
  /* Names of the options whose path is written, with commas. All other options whose value is a path, and all
   * arguments, are read: main.c refuses an input and an output that overlap. NULL: nothing is written. */
  const char *writes;
  const char *own_page; /* file in the argument's folder that may be written although the folder is read */
  vg_status (*run)(char **args, int n_args);
} cli_command;

/* Options that every command takes. */
extern bool cli_quiet, cli_verbose;

const cli_command *cli_command_at(int i);
/* Fills the options' variables and leaves the positional arguments at the front of argv. help is set when
 * --help was met. VG_USAGE names the option and the nearest known one. */
vg_status cli_parse(const cli_command *c, int argc, char **argv, int *n_args, bool *help);
void cli_print_help(const cli_command *c);
/* What a command line says beside a config file: device NULL, threads and seed -1 leave the file's. */
typedef struct cli_run_settings {
  const cli_list *sets; /* KEY=VALUE */
  const char *device;
  long long threads, seed;
} cli_run_settings;
/* The defaults, then the file (NULL: none), then the command line. Not resolved. */
vg_status cli_read_config(const char *path, const cli_run_settings *more, vg_config *config);

/* VG_USAGE where something that the command reads overlaps with something that it writes. After cli_parse. */
vg_status cli_check_paths(const cli_command *c, char *const *args, int n_args);

/* --threads: sets the pool's size. */
vg_status cli_set_threads(long long threads);

#endif
