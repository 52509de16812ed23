/* synth.c: label maps in, a data set out. Loading, computing and writing of neighbouring cases overlap. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "run/infer.h"
#include "run/model_file.h"
#include "run/run_data.h"
#include "voxgan/log.h"
#include "voxgan/mem.h"
#include "voxgan/nifti.h"
#include "voxgan/pool.h"
#include "voxgan/run.h"
#include "voxgan/str.h"
#include "voxgan/table.h"
#include "voxgan/version.h"

enum { DEPTH = 3, MAPS = 2, TUMOUR = 0, ANATOMY = 1 };

/* A case between its loading and its writing. */
typedef struct flight {
  bool kept; /* finished by an earlier command */
  vg_case c;
  vg_labelmap maps[MAPS]; /* as they will be written; data NULL where there is none */
  int xform_code;
  float *made; /* (S, D, H, W) */
} flight;

typedef struct synth_job {
  const vg_synth_options *o;
  model_info model;
  vg_gan *gan;
  vg_dataset set;
  vg_prep_settings prep; /* the model's, without its series: images serve for the brain mask only */
  const vg_layout *format;
  const char *format_name;
  vg_scheme schemes[MAPS]; /* of the label maps as written */
  size_t memory;
  flight slots[DEPTH];
  vg_table manifest;
  size_t finished, kept;
  double began;
} synth_job;

/* ---- what to read ---- */

static char *stem_of(const char *path) {
  char stem[256];
  if (!vg_nifti_stem(path, stem, sizeof stem)) {
    vg_fail(VG_DATA, "%s: its name is too long", path);
    return NULL;
  }
  return vg_strdup(stem);
}

/* A label map of any name is a subject of its own: the anatomy, for a model that knows no tumour. */
static vg_status add_single(synth_job *j, const char *path) {
  const char *scheme = j->o->anatomy_scheme ? j->o->anatomy_scheme : j->model.config.data.anatomy_scheme;
  vg_subject *subjects = vg_realloc(j->set.subjects, j->set.n + 1, sizeof *subjects);
  if (!subjects) return VG_MEMORY;
  j->set.subjects = subjects;
  vg_source *sources = vg_realloc(j->set.sources, (size_t)j->set.n_sources + 1, sizeof *sources);
  if (!sources) return VG_MEMORY;
  j->set.sources = sources;
  vg_source *source = &sources[j->set.n_sources];
  memset(source, 0, sizeof *source);
  vg_status st = vg_scheme_parse(*scheme ? scheme : "tissues", &source->anatomy_scheme);
  if (st) return st;
  snprintf(source->layout, sizeof source->layout, "bids");
  vg_subject *s = &subjects[j->set.n];
  memset(s, 0, sizeof *s);
  s->source = j->set.n_sources;
  source->root = vg_fs_dirname(path);
  s->id = stem_of(path);
  s->person = s->id ? vg_strdup(s->id) : NULL;
  s->anatomy = vg_strdup(path);
  j->set.n_sources++;
  j->set.n++;
  return source->root && s->id && s->person && s->anatomy ? VG_OK : VG_MEMORY;
}

static vg_status find_labels(synth_job *j) {
  const vg_synth_options *o = j->o;
  vg_status st = VG_OK;
  vg_wanted want = {.anatomy = vg_classes_find(&j->prep.classes, VG_CLASS_BRAIN) < 0};
  for (int k = 0; k < j->prep.classes.n; k++) want.tumour |= j->prep.classes.roles[k] == VG_ROLE_TUMOUR;
  bool single = false;
  for (int i = 0; i < o->labels.n && !st && !want.tumour; i++) {
    if (!vg_nifti_is_path(o->labels.paths[i]) || vg_fs_is_dir(o->labels.paths[i])) continue;
    if (!vg_fs_exists(o->labels.paths[i])) return vg_fail(VG_DATA, "%s: no such file", o->labels.paths[i]);
    st = add_single(j, o->labels.paths[i]);
    single = true;
  }
  if (!st && !single) st = vg_dataset_add_roots(&j->set, &o->labels, o->tumour_scheme, o->anatomy_scheme);
  return st ? st : vg_dataset_require(&j->set, &want, o->skip_incomplete);
}

/* ---- how to write ---- */

