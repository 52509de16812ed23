/* edit_cavity.c: gives the edits after it leave to change the resection cavity. It changes nothing itself. */
#include "edit/kind/change.h"

static const vg_param params[] = {{0}};

static vg_status apply(vg_maps *maps, const vg_edit_call *call) {
  (void)maps, (void)call;
  return VG_OK;
}

const vg_edit vg_edit_cavity = {.params = params, .frees_cavity = true, .apply = apply};
