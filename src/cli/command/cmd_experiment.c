/* cmd_experiment.c: voxgan experiment. */
#include <stdio.h>
#include "cli/cli.h"
#include "voxgan/experiment.h"

static const char *real, *synth, *test, *layout, *synth_layout, *test_layout, *config, *out, *rows,
    *augmentation, *shard, *finish, *device, *key, *gan;
static cli_list sets, keep_largest;
static cli_schemes tumour_scheme, anatomy_scheme;
static long long seeds = 3, threads = -1, seed = -1;
static double test_share = 0.3, share = 0.1, tune = 0.25, mix = -1;
static bool unchecked, dry_run, skip_incomplete;

static const cli_option options[] = {
    {"real", CLI_TEXT, &real, "DIR", "real data set to train on", false},
    {"synth", CLI_TEXT, &synth, "DIR", "synthetic data set, with its manifest.csv", false},
    {"test", CLI_TEXT, &test, "DIR", "real data set to test on; default: a share of --real", false},
    {"test-share", CLI_F64, &test_share, "S", "share of the persons of --real to test on, drawn once", false},
    {"layout", CLI_TEXT, &layout, "L", "layout of the real data set; default: guessed and printed", false},
    {"synth-layout", CLI_TEXT, &synth_layout, "L", "layout of the synthetic data set", false},
    {"test-layout", CLI_TEXT, &test_layout, "L", "layout of the test set", false},
    {"tumour-scheme", CLI_SCHEMES, &tumour_scheme, "S",
     "label scheme of the tumour maps, by name or inline; or one each for --real, --synth and --test ('' as "
     "that set itself says) "
     "(data.tumour_scheme)",
     false},
    {"anatomy-scheme", CLI_SCHEMES, &anatomy_scheme, "S", "the same for anatomy maps (data.anatomy_scheme)",
     false},
    {"config", CLI_TEXT, &config, "FILE",
     "settings of the segmentation network: a JSON file, or a name from `voxgan list configs`", false},
    {"set", CLI_LIST, &sets, "KEY=VALUE", "change one setting of the config; may be repeated", false},
    {"out", CLI_TEXT, &out, "DIR", "folder of the experiment", false},
    {"rows", CLI_TEXT, &rows, "A,B",
     "rows to train, out of real, real+synthetic, synthetic, fine-tuned; real+synthetic:20 has 20 of the "
     "synthetic cases; default: all",
     false},
    {"augmentation", CLI_TEXT, &augmentation, "A,B",
     "off (without), on (flips and the config's augmentation); default: both", false},
    {"seeds", CLI_INT, &seeds, "N", "number of trainings of each row, with seeds from --seed on", false},
    {"share", CLI_F64, &share, "S",
     "share of the real persons that a fine-tuned network sees, drawn again for each seed", false},
    {"mix", CLI_F64, &mix, "S",
     "share of the samples that are synthetic where a row has both; 0: by their numbers; -1 keeps train.mix",
     false},
    {"tune", CLI_F64, &tune, "S", "share of a fine-tuned network's steps that use real persons", false},
    {"keep-largest", CLI_LIST, &keep_largest, "CLASS",
     "keep only the largest component of a predicted class before it is scored; all: of every class; "
     "whole-tumour: of all tumour classes together; may be repeated",
     false},
    {"key", CLI_TEXT, &key, "KEYFILE", "key file that hashed the ids of an anonymous synthetic data set",
     false},
    {"gan", CLI_TEXT, &gan, "RUN",
     "run folder of the model that made the synthetic data; refused if it learned from a test subject",
     false},
    {"skip-incomplete", CLI_FLAG, &skip_incomplete, NULL,
     "count files and folders that cannot be read, and subjects without a wanted file, as missing", false},
    {"unchecked", CLI_FLAG, &unchecked, NULL,
     "skip checks for test subjects that cannot be done; the report says so", false},
    {"shard", CLI_TEXT, &shard, "I/N",
     "do only shard I of N of the jobs; slurm: take I and N from the array job", false},
    {"finish", CLI_TEXT, &finish, "DIR", "collect an experiment's finished jobs and print its tables", false},
    {"device", CLI_TEXT, &device, "D", "cpu, cuda, cuda:N or auto (run.device)", false},
    {"threads", CLI_INT, &threads, "N", "threads, 0 for all processors; -1 keeps run.threads", false},
    {"seed", CLI_INT, &seed, "N", "the first seed; -1 keeps run.seed", false},
    {"dry-run", CLI_FLAG, &dry_run, NULL, "print the jobs without doing them", false},
    {NULL, CLI_FLAG, NULL, NULL, NULL, false},
};

static vg_status run(char **args, int n_args) {
  (void)args, (void)n_args;
  if (finish) return vg_experiment_finish(finish, stdout);
  if (!real) return vg_fail(VG_USAGE, "--real DIR is missing");
  if (!out && !dry_run) return vg_fail(VG_USAGE, "--out DIR is missing");
  vg_experiment_options o = {.real = real,
                             .synth = synth,
                             .test = test,
                             .real_layout = layout,
                             .synth_layout = synth_layout,
                             .test_layout = test_layout,
                             .out = out,
                             .rows = rows,
                             .augmentation = augmentation,
                             .seeds = (int)(seeds > 1001 ? 1001
                                            : seeds < 0  ? 0
                                                         : seeds),
                             .test_share = test_share,
                             .share = share,
                             .tune = tune,
                             .key = key,
                             .gan = gan,
                             .unchecked = unchecked,
                             .keep_largest = keep_largest.items,
                             .n_keep_largest = keep_largest.n,
                             .dry_run = dry_run};
  const cli_run_settings more = {&sets, device, threads, seed};
  vg_status st = shard ? vg_shard_parse(shard, &o.shard, &o.shards) : VG_OK;
  if (!st) st = vg_cli_read_config(config, &more, &o.config);
  if (!st && mix >= 0) {
    char assignment[64];
    snprintf(assignment, sizeof assignment, "train.mix=%.17g", mix);
    st = vg_config_set(&o.config, assignment);
  }
  if (!st) st = vg_cli_set_schemes(&tumour_scheme, &anatomy_scheme, &o.config);
  if (skip_incomplete) o.config.data.skip_incomplete = true;
  if (!st) st = vg_cli_set_threads(o.config.run.threads);
  return st ? st : vg_experiment(&o, stdout);
}

const cli_command vg_cli_cmd_experiment = {
    .name = "experiment",
    .arguments = "",
    .summary = "train segmentation on real and synthetic data, and measure what the synthetic data add",
    .details = "Trains the same network, for the same number of steps, on real subjects; on real and\n"
               "synthetic ones; on synthetic ones alone; and on synthetic ones followed by a share of the\n"
               "real ones. Each row is trained without and with augmentation, from several seeds. Every\n"
               "network is tested on the same held-out real subjects, with the weights of its last step.\n"
               "Synthetic cases that were made from a test subject are excluded.\n"
               "\n"
               "A job is one training. Finished jobs are kept, so the same command continues after an\n"
               "interruption. Several processes can share an experiment, with --shard or simply side by\n"
               "side. The command prints Dice and HD95 of whole tumour, core and enhancing tumour, and\n"
               "whether each row differs from row real by more than noise.\n"
               "\n"
               "examples:\n"
               "  voxgan experiment --real BraTS_train --test BraTS_test --synth study --gan runs/a \\\n"
               "    --config configs/experiment.json --out worth\n"
               "  voxgan experiment … --shard slurm; voxgan experiment --finish worth\n",
    .options = options,
    .writes = "out",
    .run = run,
};
