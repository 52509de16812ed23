/* page.c: builds the page: its frame, headings, text, tables, pictures. */
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "report/markup.h"
#include "base/fs.h"
#include "base/file/owned.h"
#include "base/mem.h"

/* ---- the whole page ---- */

vg_report *vg_report_new(const char *title, const char *lead) {
  vg_report *r = VG_NEW(vg_report);
  vg_str s = VG_STR_INIT;
  if (!r) return NULL;
  vg_markup_escape(&s, title);
  r->title = vg_str_take(&s);
  if (lead) vg_markup_escape(&r->lead, lead);
  if (r->title) return r;
  vg_report_free(r);
  return NULL;
}

void vg_report_free(vg_report *r) {
  if (!r) return;
  vg_free(r->title);
  vg_str_release(&r->lead);
  vg_str_release(&r->contents);
  vg_str_release(&r->body);
  vg_free(r);
}

size_t vg_report_size(const vg_report *r) {
  return r ? r->body.len : 0;
}

static const char *block_end(markup_block block) {
  static const char *const ends[] = {[BLOCK_NONE] = "",
                                     [BLOCK_FACTS] = "</dl>\n",
                                     [BLOCK_ITEMS] = "</ul>\n",
                                     [BLOCK_KEYS] = "</ul>\n",
                                     [BLOCK_FIGURES] = "</div>\n"};
  return ends[block];
}

static void add_lines(vg_str *to, const char *const *lines) {
  for (; *lines; lines++) {
    vg_str_add(to, *lines);
    vg_str_add(to, "\n");
  }
}

vg_status vg_report_write(const vg_report *r, const char *path) {
  if (!r) return vg_fail(VG_MEMORY, "%s: out of memory", path);
  if (r->failed) return vg_fail(r->failed, "%s: %s", path, r->message);
  /* Only a page of ours is replaced. Its policy tells it from others. */
  vg_status st = vg_owned_check_file(path, "content=\"default-src 'none'; img-src data:; ");
  if (st) return st;
  vg_str s = VG_STR_INIT;
  vg_str_add(&s, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                 "<meta name=\"color-scheme\" content=\"light dark\">\n"
                 /* The browser enforces that the page neither loads nor sends anything. */
                 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
                 "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
                 "<link rel=\"icon\" href=\"data:,\">\n");
  vg_str_addf(&s, "<title>%s</title>\n<style>\n", r->title);
  add_lines(&s, vg_markup_style);
  vg_str_addf(&s,
              "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n"
              "<header>\n<h1>%s</h1>\n",
              r->title);
  if (r->lead.len) vg_str_addf(&s, "<p class=\"lead\">%s</p>\n", vg_str_text(&r->lead));
  vg_str_add(&s, "</header>\n");
  if (r->sections > 1)
    vg_str_addf(&s, "<nav aria-label=\"Contents\"><ul>\n%s</ul></nav>\n", vg_str_text(&r->contents));
  vg_str_add(&s, "<main id=\"main\">\n");
  vg_str_add_bytes(&s, vg_str_text(&r->body), r->body.len);
  vg_str_add(&s, block_end(r->block));
  vg_str_add(&s, r->sections ? "</section>\n</main>\n<script>\n" : "</main>\n<script>\n");
  add_lines(&s, vg_markup_script);
  vg_str_add(&s, "</script>\n</body>\n</html>\n");
  bool failed =
      vg_str_failed(&s) || vg_str_failed(&r->lead) || vg_str_failed(&r->contents) || vg_str_failed(&r->body);
  st = failed ? vg_fail(VG_MEMORY, "%s: out of memory", path)
              : vg_fs_write_atomic(path, vg_str_text(&s), s.len);
  vg_str_release(&s);
  return st;
}

