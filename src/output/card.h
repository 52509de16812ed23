/* card.h: README.md of a data set: what it holds, from what it was made, and what it must not be used for. */
#ifndef VG_OUTPUT_CARD_H
#define VG_OUTPUT_CARD_H
#include "output/produce_set.h"

#define VG_CARD "README.md"

/* Writes the card of a data set whose description is written, and of which n cases are finished. scores: the
 * folder of a voxgan evaluation of it, whose means and verdicts the card repeats; NULL: it names the command.
 */
vg_status vg_card_write(const vg_output *out, size_t n, const char *scores);

#endif
