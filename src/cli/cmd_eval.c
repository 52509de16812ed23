/* cmd_eval.c: voxgan eval. */
#include <stdio.h>
#include "cli/cli.h"
#include "base/mem.h"
#include "eval/model/evaluation.h"
#include "eval/privacy/membership.h"

static const char *real, *synth, *out, *suite, *layout, *synth_layout, *tumour_scheme, *anatomy_scheme;
static const char *challenge = "GLI", *normalise = "each", *baseline, *write_baseline, *tolerance = "0.05";
static const char *train, *train_layout, *model;
static double band = VG_BAND_MM;
static const char *features, *features_input, *device = "cpu";
static long long threads;
static bool json, no_gallery;

static const cli_option options[] = {
    {"real", CLI_TEXT, &real, "DIR", "real data set: a folder or a CSV manifest", true},
    {"synth", CLI_TEXT, &synth, "DIR", "synthetic data set; subjects are paired by id", true},
    {"out", CLI_TEXT, &out, "DIR", "folder for metrics.csv, summary.json and report.html", true},
    {"suite", CLI_TEXT, &suite, "A,B",
     "groups of metrics: image, overlap (both when not given), boundary, distribution, privacy; or all that "
     "the data allow (all)",
     false},
    {"band", CLI_F64, &band, "MM", "width of the region band, the brain around the tumour", false},
    {"layout", CLI_TEXT, &layout, "L", "layout of the real data set; guessed and said when not given", false},
    {"synth-layout", CLI_TEXT, &synth_layout, "L",
     "layout of the synthetic one; guessed and said when not given", false},
    {"tumour-scheme", CLI_TEXT, &tumour_scheme, "S", "label scheme of the tumour maps, by name or inline",
     false},
    {"anatomy-scheme", CLI_TEXT, &anatomy_scheme, "S", "label scheme of the anatomy maps, by name or inline",
     false},
    {"features", CLI_TEXT, &features, "FILE",
     "a TorchScript network whose features suite distribution compares too, as space network", false},
    {"features-input", CLI_TEXT, &features_input, "I",
     "what it takes: 2d or 3d, channels, size, as in 2d,3,224; tried out when not given", false},
    {"device", CLI_TEXT, &device, "D", "where this network, and --model, run: cpu, cuda, cuda:N or auto",
     false},
    {"challenge", CLI_TEXT, &challenge, "C",
     "whose rules count lesions: GLI, SSA, PED, MEN or MET of BraTS 2023", false},
    {"normalise", CLI_TEXT, &normalise, "N",
     "intensities to [-1, 1] by each volume's own robust range, by the real one's (real), or none", false},
    {"baseline", CLI_TEXT, &baseline, "FILE", "an earlier summary.json; exit code 5 when a mean is worse",
     false},
    {"tolerance", CLI_TEXT, &tolerance, "P",
     "how far a mean may move: a share (0.05), or within the baseline's 95% interval (interval); also by "
     "metric: "
     "psnr=0.02,hd95=interval,0.1",
     false},
    {"write-baseline", CLI_TEXT, &write_baseline, "FILE",
     "file for what a later --baseline needs; not written where a mean is worse", false},
    {"no-gallery", CLI_FLAG, &no_gallery, NULL, "no slices in report.html, so that it shows nobody's scan",
     false},
    {"train", CLI_TEXT, &train, "DIR",
     "for suite privacy: the data set that was trained on, or of which split.json of --model's run names "
     "those "
     "that were; all other real subjects are held out",
     false},
    {"train-layout", CLI_TEXT, &train_layout, "L", "layout of that data set; guessed and said when not given",
     false},
    {"model", CLI_TEXT, &model, "MODEL",
     "for suite privacy: the run folder, or the model in it, whose training subjects are to be told", false},
    {"threads", CLI_INT, &threads, "N", "threads, 0 for all processors", false},
    {"json", CLI_FLAG, &json, NULL, "print the summary as JSON instead of tables", false},
    {NULL, CLI_FLAG, NULL, NULL, NULL, false},
};

static vg_status print(const vg_evaluation *e) {
  if (!json) return vg_evaluation_print(e, stdout);
  char *text = vg_json_print(vg_evaluation_summary(e), true);
  if (!text) return VG_MEMORY;
  fputs(text, stdout);
  vg_free(text);
  return VG_OK;
}

