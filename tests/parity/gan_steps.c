/* gan_steps.c: runs GAN steps from one safetensors file, for comparison with another implementation.
 *
 *   gan_steps FILE          the file's "steps" steps; a JSON line of losses each
 *   gan_steps --time FILE   reads lines with a number of steps from stdin, answers each with a JSON line
 *                           of seconds, peak memory and a step's convolutions, counted in the first
 *                           answer's steps, until stdin ends; on a GPU as training goes, which looks at
 *                           losses now and then, and from memory that the GPU reads by itself. Processes
 *                           that the environment calls a group step together, on a batch each
 *
 * FILE: weights ("g.", "d." as vg_gan_state_get names them), input.K, target.K and perhaps weight.K and
 * crop.K for the steps K mod batches; the settings are strings in its metadata. With "adam_step" the moments
 * ("adam.") are in FILE too, and with "draw_weights" no weights are. With "dump" the state after the last
 * step is written to that file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/mem.h"
#include "nn/gan/gan.h"
#include "settings/setting.h"
#include "base/str.h"

static const char *text(const vg_st_file *f, const char *key, const char *otherwise) {
  return vg_json_string(vg_json_get(f->metadata, key), otherwise);
}

static double number(const vg_st_file *f, const char *key, double otherwise) {
  const char *s = text(f, key, NULL);
  return s ? atof(s) : otherwise;
}

static void name16(char out[16], const char *s) {
  snprintf(out, 16, "%s", s);
}

/* Sets a setting with choices; a text that is none of them stops the program. */
static void choose(int setting, const char *choice, void *value) {
  if (!vg_setting_set_text(vg_setting_at(setting), choice, value)) return;
  fprintf(stderr, "gan_steps: %s\n", vg_error());
  exit(2);
}

static void settings(const vg_st_file *f, vg_gan_spec *spec, vg_gan_objective *o) {
  name16(spec->generator, text(f, "generator", "unet"));
  name16(spec->discriminator, text(f, "discriminator", "patch"));
  choose(VG_SETTING_INDEX_net_norm, text(f, "norm", "instance"), &spec->norm);
  spec->in_channels = (int)number(f, "in_channels", 0);
  spec->out_channels = (int)number(f, "out_channels", 0);
  sscanf(text(f, "patch", ""), "%d,%d,%d", &spec->patch[0], &spec->patch[1], &spec->patch[2]);
  spec->ngf = (int)number(f, "ngf", 64);
  spec->ndf = (int)number(f, "ndf", 64);
  spec->levels = (int)number(f, "levels", 0);
  spec->blocks = (int)number(f, "blocks", 9);
  spec->d_layers = (int)number(f, "d_layers", 3);
  spec->d_scales = (int)number(f, "d_scales", 1);
  spec->dropout = number(f, "dropout", 0);
  sscanf(text(f, "local", ""), "%d,%d,%d", &spec->local[0], &spec->local[1], &spec->local[2]);
  choose(VG_SETTING_INDEX_net_upsample, text(f, "upsample", "transposed"), &spec->upsample);
  choose(VG_SETTING_INDEX_net_modulation, text(f, "modulation", "class"), &spec->modulation);
  spec->encoder = number(f, "encoder", 1) != 0;
  spec->noise = number(f, "noise", 0) != 0;
  spec->style = (int)number(f, "style", 0);
  name16(o->adversarial, text(f, "adversarial", "bce"));
  name16(o->reconstruction, text(f, "reconstruction", "l1"));
  o->w_adversarial = number(f, "w_adversarial", 1);
  o->w_reconstruction = number(f, "w_reconstruction", 100);
  o->w_feature = number(f, "w_feature", 0);
  o->w_l1_low = number(f, "w_l1_low", 0);
  o->w_boundary = number(f, "w_boundary", 0);
  o->w_local = number(f, "w_local", 0);
  o->w_labelmix = number(f, "w_labelmix", 5);
  o->low_sigma = number(f, "low_sigma", 1);
  o->w_style = number(f, "w_style", 0.05);
  o->w_r1 = number(f, "w_r1", 0);
  o->r1_every = (int)number(f, "r1_every", 1);
  o->beta1 = number(f, "beta1", 0.5);
  o->beta2 = number(f, "beta2", 0.999);
  choose(VG_SETTING_INDEX_train_precision, text(f, "precision", "fp32"), &o->precision);
  choose(VG_SETTING_INDEX_train_gradients, text(f, "gradients", "fp32"), &o->gradients);
}

static const vg_st_entry *find(const vg_st_file *f, const char *what, int k) {
  char name[32];
  snprintf(name, sizeof name, "%s.%d", what, k);
  return vg_st_find(f, name);
}

/* Moves an array of the file to memory of our own, as a loader's is. */
static vg_status pin(vg_st_file *f, const char *what, vg_device device) {
  vg_st_entry *e = (vg_st_entry *)(uintptr_t)find(f, what, 0);
  size_t n = 1;
  if (!e || !device.kind) return VG_OK;
  for (int i = 0; i < e->ndim; i++) n *= (size_t)e->shape[i];
  float *v = vg_malloc(n, sizeof *v); /* the process's till its end */
  if (!v) return VG_MEMORY;
  memcpy(v, e->data, n * sizeof *v);
  vg_host_pin(v, n * sizeof *v, device);
  e->data = v;
  return VG_OK;
}

