/* class_words.h: the spellings of classes that voxgan knows, and the role of each. */
#ifndef VG_CLASS_WORDS_H
#define VG_CLASS_WORDS_H
#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"
#include "voxgan/labels.h"

/* What a label's name says about it. */
typedef enum vg_word {
  VG_WORD_UNKNOWN,
  VG_WORD_BACKGROUND, /* "background": no class */
  VG_WORD_IGNORE,     /* nnU-Net's "ignore": voxels that nobody labelled */
  VG_WORD_CLASS,      /* role is known; the class is *name, or NULL if the word itself is the class */
} vg_word;

/* "Enhancing tumor" and "ET" are enhancing, "gray matter" is gm; "left thalamus" is anatomy under its own
 * name, "lesion" tumour under its own name. */
vg_word vg_class_word(const char *word, const char **name, vg_role *role);
/* head[code] is whether that class of anatomy is tissue of the head outside the brain, such as "skull" or
 * "scalp". code: index + 1. Returns whether any is. */
bool vg_class_head_table(const vg_classes *classes, bool head[VG_CLASSES_MAX + 1]);
/* vg_scheme_parse() for text that a user gave for maps of one kind. The role of a label without ":ROLE": in a
 * scheme of anatomy maps, anatomy; in a scheme of tumour maps, that of a known name, else tumour. */
vg_status vg_scheme_parse_as(const char *text, vg_role map, vg_scheme *out);
/* Writes the letters and digits of text in lower case. */
void vg_word_simplify(const char *text, char *out, size_t size);

/* Adds the names of the registered schemes in which every value that is present (65536 entries) has a class
 * of the role: "freesurfer or freesurfer-tissues". False: no scheme is such. */
bool vg_scheme_suggest(const bool *present, vg_role role, vg_str *out);
/* vg_scheme_check(), where values of `also` (NULL: none) are known too. */
vg_status vg_scheme_check_with(const vg_scheme *s, const vg_scheme *also, const vg_labelmap *map,
                               const char *path);

#endif