static vg_status choose_format(synth_job *j) {
  const char *name = j->o->format;
  if (!name) name = j->set.sources[0].layout;
  if (!strcmp(name, "csv")) name = j->model.spec.out_channels > 1 ? "brats2021" : "bids";
  j->format = vg_layout_find(name);
  j->format_name = name;
  if (!j->format || !j->format->path)
    return vg_fail(VG_USAGE, "--format %s: no such layout; `voxgan list layouts` shows them", name);
  const char *fixed[MAPS] = {j->format->tumour_scheme, j->format->anatomy_scheme};
  const vg_scheme *own[MAPS] = {&j->set.sources[0].tumour_scheme, &j->set.sources[0].anatomy_scheme};
  for (int m = 0; m < MAPS; m++) {
    j->schemes[m] = *own[m];
    /* Another layout may give its classes other values; within the same one the maps keep theirs. */
    bool same = !strcmp(name, j->set.sources[0].layout) && j->set.n_sources == 1;
    vg_status st = fixed[m] && !same ? vg_scheme_parse(fixed[m], &j->schemes[m]) : VG_OK;
    if (st) return st;
  }
  return VG_OK;
}

/* table[value]: the value that the written map has. */
static vg_status value_table(const vg_scheme *from, const vg_scheme *to, const char *to_name,
                             uint16_t *table) {
  for (int i = 0; i < from->n; i++) {
    int k = 0;
    while (k < to->n && strcmp(to->labels[k].name, from->labels[i].name)) k++;
    if (k == to->n)
      return vg_fail(VG_DATA, "--format %s has no label for class %s (scheme %s has)", to_name,
                     from->labels[i].name, from->name);
    table[from->labels[i].value] = to->labels[k].value;
  }
  return VG_OK;
}

static vg_status read_map(synth_job *j, const char *path, int which, const vg_subject *s, flight *slot) {
  const vg_source *source = &j->set.sources[s->source];
  const vg_scheme *from = which == TUMOUR ? &source->tumour_scheme : &source->anatomy_scheme;
  vg_labelmap *map = &slot->maps[which];
  vg_nifti_info info;
  uint16_t *table = vg_calloc(65536, sizeof *table);
  vg_status st = table ? vg_nifti_read_labels(path, map, &info) : VG_MEMORY;
  if (!st) st = vg_scheme_check(from, map, path);
  if (!st) st = value_table(from, &j->schemes[which], j->format_name, table);
  if (!st) {
    size_t n = vg_geometry_voxels(&map->geo);
    for (size_t i = 0; i < n; i++) map->data[i] = table[map->data[i]];
    slot->xform_code = info.xform_code;
  }
  vg_free(table);
  return st;
}

/* Path below the data set's root, and the whole path (vg_free). */
static vg_status out_path(const synth_job *j, const vg_subject *s, vg_file_kind kind, const char *series,
                          char *relative, size_t size, char **whole) {
  vg_status st = j->format->path(s->id, kind, series, relative, size);
  if (st) return st;
  *whole = vg_fs_join(j->o->out, relative);
  return *whole ? VG_OK : VG_MEMORY;
}

static vg_status is_finished(const synth_job *j, const vg_subject *s, bool *finished) {
  char relative[512], *whole;
  *finished = true;
  for (int k = 0; k < j->model.prep.series.n + MAPS && *finished; k++) {
    int m = k - j->model.prep.series.n;
    if (m == TUMOUR && !s->tumour) continue;
    if (m == ANATOMY && !s->anatomy) continue;
    vg_file_kind kind = m < 0 ? VG_FILE_SERIES : m == TUMOUR ? VG_FILE_TUMOUR : VG_FILE_ANATOMY;
    vg_status st =
        out_path(j, s, kind, m < 0 ? j->model.prep.series.names[k] : NULL, relative, sizeof relative, &whole);
    if (st) return st;
    *finished = vg_fs_exists(whole);
    vg_free(whole);
  }
  return VG_OK;
}

/* ---- the three stages ---- */

