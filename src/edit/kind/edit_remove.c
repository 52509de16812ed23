/* edit_remove.c: the tumour taken away, and the anatomy that it leaves a gap in made whole. */
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
     .help = "what its place becomes: keep what the anatomy map has there, the nearest class around, or the "
             "mirrored hemisphere's; auto keeps what is known and takes the nearest elsewhere"},
    {.name = "which",
     .type = VG_PARAM_CHOICE,
     .text_def = "all",
     .choices = "all|largest|smallest",
     .unit = "",
     .help = "all of it, or one of its separate parts"},
    {0},
};

/* Leaves only the largest or smallest part in the mask; the first of equal ones. */
static vg_status choose_part(const vg_maps *maps, bool largest, uint8_t *mask) {
  size_t n = vg_geometry_voxels(&maps->geo), parts, *sizes = NULL, best = 0;
  uint32_t *part = vg_malloc(n, sizeof *part);
  vg_status st = part ? vg_components(mask, maps->geo.dim, 26, part, &parts, &sizes) : VG_MEMORY;
  for (size_t k = 1; !st && k < parts; k++)
    if (largest ? sizes[k] > sizes[best] : sizes[k] < sizes[best]) best = k;
  for (size_t i = 0; !st && i < n; i++) mask[i] = part[i] == best + 1;
  vg_free(part);
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
  if (!st && strcmp(which, "all")) st = choose_part(maps, !strcmp(which, "largest"), gone);
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

const vg_edit vg_edit_remove = {.params = params, .apply = apply};
