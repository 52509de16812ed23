/* cli.c: parses options and prints help, from the descriptions in the command files. */
#include "cli/cli.h"
#include "io/raw/raw.h"
#include "base/file/apart.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/names.h"
#include "base/str.h"
#include "settings/config_find.h"

#include <stdio.h>
#include <string.h>

bool vg_cli_quiet, vg_cli_verbose;

#define CLI_COMMAND(name) extern const cli_command vg_cli_cmd_##name;
#include "registry/commands.def"
#undef CLI_COMMAND

static const cli_command *const commands[] = {
#define CLI_COMMAND(name) &vg_cli_cmd_##name,
#include "registry/commands.def"
#undef CLI_COMMAND
};

const cli_command *vg_cli_command_at(int i) {
  return i >= 0 && (size_t)i < sizeof commands / sizeof *commands ? commands[i] : NULL;
}

static const char *command_name_at(const void *list, size_t i) {
  (void)list;
  const cli_command *c = vg_cli_command_at((int)i);
  return c ? c->name : NULL;
}

vg_names vg_cli_command_names(void) {
  return VG_NAMES_BY(command_name_at, NULL);
}

static const cli_option common[] = {
    {"quiet", CLI_FLAG, &vg_cli_quiet, NULL, "warnings and errors only", false},
    {"verbose", CLI_FLAG, &vg_cli_verbose, NULL, "print more about the work", false},
    {"nan-background", CLI_FLAG, &vg_raw_nan_is_background, NULL,
     "take NaN as background, instead of refusing the file", false},
    {"help", CLI_FLAG, NULL, NULL, "print this text", false},
    {NULL, CLI_FLAG, NULL, NULL, NULL, false},
};

const cli_option *vg_cli_common_options(void) {
  return common;
}

static const cli_option *find_in(const cli_option *list, const char *name, size_t len) {
  for (; list && list->name; list++)
    if (strlen(list->name) == len && !strncmp(list->name, name, len)) return list;
  return NULL;
}

/* Option i of the command's own, the shared and the common ones. */
static const char *option_at(const void *command, size_t i) {
  const cli_command *c = command;
  const cli_option *const lists[] = {c->options, c->shared, common};
  for (int k = 0; k < 3; k++)
    for (const cli_option *o = lists[k]; o && o->name; o++)
      if (!i--) return o->name;
  return NULL;
}

static vg_status unknown_option(const cli_command *c, const char *name) {
  const char *near = vg_names_nearest(VG_NAMES_BY(option_at, c), name);
  return near ? vg_fail(VG_USAGE, "unknown option --%s; did you mean --%s?", name, near)
              : vg_fail(VG_USAGE, "unknown option --%s", name);
}

static vg_status add_scheme(const cli_option *o, const char *value) {
  cli_schemes *s = o->out;
  const size_t at = s->text ? strlen(s->room) : 0;
  const int n = snprintf(s->room + at, sizeof s->room - at, "%s%s", s->text ? ";" : "", value);
  s->text = s->room;
  return n < 0 || at + (size_t)n >= sizeof s->room
             ? vg_fail(VG_USAGE, "--%s: the schemes are longer than %zu letters", o->name, sizeof s->room - 1)
             : VG_OK;
}

static vg_status store(const cli_option *o, const char *value) {
  switch (o->type) {
  case CLI_FLAG:
    *(bool *)o->out = true;
    return VG_OK;
  case CLI_INT:
    if (vg_parse_i64(value, o->out)) return VG_OK;
    return vg_fail(VG_USAGE, "--%s: \"%s\" is not a whole number", o->name, value);
  case CLI_F64:
    if (vg_parse_f64(value, o->out)) return VG_OK;
    return vg_fail(VG_USAGE, "--%s: \"%s\" is not a number%s", o->name, value,
                   strchr(value, ',') ? "; its decimal sign is a point, as in 0.5" : "");
  case CLI_TEXT:
    *(const char **)o->out = value;
    return VG_OK;
  case CLI_SCHEMES:
    return add_scheme(o, value);
  case CLI_LIST: {
    cli_list *list = o->out;
    if (list->n == CLI_LIST_MAX)
      return vg_fail(VG_USAGE, "--%s is given more than %d times", o->name, CLI_LIST_MAX);
    list->items[list->n++] = value;
    return VG_OK;
  }
  }
  return VG_OK;
}

