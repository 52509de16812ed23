/* json.h: JSON trees. Only src/io/json.c uses the library underneath.
 *
 * A vg_json * is a node. _parse, _read, _object and _array make roots; free them with vg_json_free. A node
 * that is put into another belongs to that one. Getters return a borrowed node or NULL and accept NULL, so a
 * path reads as one expression:
 *
 *     double lr = vg_json_number(vg_json_get(vg_json_get(root, "train"), "lr_g"), 2e-4);
 *
 * Builders accept NULL too (an earlier allocation failed); vg_json_print of NULL reports the failure.
 */
#ifndef VOXGAN_JSON_H
#define VOXGAN_JSON_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_json vg_json;
typedef enum vg_json_type {
  VG_JSON_NONE,
  VG_JSON_NULL,
  VG_JSON_BOOL,
  VG_JSON_NUMBER,
  VG_JSON_STRING,
  VG_JSON_ARRAY,
  VG_JSON_OBJECT
} vg_json_type;

/* The largest file of JSON that is read. Texts may have some 8 million values, nested 1000 deep. */
#define VG_JSON_BYTES ((uint64_t)256 << 20)

/* VG_DATA gives name, line and column of the first fault. Rejects trailing text. */
vg_status vg_json_parse(const char *name, const char *text, vg_json **out);
vg_status vg_json_read(const char *path, vg_json **out);
void vg_json_free(vg_json *root);

vg_json_type vg_json_type_of(const vg_json *node); /* NONE for NULL */
vg_json *vg_json_get(const vg_json *object, const char *key);
/* Walks the children of an object or array, in order. */
vg_json *vg_json_first(const vg_json *node);
vg_json *vg_json_next(const vg_json *child);
size_t vg_json_size(const vg_json *node);
/* Never NULL: "" in an array, since a file may have an array where an object belongs. */
const char *vg_json_key(const vg_json *child);
double vg_json_number(const vg_json *node, double otherwise);
/* Reads a number, or an array of three. False: the node is neither, and values are unchanged. */
bool vg_json_axes(const vg_json *node, double values[3]);
bool vg_json_bool(const vg_json *node, bool otherwise);
const char *vg_json_string(const vg_json *node, const char *otherwise);
/* Reads a whole number of an object within bounds. VG_DATA: the number is missing, not whole or out of
 * bounds; the message names the key, and *out is unchanged. Use these for every file that this process did
 * not write. */
vg_status vg_json_int(const vg_json *object, const char *key, int least, int most, int *out);
vg_status vg_json_i64(const vg_json *object, const char *key, int64_t least, int64_t most, int64_t *out);

vg_json *vg_json_object(void);
vg_json *vg_json_array(void);
/* key NULL appends to an array; an existing key is replaced. The non-scalar form takes ownership of child and
 * returns it borrowed. */
void vg_json_put_string(vg_json *parent, const char *key, const char *value);
/* The same, and frees value. NULL: making it failed, so the tree is incomplete. */
void vg_json_put_string_take(vg_json *parent, const char *key, char *value);
void vg_json_put_number(vg_json *parent, const char *key, double value); /* not finite: null */
/* One number where the three are equal, else an array of them. */
void vg_json_put_axes(vg_json *parent, const char *key, const double values[3]);
void vg_json_put_bool(vg_json *parent, const char *key, bool value);
vg_json *vg_json_put_take(vg_json *parent, const char *key, vg_json *child);
/* Puts a copy of a node of any tree. NULL: nothing is put. */
void vg_json_put_copy(vg_json *parent, const char *key, const vg_json *from);

/* Whether all that was put into a tree is in it: no allocation failed. For a tree that is read here and not
 * printed, since printing fails by itself. NULL is not whole. */
bool vg_json_is_whole(const vg_json *node);
/* Returns the tree if it is whole. Otherwise frees it, and returns NULL with the message set. */
vg_json *vg_json_whole(vg_json *root);

/* Reads a file with one JSON text a line. Ignores a last line without a line break: a process is writing it,
 * or crashed while writing it. A missing file has no lines. VG_DATA names file and line. */
typedef struct vg_json_lines {
  vg_json **items;
  size_t n;
} vg_json_lines;
vg_status vg_json_lines_read(const char *path, vg_json_lines *out);
void vg_json_lines_release(vg_json_lines *lines);

/* Returns the text (vg_free), with numbers in the shortest form that reads back the same. pretty: indented,
 * ends with a line break. NULL, with the message set: out of memory. */
char *vg_json_print(const vg_json *node, bool pretty);
vg_status vg_json_write(const char *path, const vg_json *node);
/* The same by vg_fs_write_new: never in place of a file. */
vg_status vg_json_write_new(const char *path, const vg_json *node, bool *made);

#ifdef __cplusplus
}
#endif
#endif
