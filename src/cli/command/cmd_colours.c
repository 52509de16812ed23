/* cmd_colours.c: voxgan colours: prints the values, names and colours of a label scheme or a data set as a
 * table of the viewer that will show its label maps. */
#include <stdio.h>
#include <string.h>
#include "base/fs.h"
#include "cli/cli.h"
#include "label/class_colours.h"

static const char *format = "itksnap", *map = "tumour", *layout = "auto";

static const cli_option options[] = {
    {"format", CLI_TEXT, &format, "itksnap|slicer|freesurfer",
     "itksnap (label descriptions), slicer (colour table, .ctbl) or freesurfer (FreeSurferColorLUT)", false},
    {"map", CLI_TEXT, &map, "tumour|anatomy", "the map of a data set", false},
    {"layout", CLI_TEXT, &layout, "L", "layout of a data set's folder", false},
    {NULL, CLI_FLAG, NULL, NULL, NULL, false},
};

/* A program's table: its first lines, and how it writes one label. */
typedef struct table {
  const char *name, *head;
  void (*row)(unsigned value, const uint8_t rgb[3], const char *label);
} table;

static void itksnap_row(unsigned value, const uint8_t c[3], const char *label) {
  const int seen = value > 0;
  printf("%5u %5u %4u %4u %8d %2d %2d    \"%s\"\n", value, c[0], c[1], c[2], seen, seen, seen,
         value ? label : "Clear Label");
}

static void slicer_row(unsigned value, const uint8_t c[3], const char *label) {
  printf("%u %s %u %u %u %d\n", value, label, c[0], c[1], c[2], value ? 255 : 0);
}

static void freesurfer_row(unsigned value, const uint8_t c[3], const char *label) {
  printf("%-6u %-32s %3u %3u %3u 0\n", value, value ? label : "Unknown", c[0], c[1], c[2]);
}

static const table tables[] = {
    {"itksnap",
     "################################################\n# ITK-SnAP Label Description File\n"
     "# File format:\n# IDX   -R-  -G-  -B-  -A--  VIS MSH  LABEL\n"
     "################################################\n",
     itksnap_row},
    {"slicer", "# Color table file voxgan\n# value name red green blue alpha\n", slicer_row},
    {"freesurfer", "#No. Label Name:                        R   G   B   A\n", freesurfer_row},
};

/* The colours are those of voxgan's own pictures and of its BIDS tables. */
static void print(const table *t, const vg_scheme *s) {
  uint8_t colours[VG_LABELS_MAX][3];
  vg_scheme_colours(s, colours);
  fputs(t->head, stdout);
  t->row(0, (const uint8_t[3]){0, 0, 0}, "background");
  for (int i = 0; i < s->n; i++) {
    const vg_label *l = &s->labels[i];
    for (unsigned v = l->value; v <= (unsigned)l->value + l->more; v++) t->row(v, colours[i], l->name);
  }
}

static vg_status scheme_of(const char *what, vg_scheme *out) {
  vg_dataset ds = {.skip_incomplete = true};
  bool exists;
  vg_status st = vg_fs_exists(what, &exists);
  if (st || !exists) return st ? st : vg_scheme_parse(what, out);
  st = vg_dataset_add(&ds, what, layout, NULL, NULL);
  if (!st) *out = strcmp(map, "tumour") ? ds.sources[0].anatomy_scheme : ds.sources[0].tumour_scheme;
  if (!st && !out->n) st = vg_fail(VG_DATA, "%s: has no %s classes", what, map);
  vg_dataset_release(&ds);
  return st;
}

static vg_status run(char **args, int n_args) {
  vg_scheme scheme = {0};
  const table *t = NULL;
  (void)n_args;
  for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
    if (!strcmp(tables[i].name, format)) t = &tables[i];
  if (!t) return vg_fail(VG_USAGE, "--format is %s, but must be itksnap, slicer or freesurfer", format);
  if (strcmp(map, "tumour") != 0 && strcmp(map, "anatomy") != 0)
    return vg_fail(VG_USAGE, "--map is %s, but must be tumour or anatomy", map);
  vg_status st = scheme_of(args[0], &scheme);
  if (!st) print(t, &scheme);
  return st;
}

const cli_command vg_cli_cmd_colours = {
    .name = "colours",
    .arguments = "SCHEME|DATA",
    .summary = "print a colour table of label values for ITK-SNAP, 3D Slicer or FreeSurfer",
    .details =
        "SCHEME is a label scheme, by name or inline; DATA a data set, whose scheme is taken. The colours\n"
        "are those of contact sheets and reports.\n"
        "\n"
        "example:\n"
        "  voxgan colours BraTS2021 >labels.txt\n"
        "  voxgan colours freesurfer-tissues --format slicer >tissues.ctbl\n",
    .options = options,
    .least_args = 1,
    .most_args = 1,
    .run = run,
};
