/* run_report.c: the page of a run. Its sections answer, in this order: how far is it, does it learn, what
 * does it make, how fast is it, and what are its data and settings. */
#include "run_page/run_report.h"

#include <math.h>
#include <stdlib.h>
#include "run_page/run_history.h"
#include "run_page/run_sections.h"
#include "base/fs.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text/plural.h"

static double number_of(const vg_json *line, const char *key) {
  return vg_json_number(vg_json_get(line, key), NAN);
}

/* Adds ": mean mae 0.0812, psnr 24.1, ssim 0.91" from the line of a validation. */
static void describe_scores(vg_str *to, const vg_json *validation) {
  const vg_json *mean = vg_json_get(vg_json_get(validation, "scores"), "mean");
  char figure[VG_FIGURE];
  for (const vg_json *m = vg_json_first(mean); m; m = vg_json_next(m))
    vg_str_addf(to, "%s%s %s", to->len ? ", " : ": mean ", vg_json_key(m),
                vg_report_figure(vg_json_number(m, NAN), figure));
}

static const vg_json *last_of(const vg_json_lines *lines) {
  return lines->n ? lines->items[lines->n - 1] : NULL;
}

static void note_status(vg_report *r, const run_history *h) {
  const double done = h->epochs.n ? number_of(last_of(&h->epochs), "epoch") : 0;
  char took[32];
  switch (h->status) {
  case RUN_FINISHED:
    vg_report_note(r, VG_TONE_GOOD, "Finished: all epochs are done (%.0f).", h->wanted);
    break;
  case RUN_IN_PROGRESS:
    if (done)
      vg_report_note(r, VG_TONE_PLAIN, "Training now: %.0f of %.0f %s are done, about %s remain.", done,
                     h->wanted, vg_plural(h->wanted, "epoch", "epochs"),
                     vg_duration(h->seconds / done * (h->wanted - done), took));
    else
      vg_report_note(r, VG_TONE_PLAIN, "Training now: the first of %.0f %s.", h->wanted,
                     vg_plural(h->wanted, "epoch", "epochs"));
    break;
  case RUN_STOPPED:
    vg_report_note(r, VG_TONE_WARN,
                   "Not finished, and not training now: %.0f of %.0f %s are done. The same command with "
                   "--resume continues.",
                   done, h->wanted, vg_plural(h->wanted, "epoch", "epochs"));
  }
  if (h->skipped > 0)
    vg_report_note(r, VG_TONE_WARN, "%.0f %s %s skipped, because a loss or gradient was not finite.",
                   h->skipped, vg_plural(h->skipped, "step", "steps"), vg_plural(h->skipped, "was", "were"));
}

static void add_summary(vg_report *r, const run_history *h) {
  const vg_json *last = last_of(&h->epochs);
  char text[32];
  vg_str scores = VG_STR_INIT;
  vg_report_section(r, "State");
  note_status(r, h);
  vg_report_fact(r, "Epochs", "%.0f of %.0f", last ? number_of(last, "epoch") : 0, h->wanted);
  vg_report_fact(r, "Steps", "%.0f", last ? number_of(last, "step") : 0);
  vg_report_fact(r, "Training time", "%s", vg_duration(h->seconds, text));
  if (h->best) {
    describe_scores(&scores, h->best);
    if (vg_str_failed(&scores)) vg_report_fail(r, VG_MEMORY);
    vg_report_fact(r, "Best epoch", "%.0f%s", number_of(h->best, "epoch"), vg_str_text(&scores));
  }
  vg_str_release(&scores);
  vg_report_fact(r, "Skipped steps", "%.0f", h->skipped);
  if (h->split)
    vg_report_fact(r, "Subjects", "%zu to train on, %zu held out",
                   vg_json_size(vg_json_get(h->split, "train")), vg_json_size(vg_json_get(h->split, "val")));
  if (h->init)
    vg_report_fact(r, "First weights", "of %s (sha256 %.12s…), %.0f tensors matched",
                   vg_json_string(vg_json_get(h->init, "model"), "another model"),
                   vg_json_string(vg_json_get(h->init, "sha256"), ""), number_of(h->init, "matched"));
  if (last && !isnan(number_of(last, "time")))
    vg_report_fact(r, "Last epoch ended", "%s", vg_run_time_text(number_of(last, "time"), text));
}

vg_status vg_run_report(const char *run, const char *path) {
  run_history h;
  vg_status st = vg_run_history_read(run, &h);
  if (st) return st;
  char *whole = realpath(run, NULL), *own = vg_fs_join(run, "report.html");
  char *title = own ? vg_format("Training run %s", vg_fs_basename(whole ? whole : run)) : NULL;
  vg_report *r = title ? vg_report_new(title, NULL) : NULL;
  if (r) {
    add_summary(r, &h);
    vg_run_add_losses(r, &h);
    vg_run_add_scores(r, &h);
    vg_run_add_previews(r, run, &h);
    vg_run_add_speed(r, &h);
    vg_run_add_settings(r, &h);
    vg_run_add_split(r, &h);
    vg_run_add_sessions(r, &h);
  }
  st = title ? vg_report_write(r, path ? path : own) : VG_MEMORY;
  vg_report_free(r);
  vg_free(title);
  vg_free(own);
  free(whole); /* from the C library: free(), not vg_free() */
  vg_run_history_release(&h);
  return st;
}
