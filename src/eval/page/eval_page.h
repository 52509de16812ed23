/* eval_page.h: the sections of report.html. */
#ifndef VG_EVAL_PAGE_H
#define VG_EVAL_PAGE_H
#include "eval/model/eval_study.h"
#include "report/report.h"

/* Fewer cases than this are no result. */
#define VG_EVAL_FEW 6
/* Adds what was found, in words: how far images are off, and how far the sets are apart, each beside a
 * reference. */
void vg_eval_page_opening(vg_report *r, const vg_eval *e);
/* Adds tables and distributions of a suite's groups. */
vg_status vg_eval_page_groups(vg_report *r, const vg_eval *e, const char *suite);
/* Adds curves across the surfaces of the tumour and its regions. */
void vg_eval_page_profiles(vg_report *r, const vg_eval *e);
/* Adds curves of the power of texture by wavelength, in each tissue. */
void vg_eval_page_spectra(vg_report *r, const vg_eval *e);
/* Adds a suite's metrics of sets. */
vg_status vg_eval_page_sets(vg_report *r, const vg_eval *e, const char *suite);
/* Adds a suite's verdicts with their text. suite NULL: the verdicts of all suites, without text. */
vg_status vg_eval_page_verdicts(vg_report *r, const vg_eval *e, const char *suite);

/* Adds the patches that suite detect found most telling. */
vg_status vg_eval_page_patches(vg_report *r, const vg_eval *e);

/* Adds slices of the worst cases, for each series that was compared and for label maps. budget: the bytes of
 * the page that all slices together may take. */
vg_status vg_eval_page_images(vg_report *r, const eval_study *s, size_t budget);
vg_status vg_eval_page_labels(vg_report *r, const eval_study *s, size_t budget);
/* Writes a PNG of the tumour labels of the worst, the median and the best case, a row each: real labels,
 * synthetic ones, outlines, and the image. Writes nothing where no case has both maps. */
vg_status vg_eval_page_sheet(const eval_study *s, const char *path);

#endif
