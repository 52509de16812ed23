/* edit.h: label maps altered: tumours scaled, moved, grafted, grown, healed.
 *
 * An edit is a row of edits.def: parameters with bounds and help, and a function over vg_maps. All lengths
 * are millimetres, volumes millilitres, positions world coordinates (RAS+), so an edit means the same on any
 * spacing and orientation. It keeps the grid and emits only classes that the maps know. Random numbers come
 * from one stream, so the same (maps, values, stream) give the same bytes.
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
#include "voxgan/draw.h"
#include "voxgan/maps.h"
#include "voxgan/rng.h"
#include "voxgan/text.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum vg_param_type {
  VG_PARAM_NUMBER,
  VG_PARAM_WHOLE,
  VG_PARAM_CHOICE,
  VG_PARAM_TEXT,
  VG_PARAM_DONOR, /* a subject's id, or "random"; hidden in an anonymous data set */
  VG_PARAM_FLAG
} vg_param_type;

/* One parameter. A number without a default (NAN) is "not given"; so is a text "". */
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

/* A parameter's value as drawn for one case. */
typedef struct vg_value {
  bool given; /* written by the user, not the default */
  double number;
  char text[VG_DRAW_TEXT];
} vg_value;

/* What an edit is called with. */
typedef struct vg_edit_call {
  const struct vg_edit *edit;
  const vg_value *values; /* parallel to edit->params */
  vg_rng *rng;
  struct vg_memo
      *memo; /* what the chain's edits have found out (src/edit/brain/memo.h); NULL: nothing is kept */
  const vg_maps *donor; /* with tumour, on its own grid, of the same classes; only where edit->needs_donor */
} vg_edit_call;

typedef struct vg_edit {
  const vg_param *params; /* ends with a NULL name; at most VG_EDIT_PARAMS */
  bool needs_donor;
  bool makes_tumour; /* also where there was none */
  /* By how many pieces the tumour may grow: a number, and a parameter that holds a further one (NULL: none).
   */
  int adds_pieces;
  const char *pieces_param;
  bool may_split; /* may leave the tumour in the pieces of its core, without the oedema that joins them */
  /* VG_REFUSED: these maps, values and random numbers have no answer (no place is found, no tumour is there);
   * the message says why and, where places were searched, how many were tried. Then maps are as they were. */
  vg_status (*apply)(vg_maps *maps, const vg_edit_call *call);
} vg_edit;

const vg_edit *vg_edit_find(const char *name);                          /* NULL */
const char *vg_edit_at(int i, const vg_edit **edit, const char **help); /* name; NULL past the last */

/* A call's values by name; VG_BUG when the edit has no such parameter. NAN and "" where not given. */
double vg_call_number(const vg_edit_call *c, const char *name);
const char *vg_call_text(const vg_edit_call *c, const char *name);
bool vg_call_flag(const vg_edit_call *c, const char *name);
bool vg_call_given(const vg_edit_call *c, const char *name);

/* One edit as written, its parameters constants or distributions. */
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

/* Adds "NAME" or "NAME:param=value,flag,param=uniform(a,b)", or several of them with ';' between, as logged.
 * VG_CONFIG names the fault and the nearest known name, for example
 * 'scale:factor=uniform(0.5,200): 200 is not within 0.01 to 100'; the chain is then as it was. */
vg_status vg_edit_chain_add(vg_edit_chain *chain, const char *text);
vg_status vg_edit_chain_copy(const vg_edit_chain *from, vg_edit_chain *to); /* appends */
void vg_edit_chain_release(vg_edit_chain *chain);

/* Where donors come from. */
typedef struct vg_edit_context {
  uint64_t seed, key;   /* step i draws from stream (seed, key mixed with i) */
  struct vg_memo *memo; /* what is known of the maps and donors already (src/edit/brain/memo.h); NULL */
  void *donors;
  /* The maps of donor `id`, or of one drawn with rng where id is "random"; borrowed until the next call.
   * used: its id (borrowed). maps NULL: only that is wanted. NULL where there are no donors. */
  vg_status (*donor)(void *donors, const char *id, vg_rng *rng, const vg_maps **maps, const char **used);
} vg_edit_context;

/* A step as applied: the edit with the values drawn for it. */
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

/* Writes what stands for a donor's id. */
typedef void vg_edit_hide(void *arg, const char *id, vg_str *out);
/* Adds the log as one line, which parses back and, with the same context, makes the same maps:
 * "graft:donor=pat0001,...;scale:ml=12.31". hide: writes every value of a parameter of type DONOR; NULL: the
 * ids themselves. */
void vg_edit_log_text(const vg_edit_log *log, vg_edit_hide *hide, void *arg, vg_str *out);
/* Adds the donors of the log, joined by ';'. */
void vg_edit_log_donors(const vg_edit_log *log, vg_edit_hide *hide, void *arg, vg_str *out);

/* Draws and applies each step in order, and adds it to log, which may be NULL. After a failure maps are
 * undefined. maps NULL: the steps are only drawn and logged. */
vg_status vg_edit_chain_apply(const vg_edit_chain *chain, vg_maps *maps, const vg_edit_context *context,
                              vg_edit_log *log);

/* What every data set of edited maps is checked for, before an image is made of it. */
typedef struct vg_tumour_facts {
  int components;             /* of the whole tumour, by 26 neighbours */
  double ml[VG_CLASSES_MAX];  /* by index into classes; 0 for anatomy */
  double total_ml, centre[3]; /* of mass, world mm */
  double outside_ml;          /* tumour outside the brain */
  double left_share;          /* of the tumour's volume, left of the midplane */
} vg_tumour_facts;
vg_status vg_tumour_measure(const vg_maps *maps, vg_tumour_facts *out);

#ifdef __cplusplus
}
#endif
#endif