vg_str *vg_markup_into(vg_report *r, markup_block block) {
  static const char *const begins[] = {[BLOCK_NONE] = "",
                                       [BLOCK_FACTS] = "<dl class=\"facts\">\n",
                                       [BLOCK_ITEMS] = "<ul>\n",
                                       [BLOCK_KEYS] = "<ul class=\"keys\">\n",
                                       [BLOCK_FIGURES] = "<div class=\"figures\">\n"};
  if (!r || r->failed) return NULL;
  if (r->block != block) {
    vg_str_add(&r->body, block_end(r->block));
    vg_str_add(&r->body, begins[block]);
    r->block = block;
  }
  return &r->body;
}

int vg_markup_id(vg_report *r) {
  return ++r->ids;
}

void vg_report_fail(vg_report *r, vg_status st) {
  if (!r || r->failed || !st) return;
  r->failed = st;
  snprintf(r->message, sizeof r->message, "%s", vg_error());
}

bool vg_markup_picture(vg_report *r, const vg_picture *p, const char *path, void **bytes, size_t *n) {
  *bytes = NULL;
  *n = 0;
  if (!r || r->failed) return false;
  vg_status st = p ? vg_picture_png(p, bytes, n) : vg_fs_read(path, bytes, n);
  if (st) vg_report_fail(r, st);
  return !st;
}

/* <tag>the text, escaped</tag> */
#define ADD_FORMATTED(to, begin, end) \
  do {                                \
    va_list ap;                       \
    vg_str_add(to, begin);            \
    va_start(ap, fmt);                \
    vg_markup_escape_v(to, fmt, ap);  \
    va_end(ap);                       \
    vg_str_add(to, end);              \
  } while (0)

/* ---- text ---- */

void vg_report_section(vg_report *r, const char *title) {
  vg_str *to = vg_markup_into(r, BLOCK_NONE);
  if (!to) return;
  int id = ++r->sections;
  vg_str_addf(to, "%s<section aria-labelledby=\"s%d\">\n<h2 id=\"s%d\">", id > 1 ? "</section>\n" : "", id,
              id);
  vg_markup_escape(to, title);
  vg_str_add(to, "</h2>\n");
  vg_str_addf(&r->contents, "<li><a href=\"#s%d\">", id);
  vg_markup_escape(&r->contents, title);
  vg_str_add(&r->contents, "</a></li>\n");
}

void vg_report_heading(vg_report *r, const char *title) {
  vg_str *to = vg_markup_into(r, BLOCK_NONE);
  if (!to) return;
  vg_str_add(to, "<h3>");
  vg_markup_escape(to, title);
  vg_str_add(to, "</h3>\n");
}

void vg_report_text(vg_report *r, const char *fmt, ...) {
  vg_str *to = vg_markup_into(r, BLOCK_NONE);
  if (to) ADD_FORMATTED(to, "<p>", "</p>\n");
}

void vg_report_item(vg_report *r, const char *fmt, ...) {
  vg_str *to = vg_markup_into(r, BLOCK_ITEMS);
  if (to) ADD_FORMATTED(to, "<li>", "</li>\n");
}

void vg_report_fact(vg_report *r, const char *name, const char *fmt, ...) {
  vg_str *to = vg_markup_into(r, BLOCK_FACTS);
  if (!to) return;
  vg_str_add(to, "<div><dt>");
  vg_markup_escape(to, name);
  ADD_FORMATTED(to, "</dt><dd>", "</dd></div>\n");
}

void vg_report_key(vg_report *r, const uint8_t rgb[3], const char *name) {
  vg_str *to = vg_markup_into(r, BLOCK_KEYS);
  if (!to) return;
  vg_str_addf(to, "<li><span style=\"background:#%02x%02x%02x\"></span>", rgb[0], rgb[1], rgb[2]);
  vg_markup_escape(to, name);
  vg_str_add(to, "</li>\n");
}

static const char *const tone_names[] = {
    [VG_TONE_PLAIN] = "plain", [VG_TONE_GOOD] = "good", [VG_TONE_WARN] = "warn", [VG_TONE_BAD] = "bad"};

