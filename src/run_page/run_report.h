/* run_report.h: makes a page of a run folder: the course of training, its state, its data and settings. */
#ifndef VOXGAN_RUN_REPORT_H
#define VOXGAN_RUN_REPORT_H
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the page (report.h) of the run in that folder to path; NULL: RUN/report.html. The run may be
 * finished, stopped, or still training: an incomplete last line of the log is ignored. VG_DATA: the folder
 * holds no run, or one of its files is damaged. */
vg_status vg_run_report(const char *run, const char *path);

#ifdef __cplusplus
}
#endif
#endif
