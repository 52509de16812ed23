/* run_report.h: a run folder as a page: how training went, where it stands, what it was made of. */
#ifndef VOXGAN_RUN_REPORT_H
#define VOXGAN_RUN_REPORT_H
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the page (report.h) of the run in that folder to path; NULL: RUN/report.html. The run may be
 * finished, stopped, or just training: a line of the log that is being written is passed over. VG_DATA: the
 * folder holds no run, or a file of it is damaged. */
vg_status vg_run_report(const char *run, const char *path);

#ifdef __cplusplus
}
#endif
#endif
