/* data_note.c: reads and writes voxgan-data.json. */
#include "dataset/data_note.h"

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "dataset/layout.h"
#include "io/json.h"
#include "label/class_words.h"
#include "voxgan/log.h"

static const vg_role roles[] = {VG_ROLE_TUMOUR, VG_ROLE_ANATOMY};
static const char *const keys[] = {"tumour_labels", "anatomy_labels"};

/* *out NULL: there is no such file. */
static vg_status read_file(const char *root, const char *name, vg_json **out) {
  *out = NULL;
  char *path = vg_fs_join(root, name);
  bool exists = false;
  vg_status st = path ? vg_fs_holds(path, &exists) : VG_MEMORY;
  if (!st && exists) st = vg_json_read(path, out);
  vg_free(path);
  return st;
}

vg_status vg_data_note_layout(const char *root, char layout[32]) {
  vg_json *note;
  *layout = 0;
  vg_status st = read_file(root, VG_DATA_NOTE, &note);
  const char *name = vg_json_string(vg_json_get(note, "layout"), "");
  if (!st && *name) {
    st = vg_layout_find(name) ? VG_OK : vg_layout_unknown(name);
    if (st) st = vg_fail_in(VG_DATA, "%s/" VG_DATA_NOTE, root);
    if (!st) snprintf(layout, 32, "%s", name);
  }
  vg_json_free(note);
  return st;
}

static vg_status take_schemes(vg_source *source, const vg_json *from, const char *name) {
  vg_scheme *schemes[] = {&source->tumour_scheme, &source->anatomy_scheme};
  for (int i = 0; i < 2; i++) {
    vg_scheme *to = schemes[i];
    const char *text = vg_json_string(vg_json_get(from, keys[i]), NULL);
    if (text && !to->n && vg_scheme_parse_as(text, roles[i], to))
      return vg_fail_in(VG_DATA, "%s/%s: %s", source->root, name, keys[i]);
  }
  return VG_OK;
}

/* Descriptions from elsewhere are not checked here. */
static vg_status read_description(vg_source *source) {
  static const char name[] = "dataset_description.json";
  vg_json *root;
  vg_status st = read_file(source->root, name, &root);
  if (st == VG_DATA) {
    vg_warn("%s; so it does not show what label values mean", vg_error());
    vg_error_clear();
    st = VG_OK;
  }
  if (!st) st = take_schemes(source, vg_json_get(root, "voxgan"), name);
  vg_json_free(root);
  return st;
}

vg_status vg_data_note_schemes(vg_source *source) {
  vg_json *note;
  vg_status st = read_file(source->root, VG_DATA_NOTE, &note);
  if (!st) st = take_schemes(source, note, VG_DATA_NOTE);
  vg_json_free(note);
  return st ? st : read_description(source);
}

/* A scheme as text that parses back to it, by its name where it has one (vg_free). */
static char *text_of(const vg_scheme *s) {
  char *text = vg_scheme_text(s);
  vg_scheme named;
  const bool found = vg_scheme_parse(s->name, &named) == VG_OK;
  char *other = text && found ? vg_scheme_text(&named) : NULL;
  const bool same = other && !strcmp(text, other);
  vg_free(other);
  if (!found) vg_error_clear();
  if (!same) return text;
  vg_free(text);
  return vg_strdup(s->name);
}

char *vg_data_note_of(const vg_source *source) {
  const vg_scheme *schemes[] = {&source->tumour_scheme, &source->anatomy_scheme};
  vg_json *note = vg_json_object();
  vg_json_put_string(note, "layout", source->layout);
  bool ok = note != NULL;
  for (int i = 0; i < 2 && ok; i++) {
    /* What the layout alone assumes, it assumes again. */
    if (!schemes[i]->n || source->assumed[roles[i]]) continue;
    char *text = text_of(schemes[i]);
    if (text) vg_json_put_string(note, keys[i], text);
    ok = text != NULL;
    vg_free(text);
  }
  char *text = ok ? vg_json_print(note, true) : NULL;
  vg_json_free(note);
  return text;
}
