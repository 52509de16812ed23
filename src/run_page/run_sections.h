/* run_sections.h: the sections of a run's page. A section is omitted if the run has no data for it. */
#ifndef VG_REPORT_RUN_SECTIONS_H
#define VG_REPORT_RUN_SECTIONS_H
#include "run_page/run_history.h"
#include "report/report.h"

void vg_run_add_losses(vg_report *r, const run_history *h);
void vg_run_add_scores(vg_report *r, const run_history *h);
void vg_run_add_previews(vg_report *r, const char *run, const run_history *h);
void vg_run_add_speed(vg_report *r, const run_history *h);
void vg_run_add_settings(vg_report *r, const run_history *h);
void vg_run_add_split(vg_report *r, const run_history *h);
void vg_run_add_sessions(vg_report *r, const run_history *h);

/* Writes seconds since 1970 into buf as "2026-11-23 18:05 UTC". */
const char *vg_run_time_text(double seconds, char buf[32]);

#endif
