/* formula.h: CSV cells that spreadsheets would run as formulas.
 *
 * A spreadsheet takes a cell that begins with = + - @, a tab or a line break for a formula. An apostrophe
 * before it makes it text. We write that apostrophe, and our own reader takes it away again. Numbers stay as
 * they are.
 */
#ifndef VG_BASE_FORMULA_H
#define VG_BASE_FORMULA_H

#ifdef __cplusplus
extern "C" {
#endif

/* Returns "'" if the cell needs a mark, else "". */
const char *vg_formula_mark(const char *cell);
/* Takes the mark away, in place. Any cell that _mark() marked becomes what it was. */
void vg_formula_unmark(char *cell);

#ifdef __cplusplus
}
#endif
#endif