static vg_status load_case(void *arg, size_t i) {
  synth_job *j = arg;
  const vg_subject *s = &j->set.subjects[i];
  flight *slot = &j->slots[i % DEPTH];
  memset(slot, 0, sizeof *slot);
  if (vg_interrupted())
    return vg_fail(VG_INTERRUPTED, "interrupted; %zu of %zu cases are finished, and the same command goes on",
                   j->finished, j->set.n);
  vg_status st = VG_OK;
  if (s->tumour) st = read_map(j, s->tumour, TUMOUR, s, slot);
  if (!st && s->anatomy) st = read_map(j, s->anatomy, ANATOMY, s, slot);
  if (!st && !j->o->overwrite) st = is_finished(j, s, &slot->kept);
  if (!st && !slot->kept) st = vg_prepare(&j->set, s, &j->prep, &slot->c);
  return st;
}

static vg_status compute_case(void *arg, size_t i) {
  synth_job *j = arg;
  flight *slot = &j->slots[i % DEPTH];
  if (slot->kept) return VG_OK;
  const int *dim = slot->c.record.dim;
  size_t voxels = (size_t)dim[0] * (size_t)dim[1] * (size_t)dim[2];
  slot->made = vg_malloc(voxels * (size_t)j->model.spec.out_channels, sizeof *slot->made);
  return slot->made ? infer(j->gan, &slot->c, j->o->window, j->memory, slot->made) : VG_MEMORY;
}

/* Whole numbers where the scanner's range has enough of them; otherwise steps of a twenty-thousandth of the
 * range. Background is stored exactly either way. */
static vg_nifti_write_options image_options(const vg_range *r, int xform_code) {
  double span = r->hi - r->lo;
  vg_nifti_write_options w = {.dtype = VG_DT_I16, .slope = 1, .xform_code = xform_code};
  if (span < 200 || fabs(r->lo) > 32000 || fabs(r->hi) > 32000) {
    w.slope = span / 20000;
    w.inter = r->background;
  }
  return w;
}

typedef struct write_job {
  const synth_job *j;
  const vg_subject *s;
  flight *slot;
} write_job;

static vg_status make_parent(const char *path) {
  char *dir = vg_fs_dirname(path);
  vg_status st = dir ? vg_fs_make_dirs(dir) : VG_MEMORY;
  vg_free(dir);
  return st;
}

static vg_status write_file(void *arg, size_t k) {
  const write_job *w = arg;
  const synth_job *j = w->j;
  const vg_series_list *series = &j->model.prep.series;
  int m = (int)k - series->n;
  if (m >= 0 && !w->slot->maps[m].data) return VG_OK;
  vg_file_kind kind = m < 0 ? VG_FILE_SERIES : m == TUMOUR ? VG_FILE_TUMOUR : VG_FILE_ANATOMY;
  char relative[512], *whole = NULL;
  vg_volume vol = {0};
  vg_status st = out_path(j, w->s, kind, m < 0 ? series->names[k] : NULL, relative, sizeof relative, &whole);
  if (!st) st = make_parent(whole);
  if (!st && m >= 0) st = vg_nifti_write_labels(whole, &w->slot->maps[m], w->slot->xform_code);
  if (!st && m < 0) {
    const vg_range *range = &j->model.ranges[k];
    const int *dim = w->slot->c.record.dim;
    vg_nifti_write_options options = image_options(range, w->slot->xform_code);
    size_t voxels = (size_t)dim[0] * (size_t)dim[1] * (size_t)dim[2];
    st = vg_restore(&w->slot->c, w->slot->made + k * voxels, range, &vol);
    if (!st) st = vg_nifti_write(whole, &vol, &options);
  }
  vg_volume_release(&vol);
  vg_free(whole);
  return st;
}

static void slot_release(flight *s) {
  vg_case_release(&s->c);
  for (int m = 0; m < MAPS; m++) vg_labelmap_release(&s->maps[m]);
  vg_free(s->made);
  memset(s, 0, sizeof *s);
}

static double class_ml(const vg_labelmap *map, uint16_t value) {
  if (!map->data) return 0;
  double mm[3];
  size_t n = 0, voxels = vg_geometry_voxels(&map->geo);
  vg_geometry_spacing(&map->geo, mm);
  for (size_t i = 0; i < voxels; i++) n += map->data[i] == value;
  return (double)n * mm[0] * mm[1] * mm[2] / 1000;
}

