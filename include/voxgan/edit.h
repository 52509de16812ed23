/* edit.h: edits of label maps: tumours are scaled, moved, grafted, grown or removed.
 *
 * An edit is a row of edits.def: parameters with bounds and help, and a function over vg_maps. All lengths
 * are millimetres, volumes millilitres, positions world coordinates (RAS+), so an edit means the same at any
 * spacing and orientation. It keeps the grid, and writes only classes that the maps have. Its random numbers
 * come from one stream, so the same (maps, values, stream) give the same bytes.
 *
 *     vg_edit_chain chain = {0};
 *     st = vg_edit_chain_add(&chain, "graft:donor=random");
 *     st = vg_edit_chain_add(&chain, "scale:ml=uniform(5,40)");
 *     st = vg_edit_chain_apply(&chain, &maps, &context, &log);
 *     vg_edit_chain_release(&chain);
 */
#ifndef VOXGAN_EDIT_H
#define VOXGAN_EDIT_H
#include <stdbool.h>
#include "voxgan/maps.h"
#include "voxgan/rng.h"
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A value, or a distribution to draw values from, as users write it:
 *
 *     12.5            left-hemisphere
 *     uniform(0.5,1.5)
 *     int(1,4)                    whole numbers, both ends included
 *     normal(mean,sd)   lognormal(median,sigma)   either may end in ,lo,hi to truncate it
 *     choice(none:0.3,ring:0.7)   weights after a colon; 1 without one
 *     like(DIR)                   the tumour volumes (ml) of a data set: linear between 16 of their quantiles
 */
#define VG_DRAW_TEXT 96
#define VG_DRAW_CHOICES 16

typedef enum vg_draw_kind {
  VG_DRAW_CONSTANT,
  VG_DRAW_UNIFORM,
  VG_DRAW_INT,
  VG_DRAW_NORMAL,
  VG_DRAW_LOGNORMAL,
  VG_DRAW_CHOICE,
  VG_DRAW_LIKE
} vg_draw_kind;

/* One parsed value or distribution. Owns no memory: copy it freely. */
typedef struct vg_draw {
  vg_draw_kind kind;
  int n; /* arguments or choices */
  bool numeric;
  double a[4];                    /* arguments */
  double weight[VG_DRAW_CHOICES]; /* choices */
  double number[VG_DRAW_CHOICES]; /* the constant or the choices, if numeric; the quantiles of LIKE */
  char text[VG_DRAW_CHOICES][VG_DRAW_TEXT]; /* the constant, the choices, or the distribution, as written */
} vg_draw;

/* like(DIR) opens the data set. VG_CONFIG names the fault: an unknown distribution (and the nearest known), a
 * wrong number of arguments, lo not below hi, a weight that is not positive. A text without the form
 * NAME(...) is a constant. */
vg_status vg_draw_parse(const char *text, vg_draw *out);

/* Requires that every value that can be drawn is a number from least to most: otherwise VG_CONFIG
 * "uniform(0.5,20): 20 is not within 0.1 to 10". normal and lognormal without limits get least and most as
 * limits, and their mean or median must lie within. whole: requires whole numbers. */
vg_status vg_draw_bound(vg_draw *d, double least, double most, bool whole);

/* d must be numeric. A drawn number has six significant digits, so that its record is short. */
double vg_draw_number(const vg_draw *d, vg_rng *rng);
const char *vg_draw_text(const vg_draw *d,
                         vg_rng *rng); /* borrowed from d, which must be a constant or choice */

typedef enum vg_param_type {
  VG_PARAM_NUMBER,
  VG_PARAM_WHOLE,
  VG_PARAM_CHOICE,
  VG_PARAM_TEXT,
  VG_PARAM_DONOR, /* a subject's id, or "random"; an anonymous data set hides it */
  VG_PARAM_FLAG
} vg_param_type;

/* One parameter. A default of NAN, or "" for a text, means "not given". */
typedef struct vg_param {
  const char *name;
  vg_param_type type;
  double def, least, most; /* NUMBER, WHOLE */
  const char *text_def;    /* CHOICE, TEXT, DONOR */
  const char *choices;     /* CHOICE: "a|b" */
  const char *unit;        /* "mm", "ml", ...; "" for none */
  const char *help;
} vg_param;

#define VG_EDIT_PARAMS 24

/* The value of a parameter, drawn for one case. */
typedef struct vg_value {
  bool given; /* the user wrote it; false: the default */
  double number;
  char text[VG_DRAW_TEXT];
} vg_value;

/* The arguments of an edit. */
typedef struct vg_edit_call {
  const struct vg_edit *edit;
  const vg_value *values; /* parallel to edit->params */
  vg_rng *rng;
  struct vg_memo *memo; /* results that the chain's edits share (src/edit/brain/memo.h); or NULL */
  const vg_maps *donor; /* has a tumour, its own grid, the same classes; only if edit->needs_donor */
  bool cavity_free;     /* the chain freed the resection cavity: a donor's comes with its tumour */
} vg_edit_call;

