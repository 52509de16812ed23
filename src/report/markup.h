/* markup.h: what the files of a report share: the page in the making, and text as HTML. */
#ifndef VG_REPORT_MARKUP_H
#define VG_REPORT_MARKUP_H
#include <stdarg.h>
#include "report/report.h"
#include "base/str.h"

/* Elements whose children follow each other without being opened by the caller. */
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

/* The body, ready for a child of such a block; NULL where there is nothing to be done any more. */
vg_str *vg_markup_into(vg_report *r, markup_block block);
/* Ends that block, if one is open. */
const char *vg_markup_block_end(markup_block block);
/* A number for an id that is the page's own. */
int vg_markup_id(vg_report *r);
/* The first fault stays. */
void vg_markup_fail(vg_report *r, vg_status st);

/* Text for content and for quoted attributes. */
void vg_markup_escape(vg_str *to, const char *text);
void vg_markup_escape_v(vg_str *to, const char *fmt, va_list ap);
/* <img>, in the proportions width:height where these are not 0; bytes are a PNG file's. VG_DATA: they are
 * not. */
vg_status vg_markup_img(vg_str *to, const void *bytes, size_t n, const char *alt, double width,
                        double height);

/* The page's style and script, NULL-terminated lists of lines. */
extern const char *const vg_markup_style[];
extern const char *const vg_markup_script[];

#endif
