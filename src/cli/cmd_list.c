/* cmd_list.c: voxgan list: the rows of the registries, and all settings. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "cli/cli.h"
#include "voxgan/edit.h"

static const cli_option options[] = {{NULL, CLI_FLAG, NULL, NULL, NULL, false}};

static void print_registry(const vg_registry *r) {
  int width = 12;
  for (const vg_registry_row *row = r->rows; row->name; row++) {
    if ((int)strlen(row->name) > width) width = (int)strlen(row->name);
  }
  printf("%s: %s\n", r->name, r->help);
  for (const vg_registry_row *row = r->rows; row->name; row++)
    printf("  %-*s %s\n", width, row->name, row->help);
}

static vg_status run(char **args, int n_args) {
  const char *names[32] = {"settings"};
  const vg_registry *r;
  for (int i = 0; (r = vg_registry_at(i)); i++) names[i + 1] = r->name;
  if (!n_args) {
    for (int i = 0; (r = vg_registry_at(i)); i++) {
      print_registry(r, false);
      putchar('\n');
    }
    printf("settings: `voxgan list settings`\n");
    return VG_OK;
  }
  if (!strcmp(args[0], "settings")) {
    vg_config_help(stdout);
    return VG_OK;
  }
  if ((r = vg_registry_find(args[0]))) {
    print_registry(r, true);
    return VG_OK;
  }
  const char *near = vg_nearest(args[0], names);
  return near ? vg_fail(VG_USAGE, "no registry %s; did you mean %s?", args[0], near)
              : vg_fail(VG_USAGE, "no registry %s; `voxgan list` shows all", args[0]);
}

const cli_command cmd_list = {
    .name = "list",
    .arguments = "[REGISTRY]",
    .summary = "show what there is: layouts, schemes, networks, losses, metrics, settings",
    .options = options,
    .most_args = 1,
    .run = run,
};