void vg_report_note(vg_report *r, vg_report_tone tone, const char *fmt, ...) {
  vg_str *to = vg_markup_into(r, BLOCK_NONE);
  if (!to) return;
  vg_str_addf(to, "<p class=\"note %s\">", tone_names[tone]);
  ADD_FORMATTED(to, "", "</p>\n");
}

void vg_report_fold_open(vg_report *r, const char *title) {
  vg_str *to = vg_markup_into(r, BLOCK_NONE);
  if (!to) return;
  vg_str_add(to, "<details><summary>");
  vg_markup_escape(to, title);
  vg_str_add(to, "</summary>\n");
}

void vg_report_fold_close(vg_report *r) {
  vg_str *to = vg_markup_into(r, BLOCK_NONE);
  if (to) vg_str_add(to, "</details>\n");
}

/* ---- tables ---- */

const char *vg_report_figure(double v, char buf[VG_FIGURE]) {
  if (isnan(v))
    *buf = '\0';
  else
    snprintf(buf, VG_FIGURE, fabs(v) >= 1000 && fabs(v) < 1e7 ? "%.0f" : "%.4g", v);
  return buf;
}

vg_report_tone vg_report_tone_of(const char *verdict) {
  static const struct {
    const char *word;
    vg_report_tone tone;
  } words[] = {{"worse", VG_TONE_BAD},       {"fail", VG_TONE_BAD},          {"gone", VG_TONE_BAD},
               {"fewer cases", VG_TONE_BAD}, {"bad", VG_TONE_BAD},           {"more infinite", VG_TONE_BAD},
               {"error", VG_TONE_BAD},       {"found", VG_TONE_BAD},         {"better", VG_TONE_GOOD},
               {"pass", VG_TONE_GOOD},       {"ok", VG_TONE_GOOD},           {"good", VG_TONE_GOOD},
               {"none found", VG_TONE_GOOD}, {"done", VG_TONE_GOOD},         {"unclear", VG_TONE_WARN},
               {"not tested", VG_TONE_WARN}, {"inconclusive", VG_TONE_WARN}, {"warn", VG_TONE_WARN},
               {"left out", VG_TONE_WARN},   {"interrupted", VG_TONE_WARN}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (vg_starts_with(verdict, words[i].word)) return words[i].tone;
  }
  return VG_TONE_PLAIN;
}

static bool looks_numeric(const char *cell) {
  if (strchr("+-", *cell)) cell++;
  return isdigit((unsigned char)*cell) || (*cell == '.' && isdigit((unsigned char)cell[1])) ||
         vg_starts_with(cell, "inf");
}

static bool numeric_column(const vg_table *t, size_t col) {
  bool any = false;
  for (size_t i = 1; i < t->rows; i++) {
    const char *cell = vg_table_cell(t, i, col);
    if (!*cell) continue;
    if (!looks_numeric(cell)) return false;
    any = true;
  }
  return any;
}

/* How many rows from here on have the same name in column 0; 0 if the row above has it too. */
static size_t same_name(const vg_table *t, size_t row) {
  const char *name = vg_table_cell(t, row, 0);
  if (row > 1 && !strcmp(vg_table_cell(t, row - 1, 0), name)) return 0;
  size_t n = 1;
  while (row + n < t->rows && !strcmp(vg_table_cell(t, row + n, 0), name)) n++;
  return n;
}

/* Long names of metrics may break after an underscore. */
static void add_column_name(vg_str *to, const char *name) {
  vg_str s = VG_STR_INIT;
  vg_markup_escape(&s, name);
  for (const char *c = vg_str_text(&s); *c; c++) {
    vg_str_add_bytes(to, c, 1);
    if (*c == '_') vg_str_add(to, "<wbr>");
  }
  if (vg_str_failed(&s)) to->failed = true;
  vg_str_release(&s);
}

