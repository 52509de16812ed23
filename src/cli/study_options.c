/* study_options.c: turns the command line into the options of a study and its output. */
#include "cli/study_options.h"
#include "settings/config_find.h"

struct study_values vg_cli_study_values = {.per_case = 1, .redraws = 20, .seed = 1, .sheet = 50};

#define V(field) &vg_cli_study_values.field

const cli_option vg_cli_study_options[] = {
    {"labels", CLI_LIST, V(labels), "DIR|FILE",
     "label maps: a data set's folder, a CSV manifest, or one label map; may be repeated", false},
    {"layout", CLI_LIST, V(layouts), "L", "layout of the label maps' folder; default: guessed and printed",
     false},
    {"edit", CLI_LIST, V(edits), "EDIT",
     "alter the label maps: NAME:param=value,...; repeat it for a chain; `voxgan list edits` shows all edits",
     false},
    {"donors", CLI_LIST, V(donors), "DIR", "data set whose tumours graft takes; default: the label maps' own",
     false},
    {"donor-layout", CLI_LIST, V(donor_layouts), "L", "layout of the donors' folder", false},
    {"per-case", CLI_INT, V(per_case), "N", "cases to make from each label map", false},
    {"plan", CLI_TEXT, V(plan), "FILE",
     "a whole study: cohorts, edits, distributions, targets (JSON, or a name from `voxgan list configs`)",
     false},
    {"dry-run", CLI_FLAG, V(dry_run), NULL, "print what would be made, without making it", false},
    {"out", CLI_TEXT, V(out), "DIR", "data set to write", false},
    {"format", CLI_TEXT, V(format), "F",
     "format to write, from `voxgan list formats`; default: that of the label maps", false},
    {"name", CLI_TEXT, V(name), "NAME", "name of the data set", false},
    {"licence", CLI_TEXT, V(licence), "TEXT", "licence of the data set, for its description and its card",
     false},
    {"unmarked", CLI_FLAG, V(unmarked), NULL,
     "omit what the headers of synthetic files say: \"synthetic: voxgan VERSION\"", false},
    {"prefix", CLI_TEXT, V(prefix), "P", "prefix of the ids of numbered cases, as in P-00001; default: synth",
     false},
    {"shard", CLI_TEXT, V(shard), "I/N",
     "make only shard I of N; slurm: take I and N from the array job. Run `voxgan synth --finish DIR` "
     "afterwards",
     false},
    {"anonymous", CLI_TEXT, V(anonymous), "KEYFILE",
     "write keyed hashes instead of the ids of sources and donors (HMAC-SHA256, keyed with the file's bytes)",
     false},
    {"tumour-scheme", CLI_SCHEMES, V(tumour_scheme), "S",
     "label scheme of the tumour maps, by name or inline; or one for each --labels, then each --donors",
     false},
    {"anatomy-scheme", CLI_SCHEMES, V(anatomy_scheme), "S",
     "label scheme of the anatomy maps, by name or inline; or one for each --labels, then each --donors",
     false},
    {"seed", CLI_INT, V(seed), "N", "seed of all random draws", false},
    {"redraws", CLI_INT, V(redraws), "N", "attempts to draw a case before it counts as failed", false},
    {"sheet", CLI_INT, V(sheet), "N", "cases on the contact sheets; 0: no sheets", false},
    {"threads", CLI_INT, V(threads), "N", "threads, 0 for all processors", false},
    {"overwrite", CLI_FLAG, V(overwrite), NULL, "make finished cases again instead of keeping them", false},
    {"skip-incomplete", CLI_FLAG, V(skip_incomplete), NULL, "skip subjects that lack a map", false},
    {NULL, CLI_FLAG, NULL, NULL, NULL, false},
};

static vg_status check(const struct study_values *v) {
  if (v->seed < 0) return vg_fail(VG_USAGE, "--seed must not be negative");
  if (v->per_case < 1 || v->per_case > 1000000)
    return vg_fail(VG_USAGE, "--per-case is %lld, but must be from 1 to 1000000", v->per_case);
  if (v->redraws < 1 || v->redraws > 100000)
    return vg_fail(VG_USAGE, "--redraws is %lld, but must be from 1 to 100000", v->redraws);
  if (v->sheet < 0 || v->sheet > 10000)
    return vg_fail(VG_USAGE, "--sheet is %lld, but must be from 0 to 10000", v->sheet);
  if (v->plan && (v->edits.n || v->per_case > 1))
    return vg_fail(VG_USAGE, "--plan already sets the edits and the number of cases; it cannot be combined "
                             "with --edit or --per-case");
  if (v->images.n && (v->labels.n || v->plan || v->edits.n || v->donors.n || v->per_case > 1))
    return vg_fail(VG_USAGE, "--images have no label maps to alter; they cannot be combined with --labels, "
                             "--plan, --edit, --donors or --per-case");
  if (!v->plan && !v->labels.n && !v->images.n) return vg_fail(VG_USAGE, "--labels DIR|FILE is missing");
  if (!v->out && !v->dry_run) return vg_fail(VG_USAGE, "--out DIR is missing");
  return VG_OK;
}

/* A plan is a file, or the name of one that comes with voxgan. The path stays until the program ends. */
static vg_status find_plan(const char *name, const char **out) {
  static char *path;
  vg_status st = vg_config_find(name, &path);
  *out = path;
  return st;
}

vg_status vg_cli_study_options_read(vg_study_options *study, vg_produce_options *output) {
  const struct study_values *v = &vg_cli_study_values;
  const char *plan = NULL;
  const cli_list *hosts = v->images.n ? &v->images : &v->labels;
  vg_status st = check(v);
  if (!st && v->plan) st = find_plan(v->plan, &plan);
  if (st) return st;
  *study =
      (vg_study_options){.hosts = {hosts->items, hosts->n, v->layouts.items, v->layouts.n},
                         .donors = {v->donors.items, v->donors.n, v->donor_layouts.items, v->donor_layouts.n},
                         .tumour_scheme = v->tumour_scheme.text,
                         .anatomy_scheme = v->anatomy_scheme.text,
                         .edits = v->edits.items,
                         .n_edits = v->edits.n,
                         .per_case = v->plan ? 0 : (int)v->per_case,
                         .plan = plan,
                         .prefix = v->prefix,
                         .numbered = v->prefix || v->anonymous,
                         .seed = (uint64_t)v->seed,
                         .redraws = (int)v->redraws,
                         .skip_incomplete = v->skip_incomplete};
  *output = (vg_produce_options){.out = v->out,
                                 .format = v->format,
                                 .title = v->name,
                                 .licence = v->licence,
                                 .unmarked = v->unmarked,
                                 .anonymous = v->anonymous,
                                 .overwrite = v->overwrite,
                                 .dry_run = v->dry_run,
                                 .sheet = (int)v->sheet};
  if (v->shard) st = vg_shard_parse(v->shard, &output->shard, &output->shards);
  return st ? st : vg_cli_set_threads(v->threads);
}
