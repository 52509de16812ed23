/* message.h: what base shares within itself: the size of a failure's message, and the progress line. */
#ifndef VG_BASE_MESSAGE_H
#define VG_BASE_MESSAGE_H

#include <stdbool.h>

/* Room for two very long paths and a sentence. */
#define VG_MESSAGE_MAX 2048

/* ---- the progress line of log.c, for the thread that watches tasks ---- */

/* Whether the progress line redraws itself: on a terminal. */
bool vg_log_line_redraws(void);
/* Shows text, as a plain line or (whole false, on a terminal) on the progress line. Returns false and prints
 * nothing if anything was written in the last `quiet` seconds, a caller of vg_progress() has shown its own
 * text in the last `every` seconds, or progress is off. */
bool vg_log_line_show(const char *text, bool whole, double quiet, double every);
/* Removes a line that vg_log_line_show() drew. */
void vg_log_line_clear(void);

#endif
