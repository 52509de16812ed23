/* cmd_inspect.c: voxgan inspect: shows the contents of a volume, a data set, a model or a run folder. */
#include <stdio.h>
#include <string.h>
#include "cli/cli.h"
#include "cli/inspect_sets.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/str.h"
#include "label/class_words.h"
#include "prep/census/head_check.h"
#include "prep/census/label_census.h"
#include "io/safetensors.h"
#include "base/file/magic.h"
#include "io/table.h"
#include "output/sheet/contact_sheet.h"
#include "base/whole.h"
#include "base/text/plural.h"

static bool json;
static const char *layout = "auto", *tumour_scheme, *anatomy_scheme;

static const cli_option options[] = {
    {"json", CLI_FLAG, &json, NULL, "as JSON", false},
    {"layout", CLI_TEXT, &layout, "L", "layout of a data set's folder", false},
    {"tumour-scheme", CLI_TEXT, &tumour_scheme, "S", "label scheme of the tumour maps, by name or inline",
     false},
    {"anatomy-scheme", CLI_TEXT, &anatomy_scheme, "S", "label scheme of the anatomy maps, by name or inline",
     false},
    {NULL, CLI_FLAG, NULL, NULL, NULL, false},
};

/* ---- volumes ---- */

/* A volume with more distinct values is an image, unless it is sparse: aparc+aseg has 110 values up to 2035,
 * where an image takes nearly each value below its highest. */
enum { LABEL_VALUES_SURE = 64, LABEL_VALUES_MAX = 512, SPARSE = 4 };

typedef struct label_counts {
  int n;
  long value[LABEL_VALUES_MAX];
  size_t count[LABEL_VALUES_MAX];
} label_counts;

/* One piece of the volume: its extremes, and its histogram as long as all values are whole numbers from 0 to
 * 65535. */
typedef struct tally {
  float lo, hi;
  bool whole;
  size_t *histogram; /* 65536 */
} tally;

typedef struct tally_job {
  const vg_volume *vol;
  size_t voxels, pieces;
  tally *out;
} tally_job;

static vg_status tally_piece(void *arg, size_t i) {
  const tally_job *j = arg;
  tally *t = &j->out[i];
  size_t begin = j->voxels * i / j->pieces, end = j->voxels * (i + 1) / j->pieces;
  const float *data = j->vol->data;
  t->lo = t->hi = data[begin];
  t->whole = true;
  t->histogram = vg_calloc(65536, sizeof *t->histogram);
  if (!t->histogram) return VG_MEMORY;
  for (size_t k = begin; k < end; k++) {
    float v = data[k];
    if (v < t->lo) t->lo = v;
    if (v > t->hi) t->hi = v;
    if (!t->whole) continue;
    const int label = vg_index_of((double)v, 65536);
    t->whole = v == (float)label;
    if (t->whole) t->histogram[label]++;
  }
  return VG_OK;
}

/* Sets is_labels to false if the values cannot be those of a label map. */
static vg_status survey(const vg_volume *vol, float *lo, float *hi, label_counts *counts, bool *is_labels) {
  tally pieces[16] = {{0}};
  tally_job job = {vol, vg_geometry_voxels(&vol->geo), (size_t)vg_threads(), pieces};
  if (job.pieces > 16) job.pieces = 16;
  if (job.pieces > job.voxels) job.pieces = 1;
  vg_status st = vg_parallel(job.pieces, tally_piece, &job);
  *lo = pieces[0].lo;
  *hi = pieces[0].hi;
  *is_labels = true;
  counts->n = 0;
  for (size_t i = 0; i < job.pieces && !st; i++) {
    if (pieces[i].lo < *lo) *lo = pieces[i].lo;
    if (pieces[i].hi > *hi) *hi = pieces[i].hi;
    *is_labels &= pieces[i].whole;
  }
  for (long v = 0; v < 65536 && *is_labels && !st; v++) {
    size_t n = 0;
    for (size_t i = 0; i < job.pieces; i++) n += pieces[i].histogram[v];
    if (!n) continue;
    *is_labels = counts->n < LABEL_VALUES_MAX;
    if (!*is_labels) break;
    counts->value[counts->n] = v;
    counts->count[counts->n++] = n;
  }
  *is_labels &= counts->n <= LABEL_VALUES_SURE || (double)counts->n * SPARSE <= (double)*hi;
  for (size_t i = 0; i < 16; i++) vg_free(pieces[i].histogram);
  return st;
}

