/* interrupt.h: asking for a stop without a signal. */
#ifndef VG_BASE_INTERRUPT_H
#define VG_BASE_INTERRUPT_H

#ifdef __cplusplus
extern "C" {
#endif

/* vg_interrupted() is true from here on: another process has ended the work that both do. */
void vg_interrupt_raise(void);

#ifdef __cplusplus
}
#endif
#endif
