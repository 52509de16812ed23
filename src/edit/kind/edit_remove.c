/* edit_remove.c: removes the tumour and fills the gap in the anatomy. */
#include <math.h>
#include <string.h>

#include "edit/brain/heal.h"
#include "voxgan/edit.h"
#include "grid/grid.h"
#include "base/mem.h"

static const vg_param params[] = {
    {.name = "fill",
     .type = VG_PARAM_CHOICE,
     .text_def = "auto",
     .choices = "auto|keep|nearest|mirror",
     .unit = "",
     .help =
         "how to fill the gap: keep the anatomy map as it is, take the nearest class, or mirror the other "
         "hemisphere; auto keeps what is known and takes the nearest class elsewhere"},
    {.name = "which",
     .type = VG_PARAM_CHOICE,
     .text_def = "all",
     .choices = "all|largest|smallest",
     .unit = "",
     .help = "all of the tumour, or one of its components"},
    {0},
};

/* Keeps only the largest or the smallest component of the mask; of equal ones, the first. */
static vg_status choose_component(const vg_maps *maps, bool largest, uint8_t *mask) {
  size_t n = vg_geometry_voxels(&maps->geo), components, *sizes = NULL, best = 0;
  uint32_t *component = vg_malloc(n, sizeof *component);
  vg_status st =
      component ? vg_components(mask, maps->geo.dim, 26, component, &components, &sizes) : VG_MEMORY;
  for (size_t k = 1; !st && k < components; k++)
    if (largest ? sizes[k] > sizes[best] : sizes[k] < sizes[best]) best = k;
  for (size_t i = 0; !st && i < n; i++) mask[i] = component[i] == best + 1;
  vg_free(component);
  vg_free(sizes);
  return st;
}

static vg_status apply(vg_maps *maps, const vg_edit_call *call) {
  const char *fill = vg_call_text(call, "fill"), *which = vg_call_text(call, "which");
  bool keeps = !strcmp(fill, "auto") || !strcmp(fill, "keep");
  size_t n = vg_geometry_voxels(&maps->geo), tumour = 0, unknown = 0;
  uint8_t *gone = vg_malloc(n, 1), *gap = vg_malloc(n, 1);
  vg_status st = gone && gap ? VG_OK : VG_MEMORY;
  for (size_t i = 0; !st && i < n; i++) tumour += gone[i] = maps->tumour[i] != 0;
  if (!st && !tumour) st = vg_fail(VG_REFUSED, "the case has no tumour to remove");
  if (!st && strcmp(which, "all")) st = choose_component(maps, !strcmp(which, "largest"), gone);
  for (size_t i = 0; !st && i < n; i++) {
    gap[i] = gone[i] && (!keeps || !maps->anatomy[i]);
    unknown += gone[i] && !maps->anatomy[i];
  }
  if (!st && unknown && !strcmp(fill, "keep"))
    st =
        vg_fail(VG_REFUSED, "nothing to keep: in %zu voxels of the tumour the anatomy is not known", unknown);
  if (!st) st = vg_heal(maps, gap, !strcmp(fill, "mirror") ? VG_FILL_MIRROR : VG_FILL_NEAREST);
  for (size_t i = 0; !st && i < n; i++)
    if (gone[i]) maps->tumour[i] = 0;
  vg_free(gone);
  vg_free(gap);
  return st;
}

/* The pieces of the tumour decide how much is left. */
static double volume(const vg_edit_call *call, double before) {
  (void)before;
  return strcmp(vg_call_text(call, "which"), "all") ? NAN : 0;
}

const vg_edit vg_edit_remove = {.params = params, .volume = volume, .apply = apply};
