/* edit_move.c: moves the tumour to another site in its own brain. */
#include <math.h>

#include "edit/kind/change.h"

/* How far the search may go from the first site, mm. The user chose a position; a region's middle is only a
 * first guess. */
#define REACH 15.0
#define REGION_REACH 60.0

static const vg_param params[] = {
    VG_SITE_COORDINATE("x", "world position of the tumour's centre, to the right; with y and z"),
    VG_SITE_COORDINATE("y", "to the front"),
    VG_SITE_COORDINATE("z", "up"),
    VG_SITE_COORDINATE("dx", "shift to the right; with or without dy and dz"),
    VG_SITE_COORDINATE("dy", "shift to the front"),
    VG_SITE_COORDINATE("dz", "shift upwards"),
    {.name = "region",
     .type = VG_PARAM_CHOICE,
     .text_def = "",
     .choices = VG_REGIONS,
     .unit = "",
     .help = "move to its middle, or with random to anywhere in it"},
    {.name = "random", .type = VG_PARAM_FLAG, .help = "anywhere in the region, or in the brain"},
    VG_SITE_PARAMS,
    VG_MASS_PARAMS,
    {0},
};

/* Returns how many of the three numbers are given; the others become 0. */
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
  double site[3], shift[3];
  int position = read_numbers(call, (const char *const[]){"x", "y", "z"}, site);
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
    st = vg_site_middle(maps, c.allowed, &c.frame, region, c.lesion.centre, site);
    search.reach = REGION_REACH;
  } else if (!drawn) {
    for (int a = 0; a < 3 && !position; a++) site[a] = c.lesion.centre[a] + shift[a];
    search.reach = REACH;
  }
  if (!st) {
    if (!random) search.nominal = site;
    vg_lesion_pose pose = vg_lesion_pose_at(c.lesion.centre);
    st = vg_search_site(maps, &c.lesion, &pose, &search, &c.rules, call->rng, NULL);
  }
  return vg_change_end(&c, st);
}

const vg_edit vg_edit_move = {.params = params, .region_param = "region", .apply = apply};
