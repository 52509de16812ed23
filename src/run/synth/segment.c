/* segment.c: the generator as maker of a study's label maps. */
#include "run/synth/segment.h"
#include "output/case_maker.h"
#include "prep/census/head_check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "run/synth/infer.h"
#include "run/synth/strip.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text/plural.h"
#include "dataset/subject_of.h"
#include "base/number/extent.h"

/* What --keep-largest calls all tumour classes together. */
#define WHOLE_TUMOUR "whole-tumour"

typedef struct segment_job {
  const vg_synth_options *o;
  const model_info *model;
  vg_gan *gan;
  size_t memory;
  vg_dataset set;
  vg_prep_settings prep;                              /* the model's, without its classes */
  bool largest[VG_CLASSES_MAX], fill[VG_CLASSES_MAX]; /* by class */
  bool largest_tumour;                                /* of all tumour classes together */
  vg_str cleaning;                                    /* the same in words */
  vg_series_list strip;                               /* the series that are written without the skull */
  int strip_at[VG_SERIES_MAX];                        /* their indices in the data set's list */
  size_t n_odd;                                       /* brains of no adult's size; the first of them */
  char odd[160];
  double odd_ml;
  struct {
    vg_case c;
    float *made;     /* (1 + C, D, H, W) */
    uint8_t *brain;  /* skull_strip: 1 inside, on the scan's grid along R, A, S */
    vg_geometry geo; /* of that grid */
    const vg_subject *subject;
  } slots[VG_PRODUCE_DEPTH];
} segment_job;

/* ---- one case ---- */

static vg_status load(void *state, int slot, const vg_study_case *c) {
  segment_job *j = state;
  const vg_subject *subject = vg_dataset_subject_of(&j->set, c->source);
  memset(&j->slots[slot], 0, sizeof j->slots[slot]);
  if (!subject) VG_BUG("case of a subject %s that there is not", c->source);
  j->slots[slot].subject = subject;
  return vg_prepare(&j->set, subject, &j->prep, &j->slots[slot].c);
}

static vg_status make(void *state, int slot) {
  segment_job *j = state;
  vg_case *c = &j->slots[slot].c;
  float *made =
      vg_malloc(vg_extent_voxels(c->record.dim) * (size_t)j->model->spec.out_channels, sizeof *made);
  j->slots[slot].made = made;
  return made ? vg_infer(j->gan, c, j->o->window, j->memory, NULL, made) : VG_MEMORY;
}

/* Keeps the mask for `stripped`. */
static vg_status keep_brain(segment_job *j, int slot, const vg_maps *m) {
  const size_t n = vg_geometry_voxels(&m->geo);
  uint8_t *brain = vg_malloc(n, 1);
  if (!brain) return VG_MEMORY;
  memcpy(brain, m->brain, n);
  j->slots[slot].brain = brain;
  j->slots[slot].geo = m->geo;
  return j->o->strip_csf ? vg_strip_fluid(m, brain) : VG_OK;
}

static void note_size(segment_job *j, int slot, const vg_maps *m) {
  if (m->geo.dim[0] == 1 || m->geo.dim[1] == 1 || m->geo.dim[2] == 1) return; /* a slice is no whole brain */
  size_t n = 0;
  const size_t voxels = vg_geometry_voxels(&m->geo);
  for (size_t i = 0; i < voxels; i++) n += m->brain[i];
  const double ml = (double)n * vg_geometry_voxel_ml(&m->geo);
  if (!n || (ml >= VG_FOUND_BRAIN_LEAST_ML && ml <= VG_FOUND_BRAIN_MOST_ML)) return;
  if (!j->n_odd++) {
    snprintf(j->odd, sizeof j->odd, "%s", j->slots[slot].subject->id);
    j->odd_ml = ml;
  }
}

static void warn_of_sizes(const segment_job *j) {
  if (j->n_odd)
    vg_warn(
        "%zu of the %zu brains that were found %s unlike an adult's, which has 1,000 to 1,900 ml (%s: %.0f "
        "ml): "
        "is the voxel size in the header right? %s may not know the brains of children: look at the labels",
        j->n_odd, j->set.n, vg_plural(j->n_odd, "is", "are"), j->odd, j->odd_ml, j->o->model);
}

static vg_status maps(void *state, int slot, vg_maps *out) {
  segment_job *j = state;
  const vg_classes *classes = &j->model->prep.classes;
  vg_status st = vg_restore_maps(&j->slots[slot].c, j->slots[slot].made, classes, out);
  if (!st && j->prep.heads) st = vg_maps_find_brain(out);
  if (!st && j->largest_tumour) st = vg_maps_keep_largest(out, VG_MAPS_WHOLE_TUMOUR);
  for (int k = 0; k < classes->n && !st; k++)
    if (j->largest[k]) st = vg_maps_keep_largest(out, k);
  for (int k = 0; k < classes->n && !st; k++)
    if (j->fill[k]) st = vg_maps_fill_holes(out, k);
  if (!st && j->prep.heads) note_size(j, slot, out);
  return !st && j->strip.n ? keep_brain(j, slot, out) : st;
}