/* libtorch is loaded only where a model is looked at. */
static vg_status membership(const vg_membership_options *o, vg_membership *scores) {
  const vg_torch_module *torch;
  vg_status st = vg_torch_open(&torch);
  return st ? st : torch->membership(o, scores);
}

static vg_status run(char **args, int n_args) {
  (void)args;
  (void)n_args;
  vg_evaluate_settings s = {.real = real,
                            .synth = synth,
                            .real_layout = layout,
                            .synth_layout = synth_layout,
                            .tumour_scheme = tumour_scheme,
                            .anatomy_scheme = anatomy_scheme,
                            .out = out,
                            .suites = suite,
                            .band = band,
                            .challenge = challenge,
                            .baseline = baseline,
                            .write_baseline = write_baseline,
                            .tolerance = tolerance,
                            .no_gallery = no_gallery,
                            .train = train,
                            .train_layout = train_layout,
                            .model = model,
                            .membership = membership,
                            .device = device,
                            .threads = (int)threads};
  if (!(band > 0)) return vg_fail(VG_USAGE, "--band: %g mm is no width", band);
  vg_status st = vg_eval_normalise_parse(normalise, &s.normalise);
  if (!st) st = cli_set_threads(threads);
  if (st) return st;
  vg_interrupt_install();
  vg_evaluation *e = NULL;
  vg_extractor extractor = {0};
  const vg_torch_module *torch = NULL;
  if (features) {
    uint32_t suites;
    if ((st = vg_eval_suites_parse(suite, &suites))) return st;
    if (!vg_eval_suites_have("distribution", suites))
      return vg_fail(VG_USAGE, "--features is for suite distribution, which is not in --suite");
    const vg_extractor_options o = {features, features_input, device, (int)threads};
    if ((st = vg_torch_open(&torch)) || (st = torch->extractor_open(&o, &extractor))) return st;
    s.extractor = &extractor;
  }
  st = vg_evaluate(&s, &e);
  if (torch) torch->extractor_close(&extractor);
  if (e) {
    vg_status printed = print(e);
    if (!st) st = printed;
  }
  vg_evaluation_free(e);
  return st;
}

const cli_command cmd_eval = {
    .name = "eval",
    .arguments = "",
    .summary = "measure a synthetic data set against the real one",
    .details =
        "Suite image compares every series that both sides have, inside the brain, the tumour, each of its\n"
        "parts and a band around it; suite overlap the label maps of both sides, by class and in the "
        "regions\n"
        "WT, TC, ET; suite boundary what happens across the tumour's surface, also where no subject is on\n"
        "both sides: then each synthetic one against the mean of the real ones. Suite distribution compares\n"
        "the two sets as a whole, in the spaces of `voxgan list features`. `voxgan list metrics` says what\n"
        "each metric is, and what it is where a mask is empty. metrics.csv has one row a subject,\n"
        "series, region and metric; summary.json their statistics, which a later run takes as its\n"
        "--baseline; report.html shows it all, with slices of the worst cases. A single subject has neither "
        "SD nor interval.\n\n"
        "Suite privacy asks whether training data is given away. --synth is the synthetic set, --train what\n"
        "was trained on (of it, what split.json of --model's run says), --real who was not: held-out\n"
        "subjects; who is in both is not held out. Near-copies: is a synthetic subject nearer to a training\n"
        "one than persons come to one another, mirrored or not? Membership: do the model's errors or its\n"
        "discriminator tell who was trained on? Identifiers: what do names, headers and sidecars say? Each\n"
        "check has a verdict, of which none is a claim of anonymity: edited labels, say, keep the rest of\n"
        "their brain. neighbours.csv, membership.csv and identifiers.csv have the subjects and places.\n\n"
        "--normalise each suits sides from different scanners, but cannot see a wrong gain or offset; real\n"
        "can.\n\n"
        "examples:\n"
        "  voxgan eval --real BraTS2021_val --synth synthetic --out eval --baseline last/summary.json\n"
        "  voxgan eval --real BraTS2021_test --synth synthetic --train BraTS2021_train --model runs/a \\\n"
        "    --suite privacy --out privacy\n",
    .options = options,
    .writes = "out,write-baseline",
    .run = run,
};
