/* cmd_completion.c: voxgan completion: prints the script by which a shell completes commands, options and
 * names of registries. Everything in it comes from the option tables and the registries. */
#include <stdio.h>
#include <string.h>
#include "base/str.h"
#include "cli/cli.h"

static const cli_option options[] = {{NULL, CLI_FLAG, NULL, NULL, NULL, false}};

/* The registry whose names an option takes, or NULL. */
static const vg_registry *values_of(const char *option) {
  const bool scheme = vg_ends_with(option, "scheme"), layout = vg_ends_with(option, "layout");
  return vg_registry_find(scheme                      ? "schemes"
                          : layout                    ? "layouts"
                          : !strcmp(option, "format") ? "formats"
                          : !strcmp(option, "edit")   ? "edits"
                          : !strcmp(option, "suite")  ? "suites"
                                                      : "");
}

/* Each option of a command: its own, those it shares, and those that every command takes. */
typedef void visit(const cli_command *c, const cli_option *o);

static void each_option(const cli_command *c, visit *print) {
  const cli_option *lists[] = {c->options, c->shared, vg_cli_common_options()};
  for (int k = 0; k < 3; k++)
    for (const cli_option *o = lists[k]; o && o->name; o++) print(c, o);
}

static void print_names(const vg_registry *r) {
  for (const vg_registry_row *row = r->rows; row->name; row++) printf(" %s", row->name);
}

/* ---- bash ---- */

static void bash_option(const cli_command *c, const cli_option *o) {
  (void)c;
  printf(" --%s", o->name);
}

static void bash_values(const cli_command *c, const cli_option *o) {
  const vg_registry *r = o->type == CLI_FLAG ? NULL : values_of(o->name);
  if (!r) return;
  printf("  %s/--%s) words=\"", c->name, o->name);
  print_names(r);
  puts("\" ;;");
}

static void print_bash(void) {
  const cli_command *c;
  puts("# bash completion of voxgan, printed by: voxgan completion bash\n"
       "_voxgan() {\n"
       "  local words= cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} "
       "command=${COMP_WORDS[1]}\n"
       "  COMPREPLY=()\n"
       "  if [ \"$COMP_CWORD\" = 1 ]; then");
  printf("    words=\"");
  for (int i = 0; (c = vg_cli_command_at(i)); i++) printf(" %s", c->name);
  puts(" --help --version\"\n"
       "  elif [[ $cur == -* ]]; then\n"
       "    case $command in");
  for (int i = 0; (c = vg_cli_command_at(i)); i++) {
    printf("    %s) words=\"", c->name);
    each_option(c, bash_option);
    puts("\" ;;");
  }
  puts("    esac\n"
       "  else\n"
       "  case $command/$prev in");
  for (int i = 0; (c = vg_cli_command_at(i)); i++) each_option(c, bash_values);
  puts("  esac\n"
       "  fi\n"
       "  if [ -n \"$words\" ]; then COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")); fi\n"
       "}\n"
       "complete -o bashdefault -o default -F _voxgan voxgan");
}

/* ---- zsh ---- */

/* Text inside '...[...]': quotes, brackets and colons have a meaning there. */
static void zsh_text(const char *text) {
  for (; *text; text++) {
    if (*text == '\'')
      printf("'\\''");
    else if (strchr("[]:\\", *text))
      printf("\\%c", *text);
    else
      putchar(*text);
  }
}

static void zsh_option(const cli_command *c, const cli_option *o) {
  (void)c;
  const vg_registry *r = o->type == CLI_FLAG ? NULL : values_of(o->name);
  printf("      '%s--%s[", o->type == CLI_LIST || o->type == CLI_SCHEMES ? "*" : "", o->name);
  zsh_text(o->help);
  putchar(']');
  if (o->type != CLI_FLAG) {
    putchar(':');
    zsh_text(o->value ? o->value : "value");
    putchar(':');
    if (r) {
      printf("(");
      print_names(r);
      printf(")");
    } else if (o->type == CLI_TEXT || o->type == CLI_LIST) {
      printf("_files");
    }
  }
  puts("' \\");
}

static void print_zsh(void) {
  const cli_command *c;
  puts("#compdef voxgan\n"
       "# zsh completion of voxgan, printed by: voxgan completion zsh\n"
       "_voxgan() {\n"
       "  local -a commands=(");
  for (int i = 0; (c = vg_cli_command_at(i)); i++) {
    printf("    '%s:", c->name);
    zsh_text(c->summary);
    puts("'");
  }
  puts("  )\n"
       "  if (( CURRENT == 2 )); then\n"
       "    _describe command commands\n"
       "    return\n"
       "  fi\n"
       "  local command=$words[2]\n"
       "  shift words\n"
       "  (( CURRENT-- ))\n"
       "  case $command in");
  for (int i = 0; (c = vg_cli_command_at(i)); i++) {
    printf("  %s)\n    _arguments \\\n", c->name);
    each_option(c, zsh_option);
    puts("      '*:file:_files' ;;");
  }
  puts("  esac\n"
       "}\n"
       "_voxgan \"$@\"");
}

static vg_status run(char **args, int n_args) {
  (void)n_args;
  if (!strcmp(args[0], "bash"))
    print_bash();
  else if (!strcmp(args[0], "zsh"))
    print_zsh();
  else
    return vg_fail(VG_USAGE, "%s: no completion for this shell (bash, zsh)", args[0]);
  return VG_OK;
}

const cli_command vg_cli_cmd_completion = {
    .name = "completion",
    .arguments = "SHELL",
    .summary = "print the script by which bash or zsh completes commands and options",
    .details = "example:\n"
               "  voxgan completion bash >~/.local/share/bash-completion/completions/voxgan\n"
               "  voxgan completion zsh >~/.zfunc/_voxgan      # a folder in $fpath\n",
    .options = options,
    .least_args = 1,
    .most_args = 1,
    .run = run,
};
