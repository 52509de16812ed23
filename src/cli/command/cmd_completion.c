/* cmd_completion.c: voxgan completion: prints the script by which a shell completes commands, options and
 * names of registries. Everything in it comes from the option tables and the registries. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "base/str.h"
#include "cli/cli.h"
#include "voxgan/config.h"

static const cli_option options[] = {{NULL, CLI_FLAG, NULL, NULL, NULL, false}};

/* The registry whose names an option takes, or NULL. */
static const vg_registry *registry_of(const char *option) {
  const bool scheme = vg_ends_with(option, "scheme"), layout = vg_ends_with(option, "layout");
  return vg_registry_find(scheme                      ? "schemes"
                          : layout                    ? "layouts"
                          : !strcmp(option, "format") ? "formats"
                          : !strcmp(option, "edit")   ? "edits"
                          : !strcmp(option, "suite")  ? "suites"
                          : !strcmp(option, "frd")    ? "frd"
                                                      : "");
}

static void print_names(const vg_registry *r) {
  for (const vg_registry_row *row = r->rows; row->name; row++) printf(" %s", row->name);
}

static void print_commands(void) {
  const cli_command *c;
  for (int i = 0; (c = vg_cli_command_at(i)); i++) printf(" %s", c->name);
}

/* What an option's value is, beside a path or a number. */
typedef enum kind {
  ANYTHING,
  CHOICES,  /* the value's name in help is the words: tumour|anatomy, but not DIR|FILE */
  REGISTRY, /* names of registry_of */
  DEVICE,
  SETTING, /* KEY=VALUE */
} kind;

static kind kind_of(const cli_option *o) {
  if (o->type == CLI_FLAG) return ANYTHING;
  if (islower((unsigned char)o->value[0]) && strchr(o->value, '|')) return CHOICES;
  if (registry_of(o->name)) return REGISTRY;
  return !strcmp(o->name, "device") ? DEVICE : !strcmp(o->value, "KEY=VALUE") ? SETTING : ANYTHING;
}

/* "A,B" in help: several names with commas. */
static bool takes_several(const cli_option *o) {
  return strchr(o->value, ',');
}

/* The words of an option, each behind a blank. */
static void print_words(const cli_option *o) {
  const vg_setting *s;
  switch (kind_of(o)) {
  case CHOICES:
    putchar(' ');
    for (const char *c = o->value; *c; c++) putchar(*c == '|' ? ' ' : *c);
    break;
  case REGISTRY:
    print_names(registry_of(o->name));
    break;
  case DEVICE:
    printf(" cpu cuda auto");
    break;
  case SETTING:
    for (int i = 0; (s = vg_setting_at(i)); i++) printf(" %s=", s->key);
    break;
  case ANYTHING:
    break;
  }
}