vg_status vg_cli_parse(const cli_command *c, int argc, char **argv, int *n_args, bool *help) {
  bool given[64] = {false};
  bool options_over = false;
  int n = 0;
  *help = false;
  for (int i = 0; i < argc; i++) {
    char *arg = argv[i];
    if (options_over || arg[0] != '-' || !arg[1]) {
      argv[n++] = arg;
      continue;
    }
    if (!strcmp(arg, "--")) {
      options_over = true;
      continue;
    }
    if (!strcmp(arg, "-h")) arg = "--help";
    if (arg[1] != '-') return vg_fail(VG_USAGE, "unknown option %s; options are written --name", arg);
    const char *name = arg + 2, *eq = strchr(name, '=');
    size_t len = eq ? (size_t)(eq - name) : strlen(name);
    const cli_option *o = find_in(c->options, name, len);
    if (o) given[o - c->options] = true;
    if (!o) o = find_in(c->shared, name, len);
    if (!o) o = find_in(common, name, len);
    if (!o) return unknown_option(c, name);
    if (!o->out) {
      *help = true;
      return VG_OK;
    }
    const char *value = eq ? eq + 1 : NULL;
    if (o->type == CLI_FLAG && value) return vg_fail(VG_USAGE, "--%s takes no value", o->name);
    if (o->type != CLI_FLAG && !value) {
      if (i + 1 == argc) return vg_fail(VG_USAGE, "--%s needs %s", o->name, o->value);
      value = argv[++i];
    }
    vg_status st = store(o, value);
    if (st) return st;
  }
  if (n < c->least_args || n > c->most_args)
    return vg_fail(VG_USAGE,
                   n < c->least_args ? "too few arguments; expected %s" : "too many arguments; expected %s",
                   *c->arguments ? c->arguments : "none");
  for (const cli_option *o = c->options; o->name; o++)
    if (o->required && !given[o - c->options])
      return vg_fail(VG_USAGE, "--%s %s is missing", o->name, o->value);
  *n_args = n;
  return VG_OK;
}

/* ---- what is read and what is written ---- */

static const char *const path_values[] = {"DIR", "FILE", "DIR|FILE", "RUN", "MODEL", "KEYFILE"};

static bool is_path(const cli_option *o) {
  for (size_t i = 0; o->value && i < sizeof path_values / sizeof path_values[0]; i++)
    if (!strcmp(o->value, path_values[i])) return true;
  return false;
}

static bool is_written(const cli_command *c, const cli_option *o) {
  const size_t n = strlen(o->name);
  for (const char *at = c->writes; at && (at = strstr(at, o->name)); at += n)
    if ((at == c->writes || at[-1] == ',') && (!at[n] || at[n] == ',')) return true;
  return false;
}

/* The k-th value of an option, or NULL. */
static const char *value_at(const cli_option *o, int k) {
  if (o->type == CLI_LIST)
    return k < ((const cli_list *)o->out)->n ? ((const cli_list *)o->out)->items[k] : NULL;
  return o->type == CLI_TEXT && !k ? *(const char *const *)o->out : NULL;
}

static vg_status check_inputs(const cli_command *c, const cli_option *list, const char *out_name,
                              const char *out) {
  char name[64];
  for (; list && list->name; list++) {
    const char *in;
    if (!is_path(list) || is_written(c, list)) continue;
    snprintf(name, sizeof name, "--%s", list->name);
    for (int k = 0; (in = value_at(list, k)); k++) {
      vg_status st = vg_fs_apart(name, in, out_name, out);
      if (st) return st;
    }
  }
  return VG_OK;
}

/* A page about a folder may lie in it, under its own name. */
static bool is_own_page(const cli_command *c, const char *folder, const char *out) {
  if (!c->own_page || strcmp(vg_fs_basename(out), c->own_page) != 0) return false;
  char *page = vg_fs_join(folder, c->own_page);
  const bool same = page && vg_fs_apart("", page, "", out) == VG_USAGE;
  vg_free(page);
  vg_error_clear();
  return same;
}

