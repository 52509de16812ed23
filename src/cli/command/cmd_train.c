/* cmd_train.c: voxgan train. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/cli.h"
#include "base/mem.h"
#include "base/fs.h"
#include "base/str.h"
#include "jobs/launch.h"
#include "jobs/recall.h"
#include "jobs/world.h"
#include "settings/config_json.h"
#include "voxgan/log.h"

static cli_list data, layouts, sets;
static const char *out, *device, *init, *anatomy;
static cli_schemes tumour_scheme, anatomy_scheme;
static long long threads = -1, seed = -1, processes;
static bool resume, overwrite, dry_run, print_config, skip_incomplete;

static const cli_option options[] = {
    {"data", CLI_LIST, &data, "DIR", "training data set: a folder, or a CSV manifest; may be repeated",
     false},
    {"layout", CLI_LIST, &layouts, "L",
     "layout of the data, or one for each --data; default: guessed and printed", false},
    {"tumour-scheme", CLI_SCHEMES, &tumour_scheme, "S",
     "label scheme of the tumour maps, by name or inline; or one for each --data (data.tumour_scheme)",
     false},
    {"anatomy-scheme", CLI_SCHEMES, &anatomy_scheme, "S",
     "label scheme of the anatomy maps, by name or inline; or one for each --data (data.anatomy_scheme)",
     false},
    {"anatomy", CLI_TEXT, &anatomy, "MODEL",
     "model or run of image2label that finds the anatomy of every subject (data.anatomy predict:MODEL)",
     false},
    {"out", CLI_TEXT, &out, "RUN", "run folder to write", false},
    {"set", CLI_LIST, &sets, "KEY=VALUE", "change one setting of the config; may be repeated", false},
    {"resume", CLI_FLAG, &resume, NULL, "continue the run in RUN where it stopped, or start it", false},
    {"init", CLI_TEXT, &init, "MODEL", "start from the matching weights of a model or run (fine-tuning)",
     false},
    {"overwrite", CLI_FLAG, &overwrite, NULL, "start again even if RUN already holds a run", false},
    {"device", CLI_TEXT, &device, "D", "cpu, cuda, cuda:N or auto (run.device)", false},
    {"processes", CLI_INT, &processes, "N",
     "train in N processes on this machine, each with a batch of its own; also under torchrun, srun and "
     "mpirun",
     false},
    {"threads", CLI_INT, &threads, "N", "threads, 0 for all processors; -1 keeps run.threads", false},
    {"seed", CLI_INT, &seed, "N", "seed; -1 keeps run.seed", false},
    {"skip-incomplete", CLI_FLAG, &skip_incomplete, NULL,
     "count files and folders that cannot be read, and subjects without a wanted file, as missing "
     "(data.skip_incomplete)",
     false},
    {"dry-run", CLI_FLAG, &dry_run, NULL,
     "prepare the data, time a few steps, and print the plan, time and disk; train nothing", false},
    {"print-config", CLI_FLAG, &print_config, NULL, "print the resolved config and stop", false},
    {NULL, CLI_FLAG, NULL, NULL, NULL, false},
};

/* Where a run is resumed, its own settings and data stand in for those that are not given. */
static vg_status read_settings(const char *config, bool *recalls, vg_config *c) {
  const cli_run_settings more = {&sets, device, threads, seed};
  char *own = resume && out ? vg_fs_join(out, VG_RUN_CONFIG) : NULL;
  vg_status st = own ? vg_fs_exists(own, recalls) : VG_OK;
  if (!st) st = vg_cli_read_config(*recalls && !config ? own : config, &more, c);
  if (!st) st = vg_cli_set_schemes(&tumour_scheme, &anatomy_scheme, c);
  if (!st && anatomy) {
    /* The model is needed again wherever the run continues. */
    char *real = realpath(anatomy, NULL), *text = vg_format("data.anatomy=predict:%s", real ? real : anatomy);
    st = text ? vg_config_set(c, text) : VG_MEMORY;
    vg_free(text);
    free(real);
  }
  if (!st && skip_incomplete) c->data.skip_incomplete = true;
  if (!st) st = vg_config_resolve(c);
  vg_free(own);
  return st;
}