/* A scan as it was, with 0 outside the brain. Whole numbers stay whole. */
static vg_status stripped(void *state, int slot, int series, vg_volume *out, vg_volume_write_options *how) {
  segment_job *j = state;
  const char *path = j->slots[slot].subject->series[j->strip_at[series]];
  const uint8_t *brain = j->slots[slot].brain;
  vg_volume_header info;
  vg_status st = vg_volume_read(path, out, &info);
  const vg_geometry stored = out->geo;
  if (!st) st = vg_volume_canonicalise(out);
  if (!st)
    st = vg_geometry_same(&out->geo, path, &j->slots[slot].geo, "the segmented series",
                          vg_geometry_tolerance(&out->geo));
  const size_t n = st ? 0 : vg_geometry_voxels(&out->geo);
  bool whole = true;
  for (size_t i = 0; i < n; i++) {
    if (!brain[i]) out->data[i] = 0;
    whole = whole && out->data[i] == rintf(out->data[i]) && fabsf(out->data[i]) <= 32767;
  }
  *how = (vg_volume_write_options){.dtype = whole ? VG_DT_I16 : VG_DT_F32, .slope = whole};
  return st ? st : vg_volume_to_geometry(out, &stored);
}

static vg_status probability(void *state, int slot, int klass, vg_volume *out, vg_volume_write_options *how) {
  segment_job *j = state;
  const vg_case *c = &j->slots[slot].c;
  const vg_range as_it_is = {-1, 1, 0};
  *how = (vg_volume_write_options){.dtype = VG_DT_U8, .slope = 1.0 / 255};
  return vg_restore(c, j->slots[slot].made + (size_t)(klass + 1) * vg_extent_voxels(c->record.dim), &as_it_is,
                    out);
}

static void release(void *state, int slot) {
  segment_job *j = state;
  vg_case_release(&j->slots[slot].c);
  vg_free(j->slots[slot].made);
  vg_free(j->slots[slot].brain);
  memset(&j->slots[slot], 0, sizeof j->slots[slot]);
}

/* ---- what is asked for ---- */

static vg_status choose(segment_job *j, const char *option, const char *const *names, int n, bool *chosen,
                        bool *whole) {
  const vg_classes *classes = &j->model->prep.classes;
  for (int i = 0; i < n; i++) {
    if (whole && !strcmp(names[i], WHOLE_TUMOUR)) {
      *whole = true;
      continue;
    }
    const int k = vg_classes_find(classes, names[i]);
    const bool all = !strcmp(names[i], "all");
    if (k < 0 && !all) {
      vg_str known = VG_STR_INIT;
      for (int c = 0; c < classes->n; c++) vg_str_addf(&known, ", %s", classes->names[c]);
      vg_status st = vg_fail(VG_USAGE, "--%s %s: the model has no such class; it has all%s%s", option,
                             names[i], whole ? ", " WHOLE_TUMOUR : "", vg_str_text(&known));
      vg_str_release(&known);
      return st;
    }
    for (int c = 0; c < classes->n; c++) chosen[c] |= all || c == k;
  }
  if (whole && *whole) vg_str_addf(&j->cleaning, "%s:" WHOLE_TUMOUR, option);
  for (int c = 0; c < classes->n; c++)
    if (chosen[c])
      vg_str_addf(&j->cleaning, "%s%s:%s", j->cleaning.len ? " " : "", option, classes->names[c]);
  return vg_str_failed(&j->cleaning) ? VG_MEMORY : VG_OK;
}

/* VG_DATA: a subject lacks every series that the model reads. */
static vg_status check_series(const segment_job *j) {
  const vg_series_list *wanted = &j->prep.series;
  for (size_t i = 0; i < j->set.n; i++) {
    const vg_subject *s = &j->set.subjects[i];
    bool any = false;
    for (int k = 0; k < wanted->n && !any; k++) {
      const int at = vg_series_find(&j->set.series, wanted->names[k]);
      any = at >= 0 && s->series[at];
    }
    if (!any)
      return vg_fail(VG_DATA, "subject %s has none of the wanted series (%s%s)", s->id, wanted->names[0],
                     wanted->n > 1 ? ", ..." : "");
  }
  return VG_OK;
}

