/* log.h: messages and progress on stderr. Results go to stdout, not through this module.
 *
 * On a terminal the progress line redraws itself and levels are coloured (NO_COLOR turns this off). Elsewhere
 * progress appears as plain lines, at most one every ten seconds. Thread-safe.
 */
#ifndef VOXGAN_LOG_H
#define VOXGAN_LOG_H
#include <stdbool.h>
#include <stdint.h>
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum vg_log_level { VG_LOG_DEBUG, VG_LOG_INFO, VG_LOG_WARN, VG_LOG_ERROR } vg_log_level;

vg_log_level vg_log_set_level(vg_log_level least); /* returns the previous level */
void vg_log(vg_log_level level, const char *fmt, ...) VG_PRINTF(2, 3);
#define vg_debug(...) vg_log(VG_LOG_DEBUG, __VA_ARGS__)
#define vg_info(...) vg_log(VG_LOG_INFO, __VA_ARGS__)
#define vg_warn(...) vg_log(VG_LOG_WARN, __VA_ARGS__)

/* Shows one line of progress; the caller may call it as often as it likes. */
void vg_progress(const char *fmt, ...) VG_PRINTF(1, 2);
/* Shows the last progress text if it was held back, and ends the line. */
void vg_progress_end(void);
/* "512 B", "4.2 MB" into buf. */
const char *vg_bytes(uint64_t n, char buf[32]);
/* "3h 05m", "2m 10s", "14 s" into buf. */
const char *vg_duration(double seconds, char buf[32]);
/* Monotonic seconds. */
double vg_now(void);

/* SIGINT, SIGTERM, SIGQUIT, SIGHUP (a terminal that goes away) and what batch systems send before time runs
 * out, SIGUSR1, SIGUSR2 and SIGXCPU, ask for a stop; long jobs look here between steps. The first three end
 * the program at once when they come again. A SIGHUP that is ignored (nohup) stays ignored. */
void vg_interrupt_install(void);
bool vg_interrupted(void);

#ifdef __cplusplus
}
#endif
#endif