/* The data sets given, or those of the run. */
static vg_status choose_data(bool recalls, vg_recalled *own, vg_roots *roots) {
  *roots = (vg_roots){data.items, data.n, layouts.items, layouts.n};
  if (data.n) return VG_OK;
  vg_status st = recalls ? vg_recall_data(out, own) : VG_OK;
  if (st) return st;
  if (!own->n)
    return vg_fail(
        VG_USAGE, recalls ? "--data DIR is missing: an earlier version of voxgan began this run, and did not "
                            "note its data"
                          : "--data DIR is missing");
  *roots = (vg_roots){(const char *const *)own->paths, own->n, (const char *const *)own->layouts, own->n};
  return VG_OK;
}

/* Whether this program is to start N of itself. */
static vg_status decide_launch(const vg_world *w, bool *launch) {
  *launch = processes > 1;
  if (processes < 0 || processes > 1024)
    return vg_fail(VG_USAGE, "--processes is %lld, but must be from 1 to 1024", processes);
  if (processes && w->size > 1)
    return vg_fail(VG_USAGE,
                   "--processes is %lld, but the environment says that this is one of %d processes already",
                   processes, w->size);
  return VG_OK;
}

static vg_status run(char **args, int n_args) {
  bool recalls = false;
  vg_recalled own = {0};
  vg_train_options o = {
      .out = out, .init = init, .resume = resume, .overwrite = overwrite, .dry_run = dry_run};
  vg_status st = read_settings(n_args ? args[0] : NULL, &recalls, &o.config);
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
  if (!out) return vg_fail(VG_USAGE, "--out RUN is missing");
  bool launch = false;
  if ((st = vg_world_read(&o.world)) || (st = decide_launch(&o.world, &launch))) return st;
  if ((st = choose_data(recalls, &own, &o.data))) return st;
  if (launch) {
    vg_recalled_release(&own);
    vg_log_set_level(VG_LOG_WARN); /* its processes say what happens */
    return vg_launch((int)processes);
  }
  if (o.world.rank) vg_log_set_level(VG_LOG_ERROR); /* rank 0 says what happens */
  st = vg_cli_set_threads(vg_world_threads(&o.world, o.config.run.threads));
  if (o.world.size > 1) {
    setvbuf(stderr, NULL, _IOLBF, 0); /* the others write there too: a line goes out whole */
    /* c10d logs what it then throws as well. */
    setenv("GLOG_minloglevel", "3", 0);
    setenv("TORCH_CPP_LOG_LEVEL", "FATAL", 0);
  }
  vg_interrupt_install(); /* loading libtorch takes a while */
  const vg_torch_module *torch;
  if (!st) st = vg_torch_open(&torch);
  if (!st) st = torch->train(&o);
  vg_recalled_release(&own);
  return st;
}

const cli_command vg_cli_cmd_train = {
    .name = "train",
    .arguments = "[CONFIG]",
    .summary = "train a model on volumes with label maps",
    .details =
        "CONFIG is a JSON file, or a name from `voxgan list configs`; without one the defaults apply.\n"
        "`voxgan list settings` shows every setting with its default and bounds.\n"
        "\n"
        "On Ctrl-C, SIGTERM, SIGHUP or SIGUSR1 the program finishes the step, saves, and exits with code\n"
        "130. `voxgan train --out RUN --resume` continues, and ends with the same bytes as an\n"
        "uninterrupted run: settings and data that are not given are those of the run.\n"
        "\n"
        "examples:\n"
        "  voxgan train brats2021 --data BraTS2021 --out runs/a\n"
        "  voxgan train --out runs/a --resume\n"
        "  voxgan train brats2021 --data BraTS2021 --anatomy runs/tissues --out runs/b\n"
        "  voxgan train brats2021 --data Ours --out runs/ours --init runs/a\n"
        "  voxgan train --data A --tumour-scheme brats --data B --tumour-scheme brats2023 --out runs/ab\n"
        "  voxgan train --data BraTS2021 --out runs/b --set train.epochs=50 --set net.ngf=32\n",
    .options = options,
    .least_args = 0,
    .most_args = 1,
    .writes = "out",
    .run = run,
};