/* Reads the scheme that the user named for a label map. Without one it has no labels. */
static vg_status read_scheme(vg_scheme *scheme) {
  *scheme = (vg_scheme){.n = 0};
  if (tumour_scheme && anatomy_scheme)
    return vg_fail(VG_USAGE, "one label map has one scheme: --tumour-scheme or --anatomy-scheme");
  if (tumour_scheme) return vg_scheme_parse_as(tumour_scheme, VG_ROLE_TUMOUR, scheme);
  return anatomy_scheme ? vg_scheme_parse_as(anatomy_scheme, VG_ROLE_ANATOMY, scheme) : VG_OK;
}

static const char *class_of(const vg_scheme *scheme, long value) {
  const vg_label *label = value ? vg_scheme_find(scheme, (uint16_t)value) : NULL;
  return label ? label->name : value ? "not in the scheme" : "background";
}

static vg_status volume_json(const char *path, const vg_volume_header *info, const vg_volume *vol,
                             const vg_scheme *scheme, vg_json **out) {
  double mm[3];
  char code[4];
  float lo, hi;
  label_counts counts;
  bool is_labels;
  vg_status st = survey(vol, &lo, &hi, &counts, &is_labels);
  if (st) return st;
  vg_geometry_spacing(&info->geo, mm);
  vg_geometry_orientation(&info->geo, code);
  vg_json *j = vg_json_object();
  vg_json_put_string(j, "path", path);
  vg_json_put_string(j, "format", info->format);
  vg_json *shape = vg_json_put_take(j, "shape", vg_json_array());
  vg_json *spacing = vg_json_put_take(j, "spacing", vg_json_array());
  for (int a = 0; a < 3; a++) {
    vg_json_put_number(shape, NULL, info->geo.dim[a]);
    vg_json_put_number(spacing, NULL, mm[a]);
  }
  vg_json_put_string(j, "orientation", code);
  vg_json *affine = vg_json_put_take(j, "affine", vg_json_array());
  for (int r = 0; r < 4; r++) {
    vg_json *row = vg_json_put_take(affine, NULL, vg_json_array());
    for (int c = 0; c < 4; c++)
      vg_json_put_number(row, NULL, r < 3 ? info->geo.affine.m[r][c] + 0.0 : c == 3); /* no -0 */
  }
  vg_json_put_string(j, "dtype", vg_dtype_name(info->dtype));
  vg_json_put_number(j, "min", lo);
  vg_json_put_number(j, "max", hi);
  if (is_labels) {
    double voxel_ml = vg_geometry_voxel_ml(&info->geo);
    vg_json *labels = vg_json_put_take(j, "labels", vg_json_array());
    for (int i = 0; i < counts.n; i++) {
      vg_json *row = vg_json_put_take(labels, NULL, vg_json_object());
      vg_json_put_number(row, "value", (double)counts.value[i]);
      if (scheme->n) vg_json_put_string(row, "class", class_of(scheme, counts.value[i]));
      vg_json_put_number(row, "voxels", (double)counts.count[i]);
      vg_json_put_number(row, "ml", (double)counts.count[i] * voxel_ml);
    }
  }
  *out = j;
  return VG_OK;
}

