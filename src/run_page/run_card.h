/* run_card.h: the card of the model that a run made. */
#ifndef VG_RUN_PAGE_RUN_CARD_H
#define VG_RUN_PAGE_RUN_CARD_H
#include "voxgan/status.h"

#define VG_RUN_CARD "model-card.md"

/* Writes the card into the run's folder, from the run's own files: what the model makes, of how many subjects
 * it learned, its settings, its scores and its limits. It names no subject and no path. */
vg_status vg_run_card_write(const char *run);

#endif
