/* chain.c: parses edits, draws their values, applies them in order, and logs what was drawn. */
#include <stdio.h>
#include <string.h>

#include "edit/brain/memo.h"
#include "edit/hidden.h"
#include "base/names.h"
#include "base/str.h"
#include "voxgan/edit.h"
#include "base/mem.h"

static char *trimmed(char *text) {
  text += strspn(text, " \t\n");
  for (size_t n = strlen(text); n && strchr(" \t\n", text[n - 1]); n--) text[n - 1] = 0;
  return text;
}

/* Cuts the next item off *rest, up to a sep outside parentheses; NULL past the last. */
static char *next_item(char **rest, char sep) {
  char *from = *rest;
  if (!from) return NULL;
  int depth = 0;
  char *c = from;
  for (; *c && (*c != sep || depth > 0); c++) depth += (*c == '(') - (*c == ')');
  *rest = *c ? c + 1 : NULL;
  *c = 0;
  return trimmed(from);
}

static const char *edit_at(const void *list, size_t i) {
  (void)list;
  return vg_edit_at((int)i, NULL, NULL);
}

static vg_status unknown_edit(const char *name) {
  const vg_names names = VG_NAMES_BY(edit_at, NULL);
  const char *near = vg_names_nearest(names, name);
  if (near) return vg_fail(VG_CONFIG, "no edit %s; did you mean %s?", name, near);
  vg_str all = VG_STR_INIT;
  vg_names_join(names, &all);
  vg_status st = vg_fail(VG_CONFIG, "no edit %s; the edits are %s", name, vg_str_text(&all));
  vg_str_release(&all);
  return st;
}

static vg_status unknown_param(const vg_edit_step *step, const char *name) {
  const vg_names names = VG_NAMES(step->edit->params);
  const char *near = vg_names_nearest(names, name);
  if (near) return vg_fail(VG_CONFIG, "%s: no parameter %s; did you mean %s?", step->name, name, near);
  if (!vg_names_at(&names, 0))
    return vg_fail(VG_CONFIG, "%s: no parameter %s; it takes none", step->name, name);
  vg_str all = VG_STR_INIT;
  vg_names_join(names, &all);
  vg_status st =
      vg_fail(VG_CONFIG, "%s: no parameter %s; its parameters are %s", step->name, name, vg_str_text(&all));
  vg_str_release(&all);
  return st;
}

static vg_status check_choice(const vg_param *p, const char *text) {
  char **choices = vg_split(p->choices, '|', NULL);
  if (!choices) return VG_MEMORY;
  const bool known = vg_names_find(VG_NAMES(choices), text) >= 0;
  const char *near = known ? NULL : vg_names_nearest(VG_NAMES(choices), text);
  vg_status st = known  ? VG_OK
                 : near ? vg_fail(VG_CONFIG, "\"%s\"; did you mean %s? (%s)", text, near, p->choices)
                        : vg_fail(VG_CONFIG, "\"%s\", but must be one of %s", text, p->choices);
  vg_strv_free(choices);
  return st;
}

static vg_status check_texts(const vg_param *p, const vg_draw *d) {
  if (d->kind != VG_DRAW_CONSTANT && d->kind != VG_DRAW_CHOICE)
    return vg_fail(VG_CONFIG, "%s: draws numbers, but must be %s", d->text[0],
                   p->choices ? p->choices : "a text");
  vg_status st = VG_OK;
  for (int i = 0; i < d->n && !st && p->type == VG_PARAM_CHOICE; i++) st = check_choice(p, d->text[i]);
  return st;
}

