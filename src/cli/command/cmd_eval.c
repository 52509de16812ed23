/* cmd_eval.c: voxgan eval. */
#include <limits.h>
#include <stdio.h>
#include "cli/cli.h"
#include "base/mem.h"
#include "eval/detect/detector.h"
#include "eval/model/evaluation.h"
#include "eval/privacy/membership.h"
#include "eval/readers/readers.h"

static const char *real, *synth, *out, *suite, *layout, *synth_layout;
static cli_schemes tumour_scheme, anatomy_scheme;
static const char *challenge = "GLI", *normalise = "each", *baseline, *write_baseline, *tolerance = "0.05";
static const char *train, *train_layout, *model;
static double band = VG_BAND_MM, surface_mm = VG_SURFACE_MM, detect_mm;
static const char *frd;
static const char *features, *features_input, *device = "cpu";
static long long threads;
static long long reader_cases, reader_seed = -1;
static cli_list reader_files;
static const char *reader_key;
static bool json, no_gallery, skip_incomplete;

static const cli_option options[] = {
    {"real", CLI_TEXT, &real, "DIR", "real data set: a folder or a CSV manifest", false},
    {"synth", CLI_TEXT, &synth, "DIR",
     "synthetic data set; subjects are paired with the real ones by their manifest or by id", false},
    {"out", CLI_TEXT, &out, "DIR", "folder for metrics.csv, summary.json and report.html", false},
    {"suite", CLI_TEXT, &suite, "A,B",
     "groups of metrics: image and overlap (the default), boundary, distribution, frd, detect, privacy; all: "
     "every group that the data allow",
     false},
    {"band", CLI_F64, &band, "MM", "width of the band, the brain around the tumour", false},
    {"surface-tolerance", CLI_F64, &surface_mm, "MM",
     "how far apart surfaces may lie and still agree, for nsd", false},
    {"layout", CLI_TEXT, &layout, "L", "layout of the real data set; default: guessed and printed", false},
    {"synth-layout", CLI_TEXT, &synth_layout, "L",
     "layout of the synthetic data set; default: guessed and printed", false},
    {"tumour-scheme", CLI_SCHEMES, &tumour_scheme, "S",
     "label scheme of the tumour maps, by name or inline; or one each for --real, --synth and --train ('' as "
     "that set itself says)",
     false},
    {"anatomy-scheme", CLI_SCHEMES, &anatomy_scheme, "S",
     "label scheme of the anatomy maps, by name or inline; or one each for --real, --synth and --train ('' "
     "as that set itself says)",
     false},
    {"features", CLI_TEXT, &features, "FILE",
     "a TorchScript network; suite distribution also compares its features, as space network", false},
    {"features-input", CLI_TEXT, &features_input, "I",
     "input of that network: 2d or 3d, channels, size, as in 2d,3,224; default: found by trial", false},
    {"device", CLI_TEXT, &device, "D", "device for --features and --model: cpu, cuda, cuda:N or auto", false},
    {"frd", CLI_TEXT, &frd, "V",
     "for suite frd: version of the distance, v1 (the default) or v0 (`voxgan list frd`); or v1,v0", false},
    {"detect-mm", CLI_F64, &detect_mm, "MM",
     "for suite detect: smallest pixel of its patches; finer images are averaged to it; 0: the coarsest "
     "in-plane spacing of both data sets",
     false},
    {"challenge", CLI_TEXT, &challenge, "C",
     "BraTS 2023 challenge whose rules count lesions: GLI, SSA, PED, MEN or MET", false},
    {"normalise", CLI_TEXT, &normalise, "N",
     "how intensities are scaled to [-1, 1]: by each volume's own robust range (each), by that of the real "
     "volume (real), or not at all (none)",
     false},
    {"baseline", CLI_TEXT, &baseline, "FILE",
     "an earlier summary.json to compare with; exit code 5 if a mean is worse", false},
    {"tolerance", CLI_TEXT, &tolerance, "P",
     "how far a mean may move: a share of it (0.05), or within the baseline's 95% interval (interval); also "
     "for single metrics: psnr=0.02,hd95=interval,0.1",
     false},
    {"write-baseline", CLI_TEXT, &write_baseline, "FILE",
     "file for what a later --baseline needs; not written where a mean is worse", false},
    {"skip-incomplete", CLI_FLAG, &skip_incomplete, NULL,
     "count files and folders that cannot be read, and subjects without a wanted file, as missing", false},
    {"no-gallery", CLI_FLAG, &no_gallery, NULL, "no slices in report.html, so that it shows nobody's scan",
     false},
    {"train", CLI_TEXT, &train, "DIR",
     "for suite privacy: the training data set; with --model, only subjects that the run's split.json lists "
     "count as trained on. All other real subjects are held out",
     false},
    {"train-layout", CLI_TEXT, &train_layout, "L",
     "layout of the training data set; default: guessed and printed", false},
    {"model", CLI_TEXT, &model, "MODEL",
     "for suite privacy: the run folder, or its model, whose training subjects the check tries to identify",
     false},
    {"reader-study", CLI_INT, &reader_cases, "N",
     "measure nothing: write N blinded cases, half of them synthetic, into --out for readers to judge",
     false},
    {"reader-seed", CLI_INT, &reader_seed, "N", "seed of the draw of a reader study; -1: random", false},
    {"score-readers", CLI_LIST, &reader_files, "FILE",
     "measure nothing: score filled forms of a reader study against --reader-key", false},
    {"reader-key", CLI_TEXT, &reader_key, "FILE", "key.csv of a reader study", false},
    {"threads", CLI_INT, &threads, "N", "threads, 0 for all processors", false},
    {"json", CLI_FLAG, &json, NULL, "print the summary as JSON instead of tables", false},
    {NULL, CLI_FLAG, NULL, NULL, NULL, false},
};

