/* join.c: joins two data sets: a study without edits, whose images are those of the first data set. */
#include "output/join.h"
#include "output/case_maker.h"

#include <stdio.h>
#include <string.h>

#include "voxgan/log.h"
#include "base/file/apart.h"
#include "base/task/progress.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/str.h"
#include "base/text/plural.h"
#include "dataset/subject_of.h"

#define TITLE "Joined"

/* Facts about a case, found before anything is written. */
typedef struct survey {
  bool other_grid; /* the anatomy map lies on another grid than the tumour map */
  char tumour[VG_HASH_LEN], anatomy[VG_HASH_LEN];
} survey;

typedef struct join_job {
  const vg_join_options *o;
  vg_dataset set;
  int series[VG_SERIES_MAX]; /* indices into set->series of the series to write */
  vg_case_maker maker;
  survey *surveys; /* set.n */
  const vg_subject *slots[VG_PRODUCE_DEPTH];
} join_job;

/* ---- the data sets ---- */

static vg_status open_sets(join_job *j) {
  const vg_join_options *o = j->o;
  vg_dataset tumour = {0}, anatomy = {0};
  tumour.skip_incomplete = anatomy.skip_incomplete = o->skip_incomplete;
  vg_status st = vg_dataset_add_roots(&tumour, &o->tumour, o->tumour_scheme, NULL);
  if (!st) st = vg_dataset_add_roots(&anatomy, &o->anatomy, NULL, o->anatomy_scheme);
  if (!st) st = vg_dataset_join(&tumour, &anatomy, &j->set);
  vg_dataset_release(&tumour);
  vg_dataset_release(&anatomy);
  return st;
}

/* Otherwise a link could replace the image that it leads to. */
static vg_status check_out(const vg_roots *roots, const char *out) {
  vg_status st = VG_OK;
  for (int i = 0; i < roots->n && !st; i++) st = vg_fs_apart("", roots->paths[i], "--out", out);
  return st;
}

/* Chooses the series that every case has. */
static vg_status choose_series(join_job *j) {
  vg_series_list *to = &j->maker.series;
  for (int k = 0; k < j->set.series.n; k++) {
    const char *lacking = NULL;
    for (size_t i = 0; i < j->set.n && !lacking; i++)
      if (!j->set.subjects[i].series[k]) lacking = j->set.subjects[i].id;
    if (lacking) {
      vg_warn("series %s is skipped: %s lacks it", j->set.series.names[k], lacking);
      continue;
    }
    j->series[to->n] = k;
    memcpy(to->names[to->n++], j->set.series.names[k], VG_SERIES_NAME);
  }
  return to->n ? VG_OK : vg_fail(VG_DATA, "%s: every series is missing in some case", j->set.sources[0].root);
}

static vg_status read_grid(const char *path, vg_geometry *out) {
  vg_volume_header info;
  vg_status st = vg_volume_info(path, &info);
  *out = info.geo;
  vg_geometry_canonicalise(out);
  return st;
}

static vg_status survey_case(void *arg, size_t i) {
  join_job *j = arg;
  const vg_subject *s = &j->set.subjects[i];
  survey *found = &j->surveys[i];
  vg_geometry grid, other;
  if (vg_interrupted()) return vg_fail(VG_INTERRUPTED, "interrupted");
  vg_status st = read_grid(s->tumour, &grid);
  for (int k = 0; k < j->maker.series.n && !st; k++) {
    const char *path = s->series[j->series[k]];
    st = read_grid(path, &other);
    if (!st) st = vg_geometry_same(&other, path, &grid, s->tumour, vg_geometry_tolerance(&grid));
  }
  if (!st) st = read_grid(s->anatomy, &other);
  if (!st && vg_geometry_same(&other, s->anatomy, &grid, s->tumour, vg_geometry_tolerance(&grid))) {
    vg_debug("%s", vg_error());
    vg_error_clear();
    found->other_grid = true;
  }
  if (!st) st = vg_hash_file(s->tumour, found->tumour);
  if (!st) st = vg_hash_file(s->anatomy, found->anatomy);
  return st;
}

