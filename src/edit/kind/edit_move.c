/* edit_move.c: the tumour put elsewhere in its own brain. */
#include <math.h>

#include "edit/kind/change.h"

/* mm: a position asked for is kept to about this; a region's middle is only a first choice. */
#define REACH 15.0
#define REGION_REACH 60.0

static const vg_param params[] = {
    VG_PLACE_COORDINATE("x", "world position of the tumour's centre, to the right; with y and z"),
    VG_PLACE_COORDINATE("y", "to the front"),
    VG_PLACE_COORDINATE("z", "up"),
    VG_PLACE_COORDINATE("dx", "shift to the right; with or without dy and dz"),
    VG_PLACE_COORDINATE("dy", "shift to the front"),
    VG_PLACE_COORDINATE("dz", "shift upwards"),
    {.name = "region",
     .type = VG_PARAM_CHOICE,
     .text_def = "",
     .choices = VG_REGIONS,
     .unit = "",
     .help = "into its middle, or with random anywhere in it"},
    {.name = "random", .type = VG_PARAM_FLAG, .help = "anywhere in the region, or in the brain"},
    VG_PLACE_PARAMS,
    VG_MASS_PARAMS,
    {0},
};

/* How many of three numbers are given; the others are 0. */
static int read_numbers(const vg_edit_call *call, const char *const names[3], double v[3]) {
  int given = 0;
  for (int a = 0; a < 3; a++) {
    v[a] = vg_call_number(call, names[a]);
    given += !isnan(v[a]);
    if (isnan(v[a])) v[a] = 0;
  }
  return given;
}

static vg_status apply(vg_maps *maps, const vg_edit_call *call) {
  double place[3], shift[3];
  int position = read_numbers(call, (const char *const[]){"x", "y", "z"}, place);
  int shifts = read_numbers(call, (const char *const[]){"dx", "dy", "dz"}, shift);
  const char *region = vg_call_text(call, "region");
  bool random = vg_call_flag(call, "random"), drawn = random || *region;
  if (position && position < 3) return vg_fail(VG_CONFIG, "give all of x, y and z");
  if ((position > 0) + (shifts > 0) + drawn != 1)
    return vg_fail(VG_CONFIG, "give a position x, y, z, or a shift dx, dy, dz, or a region, or random");
  vg_change c;
  vg_search search = {
      .frame = &c.frame, .region = *region ? region : "any", .keep_side = true, .what = "a tumour"};
  vg_status st = vg_change_take(&c, maps, call, "move", drawn);
  search.allowed = c.allowed;
  if (!st && drawn && !random) {
    st = vg_place_middle(maps, c.allowed, &c.frame, region, c.lesion.centre, place);
    search.reach = REGION_REACH;
  } else if (!drawn) {
    for (int a = 0; a < 3 && !position; a++) place[a] = c.lesion.centre[a] + shift[a];
    search.reach = REACH;
  }
  if (!st) {
    if (!random) search.nominal = place;
    vg_lesion_pose pose = vg_lesion_pose_at(c.lesion.centre);
    st = vg_search_place(maps, &c.lesion, &pose, &search, &c.rules, call->rng, NULL);
  }
  return vg_change_end(&c, st);
}

const vg_edit vg_edit_move = {.params = params, .apply = apply};
