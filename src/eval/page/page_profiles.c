/* page_profiles.c: curves of intensity and gradient across a surface. */
#include <math.h>
#include <stdio.h>
#include "eval/page/eval_page.h"

/* The curve of one side, with its band of one SD. */
typedef struct drawn {
  double x[VG_PROFILE_BINS], mean[VG_PROFILE_BINS], low[VG_PROFILE_BINS], high[VG_PROFILE_BINS];
  size_t n;
} drawn;

static void draw(const eval_curve *from, drawn *c) {
  c->n = 0;
  for (int b = 0; b < VG_PROFILE_BINS; b++) {
    const double mean = from->mean[b], sd = from->sd[b];
    if (isnan(mean)) continue; /* no voxel at this distance: the line continues across the gap */
    c->x[c->n] = b + 0.5 - VG_PROFILE_MM;
    c->mean[c->n] = mean;
    c->low[c->n] = mean - sd;
    c->high[c->n] = mean + sd;
    c->n++;
  }
}

static void add_profile(vg_report *r, const char *title, const char *axis, const eval_curve *const curves[2],
                        const size_t n[2]) {
  static const double surface = 0;
  static const char *const sides[] = {"real", "synthetic"};
  char names[2][48];
  drawn lines_of[2];
  vg_chart_line lines[2];
  for (int k = 0; k < 2; k++) {
    draw(curves[k], &lines_of[k]);
    snprintf(names[k], sizeof names[k], "%s, n = %zu", sides[k], n[k]);
    lines[k] = (vg_chart_line){names[k],        lines_of[k].x,    lines_of[k].mean,
                               lines_of[k].low, lines_of[k].high, lines_of[k].n};
  }
  vg_report_lines(r,
                  &(vg_chart){.title = title,
                              .x = "mm from the surface, outwards",
                              .y = axis,
                              .mark = &surface,
                              .mark_name = "surface"},
                  lines, 2);
}

void vg_eval_page_profiles(vg_report *r, const vg_eval *e) {
  bool any = false;
  for (int s = 0; s < e->n_series; s++) {
    for (int k = 0; k < e->boundary_regions.n; k++) {
      eval_side real, synth;
      char title[128];
      if (!vg_eval_profile_sides(e, s, k, &real, &synth)) continue;
      if (!any) {
        vg_report_heading(r, "Profiles across the surface");
        vg_report_text(r,
                       "Means over subjects, with a band of one SD. The inside is left of the dashed line.");
      }
      any = true;
      const size_t n[2] = {real.n, synth.n};
      snprintf(title, sizeof title, "%s, %s: intensity", e->series[s], e->boundary_regions.names[k]);
      add_profile(r, title, "normalised intensity",
                  (const eval_curve *const[]){&real.intensity, &synth.intensity}, n);
      snprintf(title, sizeof title, "%s, %s: gradient", e->series[s], e->boundary_regions.names[k]);
      add_profile(r, title, "gradient a mm", (const eval_curve *const[]){&real.gradient, &synth.gradient}, n);
    }
  }
}
