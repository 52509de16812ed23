/* gallery.c: shows cases with pictures of their slices side by side. */
#include <stdarg.h>
#include "report/markup.h"
#include "base/mem.h"

static void end_frame(vg_report *r) {
  if (r->in_frame) vg_str_add(&r->body, "</div></div>\n");
  r->in_frame = false;
}

static void end_case(vg_report *r) {
  end_frame(r);
  if (r->in_case) vg_str_add(&r->body, "</div>\n");
  r->in_case = false;
}

void vg_gallery_open(vg_report *r, const char *title) {
  vg_gallery_open_by(r, title, "Case", "Slice");
}

static void add_slider(vg_str *to, const char *name) {
  vg_str_add(to, "<label>");
  vg_markup_escape(to, name);
  vg_str_add(to, " <input type=\"range\" min=\"1\" max=\"1\" value=\"1\"><output></output></label>");
}

void vg_gallery_open_by(vg_report *r, const char *title, const char *cases, const char *frames) {
  vg_str *to = vg_markup_into(r, BLOCK_NONE);
  if (!to) return;
  int id = vg_markup_id(r);
  vg_str_addf(to, "<div class=\"gallery\" role=\"group\" aria-labelledby=\"g%d\">\n<h4 id=\"g%d\">", id, id);
  vg_markup_escape(to, title);
  /* The script shows the sliders, because they do not work without it. */
  vg_str_add(to, "</h4>\n<div class=\"sliders\" hidden>");
  add_slider(to, cases);
  add_slider(to, frames);
  vg_str_add(to, "</div>\n");
}

void vg_gallery_case(vg_report *r, const char *fmt, ...) {
  vg_str *to = vg_markup_into(r, BLOCK_NONE);
  if (!to) return;
  end_case(r);
  vg_str_add(to, "<div class=\"case\"><p>");
  va_list ap;
  va_start(ap, fmt);
  vg_markup_escape_v(to, fmt, ap);
  va_end(ap);
  vg_str_add(to, "</p>\n");
  r->in_case = true;
}

void vg_gallery_frame(vg_report *r, const char *label, bool first) {
  vg_str *to = vg_markup_into(r, BLOCK_NONE);
  if (!to) return;
  end_frame(r);
  vg_str_addf(to, "<div class=\"frame\"%s><p>", first ? " data-first" : "");
  vg_markup_escape(to, label);
  vg_str_add(to, "</p>\n<div class=\"panels\">\n");
  r->in_frame = true;
}

/* path: the file of the bytes, or NULL. A picture from a file takes the whole width; on a phone it scrolls
 * separately, because it may consist of many pictures side by side. */
static void add_panel(vg_report *r, const char *name, const char *path, const void *bytes, size_t n,
                      double width, double height) {
  vg_str *to = vg_markup_into(r, BLOCK_NONE);
  if (!to) return;
  vg_str_add(to, path ? "<figure class=\"panel whole\"><div class=\"scroll\" role=\"region\" tabindex=\"0\" "
                        "aria-label=\"Picture\">"
                      : "<figure class=\"panel\">");
  vg_status st = vg_markup_img(to, bytes, n, name, width, height);
  vg_report_fail(r, st && path ? vg_fail_in(st, "%s", path) : st);
  vg_str_add(to, path ? "</div><figcaption>" : "<figcaption>");
  vg_markup_escape(to, name);
  vg_str_add(to, "</figcaption></figure>\n");
}

void vg_gallery_panel(vg_report *r, const char *name, const vg_picture *p, double width, double height) {
  void *bytes;
  size_t n;
  if (vg_markup_picture(r, p, NULL, &bytes, &n)) add_panel(r, name, NULL, bytes, n, width, height);
  vg_free(bytes);
}

void vg_gallery_panel_file(vg_report *r, const char *name, const char *path) {
  void *bytes;
  size_t n;
  if (vg_markup_picture(r, NULL, path, &bytes, &n)) add_panel(r, name, path, bytes, n, 0, 0);
  vg_free(bytes);
}

void vg_gallery_close(vg_report *r) {
  vg_str *to = vg_markup_into(r, BLOCK_NONE);
  if (!to) return;
  end_case(r);
  vg_str_add(to, "</div>\n");
}
