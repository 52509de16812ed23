/* synth_draw.c: see synth_draw.h. */
#include "run/synth/synth_draw.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "base/number/extent.h"
#include "base/text/plural.h"
#include "grid/grid.h"
#include "prep/redraw/parts_redraw.h"
#include "sample/sample.h"
#include "voxgan/log.h"

/* ---- options ---- */

/* The subject of --style like=: a case of the label maps' data sets that has images, or files, one for each
 * series. */
static vg_status find_like(const vg_synth_options *o, const model_info *m, const char *like, vg_dataset *ds) {
  vg_status st = vg_dataset_add_roots(ds, &o->study.hosts, o->study.tumour_scheme, o->study.anatomy_scheme);
  for (size_t i = 0; i < ds->n && !st; i++) {
    if (strcmp(ds->subjects[i].id, like)) continue;
    bool *take = vg_calloc(ds->n, sizeof *take);
    if (!take) return VG_MEMORY;
    take[i] = true;
    vg_dataset one = {0};
    st = vg_dataset_select(ds, take, &one);
    vg_free(take);
    vg_dataset_release(ds);
    *ds = one;
    return st;
  }
  vg_dataset_release(ds);
  *ds = (vg_dataset){.series = m->prep.series};
  if (st) return st;
  ds->subjects = VG_NEW(vg_subject);
  ds->sources = VG_NEW(vg_source);
  if (!ds->subjects || !ds->sources) return VG_MEMORY;
  ds->n = (size_t)(ds->n_sources = 1);
  ds->sources->root = vg_strdup("");
  ds->subjects->id = vg_strdup(like);
  ds->subjects->person = vg_strdup(like);
  if (!ds->sources->root || !ds->subjects->id || !ds->subjects->person) return VG_MEMORY;
  const char *at = like;
  int n = 0;
  for (bool more = true; more; n++) {
    const size_t length = strcspn(at, ",");
    more = at[length] == ',';
    if (n < m->prep.series.n && !(ds->subjects->series[n] = vg_format("%.*s", (int)length, at)))
      return VG_MEMORY;
    at += length + more;
  }
  if (n == m->prep.series.n) return VG_OK;
  return vg_fail(VG_USAGE,
                 "no case of the label maps' data set has this id, and %d %s %s not the model's %d series", n,
                 vg_plural(n, "file", "files"), vg_plural(n, "is", "are"), m->prep.series.n);
}

static vg_status encode_like(const vg_synth_options *o, const model_info *m, vg_gan *gan, const char *like,
                             float *code) {
  vg_dataset ds = {0};
  vg_case c = {0};
  vg_prep_settings prep = m->prep;
  vg_status st = find_like(o, m, like, &ds);
  if (!st && !ds.subjects->anatomy) { /* the brain is found from the images, as all that is wanted */
    prep.classes = (vg_classes){0};
    st = vg_classes_add_name(&prep.classes, VG_CLASS_BRAIN, VG_ROLE_ANATOMY);
  }
  if (!st) st = vg_prepare(&ds, ds.subjects, &prep, &c);
  if (!st) {
    const int dim[3] = {c.record.dim[2], c.record.dim[1], c.record.dim[0]}, lo[3] = {0, 0, 0};
    const size_t n = vg_extent_voxels(c.record.dim) * (size_t)prep.series.n;
    float *images = vg_malloc(n, sizeof *images);
    st = images ? VG_OK : VG_MEMORY;
    if (!st) vg_case_patch(&c, lo, dim, NULL, images);
    if (!st) st = vg_gan_style_of(gan, images, dim, code);
    vg_free(images);
  }
  vg_case_release(&c);
  vg_dataset_release(&ds);
  return st ? vg_fail_in(st, "--style like=%s", like) : VG_OK;
}

