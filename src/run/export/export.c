/* export.c: the command, and what every exported file says about its model. */
#include "run/export/export.h"

#include <stdio.h>
#include <string.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/json.h"
#include "run/entry.h"
#include "run/machine.h"
#include "run/model_file.h"
#include "run/model_spec.h"
#include "voxgan/log.h"
#include "voxgan/version.h"

static void put_extents(vg_json *to, const char *key, const int dim[3]) {
  vg_json *list = vg_json_put_take(to, key, vg_json_array());
  for (int a = 0; a < 3; a++) vg_json_put_number(list, NULL, dim[a]);
}

/* The JSON of an exported file (vg_free): format, classes, series, ranges, preparation and networks of the
 * model; its inputs, and the smallest extents (D, H, W) that it takes. */
static char *describe(const model_info *m, const vg_gan *gan, const vg_listing *f, const char *result) {
  vg_json *j = vg_json_object();
  int least[3];
  vg_gan_min_dim(gan, least);
  vg_json_put_string(j, "format", "voxgan-export-1");
  vg_json_put_string(j, "voxgan", vg_version());
  vg_json_put_string(j, "model_sha256", m->hash);
  vg_json *inputs = vg_json_put_take(j, "inputs", vg_json_array());
  for (int i = 0; i < f->n; i++) {
    const vg_listing_step *s = &f->steps[i];
    if (s->kind != VG_LISTING_INPUT) continue;
    vg_json *input = vg_json_put_take(inputs, NULL, vg_json_object());
    vg_json_put_string(input, "name", s->name);
    vg_json_put_number(input, "channels", s->channels);
    if (s->stride[0]) put_extents(input, "voxels_dhw", s->stride);
  }
  vg_json_put_string(j, "output", result);
  put_extents(j, "least_dhw", least);
  put_extents(j, "patch_dhw", m->spec.patch);
  vg_json_put_take(j, "spec", vg_spec_to_json(&m->spec));
  vg_json_put_take(j, "prep", vg_prep_to_json(&m->prep, m->ranges));
  char *text = vg_json_print(j, false);
  vg_json_free(j);
  return text;
}

/* Whether the file is an export of this program: the names of its parts stand at the ends of a TorchScript
 * archive, the program's at the beginning of ONNX. */
static vg_status is_export(const char *path, bool *is) {
  enum { END = 1 << 16 };
  vg_file f = {-1, 0};
  char *bytes = vg_malloc(END, 1);
  vg_status st = bytes ? vg_file_open(path, &f) : VG_MEMORY;
  *is = false;
  for (int side = 0; side < 2 && !st; side++) {
    const size_t n = (size_t)(f.size < END ? f.size : END);
    st = vg_file_read(&f, path, side ? f.size - n : 0, bytes, n);
    const bool begins = !side && n >= 4 && (!memcmp(bytes, "PK\3\4", 4) || bytes[0] == 8);
    if (!side && !begins) break;
    *is |= !st && memmem(bytes, n, "voxgan", 6) != NULL;
  }
  vg_file_close(&f);
  vg_free(bytes);
  return st;
}

static vg_status check_out(const vg_export_options *o) {
  bool exists = false;
  vg_status st = vg_fs_exists(o->out, &exists);
  if (!st && exists && !o->overwrite) st = vg_fail(VG_USAGE, "%s exists; --overwrite replaces it", o->out);
  bool own = false;
  if (!st && exists) st = is_export(o->out, &own);
  if (!st && exists && !own)
    st = vg_fail(VG_USAGE, "%s: holds something else than an exported model: name another file, or remove it",
                 o->out);
  return st;
}

vg_status vg_export(const vg_export_options *o) {
  vg_gan *gan = NULL;
  vg_listing f = {0};
  model_info *m = VG_NEW(model_info);
  vg_device device;
  char *about = NULL;
  vg_status st = m ? check_out(o) : VG_MEMORY;
  if (!st) st = vg_machine_open("cpu", 1, &device);
  if (!st) st = vg_model_load(o->model, device, m, &gan);
  const bool segments = !st && model_segments(m);
  const char *result = segments ? "fractions" : "images";
  if (!st) st = vg_gan_listing(gan, segments ? "images" : "labels", &f);
  if (!st) st = (about = describe(m, gan, &f, result)) ? VG_OK : VG_MEMORY;
  const vg_exported e = {&f, about, result};
  if (!st) st = o->format == VG_EXPORT_ONNX ? vg_export_onnx(o->out, &e) : vg_export_torchscript(o->out, &e);
  if (!st)
    vg_info("%s: %s, %d operations, %d weights", o->out, vg_export_format_name(o->format), f.n, f.n_weights);
  vg_listing_release(&f);
  vg_gan_free(gan);
  vg_free(about);
  vg_free(m);
  return st;
}