static void table_head(vg_str *to, const vg_table *t, size_t heads, const bool *numeric) {
  vg_str_add(to, "<thead><tr>");
  for (size_t c = 0; c < t->cols; c++) {
    vg_str_addf(to, "<th scope=\"col\"%s>", c >= heads && numeric[c] ? " class=\"num\"" : "");
    add_column_name(to, vg_table_cell(t, 0, c));
    vg_str_add(to, "</th>");
  }
  vg_str_add(to, "</tr></thead>\n");
}

static void table_row(vg_str *to, const vg_table *t, size_t row, size_t heads, const bool *numeric) {
  vg_str_add(to, "<tr>");
  for (size_t c = 0; c < t->cols; c++) {
    const char *cell = vg_table_cell(t, row, c), *name = vg_table_cell(t, 0, c);
    if (c == 0 && heads > 1) {
      size_t n = same_name(t, row);
      if (!n) continue;
      vg_str_addf(to, n > 1 ? "<th scope=\"rowgroup\" rowspan=\"%zu\">" : "<th scope=\"row\">", n);
    } else if (c < heads) {
      vg_str_add(to, "<th scope=\"row\">");
    } else {
      vg_str_add(to, numeric[c] ? "<td class=\"num\">" : "<td>");
    }
    bool badge = *cell && c >= heads && (!strcmp(name, "verdict") || !strcmp(name, "status"));
    if (badge) vg_str_addf(to, "<span class=\"badge %s\">", tone_names[vg_report_tone_of(cell)]);
    vg_markup_escape(to, cell);
    if (badge) vg_str_add(to, "</span>");
    vg_str_add(to, c < heads ? "</th>" : "</td>");
  }
  vg_str_add(to, "</tr>\n");
}

void vg_report_table(vg_report *r, const char *caption, const vg_table *t, size_t heads) {
  vg_str *to = vg_markup_into(r, BLOCK_NONE);
  if (!to) return;
  bool *numeric = VG_NEW_N(bool, t->cols);
  if (!numeric) {
    vg_report_fail(r, VG_MEMORY);
    return;
  }
  for (size_t c = 0; c < t->cols; c++) numeric[c] = numeric_column(t, c);
  int id = vg_markup_id(r);
  /* A wide table scrolls separately from the page, by keyboard too. */
  vg_str_addf(to,
              "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"t%d\"><table>\n"
              "<caption id=\"t%d\">",
              id, id);
  vg_markup_escape(to, caption);
  vg_str_add(to, "</caption>\n");
  table_head(to, t, heads, numeric);
  vg_str_add(to, "<tbody>\n");
  for (size_t i = 1; i < t->rows; i++) table_row(to, t, i, heads, numeric);
  vg_str_add(to, "</tbody></table></div>\n");
  vg_free(numeric);
}

/* ---- pictures ---- */

static void add_picture(vg_report *r, const void *bytes, size_t n, const char *alt, const char *caption) {
  vg_str *to = vg_markup_into(r, BLOCK_FIGURES);
  if (!to) return;
  vg_str_add(to, "<figure class=\"picture\">");
  vg_report_fail(r, vg_markup_img(to, bytes, n, alt, 0, 0));
  if (caption) {
    vg_str_add(to, "<figcaption>");
    vg_markup_escape(to, caption);
    vg_str_add(to, "</figcaption>");
  }
  vg_str_add(to, "</figure>\n");
}

void vg_report_picture(vg_report *r, const vg_picture *p, const char *alt, const char *caption) {
  void *bytes;
  size_t n;
  if (vg_markup_picture(r, p, NULL, &bytes, &n)) add_picture(r, bytes, n, alt, caption);
  vg_free(bytes);
}

void vg_report_picture_file(vg_report *r, const char *path, const char *alt, const char *caption) {
  void *bytes;
  size_t n;
  if (vg_markup_picture(r, NULL, path, &bytes, &n)) add_picture(r, bytes, n, alt, caption);
  vg_free(bytes);
}
