/* markup.h: the parts that the files of a report share: the unfinished page, and text as HTML. */
#ifndef VG_REPORT_MARKUP_H
#define VG_REPORT_MARKUP_H
#include <stdarg.h>
#include "report/report.h"
#include "base/str.h"

/* Blocks that open by themselves and collect children of the same kind. */
typedef enum markup_block { BLOCK_NONE, BLOCK_FACTS, BLOCK_ITEMS, BLOCK_KEYS, BLOCK_FIGURES } markup_block;

struct vg_report {
  char *title; /* escaped */
  vg_str lead, contents, body;
  vg_status failed;
  char message[512];
  markup_block block;
  int sections, ids;
  bool in_gallery, in_case, in_frame;
};

/* Returns the body, ready for a child of such a block. NULL after a failure. */
vg_str *vg_markup_into(vg_report *r, markup_block block);
/* Returns a number for an id that is unique in the page. */
int vg_markup_id(vg_report *r);

/* Escapes text for content and for quoted attributes. */
void vg_markup_escape(vg_str *to, const char *text);
void vg_markup_escape_v(vg_str *to, const char *fmt, va_list ap);
/* Adds <img>, in the proportions width:height if these are not 0. bytes: a PNG file. VG_DATA: not a PNG file.
 */
vg_status vg_markup_img(vg_str *to, const void *bytes, size_t n, const char *alt, double width,
                        double height);
/* The bytes of a picture as PNG, or where p is NULL of the file at path (vg_free). false, with *bytes NULL
 * and the fault kept in r: they cannot be had, or the report has failed already. */
bool vg_markup_picture(vg_report *r, const vg_picture *p, const char *path, void **bytes, size_t *n);

/* The page's style and script, NULL-terminated lists of lines. */
extern const char *const vg_markup_style[];
extern const char *const vg_markup_script[];

#endif