/* One row of manifest.csv: which files, and how much of each tumour class. */
static vg_status add_row(synth_job *j, const vg_subject *s, const flight *slot) {
  const char *cells[VG_SERIES_MAX + VG_CLASSES_MAX + 8];
  char paths[VG_SERIES_MAX + MAPS][512] = {{0}}, volumes[VG_CLASSES_MAX][32], seed[32];
  int n = 0, n_series = j->model.prep.series.n;
  cells[n++] = s->id;
  for (int k = 0; k < n_series + MAPS; k++) {
    int m = k - n_series;
    vg_file_kind kind = m < 0 ? VG_FILE_SERIES : m == TUMOUR ? VG_FILE_TUMOUR : VG_FILE_ANATOMY;
    if (m < 0 || slot->maps[m].data) {
      vg_status st = j->format->path(s->id, kind, m < 0 ? j->model.prep.series.names[k] : NULL, paths[k],
                                     sizeof paths[k]);
      if (st) return st;
    }
    cells[n++] = paths[k];
  }
  for (int k = 0; k < j->schemes[TUMOUR].n; k++) {
    snprintf(volumes[k], sizeof volumes[k], "%.3f",
             class_ml(&slot->maps[TUMOUR], j->schemes[TUMOUR].labels[k].value));
    cells[n++] = volumes[k];
  }
  snprintf(seed, sizeof seed, "%llu", (unsigned long long)j->o->seed);
  cells[n++] = j->model.hash;
  cells[n++] = seed;
  cells[n++] = vg_version();
  return vg_table_add_row(&j->manifest, cells);
}

static vg_status start_manifest(synth_job *j) {
  const char *header[VG_SERIES_MAX + VG_CLASSES_MAX + 8];
  char volumes[VG_CLASSES_MAX][VG_CLASS_NAME + 8];
  int n = 0;
  header[n++] = "id";
  for (int k = 0; k < j->model.prep.series.n; k++) header[n++] = j->model.prep.series.names[k];
  header[n++] = "tumour";
  header[n++] = "anatomy";
  for (int k = 0; k < j->schemes[TUMOUR].n; k++) {
    snprintf(volumes[k], sizeof volumes[k], "%s_ml", j->schemes[TUMOUR].labels[k].name);
    header[n++] = volumes[k];
  }
  header[n++] = "model_sha256";
  header[n++] = "seed";
  header[n++] = "voxgan";
  return vg_table_init(&j->manifest, (size_t)n, header);
}

static vg_status write_case(void *arg, size_t i) {
  synth_job *j = arg;
  const vg_subject *s = &j->set.subjects[i];
  flight *slot = &j->slots[i % DEPTH];
  write_job w = {j, s, slot};
  vg_status st = slot->kept ? VG_OK : vg_parallel((size_t)j->model.prep.series.n + MAPS, write_file, &w);
  if (!st) st = add_row(j, s, slot);
  j->kept += slot->kept;
  slot_release(slot);
  if (st) return st;
  j->finished++;
  char left[32];
  double each = (vg_now() - j->began) / (double)(j->finished - j->kept ? j->finished - j->kept : 1);
  vg_progress("case %zu/%zu  %.2f s a case  %s left", j->finished, j->set.n, each,
              vg_duration(each * (double)(j->set.n - j->finished), left));
  return VG_OK;
}

/* ---- the data set's description ---- */

