/* membership.c: how well a trained model knows each of some subjects. */
#include "eval/privacy/membership.h"

#include <math.h>
#include <string.h>
#include "run/machine.h"
#include "run/train/checkpoint.h"
#include "run/synth/find_anatomy.h"
#include "run/synth/infer.h"
#include "run/model_file.h"
#include "run/synth/window.h"
#include "sample/sample.h"
#include "voxgan/log.h"
#include "base/pool.h"
#include "base/task/progress.h"
#include "base/limit/memory_limit.h"
#include "base/mem.h"
#include "voxgan/run.h"
#include "base/str.h"
#include "base/number/extent.h"

typedef struct attack {
  model_info model;
  vg_gan *generator, *discriminator; /* trained; either GAN serves for one of its networks. NULL: not there */
  vg_gan *untrained;                 /* both networks as first drawn */
} attack;

/* ---- error ---- */

static double image_error(const vg_case *c, const float *made) {
  const size_t voxels = vg_extent_voxels(c->record.dim);
  double sum = 0, n = 0;
  for (int s = 0; s < c->n_series; s++) {
    const int16_t *real = c->image + (size_t)s * voxels;
    const float *m = made + (size_t)s * voxels;
    for (size_t i = 0; i < voxels; i++) {
      if (!c->brain[i]) continue;
      sum += fabs((double)m[i] - real[i] / 32767.0);
      n++;
    }
  }
  return sum / n;
}

static double label_error(const vg_case *c, const float *made) {
  const size_t voxels = vg_extent_voxels(c->record.dim);
  double sum = 0, n = 0;
  for (size_t i = 0; i < voxels; i++) {
    if (!c->brain[i]) continue;
    double background = 1;
    for (int k = 0; k < c->n_classes; k++) {
      const double share = c->labels[(size_t)k * voxels + i] / 255.0;
      background -= share;
      if (share > 0) sum -= share * log(fmax((double)made[(size_t)(k + 1) * voxels + i], 1e-7));
    }
    if (background > 0) sum -= background * log(fmax((double)made[i], 1e-7));
    n++;
  }
  return sum / n;
}

static vg_status error_of(vg_gan *gan, const vg_case *c, double *out) {
  const vg_gan_spec *spec = vg_gan_get_spec(gan);
  float *made = vg_malloc(vg_extent_voxels(c->record.dim) * (size_t)spec->out_channels, sizeof *made);
  vg_status st = made ? vg_infer(gan, c, VG_WINDOW_AUTO, vg_memory_left(), NULL, made) : VG_MEMORY;
  if (!st) *out = spec->softmax ? label_error(c, made) : image_error(c, made);
  vg_free(made);
  return st;
}

/* ---- the discriminator's view ---- */

static vg_status judge(vg_gan *gan, const vg_case *c, double *out) {
  const vg_gan_spec *spec = vg_gan_get_spec(gan);
  window_axis axis[3];
  int total = 1;
  for (int a = 0; a < 3; a++) {
    axis[a] = vg_window_plan(c->record.dim[2 - a], spec->patch[a], false, 1);
    total *= axis[a].count;
  }
  const int extent[3] = {axis[0].extent, axis[1].extent, axis[2].extent};
  const size_t voxels = (size_t)extent[0] * (size_t)extent[1] * (size_t)extent[2];
  float *input = vg_malloc(voxels * (size_t)spec->in_channels, sizeof *input);
  float *target = vg_malloc(voxels * (size_t)spec->out_channels, sizeof *target);
  vg_status st = input && target ? VG_OK : VG_MEMORY;
  double sum = 0;
  for (int k = 0; k < total && !st; k++) {
    int lo[3];
    double score;
    vg_window_place(axis, k, lo);
    if (spec->softmax) {
      vg_case_patch(c, lo, extent, target + voxels, input);
      vg_sample_background(target + voxels, c->n_classes, voxels, target);
    } else {
      vg_case_patch(c, lo, extent, input, target);
    }
    const vg_gan_batch b = {
        .n = 1, .dim = {extent[0], extent[1], extent[2]}, .input = input, .target = target};
    st = vg_gan_judge(gan, &b, &score);
    sum += score;
  }
  *out = sum / total;
  vg_free(input);
  vg_free(target);
  return st;
}

/* ---- the networks ---- */

/* Loads the discriminator from the newest checkpoint in the folder of the model, if there is one. */
static vg_status open_discriminator(attack *a, const char *model, const vg_gan_objective *objective,
                                    vg_device device) {
  bool is_dir;
  vg_status st = vg_fs_is_dir(model, &is_dir);
  if (st) return st;
  char *run = is_dir ? vg_strdup(model) : vg_fs_dirname(model);
  st = run ? vg_checkpoint_load_discriminator(run, &a->model.spec, objective, device, &a->discriminator)
           : VG_MEMORY;
  vg_free(run);
  return st;
}

