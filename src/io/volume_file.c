/* volume_file.c: the door for volumes: the ending of a path chooses the format that reads or writes it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "io/volume_format.h"

#define ROWS 32
static struct {
  const char *name, *help;
  const vg_volume_format *format;
} formats[ROWS] = {
#define VG_VOLUME(name, help) {#name, help, &vg_volume_##name},
#include "registry/volumes.def"
#undef VG_VOLUME
};

bool vg_volume_format_add(const char *name, const char *help, const vg_volume_format *format) {
  for (int i = 0; i < ROWS; i++) {
    if (formats[i].name) continue;
    formats[i].name = name, formats[i].help = help, formats[i].format = format;
    return true;
  }
  return false;
}

/* The format with the longest ending that matches name. *ending is the length of that ending. */
static const vg_volume_format *format_of(const char *name, size_t *ending) {
  const vg_volume_format *best = NULL;
  *ending = 0;
  for (int i = 0; i < ROWS && formats[i].name; i++) {
    size_t letters = formats[i].format->ending(name);
    if (letters > *ending) best = formats[i].format, *ending = letters;
  }
  return best;
}

/* The longest ending of a format, and more. */
#define TAIL 31

/* The format of the first n bytes of path. */
static const vg_volume_format *format_of_first(const char *path, size_t n) {
  char tail[TAIL + 1];
  size_t ending, from = n > TAIL ? n - TAIL : 0;
  memcpy(tail, path + from, n - from);
  tail[n - from] = '\0';
  return format_of(tail, &ending);
}

size_t vg_volume_part(const char *path, int *part) {
  const char *mark = strrchr(path, '#');
  const size_t n = mark ? (size_t)(mark - path) : 0, digits = mark ? strspn(mark + 1, "0123456789") : 0;
  *part = -1;
  if (!digits || digits > 6 || mark[1 + digits] || !format_of_first(path, n)) return strlen(path);
  *part = atoi(mark + 1);
  return n;
}

char *vg_volume_file(const char *path) {
  int part;
  char *file = vg_strdup(path);
  if (file) file[vg_volume_part(path, &part)] = '\0';
  return file;
}

/* A file of unknown ending goes to the first format, whose message names the fault. So does a file whose own
 * format cannot write. */
static const vg_volume_format *reader_of(const char *path) {
  int part;
  const vg_volume_format *format = format_of_first(path, vg_volume_part(path, &part));
  return format ? format : formats[0].format;
}

vg_status vg_volume_info(const char *path, vg_volume_header *header) {
  vg_status st = reader_of(path)->info(path, header);
  return st ? st : vg_volume_check_geometry(path, &header->geo);
}

vg_status vg_volume_beside(const char *path, char **beside) {
  const vg_volume_format *format = reader_of(path);
  *beside = NULL;
  return format->beside ? format->beside(path, beside) : VG_OK;
}

vg_status vg_volume_read(const char *path, vg_volume *vol, vg_volume_header *header) {
  vg_status st = reader_of(path)->read(path, vol, header);
  if (!st && (st = vg_volume_check_geometry(path, &vol->geo))) vg_volume_release(vol);
  return st;
}

vg_status vg_volume_read_labels(const char *path, vg_labelmap *map, vg_volume_header *header) {
  vg_status st = reader_of(path)->read_labels(path, map, header);
  if (!st && (st = vg_volume_check_geometry(path, &map->geo))) vg_labelmap_release(map);
  return st;
}

vg_status vg_volume_write(const char *path, const vg_volume *vol, const vg_volume_write_options *options) {
  const vg_volume_format *format = reader_of(path);
  return (format->write ? format : formats[0].format)->write(path, vol, options);
}

vg_status vg_volume_write_labels(const char *path, const vg_labelmap *map, int xform_code) {
  return vg_volume_write_marked_labels(path, map, xform_code, false);
}

vg_status vg_volume_write_marked_labels(const char *path, const vg_labelmap *map, int xform_code,
                                        bool synthetic) {
  const vg_volume_format *format = reader_of(path);
  return (format->write_labels ? format : formats[0].format)->write_labels(path, map, xform_code, synthetic);
}

bool vg_volume_is_path(const char *path) {
  int part;
  const size_t n = vg_volume_part(path, &part);
  const vg_volume_format *format = format_of_first(path, n);
  return format && (part >= 0 || format->reads(path));
}

bool vg_volume_stem(const char *path, char *buf, size_t size) {
  const char *name = vg_fs_basename(path);
  size_t ending;
  format_of(name, &ending);
  size_t len = strlen(name) - ending;
  if (len >= size) return false;
  memcpy(buf, name, len);
  buf[len] = '\0';
  return true;
}