typedef struct vg_edit {
  const vg_param *params; /* ends with a NULL name; at most VG_EDIT_PARAMS */
  bool needs_donor;
  bool makes_tumour; /* also in a case without one */
  /* How many pieces the edit may add to the tumour: a number, plus the value of a parameter (NULL: none). */
  int adds_pieces;
  const char *pieces_param;
  bool frees_cavity; /* the edits after it may change the class "cavity", which others keep */
  /* Whether the call displaces the whole brain, with a cavity and the head around it. NULL: never. */
  bool (*moves_brain)(const vg_edit_call *call);
  bool may_split;           /* may remove the oedema that joins the pieces of the core */
  const char *region_param; /* the parameter that names the region where the tumour is put; NULL: none */
  /* The volume in ml of the tumour that the call puts down, where one of `before` ml is. NULL: that of the
   * donor if the edit needs one, else `before`. */
  double (*volume)(const vg_edit_call *call, double before);
  /* VG_REFUSED, with maps unchanged: these maps, values and random numbers have no solution (there is no
   * site, or no tumour). The message says why, and how many sites were tried. */
  vg_status (*apply)(vg_maps *maps, const vg_edit_call *call);
} vg_edit;

const vg_edit *vg_edit_find(const char *name);                          /* NULL */
const char *vg_edit_at(int i, const vg_edit **edit, const char **help); /* name; NULL past the last */

/* A call's values by name; VG_BUG if the edit lacks the parameter. NAN and "" if not given. */
double vg_call_number(const vg_edit_call *c, const char *name);
const char *vg_call_text(const vg_edit_call *c, const char *name);
bool vg_call_flag(const vg_edit_call *c, const char *name);
bool vg_call_given(const vg_edit_call *c, const char *name);

/* One edit as written: its parameters are constants or distributions. */
typedef struct vg_edit_step {
  const char *name;
  const vg_edit *edit;
  bool given[VG_EDIT_PARAMS];
  vg_draw draws[VG_EDIT_PARAMS];
} vg_edit_step;

typedef struct vg_edit_chain {
  int n;
  vg_edit_step *steps;
} vg_edit_chain;

/* Appends "NAME" or "NAME:param=value,flag,param=uniform(a,b)", or several of them separated by ';', as in a
 * log. VG_CONFIG, with the chain unchanged, names the fault and the nearest known name, for example
 * 'scale:factor=uniform(0.5,200): 200 is not within 0.01 to 100'. */
vg_status vg_edit_chain_add(vg_edit_chain *chain, const char *text);
vg_status vg_edit_chain_copy(const vg_edit_chain *from, vg_edit_chain *to); /* appends */
void vg_edit_chain_release(vg_edit_chain *chain);

/* The seed of a chain, and the source of its donors. */
typedef struct vg_edit_context {
  uint64_t seed, key;   /* step i draws from stream (seed, key mixed with i) */
  struct vg_memo *memo; /* results for the maps and donors that exist already (src/edit/brain/memo.h); NULL */
  void *donors;
  /* Sets maps to those of donor `id`, or of one drawn with rng if id is "random" (borrowed until the next
   * call), and used to the donor's id (borrowed). maps NULL: sets the id only. The pointer is NULL without
   * donors. */
  vg_status (*donor)(void *donors, const char *id, vg_rng *rng, const vg_maps **maps, const char **used);
} vg_edit_context;

/* A step as applied: an edit with its drawn values. */
typedef struct vg_edit_drawn {
  const char *name;
  const vg_edit *edit;
  vg_value values[VG_EDIT_PARAMS];
} vg_edit_drawn;

/* The steps of one case, in order. Caller-owned: _init by {0}, _release. */
typedef struct vg_edit_log {
  int n;
  vg_edit_drawn *steps;
} vg_edit_log;
void vg_edit_log_release(vg_edit_log *log);

/* Writes a substitute for a donor's id. */
typedef void vg_edit_hide(void *arg, const char *id, vg_str *out);
/* Adds the log to out as one line, "graft:donor=pat0001,...;scale:ml=12.31". Parsed again and applied in the
 * same context, it makes the same maps. hide writes every value of a parameter of type DONOR; NULL: the ids
 * appear. */
void vg_edit_log_text(const vg_edit_log *log, vg_edit_hide *hide, void *arg, vg_str *out);
/* Adds the donors in the log to out, joined by ';'. */
void vg_edit_log_donors(const vg_edit_log *log, vg_edit_hide *hide, void *arg, vg_str *out);

/* Draws and applies each step in order, and adds it to log (may be NULL). After a failure maps are undefined.
 * maps NULL: draws and logs the steps only. */
vg_status vg_edit_chain_apply(const vg_edit_chain *chain, vg_maps *maps, const vg_edit_context *context,
                              vg_edit_log *log);

/* The measurements by which an edited case is checked before an image is made of it. */
typedef struct vg_tumour_facts {
  int components;             /* pieces of the whole tumour, by 26 neighbours */
  double ml[VG_CLASSES_MAX];  /* by index into classes; 0 for anatomy */
  double total_ml, centre[3]; /* of mass, world mm */
  double outside_ml;          /* tumour outside the brain */
  double left_share;          /* share of the tumour's volume left of the midplane */
} vg_tumour_facts;
vg_status vg_tumour_measure(const vg_maps *maps, vg_tumour_facts *out);

#ifdef __cplusplus
}
#endif
#endif