static bool argument_is_path(const cli_command *c) {
  static const char *const words[] = {"SHELL", "[REGISTRY]", "SCHEME|DATA", "[CONFIG]"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (!strcmp(c->arguments, words[i])) return false;
  return true;
}

/* The words of a command's first argument that is no path, each behind a blank. The shell looks for configs
 * when it completes, because other ones may be there then. */
static void print_argument(const cli_command *c) {
  const vg_registry *r;
  if (!strcmp(c->arguments, "SHELL")) {
    printf(" bash zsh");
  } else if (!strcmp(c->arguments, "[REGISTRY]")) {
    printf(" settings configs");
    for (int i = 0; (r = vg_registry_at(i)); i++) printf(" %s", r->name);
  } else if (!strcmp(c->arguments, "SCHEME|DATA")) {
    print_names(vg_registry_find("schemes"));
  } else if (!strcmp(c->arguments, "[CONFIG]")) {
    printf(" $(voxgan list configs 2>/dev/null | sed -n 's/^  \\([^ ][^ ]*\\) .*/\\1/p')");
  }
}

/* Each option of a command: its own, those it shares, and those that every command takes. */
typedef void visit(const cli_command *c, const cli_option *o);

static void each_option(const cli_command *c, visit *print) {
  const cli_option *lists[] = {c->options, c->shared, vg_cli_common_options()};
  for (int k = 0; k < 3; k++)
    for (const cli_option *o = lists[k]; o && o->name; o++) print(c, o);
}

/* ---- bash ---- */

static void bash_option(const cli_command *c, const cli_option *o) {
  (void)c;
  printf(" --%s", o->name);
}

/* An arm for the word behind an option. Words that end in = get no blank. */
static void bash_values(const cli_command *c, const cli_option *o) {
  const kind k = kind_of(o);
  if (k == ANYTHING) return;
  printf("  %s/--%s) words=\"", c->name, o->name);
  print_words(o);
  printf("\"%s ;;\n", k == SETTING       ? "; compopt -o nospace 2>/dev/null"
                      : takes_several(o) ? "; several=1"
                                         : "");
}

static void print_bash(void) {
  const cli_command *c;
  /* Bash cuts --layout=adni into three words. */
  puts("# bash completion of voxgan, printed by: voxgan completion bash\n"
       "_voxgan() {\n"
       "  local words= several= cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} "
       "command=${COMP_WORDS[1]}\n"
       "  if [ \"$cur\" = = ]; then cur=\n"
       "  elif [ \"$prev\" = = ]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
       "  COMPREPLY=()\n"
       "  if [ \"$COMP_CWORD\" = 1 ]; then");
  printf("    words=\" help");
  print_commands();
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
  printf("  help/help) words=\"");
  print_commands();
  puts("\" ;;");
  for (int i = 0; (c = vg_cli_command_at(i)); i++) {
    each_option(c, bash_values);
    if (argument_is_path(c)) continue;
    printf("  %s/%s) words=\"", c->name, c->name);
    print_argument(c);
    puts("\" ;;");
  }
  puts("  esac\n"
       "  fi\n"
       "  if [[ -n $several && $cur == *,* ]]; then words=${words// / ${cur%,*},}; fi\n"
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

/* The = lets a value follow as the next word and in the same one. */
static void zsh_option(const cli_command *c, const cli_option *o) {
  (void)c;
  const kind k = kind_of(o);
  printf("      '%s--%s%s[", o->type == CLI_LIST || o->type == CLI_SCHEMES ? "*" : "", o->name,
         o->type == CLI_FLAG ? "" : "=");
  zsh_text(o->help);
  putchar(']');
  if (o->type != CLI_FLAG) {
    putchar(':');
    zsh_text(o->value);
    putchar(':');
    if (k == ANYTHING) {
      if (o->type == CLI_TEXT || o->type == CLI_LIST) printf("_files");
    } else {
      printf("%s", k == SETTING ? "compadd -S \"\" --" : takes_several(o) ? "_values -s , name" : "(");
      print_words(o);
      if (k != SETTING && !takes_several(o)) putchar(')');
    }
  }
  puts("' \\");
}

/* An arm for a command. Arguments are files, and the first may be a word. */
static void zsh_arm(const cli_command *c) {
  printf("  %s)\n    first=(", c->name);
  print_argument(c);
  puts(" )\n    _arguments \\");
  each_option(c, zsh_option);
  if (!argument_is_path(c)) puts("      '1:argument:{ compadd -a first; _files }' \\");
  puts("      '*:file:_files' ;;");
}

static void print_zsh(void) {
  const cli_command *c;
  puts("#compdef voxgan\n"
       "# zsh completion of voxgan, printed by: voxgan completion zsh\n"
       "_voxgan() {\n"
       "  local -a first commands=(\n"
       "    'help:show the options of a command'");
  for (int i = 0; (c = vg_cli_command_at(i)); i++) {
    printf("    '%s:", c->name);
    zsh_text(c->summary);
    puts("'");
  }
  puts("  )\n"
       "  if (( CURRENT == 2 )) || { (( CURRENT == 3 )) && [[ $words[2] == help ]] }; then\n"
       "    _describe command commands\n"
       "    return\n"
       "  fi\n"
       "  local command=$words[2]\n"
       "  shift words\n"
       "  (( CURRENT-- ))\n"
       "  case $command in");
  for (int i = 0; (c = vg_cli_command_at(i)); i++) zsh_arm(c);
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