static vg_status open_networks(attack *a, const vg_membership_options *o) {
  vg_gan_objective objective;
  vg_device device;
  vg_status st = vg_machine_open(o->device, o->threads, &device);
  if (st) return st;
  if ((st = vg_model_load(o->model, device, &a->model, &a->generator))) return st;
  vg_gan_objective_set(&objective, &a->model.config);
  objective.ema = 0; /* nothing is trained here */
  if (vg_gan_has_discriminator(&a->model.spec)) st = open_discriminator(a, o->model, &objective, device);
  if (st) return st;
  const uint64_t seed = (uint64_t)a->model.config.run.seed;
  /* Without a checkpoint nothing says that the spec's discriminator is real, and nothing asks for one. */
  vg_gan_spec spec = a->model.spec;
  if (!a->discriminator) {
    strcpy(spec.discriminator, "none");
    memset(spec.local, 0, sizeof spec.local);
    objective.w_adversarial = objective.w_feature = objective.w_r1 = objective.w_local = 0;
  }
  return vg_gan_new(&spec, &objective, seed, device, &a->untrained);
}

static vg_status score(const attack *a, const vg_membership_subject *s, vg_membership *out) {
  vg_case c = {0};
  *out = (vg_membership){NAN, NAN, NAN, NAN};
  vg_status st = vg_prepare(s->set, s->subject, &a->model.prep, &c);
  if (st) return st; /* it names the subject */
  st = error_of(a->generator, &c, &out->error);
  if (!st) st = error_of(a->untrained, &c, &out->untrained_error);
  if (!st && a->discriminator) st = judge(a->discriminator, &c, &out->judged);
  if (!st && a->discriminator) st = judge(a->untrained, &c, &out->untrained_judged);
  vg_case_release(&c);
  return st ? vg_fail_in(st, "subject %s", s->subject->id) : VG_OK;
}

/* ---- anatomy that another model finds ---- */

enum { SETS = 2 }; /* who was trained on, who was held out */

/* Copies of the subjects' data sets, with anatomy maps. n = 0: the subjects serve as they are. */
typedef struct mapped {
  const vg_dataset *of[SETS];
  vg_dataset set[SETS];
  int n;
} mapped;

/* A model that learned on anatomy that another model found needs the same for subjects without a map. */
static vg_status find_anatomy(const attack *a, const vg_membership_options *o, mapped *m) {
  vg_anatomy from;
  bool lacking = false;
  vg_status st = vg_anatomy_parse(a->model.config.data.anatomy, &from);
  for (size_t i = 0; i < o->n; i++) lacking |= !o->subjects[i].subject->anatomy;
  if (st || from.kind != VG_ANATOMY_PREDICT || !lacking || !o->beside) return st;
  for (size_t i = 0; i < o->n && !st; i++) {
    const vg_dataset *of = o->subjects[i].set;
    if (m->n && m->of[m->n - 1] == of) continue;
    if (m->n == SETS) VG_BUG("subjects of more than %d data sets, or not in their order", SETS);
    st = vg_dataset_select(of, NULL, &m->set[m->n]);
    m->of[m->n] = of;
    if (!st)
      st = vg_find_anatomy(from.model, o->beside, o->device ? o->device : "cpu", o->threads, &m->set[m->n]);
    m->n++;
  }
  return st;
}

static vg_membership_subject with_map(const mapped *m, vg_membership_subject s) {
  for (int k = 0; k < m->n; k++)
    for (size_t i = 0; i < m->set[k].n && m->of[k] == s.set; i++)
      if (!strcmp(m->set[k].subjects[i].id, s.subject->id))
        return (vg_membership_subject){&m->set[k], &m->set[k].subjects[i]};
  return s;
}

vg_status vg_membership_score(const vg_membership_options *o, vg_membership *out) {
  attack a = {0};
  vg_task task;
  mapped maps = {0};
  vg_status st = open_networks(&a, o);
  if (!st) st = find_anatomy(&a, o, &maps);
  vg_task_begin(&task, "membership", "subjects", o->n);
  for (size_t i = 0; i < o->n && !st; i++) {
    if (vg_interrupted()) {
      st = vg_fail(VG_INTERRUPTED, "interrupted");
      break;
    }
    const vg_membership_subject one = with_map(&maps, o->subjects[i]);
    st = score(&a, &one, &out[i]);
    vg_task_step(&task);
  }
  vg_task_end(&task);
  for (int k = 0; k < SETS; k++) vg_dataset_release(&maps.set[k]);
  vg_gan_free(a.generator);
  vg_gan_free(a.discriminator);
  vg_gan_free(a.untrained);
  return st;
}