static vg_status inspect_volume(const char *path, vg_json **out) {
  vg_volume_header info;
  vg_volume vol = {0};
  vg_scheme scheme;
  vg_status st = read_scheme(&scheme);
  if (!st) st = vg_volume_read(path, &vol, &info);
  if (!st) st = volume_json(path, &info, &vol, &scheme, out);
  vg_volume_release(&vol);
  return st;
}

/* ---- data sets, models, runs ---- */

/* ---- what can be done next ---- */

typedef struct holdings {
  size_t images, tumour, anatomy; /* subjects that have them */
  bool real;                      /* not made by voxgan */
  bool persons;                   /* several */
  bool heads;                     /* scans with skulls */
  uint16_t whole;   /* the only value of the tumour maps, if it does not fit their scheme; else 0 */
  const char *maps; /* scheme of the anatomy maps */
  char *series;     /* that every subject with images has: "t1,flair" */
  char *lacking;    /* the others: "t1c, which 6 of 57 subjects lack" */
} holdings;

static vg_status take_stock(const vg_dataset *ds, holdings *h) {
  vg_str common = VG_STR_INIT, lacking = VG_STR_INIT, every = VG_STR_INIT;
  size_t whole = 0; /* subjects that have every series */
  h->maps = ds->sources[0].anatomy_scheme.name;
  for (size_t i = 0; i < ds->n; i++) {
    const vg_subject *s = &ds->subjects[i];
    h->persons |= strcmp(s->person, ds->subjects[0].person) != 0;
    bool any = false, all = true;
    for (int k = 0; k < ds->series.n; k++) any |= s->series[k] != NULL;
    for (int k = 0; k < ds->series.n; k++) all &= s->series[k] != NULL;
    h->images += any;
    whole += any && all;
    h->tumour += s->tumour != NULL;
    h->anatomy += s->anatomy != NULL;
  }
  for (int k = 0; k < ds->series.n; k++) {
    size_t have = 0;
    for (size_t i = 0; i < ds->n; i++) have += ds->subjects[i].series[k] != NULL;
    if (have && have == h->images) vg_str_addf(&common, "%s%s", common.len ? "," : "", ds->series.names[k]);
    if (have && have != h->images)
      vg_str_addf(&lacking, "%s%s, which %zu of %zu %s %s", lacking.len ? "; " : "", ds->series.names[k],
                  h->images - have, h->images, vg_plural(h->images, "subject", "subjects"),
                  vg_plural(h->images - have, "lacks", "lack"));
    if (have) vg_str_addf(&every, "%s%s", every.len ? "," : "", ds->series.names[k]);
  }
  if (lacking.len && whole)
    vg_str_addf(&lacking, " (--set data.series=%s --skip-incomplete takes the %zu %s every series)",
                vg_str_text(&every), whole, vg_plural(whole, "subject that has", "subjects that have"));
  vg_str_release(&every);
  h->series = vg_str_take(&common);
  h->lacking = vg_str_take(&lacking);
  char *made = vg_fs_join(ds->sources[0].root, "manifest.csv");
  bool exists = false;
  vg_status st = made && h->series && h->lacking ? vg_fs_exists(made, &exists) : VG_MEMORY;
  h->real = !exists;
  vg_free(made);
  return st;
}

/* Takes command. */
static void advise_take(vg_json *to, const char *what, char *command) {
  vg_json *row = vg_json_put_take(to, NULL, vg_json_object());
  vg_json_put_string(row, "to", what);
  vg_json_put_string_take(row, "command", command);
}

/* The folder as the commands take it, with the options that were needed here, and with the tumour's value if
 * it can be the whole tumour alone (vg_free). */
static char *as_given(const char *path, uint16_t whole) {
  char value[32];
  snprintf(value, sizeof value, "%u=tumour", (unsigned)whole);
  const struct {
    const char *option, *value;
  } needed[] = {{"layout", strcmp(layout, "auto") ? layout : NULL},
                {"tumour-scheme", !tumour_scheme && whole ? value : tumour_scheme},
                {"anatomy-scheme", anatomy_scheme}};
  vg_str t = VG_STR_INIT;
  vg_str_add_word(&t, path);
  for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
    if (!needed[i].value) continue;
    vg_str_addf(&t, " --%s ", needed[i].option);
    vg_str_add_word(&t, needed[i].value);
  }
  return vg_str_take(&t);
}

