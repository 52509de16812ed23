/* produce.c: makes the cases of a study, gets their images, and writes them. These three stages overlap for
 * neighbouring cases. */
#include "voxgan/output.h"
#include "dataset/layout.h"
#include "output/case_maker.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/card.h"
#include "output/produce_set.h"
#include "output/produce_summary.h"
#include "study/study_apart.h"
#include "voxgan/log.h"
#include "base/task/progress.h"
#include "base/mem.h"
#include "base/pool.h"
#include "voxgan/registry.h"
#include "base/names.h"
#include "base/str.h"
#include "base/file/path_part.h"
#include "base/text/plural.h"
#include "voxgan/version.h"

enum { TUMOUR, ANATOMY, MAPS };

typedef struct flight {
  vg_study_case c;
  bool refused, loaded, kept; /* kept: another process has made it meanwhile */
  bool has[MAPS];
  char reason[512];
} flight;

typedef struct produce_job {
  vg_study *study;
  const vg_produce_options *o;
  const vg_case_maker *maker;
  vg_output out;
  vg_lock work; /* says that we write here */
  vg_secret secret;
  todo *list; /* this shard's cases */
  size_t n, *open, n_open;
  flight slots[VG_PRODUCE_DEPTH];
  size_t made, failed, kept; /* of those that were open */
  atomic_ullong bytes;
  double began;
  vg_task task; /* making the cases */
} produce_job;

/* ---- what to make ---- */

static vg_status use_format(produce_job *j, const char *name) {
  j->out.format = vg_dataset_format_find(name);
  if (!j->out.format) {
    const char *near = vg_names_nearest(VG_NAMES(vg_registry_find("formats")->rows), name);
    return near ? vg_fail(VG_USAGE, "no format '%s'; did you mean %s?", name, near)
                : vg_fail(VG_USAGE, "no format '%s'; `voxgan list formats` shows them", name);
  }
  snprintf(j->out.format_name, sizeof j->out.format_name, "%s", name);
  return VG_OK;
}

static vg_status set_schemes(produce_job *j) {
  j->out.set.tumour = *vg_study_scheme(j->study, VG_ROLE_TUMOUR);
  j->out.set.anatomy = *vg_study_scheme(j->study, VG_ROLE_ANATOMY);
  return j->out.format->schemes(&j->out.set);
}

/* The format of the hosts may have no value for a class that the user named. If the user named no format
 * either, one that has values for every class serves. */
static vg_status choose_schemes(produce_job *j) {
  vg_status st = set_schemes(j);
  if (st != VG_CONFIG || j->o->format || j->out.format->any_class) return st;
  vg_info("%s", vg_error());
  vg_error_clear();
  st = use_format(j, vg_dataset_format_any());
  return st ? st : set_schemes(j);
}

