/* synth.c: the generator as maker of a study's images. */
#include <math.h>
#include <string.h>
#include "run/synth/find_anatomy.h"
#include "run/synth/infer.h"
#include "output/case_maker.h"
#include "run/entry.h"
#include "run/model_file.h"
#include "run/synth/segment.h"
#include "run/synth/synth_draw.h"
#include "run/synth/synth_model.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "voxgan/output.h"
#include "voxgan/run.h"
#include "base/str.h"
#include "base/number/extent.h"

typedef struct synth_job {
  const vg_synth_options *o;
  synth_model by;
  vg_prep_settings prep; /* the model's, without its series */
  synth_draws draws;
  char draws_text[96];
  struct {
    vg_case c;
    synth_drawn drawn;
    float *made; /* (S, D, H, W) */
  } slots[VG_PRODUCE_DEPTH];
} synth_job;

static vg_status load(void *state, int slot, const vg_study_case *c) {
  synth_job *j = state;
  memset(&j->slots[slot], 0, sizeof j->slots[slot]);
  vg_status st = vg_prepare_maps(c->id, &c->maps, &j->prep, &j->slots[slot].c);
  return st ? st : vg_synth_draw(&j->draws, c, &j->slots[slot].c, &j->slots[slot].drawn);
}

static vg_status make(void *state, int slot) {
  synth_job *j = state;
  vg_case *c = &j->slots[slot].c;
  float *made =
      vg_malloc(vg_extent_voxels(c->record.dim) * (size_t)j->by.info.spec.out_channels, sizeof *made);
  j->slots[slot].made = made;
  if (!made) return VG_MEMORY;
  return vg_synth_draw_image(j->by.gan, c, j->o->window, j->by.memory, &j->slots[slot].drawn, made);
}

/* Whole numbers where the scanner's range has enough of them; otherwise steps of a twenty-thousandth of the
 * range. Where the background is too far from the range for such steps, floats. The background is stored
 * exactly in each case. */
static vg_volume_write_options image_options(const vg_range *r) {
  const double span = r->hi - r->lo, bg = (double)(float)r->background;
  vg_volume_write_options w = {.dtype = VG_DT_I16, .slope = 1};
  const bool whole = bg == rint(bg) && fabs(bg) <= 32000;
  if (span >= 200 && fabs(r->lo) <= 32000 && fabs(r->hi) <= 32000 && whole) return w;
  const double reach = fmax(fabs(r->lo - bg), fabs(r->hi - bg));
  w.slope = span / 20000;
  w.inter = bg;
  if (reach / w.slope > 32000) w = (vg_volume_write_options){.dtype = VG_DT_F32};
  return w;
}

static vg_status image(void *state, int slot, int series, vg_volume *out, vg_volume_write_options *how) {
  synth_job *j = state;
  const vg_case *c = &j->slots[slot].c;
  *how = image_options(&j->by.info.ranges[series]);
  return vg_restore(c, j->slots[slot].made + (size_t)series * vg_extent_voxels(c->record.dim),
                    &j->by.info.ranges[series], out);
}

static void release(void *state, int slot) {
  synth_job *j = state;
  vg_case_release(&j->slots[slot].c);
  vg_synth_drawn_release(&j->slots[slot].drawn);
  vg_free(j->slots[slot].made);
  memset(&j->slots[slot], 0, sizeof j->slots[slot]);
}

/* A model of tissues needs an anatomy map of every host; one of tumours, a tumour, unless edits bring it.
 * hosts: replaces those of the options; NULL: it does not. */
static vg_status open_study(const synth_job *j, const vg_dataset *hosts, vg_study **out) {
  vg_study_options s = j->o->study;
  if (hosts) {
    s.opened = hosts;
    s.heal = true; /* as a join of the maps would */
  }
  const vg_classes *classes = &j->prep.classes;
  vg_clusters clusters;
  s.made = true;
  const bool clustered = vg_classes_clusters(classes, &clusters);
  if (clustered || vg_classes_parts(classes, &clusters)) s.found = classes;
  s.need_anatomy = !clustered && vg_classes_find(classes, VG_CLASS_BRAIN) < 0;
  for (int k = 0; k < classes->n && !s.n_edits && !s.plan; k++)
    s.need_tumour |= classes->roles[k] == VG_ROLE_TUMOUR;
  return vg_study_open(&s, out);
}