/* "brats2021 --data DIR", with the series named where the config has others (vg_free). */
static char *training(const char *config, const char *its_series, const char *given, const char *series) {
  const bool same = !strcmp(its_series, series);
  return vg_format("voxgan train %s --data %s%s%s", config, given,
                   same ? "" : " --set data.series=", same ? "" : series);
}

/* The commands that learn from images. Each names a config: the defaults are for a GPU and 1 mm. */
static void put_training(vg_json *next, const char *given, const holdings *h) {
  static const char *const four = "t1,t1c,t2,flair";
  const char *series = h->series;
  char *tumours = strcmp(series, four) ? training("brats2013", "flair,t1c", given, series)
                                       : training("brats2021", four, given, series);
  char *tissues = training("healthy_t1", "t1", given, series);
  char *maps = training("healthy_t1_labels", "t1", given, series);
  char *heads = training("hospital_gan", "t1,t1c,flair", given, series);
  if (!tumours || !tissues || !maps || !heads) goto out;
  if (h->anatomy) {
    advise_take(next, "learn images from the label maps",
                vg_format("%s --out runs/images", h->tumour ? tumours : tissues));
    advise_take(next, "learn label maps from the images",
                h->tumour ? vg_format("voxgan train --data %s --set data.series=%s --set "
                                      "train.direction=image2label --out runs/maps",
                                      given, series)
                          : vg_format("%s --out runs/maps", maps));
  } else {
    advise_take(next,
                h->heads ? "learn images of brains: the model brain finds csf, gm and wm in the heads"
                         : "learn images, with csf, gm and wm that the model brain finds",
                vg_format("%s --anatomy brain --out runs/images", h->tumour ? tumours : tissues));
    if (h->tumour && h->heads)
      advise_take(next, "learn images of whole heads, with classes of intensity",
                  vg_format("%s --set data.anatomy=clusters:6 --out runs/heads", heads));
    else
      advise_take(
          next, "the same with classes of intensity",
          vg_format("%s --set data.anatomy=clusters:6 --out runs/images", h->tumour ? tumours : tissues));
  }
out:
  vg_free(tumours);
  vg_free(tissues);
  vg_free(maps);
  vg_free(heads);
}

/* Adds the commands that this data set allows, in the order in which one uses them. */
static void put_next(vg_json *to, const char *given, const holdings *h) {
  const bool images = h->images && *h->series;
  vg_json *next = vg_json_put_take(to, "next", vg_json_array());
  if (h->images && h->real && h->persons)
    advise_take(
        next,
        "put persons aside for tests, before any training (then parts/train takes the place of this folder)",
        vg_format("voxgan split %s --out parts", given));
  if (images) put_training(next, given, h);
  if (!h->images && h->anatomy &&
      (vg_starts_with(h->maps, "synthseg") || vg_starts_with(h->maps, "freesurfer")))
    advise_take(next, "learn to segment scans of any contrast from these maps alone (takes hours)",
                vg_format("voxgan train brain --data %s --out runs/maps", given));
  if (images && h->heads)
    advise_take(next, "write the images without the skull, with labels of csf, gm and wm",
                vg_format("voxgan synth brain --images %s --skull-strip --out stripped", given));
  else if (images && !h->anatomy)
    advise_take(next, "find csf, gm and wm by the model brain",
                vg_format("voxgan synth brain --images %s --out predicted", given));
  if (h->anatomy || h->tumour || images)
    advise_take(next,
                h->anatomy || h->tumour
                    ? "make images for these maps by a model that you trained"
                    : "make images for the maps that are found in these scans, by a model "
                      "that you trained",
                vg_format("voxgan synth runs/images --labels %s --out synthetic", given));
  if (h->tumour)
    advise_take(next, "alter the tumours",
                vg_format("voxgan edit --labels %s --edit scale:factor=0.5 --out smaller", given));
  if (h->images && !h->real)
    advise_take(next, "compare it with real data",
                vg_format("voxgan eval --real REAL --synth %s --out scores", given));
  if (*h->lacking) vg_json_put_string(to, "left_out", h->lacking);
}