static vg_status open_images(segment_job *j) {
  const vg_config *c = &j->model->config;
  vg_wanted want = {.series = j->prep.series};
  const vg_dataset *opened = j->o->study.opened;
  const bool any = vg_series_find(&j->prep.series, VG_SERIES_ANY) >= 0;
  j->set.skip_incomplete = j->o->study.skip_incomplete;
  j->set.scans = any;
  vg_status st = opened ? vg_dataset_select(opened, NULL, &j->set)
                        : vg_dataset_add_roots(&j->set, &j->o->images, NULL, NULL);
  /* A model that was trained with dropped series accepts subjects that lack some. */
  j->prep.some_series = c->augment.drop_series > 0;
  if (!st && !j->prep.some_series && !any) st = vg_dataset_require(&j->set, &want);
  if (!st && j->prep.some_series && !any && !j->set.skip_incomplete) st = check_series(j);
  if (!st && j->o->skull_strip && j->set.skip_incomplete) {
    want.series = j->set.series;
    st = vg_dataset_require(&j->set, &want);
  }
  return st || j->prep.heads ? st : vg_dataset_warn_of_heads(&j->set, &(bool){false});
}

/* Chooses the series to write without the skull: those that every subject has. */
static vg_status choose_strip(segment_job *j) {
  if (j->o->strip_csf && !j->o->skull_strip) return vg_fail(VG_USAGE, "--no-csf needs --skull-strip");
  if (!j->o->skull_strip) return VG_OK;
  if (!j->prep.heads)
    return vg_fail(VG_USAGE,
                   "%s takes images without the skull: --skull-strip is for models of whole heads "
                   "(train.images synthetic)",
                   j->o->model);
  for (int k = 0; k < j->set.series.n; k++) {
    const char *lacking = NULL;
    size_t n = 0;
    for (size_t i = 0; i < j->set.n; i++)
      if (!j->set.subjects[i].series[k] && !n++) lacking = j->set.subjects[i].id;
    if (lacking) {
      vg_warn("series %s is not written: %zu of %zu %s %s it (%s%s); --skip-incomplete skips such subjects "
              "instead",
              j->set.series.names[k], n, j->set.n, vg_plural(j->set.n, "subject", "subjects"),
              vg_plural(n, "lacks", "lack"), lacking, n > 1 ? ", ..." : "");
      continue;
    }
    j->strip_at[j->strip.n] = k;
    memcpy(j->strip.names[j->strip.n++], j->set.series.names[k], VG_SERIES_NAME);
  }
  return j->strip.n ? VG_OK
                    : vg_fail(VG_DATA, "%s: every series is missing in some subject",
                              vg_source_name(&j->set.sources[0]));
}

/* The series that "any" means. */
static vg_status choose_series(segment_job *j) {
  const char *name = j->o->series;
  if (!name) return VG_OK;
  if (vg_series_find(&j->prep.series, VG_SERIES_ANY) < 0)
    return vg_fail(VG_USAGE, "--series %s: %s segments its own series; this is for models of series any",
                   name, j->o->model);
  if (vg_series_find(&j->set.series, name) < 0)
    return vg_fail(VG_DATA, "--series %s: no subject has it", name);
  snprintf(j->prep.take, sizeof j->prep.take, "%s", name);
  return VG_OK;
}

vg_status vg_segment_images(const vg_synth_options *options, const synth_model *by) {
  const model_info *model = &by->info;
  segment_job j = {.o = options, .model = model, .gan = by->gan, .memory = by->memory, .prep = model->prep};
  vg_study *study = NULL;
  j.prep.classes.n = 0;
  bool has_tumour = false;
  for (int k = 0; k < model->prep.classes.n; k++)
    has_tumour |= model->prep.classes.roles[k] == VG_ROLE_TUMOUR;
  vg_status st = choose(&j, "keep-largest", options->keep_largest, options->n_keep_largest, j.largest,
                        has_tumour ? &j.largest_tumour : NULL);
  if (!st) st = choose(&j, "fill-holes", options->fill_holes, options->n_fill_holes, j.fill, NULL);
  if (!st) st = open_images(&j);
  if (!st) st = choose_series(&j);
  if (!st) st = choose_strip(&j);
  if (st) goto out;
  vg_study_options s = options->study;
  s.opened = &j.set;
  s.predicted = &model->prep.classes;
  if ((st = vg_study_open(&s, &study))) goto out;
  vg_case_maker maker = {.window = vg_window_name(options->window),
                         .images = &j.set,
                         .cleaning = vg_str_text(&j.cleaning),
                         .state = &j,
                         .load = load,
                         .make = make,
                         .maps = maps,
                         .series = j.strip,
                         .image = stripped,
                         .probability = options->probabilities ? probability : NULL,
                         .release = release};
  memcpy(maker.model_sha256, model->hash, sizeof maker.model_sha256);
  vg_produce_options output = options->output;
  if (!output.title) output.title = "Predicted";
  st = vg_produce(study, &output, &maker);
  warn_of_sizes(&j);
out:
  vg_study_free(study);
  vg_dataset_release(&j.set);
  vg_str_release(&j.cleaning);
  return st;
}