static vg_status take_style(const vg_synth_options *o, const model_info *m, vg_gan *gan, synth_draws *d) {
  const char *text = o->style ? o->style : m->spec.style ? "random" : "mean";
  if (!strcmp(text, "mean")) return VG_OK;
  if (!m->spec.style) return vg_fail(VG_USAGE, "--style %s: %s has no style (net.style)", text, o->model);
  d->style = SYNTH_STYLE_RANDOM;
  if (!strcmp(text, "random")) return VG_OK;
  d->style = SYNTH_STYLE_LIKE;
  if (strncmp(text, "like=", 5) || !text[5])
    return vg_fail(VG_USAGE, "--style is \"%s\", but must be mean, random or like=FILE_OR_ID", text);
  return encode_like(o, m, gan, text + 5, d->code);
}

static vg_status check_resample(const vg_synth_options *o, const model_info *m) {
  bool tumour = false;
  for (int k = 0; k < m->prep.classes.n; k++) tumour |= m->prep.classes.roles[k] == VG_ROLE_TUMOUR;
  if (!tumour) return vg_fail(VG_USAGE, "--resample tumour: %s has no tumour classes", o->model);
  vg_clusters parts;
  if (!vg_classes_parts(&m->prep.classes, &parts) && (!m->spec.noise || !(o->noise > 0)))
    return vg_fail(
        VG_USAGE,
        "--resample tumour draws noise or parts again: it needs a model with net.noise, and --noise "
        "above 0, or a model with data.tumour_parts");
  return VG_OK;
}

vg_status vg_synth_draws_open(const vg_synth_options *o, const model_info *m, vg_gan *gan, synth_draws *out) {
  *out = (synth_draws){.model = m, .seed = o->study.seed, .noise = m->spec.noise ? o->noise : 0};
  vg_status st = take_style(o, m, gan, out);
  if (!st && o->resample_tumour) st = check_resample(o, m);
  vg_clusters parts;
  out->resample = o->resample_tumour;
  out->redraws_parts = out->resample && vg_classes_parts(&m->prep.classes, &parts);
  if (!st && o->study.per_case > 1 && !o->study.n_edits && !(out->noise > 0) &&
      out->style != SYNTH_STYLE_RANDOM && !out->redraws_parts)
    vg_warn("--per-case %d: the %d images of each label map will be equal, since nothing is drawn: there is "
            "no edit, and %s",
            o->study.per_case, o->study.per_case,
            m->spec.noise || m->spec.style ? "--noise and --style leave nothing to chance"
                                           : "the model has neither net.noise nor net.style");
  return st;
}

void vg_synth_draws_describe(const synth_draws *d, char *text) {
  static const char *const styles[] = {"mean", "random", "like an image"};
  *text = '\0';
  int n = 0;
  if (d->model->spec.noise) n += snprintf(text, 96, "noise %g", d->noise);
  if (d->model->spec.style)
    n += snprintf(text + n, 96 - (size_t)n, "%sstyle %s", n ? ", " : "", styles[d->style]);
  if (d->resample) snprintf(text + n, 96 - (size_t)n, "%stumour drawn again", n ? ", " : "");
}

/* ---- one case ---- */

static vg_status mix_of(const vg_case *c, float **out) {
  const size_t voxels = vg_extent_voxels(c->record.dim);
  uint8_t *mask = vg_calloc(voxels, 1);
  float *mix = vg_malloc(voxels, sizeof *mix);
  vg_status st = mask && mix ? VG_OK : VG_MEMORY;
  for (int k = c->n_anatomy; k < c->n_classes && !st; k++)
    for (size_t i = 0; i < voxels; i++) mask[i] |= c->labels[(size_t)k * voxels + i] > 0;
  if (!st) st = vg_distance(mask, c->record.dim, c->record.spacing, mix);
  for (size_t i = 0; i < voxels && !st; i++)
    mix[i] = mix[i] < VG_RESAMPLE_MM ? (float)(0.5 + 0.5 * cos(M_PI * mix[i] / VG_RESAMPLE_MM)) : 0;
  vg_free(mask);
  if (!st)
    *out = mix;
  else
    vg_free(mix);
  return st;
}