/* A scheme's name, or its labels where it has none. */
static void put_scheme(vg_json *to, const char *key, const vg_scheme *s) {
  char *text = strcmp(s->name, "inline") ? NULL : vg_scheme_text(s);
  vg_json_put_string(to, key, text ? text : s->name);
  vg_free(text);
}

static vg_status inspect_dataset(const char *path, vg_json **out) {
  vg_dataset ds = {.skip_incomplete = true}; /* shows what there is, and names what cannot be read */
  vg_status st = vg_dataset_add(&ds, path, layout, tumour_scheme, anatomy_scheme);
  holdings have = {0};
  if (!st) st = vg_dataset_take_census(&ds, true, true, &have.whole);
  if (!st) st = vg_dataset_warn_of_heads(&ds, &have.heads);
  if (!st) st = take_stock(&ds, &have);
  if (st) {
    vg_free(have.series);
    vg_free(have.lacking);
    vg_dataset_release(&ds);
    return st;
  }
  vg_json *j = vg_json_object();
  vg_json_put_string(j, "path", path);
  vg_json_put_string(j, "layout", ds.sources[0].layout);
  vg_json_put_bool(j, "layout_guessed", ds.sources[0].guessed);
  put_scheme(j, "tumour_scheme", &ds.sources[0].tumour_scheme);
  put_scheme(j, "anatomy_scheme", &ds.sources[0].anatomy_scheme);
  vg_json_put_number(j, "n", (double)ds.n);
  vg_json *subjects = vg_json_put_take(j, "subjects", vg_json_array());
  for (size_t i = 0; i < ds.n; i++) {
    const vg_subject *s = &ds.subjects[i];
    vg_json *row = vg_json_put_take(subjects, NULL, vg_json_object());
    vg_json_put_string(row, "id", s->id);
    vg_json_put_string(row, "person", s->person);
    vg_json *files = vg_json_put_take(row, "files", vg_json_object());
    for (int k = 0; k < ds.series.n; k++)
      if (s->series[k]) vg_json_put_string(files, ds.series.names[k], s->series[k]);
    if (s->tumour) vg_json_put_string(files, "tumour", s->tumour);
    if (s->anatomy) vg_json_put_string(files, "anatomy", s->anatomy);
  }
  char *given = as_given(path, have.whole);
  put_next(j, given ? given : path, &have);
  vg_free(given);
  vg_free(have.series);
  vg_free(have.lacking);
  vg_dataset_release(&ds);
  *out = j;
  return VG_OK;
}

/* Lists the weights' names and the metadata, whose JSON texts become trees. */
static vg_status inspect_model(const char *path, vg_json **out) {
  vg_st_file f;
  vg_status st = vg_st_open(path, &f);
  if (st) return st;
  vg_json *j = vg_json_object();
  vg_json_put_string(j, "path", path);
  size_t parameters = 0;
  for (size_t i = 0; i < f.n; i++) {
    size_t n = 1;
    for (int d = 0; d < f.entries[i].ndim; d++) n *= (size_t)f.entries[i].shape[d];
    parameters += n;
  }
  vg_json_put_number(j, "tensors", (double)f.n);
  vg_json_put_number(j, "parameters", (double)parameters);
  for (const vg_json *m = vg_json_first(f.metadata); m; m = vg_json_next(m)) {
    const char *text = vg_json_string(m, "");
    vg_json *tree = NULL;
    if (*text == '{' && !vg_json_parse(vg_json_key(m), text, &tree))
      vg_json_put_take(j, vg_json_key(m), tree);
    else
      vg_json_put_string(j, vg_json_key(m), text);
  }
  vg_st_release(&f);
  *out = j;
  return VG_OK;
}