/* Surveys all cases, and hashes their maps: altered maps make another data set. */
static vg_status survey_all(join_job *j, char identity[VG_HASH_LEN]) {
  vg_str t = VG_STR_INIT;
  size_t other = 0;
  if (!(j->surveys = vg_calloc(j->set.n, sizeof *j->surveys))) return VG_MEMORY;
  vg_status st = vg_task_parallel("surveying", "cases", j->set.n, survey_case, j);
  vg_str_add(&t, j->o->copy ? "copies\n" : "links\n");
  for (size_t i = 0; i < j->set.n && !st; i++) {
    const survey *s = &j->surveys[i];
    vg_str_addf(&t, "%s %s %s\n", j->set.subjects[i].id, s->tumour, s->anatomy);
    other += s->other_grid;
  }
  if (!st && vg_str_failed(&t)) st = VG_MEMORY;
  if (!st) vg_hash(vg_str_text(&t), t.len, identity);
  if (!st && other)
    vg_info("%zu of %zu anatomy %s %s on another grid than their tumour map, and %s resampled to it by "
            "the nearest label",
            other, j->set.n, vg_plural(j->set.n, "map", "maps"), vg_plural(other, "lies", "lie"),
            vg_plural(other, "is", "are"));
  vg_str_release(&t);
  return st;
}

/* A split keeps the cases of a person together, and relies on the layout to find the person from the id. */
static void say_persons(const join_job *j) {
  const char *format = j->o->output.format, *layout = j->set.sources[0].layout;
  if (!format || !strcmp(format, layout)) return;
  for (size_t i = 1; i < j->set.n; i++)
    if (!strcmp(j->set.subjects[i].person, j->set.subjects[i - 1].person)) {
      vg_warn("%s and %s belong to one person, which format %s may not show: a split could separate them",
              j->set.subjects[i - 1].id, j->set.subjects[i].id, format);
      return;
    }
}

/* ---- the images ---- */

static vg_status load(void *state, int slot, const vg_study_case *c) {
  join_job *j = state;
  j->slots[slot] = vg_dataset_subject_of(&j->set, c->source);
  return VG_OK;
}

static vg_status make(void *state, int slot) {
  (void)state, (void)slot;
  return VG_OK;
}

static void release(void *state, int slot) {
  ((join_job *)state)->slots[slot] = NULL;
}

static const char *image_of(const join_job *j, int slot, int series) {
  return j->slots[slot]->series[j->series[series]];
}

/* Keeps the stored type and scale if it is an integer type that we write; otherwise writes floats. */
static vg_status read_image(void *state, int slot, int series, vg_volume *out, vg_volume_write_options *how) {
  vg_volume_header info;
  vg_status st = vg_volume_read(image_of(state, slot, series), out, &info);
  bool whole = info.dtype == VG_DT_U8 || info.dtype == VG_DT_I16 || info.dtype == VG_DT_U16;
  if (st) return st;
  *how = (vg_volume_write_options){.dtype = whole ? info.dtype : VG_DT_F32};
  if (whole) how->slope = info.slope, how->inter = info.inter;
  how->synthetic = info.synthetic;
  return VG_OK;
}

static const char *ending(const char *path) {
  return vg_ends_with(path, ".nii.gz") ? ".nii.gz" : vg_ends_with(path, ".nii") ? ".nii" : "";
}

/* The name of a link tells readers whether the file is compressed. If it would be wrong, we copy the image.
 */
static vg_status link_image(void *state, int slot, int series, const char *path) {
  const char *from = image_of(state, slot, series);
  if (*ending(from) && !strcmp(ending(from), ending(path))) return vg_fs_link(from, path);
  vg_volume vol = {0};
  vg_volume_write_options how;
  vg_volume_header info;
  vg_status st = vg_volume_info(from, &info);
  if (!st) st = read_image(state, slot, series, &vol, &how);
  how.xform_code = info.xform_code;
  if (!st) st = vg_volume_write(path, &vol, &how);
  vg_volume_release(&vol);
  return st;
}

/* ---- the join ---- */

vg_status vg_join(const vg_join_options *options) {
  join_job j = {.o = options};
  char identity[VG_HASH_LEN];
  vg_study *study = NULL;
  vg_status st = check_out(&options->tumour, options->output.out);
  if (!st) st = check_out(&options->anatomy, options->output.out);
  if (!st) st = open_sets(&j);
  if (!st) st = choose_series(&j);
  if (!st) st = survey_all(&j, identity);
  if (st) goto out;
  say_persons(&j);
  vg_info("joining %zu %s; images are %s", j.set.n, vg_plural(j.set.n, "case", "cases"),
          options->copy ? "copied" : "links to the originals");
  vg_study_options study_options = {
      .opened = &j.set, .identity = identity, .need_tumour = true, .need_anatomy = true, .heal = true};
  st = vg_study_open(&study_options, &study);
  if (st) goto out;
  vg_case_maker *m = &j.maker;
  m->real = true;
  m->state = &j;
  m->load = load;
  m->make = make;
  m->image = read_image;
  m->link = options->copy ? NULL : link_image;
  m->release = release;
  vg_produce_options output = options->output;
  if (!output.title) output.title = TITLE;
  st = vg_produce(study, &output, m);
out:
  vg_study_free(study);
  vg_dataset_release(&j.set);
  vg_free(j.surveys);
  return st;
}
