/* cmd_experiment.c: voxgan experiment. */
#include <stdio.h>
#include "cli/cli.h"
#include "voxgan/experiment.h"

static const char *real, *synth, *test, *layout, *synth_layout, *test_layout, *config, *out, *rows,
    *augmentation, *shard, *finish, *device, *key, *gan;
static cli_list sets;
static long long seeds = 3, threads = -1, seed = -1;
static double test_share = 0.3, share = 0.1, tune = 0.25;
static bool unchecked, dry_run;

static const cli_option options[] = {
    {"real", CLI_TEXT, &real, "DIR", "real data set to train on", false},
    {"synth", CLI_TEXT, &synth, "DIR", "synthetic data set, with its manifest.csv", false},
    {"test", CLI_TEXT, &test, "DIR", "real data set to test on; not given: a share of --real", false},
    {"test-share", CLI_F64, &test_share, "S", "share of the persons of --real that are tested on, drawn once",
     false},
    {"layout", CLI_TEXT, &layout, "L", "layout of the real data set; guessed and said when not given", false},
    {"synth-layout", CLI_TEXT, &synth_layout, "L", "layout of the synthetic one", false},
    {"test-layout", CLI_TEXT, &test_layout, "L", "layout of the test set", false},
    {"config", CLI_TEXT, &config, "FILE", "settings of the segmentation network (JSON)", false},
    {"set", CLI_LIST, &sets, "KEY=VALUE", "change one setting of the config; may be repeated", false},
    {"out", CLI_TEXT, &out, "DIR", "folder of the experiment", false},
    {"rows", CLI_TEXT, &rows, "A,B", "of real, real+synthetic, synthetic, fine-tuned; all when not given",
     false},
    {"augmentation", CLI_TEXT, &augmentation, "A,B",
     "off (without), on (with flips and what the config says); both when not given", false},
    {"seeds", CLI_INT, &seeds, "N", "times that each row is trained, from --seed on", false},
    {"share", CLI_F64, &share, "S",
     "share of the real persons that a fine-tuned network sees, drawn anew for each seed", false},
    {"tune", CLI_F64, &tune, "S", "share of its steps in which it sees them", false},
    {"key", CLI_TEXT, &key, "KEYFILE", "what the ids of an anonymous synthetic data set are hashed with",
     false},
    {"gan", CLI_TEXT, &gan, "RUN",
     "run folder of the model behind the synthetic data: refuse it where it learned from a test subject",
     false},
    {"unchecked", CLI_FLAG, &unchecked, NULL, "take synthetic data that do not say what they were made from",
     false},
    {"shard", CLI_TEXT, &shard, "I/N", "do part I of N of the jobs only; slurm: as the array job says",
     false},
    {"finish", CLI_TEXT, &finish, "DIR", "collect what is finished of an experiment and print its tables",
     false},
    {"device", CLI_TEXT, &device, "D", "cpu, cuda, cuda:N or auto (run.device)", false},
    {"threads", CLI_INT, &threads, "N", "threads, 0 for all processors; -1 leaves run.threads", false},
    {"seed", CLI_INT, &seed, "N", "the first seed; -1 leaves run.seed", false},
    {"dry-run", CLI_FLAG, &dry_run, NULL, "print the jobs, do none", false},
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
                             .dry_run = dry_run};
  const cli_run_settings more = {&sets, device, threads, seed};
  vg_status st = shard ? vg_shard_parse(shard, &o.shard, &o.shards) : VG_OK;
  if (!st) st = cli_read_config(config, &more, &o.config);
  if (!st) st = cli_set_threads(o.config.run.threads);
  return st ? st : vg_experiment(&o, stdout);
}

const cli_command cmd_experiment = {
    .name = "experiment",
    .arguments = "",
    .summary = "train segmentation on real and synthetic data, and say what the synthetic are worth",
    .details =
        "The same network, with the same number of steps, is trained on real subjects, on these and the\n"
        "synthetic ones, on the synthetic ones alone, and on these and then a share of the real ones; each\n"
        "without and with augmentation, from several seeds. All are tested, by the weights of their last "
        "step,\n"
        "on the same held-out real subjects. Synthetic cases that were made from one of these are left "
        "out.\n\n"
        "A job is one training. Finished ones are kept, so the same command goes on after an interruption, "
        "and\n"
        "several processes may do an experiment together, with --shard or simply side by side. Prints Dice "
        "and\n"
        "HD95 of whole tumour, core and enhancing tumour, and of each row whether it differs from row real "
        "by\n"
        "more than noise.\n\n"
        "examples:\n"
        "  voxgan experiment --real BraTS_train --test BraTS_test --synth study --gan runs/a \\\n"
        "    --config configs/experiment.json --out worth\n"
        "  voxgan experiment … --shard slurm; voxgan experiment --finish worth\n",
    .options = options,
    .writes = "out",
    .run = run,
};