static vg_status add_param(vg_edit_step *step, char *text) {
  if (!*text) return vg_fail(VG_CONFIG, "%s: a parameter is empty", step->name);
  char *value = strchr(text, '=');
  if (value) *value++ = 0, value = trimmed(value), text = trimmed(text);
  int i = 0;
  const vg_param *params = step->edit->params;
  while (params[i].name && strcmp(params[i].name, text)) i++;
  const vg_param *p = &params[i];
  if (!p->name) return unknown_param(step, text);
  if (step->given[i]) return vg_fail(VG_CONFIG, "%s: %s is given twice", step->name, p->name);
  step->given[i] = true;
  if (p->type == VG_PARAM_FLAG)
    return value ? vg_fail(VG_CONFIG, "%s: %s takes no value", step->name, p->name) : VG_OK;
  if (!value || !*value) return vg_fail(VG_CONFIG, "%s: %s needs a value", step->name, p->name);
  vg_draw *d = &step->draws[i];
  vg_status st = vg_draw_parse(value, d);
  if (!st && (p->type == VG_PARAM_NUMBER || p->type == VG_PARAM_WHOLE))
    st = vg_draw_bound(d, p->least, p->most, p->type == VG_PARAM_WHOLE);
  else if (!st)
    st = check_texts(p, d);
  if (!st || st == VG_MEMORY) return st;
  char what[512];
  snprintf(what, sizeof what, "%s", vg_error());
  return vg_fail(st, "%s:%s=%s", step->name, p->name, what);
}

/* "0,5" of a language with a decimal comma: VG_CONFIG where a parameter is nothing but digits. */
static vg_status check_commas(const char *step, const char *params) {
  int depth = 0;
  for (const char *c = params; c && *c; c++) {
    depth += (*c == '(') - (*c == ')');
    if (*c != ',' || depth) continue;
    const size_t digits = strspn(c + 1, "0123456789");
    if (digits && (!c[1 + digits] || c[1 + digits] == ','))
      return vg_fail(VG_CONFIG, "%s: ',%.*s' is no parameter; the decimal sign is a point, as in 0.5", step,
                     (int)digits, c + 1);
  }
  return VG_OK;
}

static vg_status parse_step(char *text, vg_edit_step *step) {
  char *params = strchr(text, ':');
  if (params) *params++ = 0, text = trimmed(text);
  const char *name;
  for (int i = 0; (name = vg_edit_at(i, &step->edit, NULL)); i++)
    if (!strcmp(name, text)) break;
  if (!name) return *text ? unknown_edit(text) : vg_fail(VG_CONFIG, "the name of an edit is missing");
  step->name = name;
  vg_status st = check_commas(name, params);
  for (char *item; !st && (item = next_item(&params, ','));) st = add_param(step, item);
  return st;
}

/* The steps are drawn, applied and recorded for each case. */
#define STEPS_MOST 256

static vg_edit_step *new_step(vg_edit_chain *chain) {
  vg_edit_step *more = vg_realloc(chain->steps, (size_t)chain->n + 1, sizeof *more);
  if (!more) return NULL;
  chain->steps = more;
  memset(&more[chain->n], 0, sizeof *more);
  return &more[chain->n];
}

vg_status vg_edit_chain_add(vg_edit_chain *chain, const char *text) {
  char *copy = vg_strdup(text), *rest = copy;
  int before = chain->n;
  vg_status st = copy ? VG_OK : VG_MEMORY;
  for (char *item; !st && (item = next_item(&rest, ';'));) {
    if (chain->n == STEPS_MOST) {
      st = vg_fail(VG_CONFIG, "more than %d edits", STEPS_MOST);
      break;
    }
    vg_edit_step *step = new_step(chain);
    st = step ? parse_step(item, step) : VG_MEMORY;
    if (!st) chain->n++;
  }
  if (st) chain->n = before;
  vg_free(copy);
  return st;
}

vg_status vg_edit_chain_copy(const vg_edit_chain *from, vg_edit_chain *to) {
  for (int i = 0; i < from->n; i++) {
    vg_edit_step *step = new_step(to);
    if (!step) return VG_MEMORY;
    *step = from->steps[i];
    to->n++;
  }
  return VG_OK;
}

void vg_edit_chain_release(vg_edit_chain *chain) {
  vg_free(chain->steps);
  memset(chain, 0, sizeof *chain);
}

/* ---- applying ---- */

