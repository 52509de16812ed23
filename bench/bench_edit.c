/* bench_edit.c: our half of `make bench-edit`; bench_edit.py drives it and SciPy in turn.
 *
 * Commands on stdin, one answer line each on stdout:
 *   edits                   names of the registry
 *   mask KIND PATH          writes that mask (Z, Y, X; uint8) and keeps it
 *   distance KIND PATH      transforms the mask kept; answers seconds. PATH: the floats are written; "-": not
 *   edit REPS HOST CHAIN    the chain on a copy of the phantom's maps, HOST tumour or healthy; answers
 * seconds of each repetition, or the message of a refusal KIND is tumour (distance to it), brain or signed
 * (distance to the tumour's surface).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "voxgan/edit.h"
#include "grid/grid.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "voxgan/phantom.h"

static vg_maps hosts[2], donor; /* hosts[1] has a tumour */

static int fault(void) {
  fprintf(stderr, "bench_edit: %s\n", vg_error());
  return 1;
}

static vg_status make_maps(int x, int y, int z, int subject, bool tumour, vg_maps *out) {
  vg_phantom_settings s = {.subjects = 1, .size = {x, y, z}, .layout = "brats2021", .seed = 5};
  vg_labelmap lesion = {0}, tissue = {0};
  const vg_scheme *scheme;
  vg_classes classes = {0};
  vg_status st = VG_OK;
  for (int i = 0; (scheme = vg_scheme_at(i, NULL)) && !st; i++) {
    if (!strcmp(scheme->name, "tissues")) st = vg_classes_add(&classes, scheme, VG_ROLE_ANATOMY);
    if (!strcmp(scheme->name, "brats")) st = vg_classes_add(&classes, scheme, VG_ROLE_TUMOUR);
  }
  if (!st) st = vg_phantom_make(&s, subject, tumour, NULL, &lesion, &tissue);
  if (!st) st = vg_labelmap_canonicalise(&lesion);
  if (!st) st = vg_labelmap_canonicalise(&tissue);
  if (!st) st = vg_maps_new(&tissue.geo, &classes, out);
  static const uint8_t code[] = {0, 4, 5, 0, 6}; /* 1 necrosis, 2 oedema, 4 enhancing */
  size_t n = st ? 0 : vg_geometry_voxels(&tissue.geo);
  for (size_t i = 0; i < n; i++) {
    out->anatomy[i] = (uint8_t)tissue.data[i];
    out->tumour[i] = code[lesion.data[i]];
    out->brain[i] = tissue.data[i] || lesion.data[i];
  }
  vg_labelmap_release(&lesion);
  vg_labelmap_release(&tissue);
  return st;
}

static vg_status give_donor(void *donors, const char *id, vg_rng *rng, const vg_maps **maps,
                            const char **used) {
  (void)id, (void)rng;
  *maps = donors;
  *used = "donor";
  return VG_OK;
}

static int time_edit(int reps, const char *host, const char *text) {
  vg_edit_chain chain = {0};
  vg_edit_context context = {.seed = 1, .donors = &donor, .donor = give_donor};
  if (vg_edit_chain_add(&chain, text)) return fault();
  for (int i = 0; i < reps; i++) {
    vg_maps m;
    if (vg_maps_copy(&hosts[!strcmp(host, "tumour")], &m)) return fault();
    context.key = (uint64_t)i;
    double from = vg_now();
    vg_status st = vg_edit_chain_apply(&chain, &m, &context, NULL);
    double took = vg_now() - from;
    vg_maps_release(&m);
    if (st) {
      printf("%s", vg_error());
      break;
    }
    printf("%.6f ", took);
  }
  vg_edit_chain_release(&chain);
  return 0;
}

static int write_file(const char *path, const void *bytes, size_t n) {
  FILE *f = fopen(path, "wb");
  int bad = !f || fwrite(bytes, 1, n, f) != n;
  return (f && fclose(f)) || bad;
}

static int time_distance(const char *kind, const char *path) {
  const vg_maps *m = &hosts[1];
  const uint8_t *mask = !strcmp(kind, "brain") ? m->brain : m->tumour;
  size_t n = vg_geometry_voxels(&m->geo);
  double mm[3];
  vg_geometry_spacing(&m->geo, mm);
  double from = vg_now();
  float *out = vg_malloc(n, sizeof *out);
  vg_status st = !out                      ? VG_MEMORY
                 : !strcmp(kind, "signed") ? vg_signed_distance(mask, m->geo.dim, mm, out)
                                           : vg_distance(mask, m->geo.dim, mm, out);
  double took = vg_now() - from;
  int bad = st || (strcmp(path, "-") && write_file(path, out, n * sizeof *out));
  vg_free(out);
  printf("%.6f", took);
  return bad ? fault() : 0;
}

int main(void) {
  char line[4400], kind[16], rest[4200];
  int reps;
  if (make_maps(240, 240, 155, 0, false, &hosts[0]) || make_maps(240, 240, 155, 1, true, &hosts[1]) ||
      make_maps(180, 200, 160, 2, true, &donor))
    return fault();
  while (fgets(line, sizeof line, stdin)) {
    const char *name;
    if (!strcmp(line, "edits\n")) {
      for (int i = 0; (name = vg_edit_at(i, NULL, NULL)); i++) printf("%s ", name);
    } else if (sscanf(line, "distance %15s %4199s", kind, rest) == 2) {
      if (time_distance(kind, rest)) return 1;
    } else if (sscanf(line, "mask %15s %4199s", kind, rest) == 2) {
      const vg_maps *m = &hosts[1];
      if (write_file(rest, !strcmp(kind, "brain") ? m->brain : m->tumour, vg_geometry_voxels(&m->geo)))
        return fault();
    } else if (sscanf(line, "edit %d %15s %4199[^\n]", &reps, kind, rest) == 3) {
      if (time_edit(reps, kind, rest)) return 1;
    } else {
      return 2;
    }
    printf("\n");
    fflush(stdout);
  }
  for (int i = 0; i < 2; i++) vg_maps_release(&hosts[i]);
  vg_maps_release(&donor);
  return 0;
}
