/* cmd_train.c: voxgan train. */
#include <stdio.h>
#include <string.h>
#include "cli/cli.h"
#include "base/mem.h"
#include "settings/config_json.h"
#include "voxgan/log.h"

static cli_list data, layouts, sets;
static const char *out, *device, *init;
static long long threads = -1, seed = -1;
static bool resume, overwrite, dry_run, print_config, skip_incomplete;

static const cli_option options[] = {
    {"data", CLI_LIST, &data, "DIR", "training data set: a folder, or a CSV manifest; may be repeated",
     false},
    {"layout", CLI_LIST, &layouts, "L",
     "layout of the data, or one for each --data; default: guessed and printed", false},
    {"out", CLI_TEXT, &out, "RUN", "run folder to write", false},
    {"set", CLI_LIST, &sets, "KEY=VALUE", "change one setting of the config; may be repeated", false},
    {"resume", CLI_FLAG, &resume, NULL, "continue the run in RUN where it stopped, or start it", false},
    {"init", CLI_TEXT, &init, "MODEL", "start from the matching weights of a model or run (fine-tuning)",
     false},
    {"overwrite", CLI_FLAG, &overwrite, NULL, "start again even if RUN already holds a run", false},
    {"device", CLI_TEXT, &device, "D", "cpu, cuda, cuda:N or auto (run.device)", false},
    {"threads", CLI_INT, &threads, "N", "threads, 0 for all processors; -1 leaves run.threads", false},
    {"seed", CLI_INT, &seed, "N", "seed; -1 leaves run.seed", false},
    {"skip-incomplete", CLI_FLAG, &skip_incomplete, NULL,
     "count files and folders that cannot be read, and subjects without a wanted file, as missing "
     "(data.skip_incomplete)",
     false},
    {"dry-run", CLI_FLAG, &dry_run, NULL, "prepare the data and print the plan, train nothing", false},
    {"print-config", CLI_FLAG, &print_config, NULL, "print the resolved config and stop", false},
    {NULL, CLI_FLAG, NULL, NULL, NULL, false},
};

static vg_status run(char **args, int n_args) {
  vg_train_options o = {
      .out = out, .init = init, .resume = resume, .overwrite = overwrite, .dry_run = dry_run};
  const cli_run_settings more = {&sets, device, threads, seed};
  vg_status st = vg_cli_read_config(n_args ? args[0] : NULL, &more, &o.config);
  if (skip_incomplete) o.config.data.skip_incomplete = true;
  if (!st) st = vg_config_resolve(&o.config);
  if (st) return st;
  if (print_config) {
    vg_json *j = vg_config_to_json(&o.config);
    char *text = vg_json_print(j, true);
    if (text) fputs(text, stdout);
    st = text ? VG_OK : VG_MEMORY;
    vg_free(text);
    vg_json_free(j);
    return st;
  }
  if (!data.n) return vg_fail(VG_USAGE, "--data DIR is missing");
  if (!out) return vg_fail(VG_USAGE, "--out RUN is missing");
  if ((st = vg_cli_set_threads(o.config.run.threads))) return st;
  o.data = (vg_roots){data.items, data.n, layouts.items, layouts.n};
  vg_interrupt_install(); /* loading libtorch takes a while */
  const vg_torch_module *torch;
  if ((st = vg_torch_open(&torch))) return st;
  return torch->train(&o);
}

const cli_command vg_cli_cmd_train = {
    .name = "train",
    .arguments = "[CONFIG]",
    .summary = "train a model on volumes with label maps",
    .details = "CONFIG is a JSON file (see configs/); without one the defaults apply. `voxgan list\n"
               "settings` shows every setting with its default and bounds.\n"
               "\n"
               "On Ctrl-C, SIGTERM, SIGHUP or SIGUSR1 the program finishes the step, saves, and exits with code\n"
               "130. The same command with --resume continues, and ends with the same bytes as an\n"
               "uninterrupted run.\n"
               "\n"
               "examples:\n"
               "  voxgan train configs/brats2021.json --data BraTS2021 --out runs/a\n"
               "  voxgan train configs/brats2021.json --data BraTS2021 --out runs/a --resume\n"
               "  voxgan train configs/brats2021.json --data Ours --out runs/ours --init runs/a\n"
               "  voxgan train --data BraTS2021 --out runs/b --set train.epochs=50 --set net.ngf=32\n",
    .options = options,
    .least_args = 0,
    .most_args = 1,
    .writes = "out",
    .run = run,
};