static vg_status print(const vg_eval *e) {
  if (!json) return vg_eval_print(e, stdout);
  char *text = vg_json_print(vg_eval_summary(e), true);
  if (!text) return VG_MEMORY;
  fputs(text, stdout);
  vg_free(text);
  return VG_OK;
}

/* Loads libtorch only if the user names a model, since loading takes half a second. */
static vg_status membership(const vg_membership_options *o, vg_membership *scores) {
  const vg_torch_module *torch;
  vg_status st = vg_torch_open(&torch);
  return st ? st : torch->membership(o, scores);
}

static vg_status detector(const vg_detector_options *o, float *logits) {
  const vg_torch_module *torch;
  vg_status st = vg_torch_open(&torch);
  return st ? st : torch->detector(o, logits);
}

static vg_status require(const char *name, const char *value) {
  return value ? VG_OK : vg_fail(VG_USAGE, "--%s is missing", name);
}

/* Refuses an option of a suite that is not to run. */
static vg_status require_suite(const char *option, const char *of) {
  uint32_t suites;
  const vg_status st = vg_eval_suites_parse(suite, &suites);
  if (st || vg_eval_suites_have(of, suites)) return st;
  return vg_fail(VG_USAGE, "--%s is for suite %s, which is not in --suite", option, of);
}

static vg_status score_readers(void) {
  vg_status st = require("reader-key FILE", reader_key);
  return st ? st : vg_readers_score(reader_files.items, reader_files.n, reader_key, stdout);
}

static vg_status write_reader_study(void) {
  const uint64_t seed = (uint64_t)reader_seed;
  if (reader_cases > INT_MAX || reader_cases < 1)
    return vg_fail(VG_USAGE, "--reader-study is %lld, but must be a number of cases", reader_cases);
  return vg_readers_write(&(vg_reader_study){.real = real,
                                             .synth = synth,
                                             .real_layout = layout,
                                             .synth_layout = synth_layout,
                                             .tumour_scheme = tumour_scheme.text,
                                             .anatomy_scheme = anatomy_scheme.text,
                                             .skip_incomplete = skip_incomplete,
                                             .out = out,
                                             .cases = (int)reader_cases,
                                             .seed = reader_seed < 0 ? NULL : &seed});
}