static void draw_values(const vg_edit_step *step, vg_rng *rng, vg_value *values) {
  for (int i = 0; step->edit->params[i].name; i++) {
    const vg_param *p = &step->edit->params[i];
    const vg_draw *d = &step->draws[i];
    vg_value *v = &values[i];
    bool number = p->type == VG_PARAM_NUMBER || p->type == VG_PARAM_WHOLE;
    *v = (vg_value){.given = step->given[i], .number = p->type == VG_PARAM_FLAG ? 0 : p->def};
    if (p->type == VG_PARAM_FLAG) {
      v->number = v->given;
    } else if (number && v->given) {
      v->number = vg_draw_number(d, rng);
    } else if (!number) {
      const char *otherwise = p->text_def ? p->text_def : "";
      snprintf(v->text, sizeof v->text, "%s", v->given ? vg_draw_text(d, rng) : otherwise);
    }
  }
}

static vg_status log_step(vg_edit_log *log, const vg_edit_drawn *drawn) {
  vg_edit_drawn *more = vg_realloc(log->steps, (size_t)log->n + 1, sizeof *more);
  if (!more) return VG_MEMORY;
  log->steps = more;
  more[log->n++] = *drawn;
  return VG_OK;
}

static int donor_param(const vg_edit *edit) {
  for (int i = 0; edit->params[i].name; i++)
    if (edit->params[i].type == VG_PARAM_DONOR) return i;
  return -1;
}

/* Finds the donor that the step names, or draws one, and writes its id into the step's values. */
static vg_status find_donor(const vg_edit_step *step, const vg_edit_context *context, vg_rng *rng,
                            vg_value *values, const vg_maps **donor) {
  const char *used = NULL;
  if (!context->donor) return vg_fail(VG_CONFIG, "there are no donors");
  int i = donor_param(step->edit);
  if (i < 0) VG_BUG("edit %s needs a donor and has no such parameter", step->name);
  vg_status st =
      context->donor(context->donors, *values[i].text ? values[i].text : "random", rng, donor, &used);
  if (st) return st;
  if (strlen(used) >= VG_DRAW_TEXT) return vg_fail(VG_DATA, "donor %s: its id is too long", used);
  strcpy(values[i].text, used);
  values[i].given = true;
  return VG_OK;
}

/* Applies one edit. Tissue of the head stays as it is, as does a resection cavity that is not free to change,
 * unless all is displaced together. */
static vg_status apply_step(const vg_edit *edit, vg_maps *maps, const vg_edit_call *call) {
  vg_hidden hidden = {0};
  const bool keep = !(edit->moves_brain && edit->moves_brain(call));
  vg_status st = keep ? vg_hide(maps, !call->cavity_free, &hidden) : VG_OK;
  if (!st) st = edit->apply(maps, call);
  vg_hidden_restore(maps, &hidden);
  return st;
}

vg_status vg_edit_chain_apply(const vg_edit_chain *chain, vg_maps *maps, const vg_edit_context *context,
                              vg_edit_log *log) {
  vg_memo own = {0}, *memo = context->memo ? context->memo : &own;
  vg_status st = VG_OK;
  bool cavity_free = false;
  for (int i = 0; i < chain->n && !st; i++) {
    const vg_edit_step *step = &chain->steps[i];
    cavity_free |= step->edit->frees_cavity;
    /* Two streams, so that the edit's own random numbers do not depend on how its values were drawn: the
     * logged chain, applied with the same seed and key, makes the same maps. */
    vg_rng draws = vg_rng_init(context->seed, vg_rng_key("edit values", context->key, (uint64_t)i));
    vg_rng rng = vg_rng_init(context->seed, vg_rng_key("edit", context->key, (uint64_t)i));
    vg_edit_drawn drawn = {.name = step->name, .edit = step->edit};
    vg_edit_call call = {
        .edit = step->edit, .values = drawn.values, .rng = &rng, .memo = memo, .cavity_free = cavity_free};
    draw_values(step, &draws, drawn.values);
    if (step->edit->needs_donor)
      st = find_donor(step, context, &draws, drawn.values, maps ? &call.donor : NULL);
    if (!st && maps) st = apply_step(step->edit, maps, &call);
    if (st)
      vg_fail_in(st, "%s", step->name);
    else if (log)
      st = log_step(log, &drawn);
  }
  vg_memo_release(&own);
  return st;
}