static vg_status describe(const synth_job *j, vg_json **out) {
  static const char *const windows[] = {"auto", "whole", "patch"};
  vg_json *d = vg_json_object();
  vg_json_put_string(d, "Name", "synthetic brain MRI");
  vg_json_put_string(d, "BIDSVersion", "1.9.0");
  vg_json_put_string(d, "DatasetType", "derivative");
  vg_json *by = vg_json_put_take(vg_json_put_take(d, "GeneratedBy", vg_json_array()), NULL, vg_json_object());
  vg_json_put_string(by, "Name", "voxgan");
  vg_json_put_string(by, "Version", vg_version());
  vg_json_put_string(by, "Description",
                     "images made by a conditional GAN from label maps; they show no real person");
  vg_json *v = vg_json_put_take(d, "voxgan", vg_json_object());
  vg_json_put_string(v, "model_sha256", j->model.hash);
  vg_json_put_number(v, "seed", (double)j->o->seed);
  vg_json_put_string(v, "format", j->format_name);
  vg_json_put_string(v, "window", windows[j->o->window]);
  vg_json *series = vg_json_put_take(v, "series", vg_json_array());
  for (int k = 0; k < j->model.prep.series.n; k++)
    vg_json_put_string(series, NULL, j->model.prep.series.names[k]);
  vg_json *ranges = vg_json_put_take(v, "ranges", vg_json_object());
  for (int k = 0; k < j->model.prep.series.n; k++) {
    vg_json *range = vg_json_put_take(ranges, j->model.prep.series.names[k], vg_json_object());
    vg_json_put_number(range, "lo", j->model.ranges[k].lo);
    vg_json_put_number(range, "hi", j->model.ranges[k].hi);
    vg_json_put_number(range, "background", j->model.ranges[k].background);
  }
  static const char *const names[MAPS] = {"tumour_labels", "anatomy_labels"};
  for (int m = 0; m < MAPS; m++) {
    if (!j->schemes[m].n) continue;
    char *text = vg_scheme_text(&j->schemes[m]);
    if (text) vg_json_put_string(v, names[m], text);
    vg_free(text);
  }
  *out = d;
  return d ? VG_OK : VG_MEMORY;
}

/* Writes it first, so that a folder of half the cases already says what it is; refuses a folder made
 * otherwise. */
static vg_status claim_out(const synth_job *j) {
  vg_json *mine = NULL, *there = NULL;
  char *path = vg_fs_join(j->o->out, "dataset_description.json"), *a = NULL, *b = NULL;
  vg_status st = path ? describe(j, &mine) : VG_MEMORY;
  if (!st && vg_fs_exists(path) && !j->o->overwrite) {
    st = vg_json_read(path, &there);
    a = vg_json_print(vg_json_get(mine, "voxgan"), false);
    b = vg_json_print(vg_json_get(there, "voxgan"), false);
    if (!st && (!a || !b || strcmp(a, b)))
      st = vg_fail(
          VG_USAGE,
          "%s: holds a data set made by another model or with other settings; --overwrite replaces it",
          j->o->out);
  }
  if (!st) st = vg_json_write(path, mine);
  vg_free(a);
  vg_free(b);
  vg_free(path);
  vg_json_free(mine);
  vg_json_free(there);
  return st;
}

static vg_status set_up(synth_job *j) {
  const vg_synth_options *o = j->o;
  vg_device device;
  vg_status st = vg_device_parse(o->device ? o->device : "cpu", &device);
  if (st) return st;
  vg_tensor_threads(o->threads);
  if ((st = model_load(o->model, device, &j->model, &j->gan))) return st;
  j->prep = j->model.prep;
  j->prep.series.n = 0;
  if ((st = find_labels(j))) return st;
  if ((st = choose_format(j))) return st;
  if ((st = vg_fs_require_writable_dir(o->out))) return st;
  if ((st = start_manifest(j))) return st;
  /* What the pipeline itself holds is small beside a network's activations. */
  j->memory = o->memory_gib > 0 ? (size_t)(o->memory_gib * (double)(1 << 30)) : available_memory();
  return claim_out(j);
}

vg_status vg_synth(const vg_synth_options *options) {
  synth_job j = {.o = options};
  char took[32];
  vg_interrupt_install();
  vg_status st = set_up(&j);
  if (st) goto out;
  vg_info("%zu cases, written as %s", j.set.n, j.format_name);
  j.began = vg_now();
  st = vg_pipeline(j.set.n, DEPTH, load_case, compute_case, write_case, &j);
  vg_progress_end();
  for (int i = 0; i < DEPTH; i++) slot_release(&j.slots[i]);
  if (st) goto out;
  char *path = vg_fs_join(options->out, "manifest.csv");
  st = path ? vg_table_write(path, &j.manifest) : VG_MEMORY;
  vg_free(path);
  if (!st)
    vg_info("%zu cases made, %zu kept, in %s: %s", j.finished - j.kept, j.kept,
            vg_duration(vg_now() - j.began, took), options->out);
out:
  vg_table_release(&j.manifest);
  vg_dataset_release(&j.set);
  vg_gan_free(j.gan);
  return st;
}