static vg_status step(vg_gan *gan, const vg_st_file *f, vg_gan_losses *l) {
  int batches = (int)number(f, "batches", 1), k = (int)(vg_gan_get_step(gan) % batches);
  const vg_st_entry *x = find(f, "input", k), *y = find(f, "target", k), *w = find(f, "weight", k),
                    *c = find(f, "crop", k);
  if (!x || !y || x->ndim != 5) return vg_fail(VG_DATA, "no input.%d and target.%d of 5 dimensions", k, k);
  vg_gan_batch b = {.n = (int)x->shape[0],
                    .dim = {(int)x->shape[2], (int)x->shape[3], (int)x->shape[4]},
                    .input = x->data,
                    .target = y->data,
                    .weight = w ? w->data : NULL,
                    .crop = c ? c->data : NULL};
  return vg_gan_step_of(gan, &b, 1, vg_group_size(gan->group), number(f, "lr_g", 2e-4),
                        number(f, "lr_d", 2e-4), l);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv) {
  bool timing = argc == 3 && !strcmp(argv[1], "--time");
  vg_st_file f = {0};
  vg_gan *gan = NULL;
  vg_gan_spec spec = {0};
  vg_gan_objective objective = {0};
  vg_gan_losses l;
  vg_device device = {0};
  vg_group *group = NULL;
  int64_t taken, skipped;
  const char *dump;
  int parts;
  vg_status st;
  if (argc != 2 + timing) {
    fprintf(stderr, "usage: gan_steps [--time] FILE\n");
    return 2;
  }
  if ((st = vg_st_open(argv[1 + timing], &f))) goto out;
  vg_tensor_threads((int)number(&f, "threads", 0));
  settings(&f, &spec, &objective);
  if ((st = vg_device_parse(text(&f, "device", "cpu"), &device))) goto out;
  if ((st = vg_gan_new(&spec, &objective, 1, device, &gan))) goto out;
  const char *size = timing ? getenv("WORLD_SIZE") : NULL;
  const vg_group_options how = {.rank = size ? atoi(getenv("RANK")) : 0,
                                .size = size ? atoi(size) : 1,
                                .host = getenv("MASTER_ADDR"),
                                .port = size ? atoi(getenv("MASTER_PORT")) : 0,
                                .shared_memory = number(&f, "shared_memory", 1) != 0,
                                .timeout = 600};
  if ((st = vg_group_join(&how, device, &group))) goto out;
  vg_gan_join(gan, group);
  vg_gan_set_step(gan, (int64_t)number(&f, "adam_step", 0));
  parts = VG_GAN_GENERATOR | VG_GAN_DISCRIMINATOR | (vg_gan_get_step(gan) ? VG_GAN_OPTIMISER : 0);
  if (!number(&f, "draw_weights", 0) && (st = vg_gan_state_set(gan, parts, argv[1 + timing], &f))) goto out;
  if (timing) {
    if ((st = pin(&f, "input", device)) || (st = pin(&f, "target", device))) goto out;
    char line[64];
    double flops = 0;
    bool first = true;
    while (fgets(line, sizeof line, stdin)) {
      int n = atoi(line), n_rows;
      if (first && !device.kind) vg_profile_start();
      double t = now(), waited = vg_group_waited(group), sending = vg_group_sending(group),
             bytes = vg_group_bytes(group);
      for (int i = 0; i < n; i++)
        if ((st = step(gan, &f, device.kind ? NULL : &l))) goto out;
      if (device.kind && (st = vg_gan_losses_take(gan, &l, &taken, &skipped))) goto out;
      t = now() - t;
      const vg_profile_row *rows = first && !device.kind ? vg_profile_stop(&n_rows) : NULL;
      for (int i = 0; rows && i < n_rows; i++) flops += rows[i].flops / n;
      printf("{\"steps\": %d, \"seconds\": %.6f, \"peak_bytes\": %zu, \"flops\": %.0f, \"waited\": %.6f, "
             "\"sending\": %.6f, \"bytes\": %.0f}\n",
             n, t, vg_tensor_peak_bytes(device), flops, vg_group_waited(group) - waited,
             vg_group_sending(group) - sending, vg_group_bytes(group) - bytes);
      first = false;
      fflush(stdout);
    }
  }
  for (int i = 0; !timing && i < (int)number(&f, "steps", 5); i++) {
    if ((st = step(gan, &f, &l))) goto out;
    printf("{\"step\": %d", i + 1);
    for (int k = 0; k < VG_GAN_LOSSES; k++)
      printf(", \"%s\": %.9g", vg_gan_loss_name(k), *vg_gan_loss_at(&l, k));
    for (int k = 0; gan->fed->picked && k < gan->fed->n * (spec.in_channels + 1); k++)
      printf(k ? ", %g" : ", \"picks\": [%g", gan->fed->picked[k]);
    printf(gan->fed->picked ? "]}\n" : "}\n");
  }
  if ((dump = text(&f, "dump", NULL))) {
    vg_st_entry *entries;
    size_t n;
    if ((st = vg_gan_state_get(gan, VG_GAN_ALL, &entries, &n))) goto out;
    st = vg_st_write(dump, entries, n, NULL);
    vg_gan_state_free(entries, n);
  }
out:
  st = vg_group_leave(group, st);
  if (st) fprintf(stderr, "gan_steps: %s\n", vg_error());
  vg_gan_free(gan);
  vg_st_release(&f);
  return vg_status_exit_code(st);
}