/* ---- as text ---- */

static void print_numbers(const vg_json *list, const char *separator) {
  for (const vg_json *e = vg_json_first(list); e; e = vg_json_next(e))
    printf("%s%.6g", e == vg_json_first(list) ? "" : separator, vg_json_number(e, 0));
}

enum { SUBJECTS_SHOWN = 8 }; /* the commands at the end must not scroll away */

static void print_node(const vg_json *node, int indent, size_t most) {
  size_t n = 0;
  for (const vg_json *e = vg_json_first(node); e; e = vg_json_next(e)) {
    const char *key = vg_json_key(e);
    if (n++ == most) {
      printf("%*s... and %zu more (--json lists all)\n", indent, "", vg_json_size(node) - most);
      break;
    }
    if (!indent && (!strcmp(key, "next") || !strcmp(key, "left_out"))) continue; /* print_dataset shows it */
    printf("%*s%s%s", indent, "", *key ? key : "-", *key ? ": " : " ");
    switch (vg_json_type_of(e)) {
    case VG_JSON_NUMBER:
      printf("%.10g\n", vg_json_number(e, 0));
      break;
    case VG_JSON_BOOL:
      puts(vg_json_bool(e, false) ? "yes" : "no");
      break;
    case VG_JSON_STRING:
      puts(vg_json_string(e, ""));
      break;
    case VG_JSON_ARRAY:
      if (vg_json_type_of(vg_json_first(e)) == VG_JSON_NUMBER) {
        print_numbers(e, key && !strcmp(key, "shape") ? " x " : ", ");
        putchar('\n');
        break;
      } /* fall through */
    case VG_JSON_OBJECT:
      putchar('\n');
      print_node(e, indent + 2, !indent && !strcmp(key, "subjects") ? SUBJECTS_SHOWN : SIZE_MAX);
      break;
    default:
      puts("-");
    }
  }
}

/* What inspect_dataset found, and the commands at the end. */
static void print_dataset(vg_json *j) {
  const vg_json *next = vg_json_get(j, "next");
  print_node(j, 0, SIZE_MAX);
  if (vg_json_size(next)) printf("\nnext:\n");
  bool trains = false;
  for (const vg_json *row = vg_json_first(next); row; row = vg_json_next(row)) {
    const char *command = vg_json_string(vg_json_get(row, "command"), "");
    trains |= vg_starts_with(command, "voxgan train ");
    printf("  %s\n    %s\n", vg_json_string(vg_json_get(row, "to"), ""), command);
  }
  const char *left_out = vg_json_string(vg_json_get(j, "left_out"), "");
  if (*left_out) printf("left out of these commands: %s\n", left_out);
  if (trains) puts("`--dry-run` behind a train command says what it will cost on this machine");
}

static void print_labels(const vg_json *labels) {
  vg_table t;
  static const char *const header[] = {"label", "voxels", "ml", "class"};
  const bool named = vg_json_get(vg_json_first(labels), "class") != NULL;
  if (vg_table_init(&t, named ? 4 : 3, header)) return;
  for (const vg_json *row = vg_json_first(labels); row; row = vg_json_next(row)) {
    char value[32], voxels[32], ml[32];
    snprintf(value, sizeof value, "%.0f", vg_json_number(vg_json_get(row, "value"), 0));
    snprintf(voxels, sizeof voxels, "%.0f", vg_json_number(vg_json_get(row, "voxels"), 0));
    snprintf(ml, sizeof ml, "%.2f", vg_json_number(vg_json_get(row, "ml"), 0));
    const char *cells[] = {value, voxels, ml, vg_json_string(vg_json_get(row, "class"), "")};
    if (vg_table_add_row(&t, cells)) break;
  }
  vg_table_print(stdout, &t);
  vg_table_release(&t);
}