/* The same case with other parts inside its tumours. */
static vg_status redraw_parts(const synth_draws *d, const vg_study_case *s, vg_case *out) {
  vg_maps m;
  vg_prep_settings prep = d->model->prep;
  prep.series.n = 0;
  vg_status st = vg_maps_copy(&s->maps, &m);
  if (!st) st = vg_parts_redraw(&m, d->seed, vg_rng_key("parts of a case", s->k, 0));
  if (!st) st = vg_prepare_maps(s->id, &m, &prep, out);
  vg_maps_release(&m);
  return st;
}

vg_status vg_synth_draw(const synth_draws *d, const vg_study_case *s, const vg_case *c, synth_drawn *drawn) {
  *drawn = (synth_drawn){.draw.noise = d->noise};
  const uint64_t of_case = vg_rng_key("noise of a case", s->k, 0),
                 of_map = vg_rng_key("noise of a map", vg_rng_key(s->source, 0, 0), 0);
  drawn->draw.id = (vg_noise_id){.seed = d->seed, .key = d->resample ? of_map : of_case};
  drawn->draw.other = (vg_noise_id){.seed = d->seed, .key = of_case};
  const int dims = d->model->spec.style;
  vg_rng r = vg_rng_init(d->seed, vg_rng_key("style", drawn->draw.id.key, 0));
  for (int i = 0; i < dims; i++)
    drawn->style[i] = d->style == SYNTH_STYLE_RANDOM ? (float)vg_rng_normal(&r) : d->code[i];
  if (dims) drawn->draw.style = drawn->style;
  vg_status st = d->resample ? mix_of(c, &drawn->mix) : VG_OK;
  if (!st && d->redraws_parts) st = redraw_parts(d, s, &drawn->other);
  return st;
}

void vg_synth_drawn_release(synth_drawn *drawn) {
  vg_case_release(&drawn->other);
  vg_free(drawn->mix);
  drawn->mix = NULL;
}

/* A norm spreads what changes in the tumour, thinly, over the whole volume. So the image of the map's own
 * noise and parts is kept where mix is 0, to the last bit. */
vg_status vg_synth_draw_image(vg_gan *gan, const vg_case *c, vg_window window, size_t memory,
                              const synth_drawn *drawn, float *out) {
  vg_status st = vg_infer(gan, c, window, memory, &drawn->draw, out);
  if (st || !drawn->mix) return st;
  const size_t voxels = vg_extent_voxels(c->record.dim),
               n = voxels * (size_t)vg_gan_get_spec(gan)->out_channels;
  float *fresh = vg_malloc(n, sizeof *fresh);
  vg_volume_draw draw = drawn->draw;
  draw.mix = drawn->mix;
  st = fresh ? vg_infer(gan, drawn->other.id ? &drawn->other : c, window, memory, &draw, fresh) : VG_MEMORY;
  for (size_t i = 0; i < n && !st; i++) {
    const float share = drawn->mix[i % voxels];
    if (share > 0) out[i] += share * (fresh[i] - out[i]);
  }
  vg_free(fresh);
  return st;
}

void vg_synth_draw_text(const synth_draws *d, const synth_drawn *drawn, vg_str *to) {
  const int dims = d->model->spec.style;
  if (d->model->spec.noise) vg_str_addf(to, "noise=%g", d->noise);
  /* The key of a label map's noise would confirm a guess of its id. */
  if (d->noise > 0 && drawn->mix)
    vg_str_addf(to, ":map; tumour=%016" PRIx64, drawn->draw.other.key);
  else if (d->noise > 0)
    vg_str_addf(to, ":%016" PRIx64, drawn->draw.id.key);
  else if (drawn->mix)
    vg_str_addf(to, "%stumour=%016" PRIx64, d->model->spec.noise ? "; " : "", drawn->draw.other.key);
  if (!dims) return;
  vg_str_addf(to, "%sstyle=", d->model->spec.noise || drawn->mix ? "; " : "");
  if (d->style != SYNTH_STYLE_RANDOM) { /* the code of an image describes a person */
    vg_str_add(to, d->style == SYNTH_STYLE_MEAN ? "mean" : "like an image");
    return;
  }
  for (int i = 0; i < dims; i++) vg_str_addf(to, "%s%.4g", i ? "|" : "", drawn->style[i]);
}
