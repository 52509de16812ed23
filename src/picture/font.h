/* font.h: a small fixed font for labels in pictures: 5x7 letters in cells of 6x8. */
#ifndef VG_IO_FONT_H
#define VG_IO_FONT_H
#include <stdint.h>

#define VG_FONT_FIRST 32
#define VG_FONT_COUNT 95
#define VG_FONT_COLUMNS 5

/* Five columns a letter, left to right; bit 0 is the top row. */
extern const uint8_t vg_font[VG_FONT_COUNT][VG_FONT_COLUMNS];

#endif