static vg_status run(char **args, int n_args) {
  (void)args;
  (void)n_args;
  if (reader_files.n) return score_readers();
  vg_status needed = require("real DIR", real);
  if (!needed) needed = require("synth DIR", synth);
  if (!needed) needed = require("out DIR", out);
  if (needed) return needed;
  vg_eval_settings s = {.real = real,
                        .synth = synth,
                        .real_layout = layout,
                        .synth_layout = synth_layout,
                        .tumour_scheme = tumour_scheme.text,
                        .anatomy_scheme = anatomy_scheme.text,
                        .out = out,
                        .suites = suite,
                        .band = band,
                        .surface_mm = surface_mm,
                        .challenge = challenge,
                        .baseline = baseline,
                        .write_baseline = write_baseline,
                        .tolerance = tolerance,
                        .no_gallery = no_gallery,
                        .skip_incomplete = skip_incomplete,
                        .train = train,
                        .train_layout = train_layout,
                        .model = model,
                        .membership = membership,
                        .detector = detector,
                        .detect_mm = detect_mm,
                        .frd = frd,
                        .device = device,
                        .threads = (int)threads};
  if (!(band > 0)) return vg_fail(VG_USAGE, "--band is %g mm, but must be a width above 0", band);
  if (!(surface_mm > 0))
    return vg_fail(VG_USAGE, "--surface-tolerance is %g mm, but must be above 0", surface_mm);
  if (!(detect_mm >= 0))
    return vg_fail(VG_USAGE, "--detect-mm is %g, but must be 0 or a width above it", detect_mm);
  vg_status st = vg_eval_normalise_parse(normalise, &s.normalise);
  if (!st) st = vg_cli_set_threads(threads);
  if (st) return st;
  vg_interrupt_install();
  if (reader_cases) return write_reader_study();
  if (frd && (st = require_suite("frd", "frd"))) return st;
  vg_eval *e = NULL;
  vg_extractor extractor = {0};
  const vg_torch_module *torch = NULL;
  if (features) {
    if ((st = require_suite("features", "distribution"))) return st;
    const vg_extractor_options o = {features, features_input, device, (int)threads};
    if ((st = vg_torch_open(&torch)) || (st = torch->extractor_open(&o, &extractor))) return st;
    s.extractor = &extractor;
  }
  st = vg_eval_run(&s, &e);
  if (torch) torch->extractor_close(&extractor);
  if (e) {
    vg_status printed = print(e);
    if (!st) st = printed;
    if (!st && out) vg_info("%s/report.html begins with the findings in words", out);
  }
  vg_eval_free(e);
  return st;
}

const cli_command vg_cli_cmd_eval = {
    .name = "eval",
    .arguments = "",
    .summary = "compare a synthetic data set with the real one",
    .details =
        "Suite image compares every series that both sides have: inside the brain, the tumour, each\n"
        "class of the tumour and a band around it. Suite overlap compares the label maps of both\n"
        "sides, by class and in the regions WT, TC, ET. Suite boundary compares intensity and\n"
        "gradient across the tumour's surface. It also works when no subject is on both sides: it\n"
        "then compares each synthetic subject with the mean of the real ones. Suite distribution\n"
        "compares the two sets as wholes, in the spaces of `voxgan list features`. `voxgan list\n"
        "metrics` defines each metric, and its value for an empty mask. metrics.csv has one row per\n"
        "subject, series, region and metric. summary.json has the statistics; a later run takes it\n"
        "as its --baseline. report.html shows everything, with slices of the worst cases. A single\n"
        "subject has neither SD nor interval.\n"
        "\n"
        "Suite detect trains small networks to tell synthetic from real 32x32 patches, and asks them\n"
        "about persons that they never saw. An area under the curve of 0.5 is chance, 1 certainty.\n"
        "The same between two halves of the real persons, and between real and slightly blurred\n"
        "patches, shows what to expect. report.html shows the patches that gave the set away;\n"
        "detect.csv lists all. It takes a few minutes, and needs the build with libtorch.\n"
        "\n"
        "Suite privacy checks whether the synthetic data or the model give training data away.\n"
        "--synth is the synthetic set, --train the training set (with --model, the subjects of it\n"
        "that the run's split.json lists), --real the held-out subjects. A real subject that was\n"
        "trained on does not count as held out. Near-copies: does a synthetic subject lie nearer to\n"
        "a training subject than persons lie to one another, mirrored or not? Membership: do the\n"
        "model's errors or its discriminator show who was trained on? Identifiers: do names,\n"
        "headers or sidecars identify anyone? Each check gives a verdict. No verdict claims\n"
        "anonymity: edited labels, for example, keep the rest of their brain. neighbours.csv,\n"
        "membership.csv and identifiers.csv list the subjects and where identifiers were found.\n"
        "\n"
        "--reader-study N writes N blinded cases for people to judge, half of them synthetic. OUT/study\n"
        "is for the readers: NIfTI files, a sheet of slices a case, and the form answers.csv.\n"
        "OUT/key.csv stays with you; study/seal.txt is its SHA-256. --score-readers FILE\n"
        "--reader-key OUT/key.csv gives accuracy by reader, and agreement (Fleiss' kappa).\n"
        "\n"
        "--normalise each suits sides from different scanners, but cannot detect a wrong gain or\n"
        "offset; --normalise real can.\n"
        "\n"
        "--real, --synth and --out are needed, except with --score-readers.\n"
        "\n"
        "examples:\n"
        "  voxgan eval --real BraTS2021_val --synth synthetic --out eval --baseline last/summary.json\n"
        "  voxgan eval --real BraTS2021_test --synth synthetic --train BraTS2021_train --model runs/a \\\n"
        "    --suite privacy --out privacy\n",
    .options = options,
    .writes = "out,write-baseline",
    .run = run,
};
