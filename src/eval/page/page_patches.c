/* page_patches.c: the patches that gave the synthetic set away. */
#include "base/mem.h"
#include "eval/model/evaluation_patches.h"
#include "eval/page/eval_page.h"
#include "io/table.h"
#include <stdio.h>

enum { ACROSS = 12, ZOOM = 2, GAP = 4 };

/* Draws the patches of one side and series in rows. */
static vg_status draw(const struct eval_patches *all, bool synthetic, int series, vg_picture *out) {
  const int edge = all->edge, tile = ZOOM * edge + GAP;
  int n = 0, k = 0;
  for (size_t i = 0; i < all->n; i++) n += all->list[i].synthetic == synthetic;
  const int columns = n < ACROSS ? n : ACROSS, rows = (n + ACROSS - 1) / ACROSS;
  vg_status st = vg_picture_new(columns * tile - GAP, rows * tile - GAP, out);
  for (size_t i = 0; i < all->n && !st; i++) {
    if (all->list[i].synthetic != synthetic) continue;
    const uint8_t *from = all->list[i].voxels + (size_t)series * (size_t)(edge * edge);
    const int left = k % ACROSS * tile, top = k / ACROSS * tile;
    for (int y = 0; y < ZOOM * edge; y++) {
      uint8_t *to = out->rgb + 3 * ((size_t)(top + y) * (size_t)out->width + (size_t)left);
      for (int x = 0; x < ZOOM * edge; x++, to += 3) to[0] = to[1] = to[2] = from[y / ZOOM * edge + x / ZOOM];
    }
    k++;
  }
  return st;
}

static vg_status add_list(vg_report *r, const struct eval_patches *all) {
  static const char *const header[] = {"side", "rank", "subject", "x", "y", "z", "logit"};
  vg_table t = {0};
  vg_status st = vg_table_init(&t, 7, header);
  int rank = 0;
  for (size_t i = 0; i < all->n && !st; i++) {
    const eval_patch *p = &all->list[i];
    char text[5][24];
    rank = i && p->synthetic == p[-1].synthetic ? rank + 1 : 1;
    snprintf(text[0], sizeof text[0], "%d", rank);
    for (int a = 0; a < 3; a++) snprintf(text[1 + a], sizeof text[1 + a], "%d", p->at[a]);
    snprintf(text[4], sizeof text[4], "%.2f", p->logit);
    st = vg_table_add_row(&t, (const char *const[]){p->synthetic ? "synthetic" : "real", text[0], p->id,
                                                    text[1], text[2], text[3], text[4]});
  }
  vg_report_fold_open(r, "Where these patches are");
  if (!st) vg_report_table(r, "Patches by side and rank", &t, 2);
  vg_report_fold_close(r);
  vg_table_release(&t);
  return st;
}

vg_status vg_eval_page_patches(vg_report *r, const vg_eval *e) {
  const struct eval_patches *all = e->patches;
  if (!all || !all->n) return VG_OK;
  vg_report_heading(r, "The most telling patches");
  vg_report_text(
      r,
      "By row from the left: the synthetic patches that the networks were surest are synthetic, and the "
      "real patches that they were surest are real; at most %d of a subject. The patient's right is "
      "on the left.",
      EVAL_PATCHES_OF_ONE);
  for (int s = 0; s < all->series.n; s++) {
    for (int synthetic = 1; synthetic >= 0; synthetic--) {
      char text[VG_SERIES_NAME + 64];
      vg_picture p = {0};
      vg_status st = draw(all, synthetic, s, &p);
      snprintf(text, sizeof text, "%s: %s patches, the most telling first", all->series.names[s],
               synthetic ? "synthetic" : "real");
      if (!st) vg_report_picture(r, &p, text, text);
      vg_picture_release(&p);
      if (st) return st;
    }
  }
  return add_list(r, all);
}