static vg_status check_arguments(const cli_command *c, char *const *args, int n_args, const char *out_name,
                                 const char *out) {
  vg_status st = VG_OK;
  for (int i = 0; i < n_args && !st; i++)
    if (!is_own_page(c, args[i], out)) st = vg_fs_apart("", args[i], out_name, out);
  return st;
}

vg_status vg_cli_check_paths(const cli_command *c, char *const *args, int n_args) {
  const cli_option *const lists[] = {c->options, c->shared};
  char name[64];
  for (int l = 0; l < 2; l++) {
    for (const cli_option *o = lists[l]; o && o->name; o++) {
      const char *out;
      if (!is_written(c, o)) continue;
      snprintf(name, sizeof name, "--%s", o->name);
      for (int k = 0; (out = value_at(o, k)); k++) {
        vg_status st = check_arguments(c, args, n_args, name, out);
        for (int i = 0; i < 2 && !st; i++) st = check_inputs(c, lists[i], name, out);
        if (st) return st;
      }
    }
  }
  return VG_OK;
}

/* ---- help ---- */

static void print_options(const cli_option *list) {
  for (; list->name; list++) {
    char left[64];
    snprintf(left, sizeof left, "--%s %s%s", list->name, list->value ? list->value : "",
             list->type == CLI_LIST || list->type == CLI_SCHEMES ? "..." : "");
    printf("  %-24s %s", left, list->help);
    if (list->type == CLI_INT && !list->required) printf(" [%lld]", *(const long long *)list->out);
    if (list->type == CLI_F64 && !list->required) printf(" [%g]", *(const double *)list->out);
    if (list->type == CLI_TEXT && *(const char *const *)list->out)
      printf(" [%s]", *(const char *const *)list->out);
    putchar('\n');
  }
}

void vg_cli_print_help(const cli_command *c) {
  printf("voxgan %s: %s\n\nusage: voxgan %s", c->name, c->summary, c->name);
  if (*c->arguments) printf(" %s", c->arguments);
  for (const cli_option *o = c->options; o->name; o++)
    if (o->required) printf(" --%s %s", o->name, o->value);
  printf(" [options]\n\noptions (defaults in brackets):\n");
  if (c->shared) print_options(c->shared);
  print_options(c->options);
  print_options(common);
  if (c->details) printf("\n%s", c->details);
}

static vg_status set_number(vg_config *config, const char *key, long long value) {
  char text[64];
  snprintf(text, sizeof text, "%s=%lld", key, value);
  return value < 0 ? VG_OK : vg_config_set(config, text);
}

vg_status vg_cli_read_config(const char *name, const cli_run_settings *more, vg_config *config) {
  char *path = NULL;
  vg_config_default(config);
  vg_status st = name ? vg_config_find(name, &path) : VG_OK;
  if (path) st = vg_config_read(config, path);
  vg_free(path);
  for (int i = 0; i < more->sets->n && !st; i++) st = vg_config_set(config, more->sets->items[i]);
  if (!st && more->device) {
    char text[600];
    snprintf(text, sizeof text, "run.device=%s", more->device);
    st = vg_config_set(config, text);
  }
  if (!st) st = set_number(config, "run.threads", more->threads);
  if (!st) st = set_number(config, "run.seed", more->seed);
  return st;
}

vg_status vg_cli_set_schemes(const cli_schemes *tumour, const cli_schemes *anatomy, vg_config *config) {
  const cli_schemes *const given[] = {tumour, anatomy};
  static const char *const keys[] = {"data.tumour_scheme", "data.anatomy_scheme"};
  vg_status st = VG_OK;
  for (int i = 0; i < 2 && !st; i++) {
    if (!given[i]->text) continue;
    char *text = vg_format("%s=%s", keys[i], given[i]->text);
    st = text ? vg_config_set(config, text) : VG_MEMORY;
    vg_free(text);
  }
  return st;
}

vg_status vg_cli_set_threads(long long threads) {
  if (threads < 0 || threads > 1024)
    return vg_fail(VG_USAGE, "--threads is %lld, but must be from 0 to 1024", threads);
  vg_threads_set((int)threads);
  return VG_OK;
}