static void drawn(void *state, int slot, vg_str *to) {
  synth_job *j = state;
  vg_synth_draw_text(&j->draws, &j->slots[slot].drawn, to);
}

static vg_case_maker maker_of(synth_job *j) {
  vg_case_maker m = {.series = j->by.info.prep.series,
                     .window = vg_window_name(j->o->window),
                     .state = j,
                     .load = load,
                     .make = make,
                     .image = image,
                     .draws = j->draws_text,
                     .redraws_parts = j->draws.redraws_parts,
                     .drawn = drawn,
                     .release = release};
  memcpy(m.ranges, j->by.info.ranges, sizeof m.ranges);
  memcpy(m.model_sha256, j->by.info.hash, sizeof m.model_sha256);
  return m;
}

static bool lacks_anatomy(const vg_dataset *set) {
  for (size_t i = 0; i < set->n; i++)
    if (!set->subjects[i].anatomy) return true;
  return false;
}

/* A model that was trained on the anatomy that another model found gets that of its hosts in the same way:
 * *hosts is filled with them and their maps. Plans name their hosts themselves, and these have maps. */
static vg_status find_hosts_anatomy(const synth_job *j, vg_dataset *hosts) {
  const vg_synth_options *o = j->o;
  const vg_roots *roots = &o->study.hosts;
  vg_anatomy from;
  vg_status st = vg_anatomy_parse(j->by.info.config.data.anatomy, &from);
  if (st || from.kind != VG_ANATOMY_PREDICT || o->study.plan || o->study.opened || !roots->n ||
      !o->output.out)
    return st;
  hosts->skip_incomplete = o->study.skip_incomplete;
  st = vg_dataset_add_roots(hosts, roots, o->study.tumour_scheme, o->study.anatomy_scheme);
  if (st || !lacks_anatomy(hosts)) {
    vg_dataset_release(hosts);
    return st;
  }
  char *beside = vg_format("%s-anatomy", o->output.out);
  st = beside ? vg_find_anatomy(from.model, beside, o->device, o->threads, hosts) : VG_MEMORY;
  vg_free(beside);
  return st;
}

/* Label maps of other classes than the model's may have values that the user named at training. */
static vg_status name_scheme(const synth_job *j, const vg_study *study, vg_status st) {
  const vg_classes *have = vg_study_class_set(study), *known = &j->by.info.prep.classes;
  const struct {
    vg_role role;
    const char *given, *learned;
  } schemes[] = {{VG_ROLE_TUMOUR, j->o->study.tumour_scheme, j->by.info.config.data.tumour_scheme},
                 {VG_ROLE_ANATOMY, j->o->study.anatomy_scheme, j->by.info.config.data.anatomy_scheme}};
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
    bool foreign = false;
    for (int k = 0; k < have->n; k++)
      foreign |= have->roles[k] == schemes[i].role && vg_classes_find(known, have->names[k]) < 0;
    if (!foreign || schemes[i].given || !*schemes[i].learned) continue;
    char *said = vg_strdup(vg_error());
    if (!said) return VG_MEMORY;
    st = vg_fail(st, "%s; the model learned with --%s-scheme %s: name it, if these maps have the same values",
                 said, vg_role_name(schemes[i].role), schemes[i].learned);
    vg_free(said);
  }
  return st;
}

static vg_status make_images_of_labels(synth_job *j) {
  vg_study *study = NULL;
  vg_dataset hosts = {0};
  vg_status st = vg_synth_draws_open(j->o, &j->by.info, j->by.gan, &j->draws);
  vg_synth_draws_describe(&j->draws, j->draws_text);
  if (!st) st = find_hosts_anatomy(j, &hosts);
  if (!st) st = open_study(j, hosts.n ? &hosts : NULL, &study);
  if (!st) {
    vg_case_maker maker = maker_of(j);
    st = vg_produce(study, &j->o->output, &maker);
    if (st == VG_DATA) st = name_scheme(j, study, st);
  }
  vg_study_free(study);
  vg_dataset_release(&hosts);
  return st;
}

vg_status vg_synth(const vg_synth_options *options) {
  synth_job j = {.o = options};
  vg_status st = vg_synth_model_open(options, &j.by);
  if (!st && model_segments(&j.by.info)) {
    st = vg_segment_images(options, &j.by);
  } else if (!st) {
    j.prep = j.by.info.prep;
    j.prep.series.n = 0;
    st = make_images_of_labels(&j);
  }
  vg_synth_model_close(&j.by);
  return st;
}
