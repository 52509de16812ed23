/* fuzz_model.c: any bytes as a model: its metadata become settings, a spec and the preparation, and the
 * tensors that the spec promises are searched in the file. No network is built. */
#include <string.h>
#include "base/mem.h"
#include "nn/nn.h"
#include "prep/prep.h"
#include "run/model_spec.h"
#include "settings/config_json.h"
#include "fuzz.h"

static vg_status tree(const vg_st_file *f, const char *key, vg_json **out) {
  const char *text = vg_json_string(vg_json_get(f->metadata, key), NULL);
  return text ? vg_json_parse(key, text, out) : VG_DATA;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char path[] = "/mem/model.safetensors";
  vg_st_file f = {0};
  vg_json *config = NULL, *spec = NULL, *prep = NULL;
  vg_config c;
  vg_gan_spec s;
  vg_prep_settings p;
  vg_range ranges[VG_SERIES_MAX];
  fuzz_begin(data, size);
  fuzz_file(path, data, size);
  vg_status st = vg_st_open(path, &f);
  if (!st) st = tree(&f, "config", &config);
  if (!st) st = tree(&f, "spec", &spec);
  if (!st) st = tree(&f, "prep", &prep);
  vg_config_default(&c);
  if (!st) st = vg_config_from_json(&c, path, config);
  if (!st) st = vg_spec_from_json(path, spec, &s);
  if (!st) {
    fuzz_allow(vg_prep_from_json(path, prep, &p, ranges), FUZZ(DATA) | FUZZ(CONFIG));
    st = vg_gan_check_file(&s, VG_GAN_GENERATOR, false, path, &f);
    fuzz_allow(vg_gan_check_file(&s, VG_GAN_DISCRIMINATOR, true, path, &f), FUZZ(DATA) | FUZZ(CONFIG));
    vg_json_free(vg_spec_to_json(&s));
  }
  fuzz_allow(st, FUZZ(DATA) | FUZZ(CONFIG));
  vg_json_free(config);
  vg_json_free(spec);
  vg_json_free(prep);
  vg_st_release(&f);
  return fuzz_end();
}
