/* fuzz_grid.c: label maps on grids of any geometry: what the reader's gate lets pass goes through the edits,
 * through preparation and back to the file's own axes, without a fault. */
#include <math.h>
#include <string.h>
#include "base/mem.h"
#include "io/volume_format.h"
#include "voxgan/edit.h"
#include "voxgan/maps.h"
#include "prep/prep.h"
#include "fuzz.h"

static vg_geometry geometry(fuzz_input *in) {
  vg_geometry g = {
      {1 + (int)(fuzz_byte(in) % 10), 1 + (int)(fuzz_byte(in) % 10), 1 + (int)(fuzz_byte(in) % 10)}, {{{0}}}};
  const unsigned shape = fuzz_byte(in);
  for (int r = 0; r < 3; r++) {
    for (int c = 0; c < 3; c++) g.affine.m[r][c] = shape & 1 || r == c ? fuzz_number(in) : 0;
    g.affine.m[r][3] = fuzz_number(in);
  }
  return g;
}

static void fill(vg_maps *m, fuzz_input *in) {
  const size_t n = vg_geometry_voxels(&m->geo);
  const unsigned rule = fuzz_byte(in), a = 1 + fuzz_byte(in), b = 1 + fuzz_byte(in), n_anatomy = 3,
                 n_tumour = 3;
  for (size_t i = 0; i < n; i++) {
    const unsigned v = (unsigned)i * a / b;
    m->brain[i] = rule & 1 || v % 5 != 0;
    const bool tumour = m->brain[i] && v % (2 + rule % 7) == 0;
    m->tumour[i] = tumour ? (uint8_t)(n_anatomy + 1 + v % n_tumour) : 0;
    m->anatomy[i] = m->brain[i] && !tumour ? (uint8_t)(1 + v % n_anatomy) : 0;
  }
}

static void edit(const vg_maps *maps, fuzz_input *in) {
  static const char *const chains[] = {"grow:ml=uniform(0.01,50)",
                                       "deform:target=all",
                                       "deform:amplitude=9,smoothness=4",
                                       "move:random",
                                       "remove",
                                       "remove:fill=mirror",
                                       "type:grade=low",
                                       "type:oedema=20",
                                       "mirror",
                                       "rotate:random",
                                       "scale:factor=3",
                                       "multifocal:n=3",
                                       "grow:ml=1,x=0,y=0,z=0",
                                       "grow:ml=5,region=left-hemisphere",
                                       "scale:ml=1e3",
                                       "type:enhancing=ring"};
  vg_edit_chain chain = {0};
  vg_edit_log log = {0};
  vg_maps copy;
  vg_edit_context context = {.seed = fuzz_byte(in)};
  const char *text = chains[fuzz_byte(in) % (sizeof chains / sizeof *chains)];
  if (vg_maps_copy(maps, &copy)) return;
  vg_status st = vg_edit_chain_add(&chain, text);
  if (st == VG_CONFIG) VG_BUG("%s: %s", text, vg_error());
  if (!st) st = vg_edit_chain_apply(&chain, &copy, &context, &log);
  if (st && st != VG_REFUSED && st != VG_DATA && st != VG_MEMORY && st != VG_CONFIG)
    VG_BUG("%s: %s", text, vg_error());
  vg_edit_log_release(&log);
  vg_edit_chain_release(&chain);
  vg_maps_release(&copy);
}

static void prepare(const vg_maps *maps, fuzz_input *in) {
  static const double spacings[] = {0, 1, 2, 0.05, 7.3, 100};
  const uint8_t which = fuzz_byte(in);
  vg_prep_settings s = {.spacing = {spacings[which % 6], spacings[which / 6 % 6], spacings[which / 36 % 6]},
                        .margin = fuzz_byte(in) / 4.0,
                        .percentile = {0.5, 99.5}};
  s.classes = maps->classes;
  vg_case c;
  vg_maps back;
  /* Some spacings make very large grids, which is for the user to know. */
  double voxels = 1, mm[3];
  vg_geometry_spacing(&maps->geo, mm);
  for (int a = 0; a < 3; a++)
    voxels *= s.spacing[a] > 0 ? fmax(1, maps->geo.dim[a] * mm[a] / s.spacing[a]) : maps->geo.dim[a];
  if (voxels > 1e6 || vg_prepare_maps("fuzz", maps, &s, &c)) return;
  const size_t n = (size_t)c.record.dim[0] * (size_t)c.record.dim[1] * (size_t)c.record.dim[2];
  float *fractions = vg_calloc(n * (size_t)(1 + s.classes.n), sizeof *fractions);
  for (size_t i = 0; fractions && i < n * (size_t)s.classes.n; i++)
    fractions[n + i] = (float)c.labels[i] / 255;
  if (fractions && !vg_restore_maps(&c, fractions, &s.classes, &back)) vg_maps_release(&back);
  vg_free(fractions);
  vg_case_release(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  vg_labelmap map;
  vg_maps maps = {0};
  vg_classes classes = {0};
  const char *names[] = {"csf", "gm", "wm", "necrosis", "oedema", "enhancing"};
  const vg_geometry native = geometry(&in);
  if (vg_volume_check_geometry("fuzz", &native)) return 0;
  if (vg_labelmap_new(&native, &map)) return 0;
  if (vg_labelmap_canonicalise(&map)) VG_BUG("cannot reorient what passed the gate");
  const vg_geometry ras = map.geo;
  if (vg_labelmap_to_geometry(&map, &native)) VG_BUG("cannot go back");
  vg_labelmap_release(&map);
  for (int i = 0; i < 6; i++)
    if (vg_classes_add_name(&classes, names[i], i < 3 ? VG_ROLE_ANATOMY : VG_ROLE_TUMOUR))
      VG_BUG("%s", vg_error());
  if (vg_maps_new(&ras, &classes, &maps)) return 0;
  maps.native = native;
  fill(&maps, &in);
  edit(&maps, &in);
  prepare(&maps, &in);
  vg_maps_release(&maps);
  return fuzz_end();
}