static void print_volume(const vg_json *j) {
  printf("%s: %s %s, ", vg_json_string(vg_json_get(j, "path"), ""),
         vg_json_string(vg_json_get(j, "format"), ""), vg_json_string(vg_json_get(j, "dtype"), ""));
  print_numbers(vg_json_get(j, "shape"), " x ");
  printf(" voxels of ");
  print_numbers(vg_json_get(j, "spacing"), " x ");
  printf(" mm, %s, values %.6g to %.6g\n", vg_json_string(vg_json_get(j, "orientation"), ""),
         vg_json_number(vg_json_get(j, "min"), 0), vg_json_number(vg_json_get(j, "max"), 0));
  printf("affine:\n");
  for (const vg_json *row = vg_json_first(vg_json_get(j, "affine")); row; row = vg_json_next(row)) {
    for (const vg_json *e = vg_json_first(row); e; e = vg_json_next(e))
      printf(" %11.5g", vg_json_number(e, 0));
    putchar('\n');
  }
  if (vg_json_get(j, "labels")) print_labels(vg_json_get(j, "labels"));
}

static vg_status inspect_several(const char *path, vg_json **out) {
  return strcmp(layout, "auto") ? VG_OK : vg_cli_inspect_sets(path, tumour_scheme, anatomy_scheme, out);
}

static vg_status run(char **args, int n_args) {
  (void)n_args;
  const char *path = args[0];
  vg_json *j = NULL;
  vg_status st = VG_OK;
  bool is_volume = false, exists, is_dir, is_run = false, are_sets = false;
  st = vg_fs_exists(path, &exists);
  if (!st && !exists) st = vg_fail(VG_DATA, "%s: no such file or folder", path);
  if (!st) st = vg_fs_is_dir(path, &is_dir);
  if (st) return st;
  if (is_dir) {
    char *model = vg_fs_join(path, "model.safetensors");
    st = model ? vg_fs_exists(model, &is_run) : VG_MEMORY;
    if (!st && is_run) st = inspect_model(model, &j);
    if (!st && !is_run) st = inspect_several(path, &j);
    are_sets = j && !is_run;
    if (!st && !j) st = inspect_dataset(path, &j);
    vg_free(model);
  } else if (vg_ends_with(path, ".safetensors")) {
    st = inspect_model(path, &j);
  } else if (vg_ends_with(path, ".csv")) {
    st = inspect_dataset(path, &j);
  } else {
    is_volume = true;
    const char *advice = vg_volume_is_path(path) ? NULL : vg_file_advice(path);
    st = advice ? vg_fail(VG_DATA, "%s: %s", path, advice)
         : vg_volume_is_path(path)
             ? inspect_volume(path, &j)
             : vg_fail(VG_DATA,
                       "%s: neither a volume (.nii.gz, .mha, .nrrd, .mgz, ...), a folder, a model nor a CSV "
                       "manifest; a list of scans needs the ending .csv",
                       path);
  }
  if (st) return st;
  if (json) {
    char *text = vg_json_print(j, true);
    if (text) fputs(text, stdout);
    if (!text) st = VG_MEMORY;
    vg_free(text);
  } else if (is_volume) {
    print_volume(j);
  } else if (are_sets) {
    vg_cli_print_sets(j);
  } else {
    print_dataset(j);
  }
  vg_json_free(j);
  return st;
}

const cli_command vg_cli_cmd_inspect = {
    .name = "inspect",
    .arguments = "PATH",
    .summary = "show the contents of a volume, a data set, a model or a run folder",
    .details = "examples:\n  voxgan inspect case_seg.nii.gz\n  voxgan inspect --json BraTS2021\n  voxgan "
               "inspect runs/a\n",
    .options = options,
    .least_args = 1,
    .most_args = 1,
    .run = run,
};
