/* cmd_list.c: voxgan list: prints the rows of the registries, and all settings. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "cli/cli.h"
#include "settings/config_find.h"
#include "voxgan/edit.h"

static const cli_option options[] = {{NULL, CLI_FLAG, NULL, NULL, NULL, false}};

/* Prints "    gap          least distance to other tumours [5 mm] (0 to 100)". */
static void print_params(const vg_edit *edit) {
  for (const vg_param *p = edit->params; p->name; p++) {
    bool number = p->type == VG_PARAM_NUMBER || p->type == VG_PARAM_WHOLE;
    const char *unit = p->unit ? p->unit : "";
    printf("    %-12s %s", p->name, p->help);
    if (number && !isnan(p->def))
      printf(" [%.10g%s%s]", p->def, *unit ? " " : "", unit);
    else if (number && *unit)
      printf(" [%s]", unit);
    else if (!number && p->text_def && *p->text_def)
      printf(" [%s]", p->text_def);
    if (number) printf(" (%s%.10g to %.10g)", p->type == VG_PARAM_WHOLE ? "whole, " : "", p->least, p->most);
    if (p->choices) printf(" (%s)", p->choices);
    puts(p->type == VG_PARAM_FLAG ? " (flag)" : "");
  }
}

/* Prints "    csf          24 30 62 257". */
static void print_values(const char *name) {
  vg_scheme s;
  vg_classes named = {0};
  if (vg_scheme_parse(name, &s)) return;
  for (int i = 0; i < s.n; i++) {
    if (vg_classes_find(&named, s.labels[i].name) >= 0) continue;
    vg_classes_add_name(&named, s.labels[i].name, s.labels[i].role);
    printf("    %-12s", s.labels[i].name);
    for (int k = i; k < s.n; k++) {
      const vg_label *l = &s.labels[k];
      if (strcmp(l->name, s.labels[i].name)) continue;
      printf(" %u", (unsigned)l->value);
      if (l->more) printf("-%u", (unsigned)l->value + l->more);
    }
    putchar('\n');
  }
}

static void print_registry(const vg_registry *r, bool whole) {
  bool edits = !strcmp(r->name, "edits"), schemes = !strcmp(r->name, "schemes");
  int width = 12;
  for (const vg_registry_row *row = r->rows; row->name; row++) {
    if ((int)strlen(row->name) > width) width = (int)strlen(row->name);
  }
  printf("%s: %s\n", r->name, r->help);
  for (const vg_registry_row *row = r->rows; row->name; row++) {
    printf("  %-*s %s\n", width, row->name, row->help);
    if (edits && whole) print_params(vg_edit_find(row->name));
    if (schemes && whole) print_values(row->name);
  }
  if (schemes && whole)
    printf(
        "\nA scheme is a name from above, or inline: VALUE=CLASS[:tumour|:anatomy],... with ranges as\n"
        "1000-2999=cortex. Without a role, a class of --tumour-scheme is tumour, unless its name is that of\n"
        "a tissue (csf, gm, wm, ...), and one of --anatomy-scheme is anatomy. Given once, a scheme counts "
        "for\n"
        "all data sets; given several times, for the data sets in their order.\n");
  if (edits && whole)
    printf("\n--edit NAME:param=value,flag,... A value may be uniform(a,b), int(a,b), normal(mean,sd),\n"
           "lognormal(median,sigma), either also with limits (...,least,most), or choice(a:weight,b).\n");
  else if (edits)
    printf("  their parameters: `voxgan list edits`\n");
}

/* What can be listed: the settings and configs, then the registries. */
static const char *list_at(const void *list, size_t i) {
  (void)list;
  const vg_registry *r = i > 1 ? vg_registry_at((int)i - 2) : NULL;
  return !i ? "settings" : i == 1 ? "configs" : r ? r->name : NULL;
}

static vg_status run(char **args, int n_args) {
  const vg_registry *r;
  if (!n_args) {
    for (int i = 0; (r = vg_registry_at(i)); i++) {
      print_registry(r, false);
      putchar('\n');
    }
    printf("settings: `voxgan list settings`\nconfigs: `voxgan list configs`\n");
    return VG_OK;
  }
  if (!strcmp(args[0], "configs")) return vg_config_list(stdout);
  if (!strcmp(args[0], "settings")) {
    vg_config_help(stdout);
    return VG_OK;
  }
  if ((r = vg_registry_find(args[0]))) {
    print_registry(r, true);
    return VG_OK;
  }
  const char *near = vg_names_nearest(VG_NAMES_BY(list_at, NULL), args[0]);
  return near ? vg_fail(VG_USAGE, "no registry %s; did you mean %s?", args[0], near)
              : vg_fail(VG_USAGE, "no registry %s; `voxgan list` shows all", args[0]);
}

const cli_command vg_cli_cmd_list = {
    .name = "list",
    .arguments = "[REGISTRY]",
    .summary = "show the registries: layouts, schemes, networks, losses, metrics, settings, configs",
    .options = options,
    .most_args = 1,
    .run = run,
};
