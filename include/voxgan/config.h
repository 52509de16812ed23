/* config.h: the settings of a run as one plain struct, filled from JSON and KEY=VALUE.
 *
 *     vg_config c;
 *     vg_config_default(&c);
 *     st = vg_config_read(&c, "configs/brats2021.json");
 *     st = vg_config_set(&c, "train.lr_g=1e-4");
 *     c.train.lr_g ...
 *
 * JSON is one object a section: {"train": {"lr_g": 1e-4}}; a top-level "about" string is allowed and ignored.
 * An unknown key fails with VG_CONFIG, and the message names the nearest known key. A value out of bounds
 * fails with VG_CONFIG too.
 */
#ifndef VOXGAN_CONFIG_H
#define VOXGAN_CONFIG_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VG_CONFIG_TEXT 4096 /* a text with its final 0: a label scheme of VG_LABELS_MAX labels fits */
#define VG_CONFIG_NAME 16   /* the name of a row of a registry */

/* The settings that have choices: vg_data_anatomy { VG_ANATOMY_AUTO, VG_ANATOMY_MAP, ... }. */
#define VG_CHOICE(constant, text) VG_##constant,
#define VG_SET_CHOICE(section, name, resume, def, choices, help) \
  typedef enum vg_##section##_##name{choices} vg_##section##_##name;
#include "voxgan/settings.def"

typedef struct vg_config {
#define VG_SECTION(section, help) struct {
#define VG_SECTION_END(section) \
  }                             \
  section;
#define VG_SET_BOOL(section, name, ...) bool name;
#define VG_SET_INT(section, name, ...) int name;
#define VG_SET_F64(section, name, ...) double name;
#define VG_SET_STR(section, name, ...) char name[VG_CONFIG_TEXT];
#define VG_SET_DIMS(section, name, ...) int name[3];
#define VG_SET_AXES(section, name, ...) double name[3];
#define VG_SET_CHOICE(section, name, ...) vg_##section##_##name name;
#define VG_SET_NAME(section, name, ...) char name[VG_CONFIG_NAME];
#include "voxgan/settings.def"
} vg_config;

/* The number of each setting, for vg_setting_at, and the number of settings. */
enum {
#define VG_SET_BOOL(section, name, ...) VG_SETTING_INDEX_##section##_##name,
#define VG_SET_INT VG_SET_BOOL
#define VG_SET_F64 VG_SET_BOOL
#define VG_SET_STR VG_SET_BOOL
#define VG_SET_DIMS VG_SET_BOOL
#define VG_SET_AXES VG_SET_BOOL
#define VG_SET_CHOICE VG_SET_BOOL
#define VG_SET_NAME VG_SET_BOOL
#include "voxgan/settings.def"
  VG_SETTINGS
};

/* The number of all choices of all settings. A program refuses a module that differs in it. */
enum {
#define VG_CHOICE(constant, text) +1
#define VG_SET_CHOICE(section, name, resume, def, choices, help) choices
  VG_SETTING_CHOICES = 0
#include "voxgan/settings.def"
};

typedef enum vg_setting_type {
  VG_SETTING_BOOL,
  VG_SETTING_INT,
  VG_SETTING_F64,
  VG_SETTING_STR,
  VG_SETTING_DIMS,
  VG_SETTING_CHOICE,
  VG_SETTING_NAME,
  VG_SETTING_AXES
} vg_setting_type;

/* What --resume allows, the column resume of settings.def. */
typedef enum vg_setting_resume {
  VG_RESUME_FIXED,  /* no other value: the setting defines the run */
  VG_RESUME_SWITCH, /* a number above 0 may become another one, but 0 stays 0 and others stay above it */
  VG_RESUME_FREE
} vg_setting_resume;

/* One row of settings.def. */
typedef struct vg_setting {
  const char *key; /* "train.lr_g" */
  vg_setting_type type;
  size_t offset;               /* into vg_config */
  double def[3], least, most;  /* of numbers and BOOL; def[0] of a CHOICE is its enum's value */
  const char *text_def;        /* of STR and NAME */
  const char *const *choices;  /* of CHOICE: the texts in the order of the enum, then NULL */
  const char *registry, *kind; /* of NAME */
  const char *help;
  vg_setting_resume resume;
} vg_setting;

const vg_setting *vg_setting_at(int i); /* NULL past the last */
/* Text i that a CHOICE or NAME can be set to. NULL past the last, and for other types. */
const char *vg_setting_choice(const vg_setting *s, int i);

void vg_config_default(vg_config *c);
/* assignment: "section.key=value". */
vg_status vg_config_set(vg_config *c, const char *assignment);
vg_status vg_config_read(vg_config *c, const char *path);
/* Replaces "auto" in train.reconstruction and augment.images by its value for train.direction. VG_CONFIG:
 * two settings contradict each other. */
vg_status vg_config_resolve(vg_config *c);
/* Where anatomy classes come from: the kinds of data.anatomy. */
typedef enum vg_anatomy_kind {
  VG_ANATOMY_AUTO,
  VG_ANATOMY_MAP,
  VG_ANATOMY_MASK,
  VG_ANATOMY_CLUSTERS,
  VG_ANATOMY_PREDICT
} vg_anatomy_kind;
#define VG_CLUSTERS_MAX 16        /* clusters of a series */
#define VG_CLUSTER_CLASSES_MAX 24 /* combinations of them */
#define VG_CLUSTER_SERIES_MAX 3
/* Intensities of a subject's own images as anatomy: each series has n clusters, from dark to bright, and a
 * class is a combination of one cluster of each series. */
typedef struct vg_clusters {
  int n_series;
  char series[VG_CLUSTER_SERIES_MAX][32];
  int n[VG_CLUSTER_SERIES_MAX];
} vg_clusters;
/* The number of combinations; 0 of no series. */
int vg_clusters_classes(const vg_clusters *of);
typedef struct vg_anatomy {
  vg_anatomy_kind kind;
  vg_clusters clusters; /* of CLUSTERS: one series without a name is the one that the run chooses */
  const char *model;    /* of PREDICT, borrowed from the text */
} vg_anatomy;
/* Parses a value of data.anatomy. VG_CONFIG: the text is no such value. */
vg_status vg_anatomy_parse(const char *text, vg_anatomy *out);
/* Reads a value of data.tumour_parts. Empty: no series. VG_CONFIG. */
vg_status vg_tumour_parts_parse(const char *text, vg_clusters *out);
/* Whether train.direction is image2label: series in, label maps out. */
bool vg_config_segments(const vg_config *c);
/* Writes the value of one setting into buf, as vg_config_set takes it. Returns buf. */
const char *vg_setting_text(const vg_config *c, const vg_setting *s, char *buf, size_t size);
/* Prints a table of all settings: key, default, bounds, help. */
void vg_config_help(FILE *to);

#ifdef __cplusplus
}
#endif
#endif