static vg_status set_output(produce_job *j) {
  vg_output *out = &j->out;
  if (j->maker) out->set.series = j->maker->series;
  /* A model finds maps in scans of persons. */
  out->set.real = j->maker && (j->maker->real || j->maker->maps);
  vg_status st = use_format(
      j, j->o->format ? j->o->format : vg_dataset_format_default(vg_study_layout(j->study), &j->out.set));
  for (int k = 0; k < out->set.series.n && !st; k++)
    st = vg_path_part(VG_CONFIG, "the model", "series", out->set.series.names[k]);
  if (st) return st;
  if (strlen(j->o->out) >= sizeof out->root) return vg_fail(VG_USAGE, "--out: the path is too long");
  snprintf(out->root, sizeof out->root, "%s", j->o->out);
  if (j->o->title) snprintf(out->title, sizeof out->title, "%s", j->o->title);
  out->set.name = *out->title ? out->title : NULL;
  if (j->o->licence && strlen(j->o->licence) >= sizeof out->licence)
    return vg_fail(VG_USAGE, "--licence: longer than %zu bytes", sizeof out->licence - 1);
  if (j->o->licence) snprintf(out->licence, sizeof out->licence, "%s", j->o->licence);
  out->set.licence = *out->licence ? out->licence : NULL;
  out->unmarked = j->o->unmarked;
  /* The images show the brain mask, so the class of the brain has no map. */
  const vg_classes *all = vg_study_written(j->study);
  for (int k = 0; k < all->n && !st; k++)
    if (strcmp(all->names[k], VG_CLASS_BRAIN) != 0)
      st = vg_classes_add_name(&out->set.classes, all->names[k], all->roles[k]);
  out->cases = vg_study_count(j->study);
  return st ? st : choose_schemes(j);
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Two ids may become one where a format leaves letters out. */
static vg_status check_ids(const produce_job *j, const todo *list, size_t n) {
  const char **ids = vg_malloc(n ? n : 1, sizeof *ids);
  if (!ids) return VG_MEMORY;
  for (size_t i = 0; i < n; i++) ids[i] = list[i].id;
  qsort(ids, n, sizeof *ids, by_name);
  vg_status st = VG_OK;
  for (size_t i = 1; i < n && !st; i++)
    if (!strcmp(ids[i - 1], ids[i]))
      st = vg_fail(VG_CONFIG, "two cases would be called %s in format %s; number them with --prefix", ids[i],
                   j->out.format_name);
  vg_free(ids);
  return st;
}

/* One file of a case. */
typedef struct case_file {
  vg_file_kind kind;
  int index;          /* of the series, or of the class of a probability (kind OTHER) */
  const char *series; /* NULL: none */
  char role[VG_RECORD_ROLE], path[512];
} case_file;

/* The most files that a case may have: series, maps, probabilities. */
static int n_files(const produce_job *j) {
  bool sure = j->maker && j->maker->probability;
  return j->out.set.series.n + MAPS + (sure ? vg_study_class_set(j->study)->n : 0);
}

/* The last guard before a file is written: no name leads out of the data set. */
static vg_status check_path(const todo *t, const char *path) {
  return vg_path_below(path) ? VG_OK
                             : vg_fail(VG_CONFIG, "case %s: '%s' lies outside the data set", t->id, path);
}

/* Describes file k of a case; *has false: the case lacks this file. */
static vg_status file_of(const produce_job *j, const todo *t, const flight *f, int k, case_file *out,
                         bool *has) {
  const vg_format_set *set = &j->out.set;
  int m = k - set->series.n;
  *out = (case_file){.kind = VG_FILE_SERIES, .index = k, .series = m < 0 ? set->series.names[k] : NULL};
  *has = m < 0 || m >= MAPS || f->has[m];
  if (!*has) return VG_OK;
  if (m >= MAPS) {
    out->kind = VG_FILE_OTHER;
    out->index = m - MAPS;
    const char *klass = vg_study_class_set(j->study)->names[out->index];
    snprintf(out->role, sizeof out->role, "%s" VG_PROBABILITY, klass);
    int n = snprintf(out->path, sizeof out->path, "probabilities/%s/%s.nii.gz", t->id, klass);
    return n > 0 && (size_t)n < sizeof out->path ? check_path(t, out->path)
                                                 : vg_fail(VG_CONFIG, "%s: the id is too long", t->id);
  }
  if (m >= 0) out->kind = m == TUMOUR ? VG_FILE_TUMOUR : VG_FILE_ANATOMY;
  snprintf(out->role, sizeof out->role, "%s", m < 0 ? out->series : m == TUMOUR ? "tumour" : "anatomy");
  vg_status st = j->out.format->path(set, t->id, out->kind, out->series, out->path, sizeof out->path);
  return st ? st : check_path(t, out->path);
}

/* Every path that the whole study may write, whatever shard this is. */
static vg_status list_files(const produce_job *j, const todo *all, vg_owned *files) {
  static const char *const own[] = {"dataset_description.json", "manifest.csv", VG_CARD,
                                    "contact-sheet-#.png"};
  const flight every = {.has = {true, true}};
  vg_status st = VG_OK;
  snprintf(files->kind, sizeof files->kind, "study%s", j->maker && j->maker->link ? " links" : "");
  for (size_t i = 0; i < sizeof own / sizeof own[0] && !st; i++) st = vg_owned_add(files, own[i]);
  if (!st && j->out.format->closing) st = j->out.format->closing(&j->out.set, files);
  for (size_t k = 0; k < j->out.cases && !st; k++) {
    for (int i = 0; i < n_files(j) && !st; i++) {
      case_file file;
      bool has;
      if ((i == j->out.set.series.n + TUMOUR && !j->out.set.tumour.n) ||
          (i == j->out.set.series.n + ANATOMY && !j->out.set.anatomy.n))
        continue; /* that map is not written */
      st = file_of(j, &all[k], &every, i, &file, &has);
      if (!st && has) st = vg_owned_add(files, file.path);
    }
  }
  return st;
}

static vg_status list_cases(produce_job *j, vg_owned *files) {
  const size_t n = j->out.cases, step = j->o->shards ? (size_t)j->o->shards : 1;
  const size_t first = j->o->shards ? (size_t)j->o->shard - 1 : 0;
  todo *all = vg_calloc(n ? n : 1, sizeof *all);
  j->list = vg_calloc(n / step + 1, sizeof *j->list);
  j->open = vg_calloc(n / step + 1, sizeof *j->open);
  vg_status st = all && j->list && j->open ? VG_OK : VG_MEMORY;
  for (size_t k = 0; k < n && !st; k++) {
    char id[128];
    all[k].k = k;
    vg_study_name(j->study, k, id, all[k].cohort);
    st = j->out.format->id(id, all[k].id, sizeof all[k].id);
    if (!st) st = vg_path_part(VG_CONFIG, j->out.format_name, "the id of a case,", all[k].id);
  }
  if (!st) st = check_ids(j, all, n);
  if (!st) st = list_files(j, all, files);
  for (size_t k = first; k < n && !st; k += step) j->list[j->n++] = all[k];
  vg_free(all);
  return st;
}

/* *finished: the record of this study and every file that it names exist. A damaged record is as good as
 * none. */
static vg_status check_finished(const produce_job *j, const char *id, bool *finished) {
  vg_record r = {0};
  vg_status st = vg_record_exists(j->out.root, id, finished);
  if (!st && *finished && (st = vg_record_read(j->out.root, id, &r)) == VG_DATA) {
    *finished = false;
    st = VG_OK;
  }
  if (!st && *finished) *finished = !strcmp(r.study, j->out.study);
  for (int i = 0; i < r.n_files && *finished && !st; i++) {
    char *path = vg_fs_join(j->out.root, r.files[i].path);
    st = path ? vg_fs_exists(path, finished) : VG_MEMORY;
    vg_free(path);
  }
  vg_record_release(&r);
  return st;
}

static vg_status sort_out_finished(produce_job *j) {
  const char *root = j->out.root;
  for (size_t i = 0; i < j->n; i++) {
    todo *t = &j->list[i];
    if (j->o->overwrite) {
      vg_status st = vg_record_remove(root, t->id);
      if (!st) st = vg_failure_remove(root, t->id);
      if (st) return st;
    }
    vg_status st = check_finished(j, t->id, &t->kept);
    if (st) return st;
    if (!t->kept) j->open[j->n_open++] = i;
  }
  return VG_OK;
}

/* ---- making ---- */

/* A scan of several that cannot be used is a failed case, like one in which no brain is found. Sets *st to
 * VG_OK then. */
static void refuse_scan(const produce_job *j, const todo *t, flight *f, vg_status *st) {
  if (*st != VG_DATA || !j->maker->maps || vg_study_count(j->study) < 2) return;
  f->refused = true;
  snprintf(f->reason, sizeof f->reason, "%s: %s", t->id, vg_error());
  vg_error_clear();
  *st = VG_OK;
}

static vg_status load_case(void *arg, size_t i) {
  produce_job *j = arg;
  const todo *t = &j->list[j->open[i]];
  int slot = (int)(i % VG_PRODUCE_DEPTH);
  flight *f = &j->slots[slot];
  memset(f, 0, sizeof *f);
  if (vg_interrupted())
    return vg_fail(VG_INTERRUPTED, "interrupted; %zu of %zu %s %s finished, and the same command continues",
                   j->n - j->n_open + j->made + j->kept, j->n, vg_plural(j->n, "case", "cases"),
                   vg_plural(j->n - j->n_open + j->made + j->kept, "is", "are"));
  vg_status st = check_finished(j, t->id, &f->kept);
  if (st || f->kept) return st;
  st = vg_study_make(j->study, t->k, &f->c);
  if (st == VG_REFUSED) {
    f->refused = true;
    snprintf(f->reason, sizeof f->reason, "%s", vg_error());
    return VG_OK;
  }
  if (st || !j->maker) return st;
  f->loaded = true;
  st = j->maker->load(j->maker->state, slot, &f->c);
  refuse_scan(j, t, f, &st);
  return st;
}

static vg_status make_images(void *arg, size_t i) {
  produce_job *j = arg;
  int slot = (int)(i % VG_PRODUCE_DEPTH);
  return j->slots[slot].loaded && !j->slots[slot].refused ? j->maker->make(j->maker->state, slot) : VG_OK;
}

/* ---- writing ---- */

typedef struct write_job {
  produce_job *j;
  const todo *t;
  flight *f;
  int slot;
} write_job;

static vg_status write_image(write_job *w, const case_file *file, const char *path) {
  vg_volume vol = {0};
  vg_volume_write_options how = {0};
  const vg_case_maker *maker = w->j->maker;
  const bool sure = file->kind == VG_FILE_OTHER;
  if (maker->link && !sure) return maker->link(maker->state, w->slot, file->index, path);
  vg_status st = (sure ? maker->probability : maker->image)(maker->state, w->slot, file->index, &vol, &how);
  how.xform_code = w->f->c.maps.xform_code;
  if (!w->j->out.set.real) how.synthetic = !w->j->o->unmarked;
  if (!st) st = vg_volume_write(path, &vol, &how);
  vg_volume_release(&vol);
  return st;
}

static vg_status write_map(write_job *w, vg_file_kind kind, const char *path) {
  vg_labelmap map = {0};
  const vg_maps *maps = &w->f->c.maps;
  bool tumour = kind == VG_FILE_TUMOUR;
  const vg_scheme *scheme = tumour ? &w->j->out.set.tumour : &w->j->out.set.anatomy;
  vg_status st = vg_maps_labels(maps, tumour ? VG_ROLE_TUMOUR : VG_ROLE_ANATOMY, scheme, &map);
  /* A map that no edit changed shows a person. */
  const bool synthetic = w->f->c.edits.n && !w->j->out.set.real && !w->j->o->unmarked;
  if (!st) st = vg_volume_write_marked_labels(path, &map, maps->xform_code, synthetic);
  vg_labelmap_release(&map);
  return st;
}

static vg_status write_file(void *arg, size_t k) {
  write_job *w = arg;
  produce_job *j = w->j;
  case_file file;
  bool has;
  vg_status st = file_of(j, w->t, w->f, (int)k, &file, &has);
  if (st || !has) return st;
  const bool map = file.kind == VG_FILE_TUMOUR || file.kind == VG_FILE_ANATOMY;
  char *whole = vg_fs_join(j->out.root, file.path), *dir = whole ? vg_fs_dirname(whole) : NULL;
  st = dir ? vg_fs_make_dirs(dir) : VG_MEMORY;
  if (!st) st = map ? write_map(w, file.kind, whole) : write_image(w, &file, whole);
  uint64_t size = 0;
  bool elsewhere = file.series && j->maker->link;
  if (!st && !elsewhere && !(st = vg_fs_size(whole, &size))) atomic_fetch_add(&j->bytes, size);
  vg_free(whole);
  vg_free(dir);
  return st;
}

static vg_status write_record(write_job *w) {
  produce_job *j = w->j;
  const vg_study_case *c = &w->f->c;
  vg_record r = {0};
  const vg_secret *secret = j->o->anonymous ? &j->secret : NULL;
  vg_status st = vg_record_lineage(&r, c->source, &c->edits, secret);
  if (!st)
    st = vg_study_origins(j->study, c, secret ? vg_secret_hide : NULL, (void *)(uintptr_t)secret, &r.origins);
  snprintf(r.id, sizeof r.id, "%s", w->t->id);
  snprintf(r.cohort, sizeof r.cohort, "%s", w->t->cohort);
  vg_record_measure(&r, &c->maps.classes, &c->facts);
  r.redraws = c->redraws;
  r.seed = vg_study_seed(j->study);
  if (j->maker) snprintf(r.model_sha256, sizeof r.model_sha256, "%s", j->maker->model_sha256);
  if (j->maker && j->maker->drawn) j->maker->drawn(j->maker->state, w->slot, &r.drawn);
  if (!st && vg_str_failed(&r.drawn)) st = VG_MEMORY;
  snprintf(r.voxgan, sizeof r.voxgan, "%s", vg_version());
  memcpy(r.study, j->out.study, sizeof r.study);
  for (int k = 0; k < n_files(j) && !st; k++) {
    case_file file;
    bool has;
    st = file_of(j, w->t, w->f, k, &file, &has);
    if (!st && has) st = vg_record_add_file(&r, file.role, file.path);
  }
  if (!st) st = vg_record_write(&r, j->out.root);
  vg_record_release(&r);
  return st;
}

/* Decides which maps to write: a tumour map whenever the data set has tumour classes, so that a healed case
 * has an empty one; an anatomy map if more than the brain's outline is known. */
static void decide_maps(const produce_job *j, flight *f) {
  const vg_maps *m = &f->c.maps;
  size_t n = vg_geometry_voxels(&m->geo);
  int brain = vg_classes_find(&m->classes, VG_CLASS_BRAIN) + 1;
  f->has[TUMOUR] = j->out.set.tumour.n > 0;
  for (size_t i = 0; i < n && j->out.set.anatomy.n && !f->has[ANATOMY]; i++)
    f->has[ANATOMY] = m->anatomy[i] && m->anatomy[i] != brain;
}

static void slot_release(produce_job *j, int slot) {
  flight *f = &j->slots[slot];
  if (f->loaded) j->maker->release(j->maker->state, slot);
  vg_study_case_release(&f->c);
  memset(f, 0, sizeof *f);
}

static void say_progress(const produce_job *j) {
  char left[32], bytes[32];
  size_t done = j->made + j->failed + j->kept;
  double each = (vg_now() - j->began) / (double)done;
  vg_progress("case %zu/%zu  %.1f a minute  %s written  %s left", j->n - j->n_open + done, j->n, 60 / each,
              vg_bytes(atomic_load(&j->bytes), bytes), vg_duration(each * (double)(j->n_open - done), left));
}

/* Records why a case was not made. */
static vg_status give_up(produce_job *j, todo *t, flight *f) {
  vg_warn("case %s", f->reason);
  /* The reason names the host, which an anonymous data set must not reveal. */
  if (j->o->anonymous) snprintf(f->reason, sizeof f->reason, "%s: no draw is fit for use", t->id);
  t->failed = true;
  j->failed++;
  return vg_failure_write(j->out.root, t->id, j->out.study, f->reason);
}

/* Removes what was written of a case that failed meanwhile. */
static vg_status remove_files(write_job *w) {
  vg_status st = VG_OK;
  for (int k = 0; k < n_files(w->j) && !st; k++) {
    case_file file;
    bool has;
    st = file_of(w->j, w->t, w->f, k, &file, &has);
    char *whole = st ? NULL : vg_fs_join(w->j->out.root, file.path);
    if (!st) st = !whole ? VG_MEMORY : has ? vg_fs_remove(whole) : VG_OK;
    vg_free(whole);
  }
  return st;
}

/* Voxels of tissue below which no brain was found, whatever the voxel size. */
#define LEAST_BRAIN 64

static bool finds_brain(const vg_maps *m) {
  const size_t voxels = vg_geometry_voxels(&m->geo);
  size_t n = 0;
  for (size_t i = 0; i < voxels && n < LEAST_BRAIN; i++) n += m->anatomy[i] != 0;
  return n == LEAST_BRAIN;
}

/* Takes the maps that the maker found. A map of tissues without any is refused: nobody would notice that the
 * case has no file. */
static vg_status take_maps(produce_job *j, todo *t, flight *f, int slot) {
  vg_status st = j->maker->maps(j->maker->state, slot, &f->c.maps);
  if (!st) st = vg_tumour_measure(&f->c.maps, &f->c.facts);
  if (st) return st;
  decide_maps(j, f);
  int tissues = 0;
  const vg_classes *classes = &f->c.maps.classes;
  for (int k = 0; k < classes->n; k++)
    tissues += classes->roles[k] == VG_ROLE_ANATOMY && strcmp(classes->names[k], VG_CLASS_BRAIN) != 0;
  f->refused = tissues && !(f->has[ANATOMY] && finds_brain(&f->c.maps));
  if (!f->refused) return VG_OK;
  (void)vg_fail(
      VG_DATA,
      "%s: the model found no brain in the images of %s: is it a head, and are voxel size and axes right?",
      t->id, f->c.source);
  snprintf(f->reason, sizeof f->reason, "%s", vg_error());
  return VG_OK;
}

static vg_status write_case(void *arg, size_t i) {
  produce_job *j = arg;
  int slot = (int)(i % VG_PRODUCE_DEPTH);
  flight *f = &j->slots[slot];
  todo *t = &j->list[j->open[i]];
  write_job w = {j, t, f, slot};
  vg_status st = VG_OK;
  if (!f->kept && !f->refused) vg_study_case_merge_parts(&f->c);
  if (j->maker && j->maker->maps && !f->kept && !f->refused)
    st = take_maps(j, t, f, slot);
  else if (!f->kept && !f->refused)
    decide_maps(j, f);
  if (f->kept) {
    t->kept = true;
    j->kept++;
  } else if (f->refused) {
    st = give_up(j, t, f);
  } else {
    if (!st) st = vg_parallel((size_t)n_files(j), write_file, &w);
    if (st && j->maker) refuse_scan(j, t, f, &st);
    if (!st && f->refused) st = remove_files(&w);
    if (!st) st = f->refused ? give_up(j, t, f) : write_record(&w);
    if (!st && !f->refused) st = vg_failure_remove(j->out.root, t->id);
    if (!st) j->made += !f->refused;
  }
  slot_release(j, slot);
  vg_task_step(&j->task);
  if (!st) say_progress(j);
  return st;
}

/* ---- the whole study ---- */

/* A vg_study_rank. */
static void rank_id(const void *secret, const char *id, char rank[17]) {
  vg_secret_id(secret, id, rank);
}

/* Hides the ids of an anonymous data set. */
static vg_status hide(produce_job *j) {
  if (!j->o->anonymous) return VG_OK;
  vg_status st = vg_secret_read(j->o->anonymous, &j->secret);
  if (st) return st;
  j->out.secret = &j->secret;
  return vg_study_hide_ids(j->study, rank_id, &j->secret);
}

static vg_status begin(produce_job *j) {
  vg_owned files = {0};
  vg_json *description = NULL;
  vg_status st = hide(j);
  if (!st) st = set_output(j);
  if (!st) st = vg_study_apart(j->study, j->out.root);
  if (!st) st = list_cases(j, &files);
  if (!st) st = vg_output_describe(&j->out, j->study, j->maker, &description);
  if (!st) st = vg_output_claim(j->out.root, description, j->o, &files, &j->work);
  if (!st) st = sort_out_finished(j);
  if (!st && j->n_open) st = vg_study_warn_of_regions(j->study);
  vg_json_free(description);
  vg_owned_release(&files);
  return st;
}

/* How to compare images that a model made with real ones. */
static vg_status say_next(const produce_job *j) {
  if (!j->maker || j->maker->maps || j->maker->real || j->o->quiet || j->o->shards) return VG_OK;
  char *word = vg_shell_word(j->out.root);
  if (word)
    vg_info("next: voxgan eval --real DIR --synth %s --out scores compares them with real ones", word);
  vg_free(word);
  return word ? VG_OK : VG_MEMORY;
}

/* Prints the closing lines. VG_FAILED: only some cases could be made. */
static vg_status end(produce_job *j) {
  char took[32], bytes[32];
  size_t finished = j->n - j->failed;
  vg_status st = VG_OK;
  bool waited = false;
  if (!j->o->shards && finished) st = vg_output_end_work(j->out.root, &j->work, &waited);
  if (!st && !j->o->shards && finished)
    st = vg_output_close(&j->out, j->o->sheet, j->maker ? j->maker->images : NULL, NULL, waited);
  if (!st && !j->o->quiet) st = vg_produce_print_summary(j->out.root, j->list, j->n);
  if (st) return st;
  vg_info("%zu %s made, %zu kept, %s in %s: %s", j->made, vg_plural(j->made, "case", "cases"),
          j->n - j->n_open + j->kept, vg_bytes(atomic_load(&j->bytes), bytes),
          vg_duration(vg_now() - j->began, took), j->out.root);
  if (j->o->shards) {
    char *word = vg_shell_word(j->out.root);
    if (!word) return VG_MEMORY;
    vg_info("shard %d of %d is finished; when all are: voxgan synth --finish %s", j->o->shard, j->o->shards,
            word);
    vg_free(word);
  }
  if (finished && (st = say_next(j))) return st;
  if (finished && j->failed && j->o->partial) return VG_OK;
  if (!finished)
    return vg_fail(VG_FAILED, "%s: none of its %zu %s could be made", j->out.root, j->n,
                   vg_plural(j->n, "case", "cases"));
  if (j->failed)
    return vg_fail(VG_FAILED, "%s: %zu of %zu %s could not be made; the others are finished", j->out.root,
                   j->failed, j->n, vg_plural(j->n, "case", "cases"));
  return VG_OK;
}

/* Reads the first case as the run would, so that faults of its maps show now. */
static vg_status try_first(produce_job *j) {
  vg_study_case c;
  vg_status st = vg_study_make(j->study, 0, &c);
  if (st == VG_REFUSED) {
    vg_warn("case %s", vg_error());
    vg_error_clear();
    return VG_OK;
  }
  if (st) return st;
  if (j->maker) {
    flight f = {.refused = false};
    const todo t = {.id = ""};
    st = j->maker->load(j->maker->state, 0, &c);
    refuse_scan(j, &t, &f, &st);
    if (f.refused) vg_warn("case %s%s", c.id, f.reason);
    j->maker->release(j->maker->state, 0);
  }
  vg_study_case_release(&c);
  return st;
}

static vg_status describe(produce_job *j) {
  vg_status st = hide(j);
  if (!st && j->o->out) st = set_output(j);
  if (!st && j->o->out) st = vg_study_apart(j->study, j->out.root);
  if (!st) st = try_first(j);
  if (!st) st = vg_study_warn_of_regions(j->study);
  return st ? st : vg_study_describe(j->study, stdout);
}

vg_status vg_produce(vg_study *study, const vg_produce_options *options, const vg_case_maker *maker) {
  produce_job j = {.study = study, .o = options, .maker = maker, .work = {.fd = -1}};
  vg_interrupt_install();
  j.began = vg_now();
  vg_status st = options->dry_run ? describe(&j) : begin(&j);
  if (st || options->dry_run) goto out;
  vg_info("%zu %s%s, written as %s", j.n, vg_plural(j.n, "case", "cases"),
          j.o->shards ? " of this shard" : "", j.out.format_name);
  j.began = vg_now();
  vg_task_begin(&j.task, "making", "cases", j.n_open);
  st = vg_pipeline(j.n_open, VG_PRODUCE_DEPTH, load_case, make_images, write_case, &j);
  vg_task_end(&j.task);
  vg_progress_end();
  for (int i = 0; i < VG_PRODUCE_DEPTH; i++) slot_release(&j, i);
  if (!st) st = end(&j);
out:
  vg_lock_release(&j.work);
  vg_secret_release(&j.secret);
  vg_free(j.list);
  vg_free(j.open);
  return st;
}
