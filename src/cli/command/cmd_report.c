/* cmd_report.c: voxgan report: writes a run folder as a page. */
#include "cli/cli.h"
#include "run_page/run_report.h"

static const char *out;

static const cli_option options[] = {
    {"out", CLI_TEXT, &out, "FILE", "page to write (default: RUN/report.html)", false},
    {NULL, CLI_FLAG, NULL, NULL, NULL, false},
};

static vg_status run(char **args, int n_args) {
  (void)n_args;
  vg_status st = vg_run_report(args[0], out);
  if (!st) vg_info("wrote %s%s", out ? out : args[0], out ? "" : "/report.html");
  return st;
}

const cli_command vg_cli_cmd_report = {
    .name = "report",
    .arguments = "RUN",
    .summary = "show a training run as an HTML page",
    .details = "RUN is the folder of a voxgan train run: finished, stopped or still training. The page is\n"
               "one file that loads nothing else. It shows losses, scores, learning rate, speed and memory\n"
               "over the epochs, the previews with a slider, the settings (and which differ from the\n"
               "defaults), the subjects and the machine. It names the subjects and shows their images, as\n"
               "the run folder does.\n"
               "\n"
               "example:\n"
               "  voxgan report runs/a\n",
    .options = options,
    .least_args = 1,
    .most_args = 1,
    .writes = "out",
    .own_page = "report.html",
    .run = run,
};
