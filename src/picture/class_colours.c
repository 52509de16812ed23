/* class_colours.c: the colour of a class, the same in every picture and page. */
#include <string.h>
#include "picture/png.h"

/* Light colours for a dark ground that colour-blind readers can distinguish (after the sets of P. Tol and of
 * Okabe and Ito). */
static const uint8_t class_colours[][3] = {
    {230, 159, 0},  {86, 180, 233},  {0, 158, 115},   {240, 228, 66},  {204, 51, 17}, {204, 121, 167},
    {0, 114, 178},  {187, 187, 187}, {153, 221, 255}, {170, 170, 0},   {136, 34, 85}, {255, 170, 187},
    {68, 187, 153}, {119, 68, 170},  {238, 136, 102}, {221, 221, 221},
};

void vg_class_colour(int index, uint8_t rgb[3]) {
  memcpy(rgb, class_colours[(size_t)index % (sizeof class_colours / sizeof *class_colours)], 3);
}
