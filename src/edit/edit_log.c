/* edit_log.c: writes the steps applied to a case as text. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "voxgan/edit.h"

void vg_edit_log_release(vg_edit_log *log) {
  vg_free(log->steps);
  *log = (vg_edit_log){0};
}

static void add_donor(const char *id, vg_edit_hide *hide, void *arg, vg_str *out) {
  if (hide)
    hide(arg, id, out);
  else
    vg_str_add(out, id);
}

static void add_step(const vg_edit_drawn *step, vg_edit_hide *hide, void *arg, vg_str *out) {
  const char *before = ":";
  vg_str_add(out, step->name);
  for (int i = 0; step->edit->params[i].name; i++) {
    const vg_param *p = &step->edit->params[i];
    const vg_value *v = &step->values[i];
    if (!v->given) continue;
    vg_str_addf(out, "%s%s", before, p->name);
    before = ",";
    if (p->type == VG_PARAM_FLAG) continue;
    vg_str_add(out, "=");
    if (p->type == VG_PARAM_NUMBER || p->type == VG_PARAM_WHOLE)
      vg_str_add_number(out, v->number);
    else if (p->type == VG_PARAM_DONOR)
      add_donor(v->text, hide, arg, out);
    else
      vg_str_add(out, v->text);
  }
}

void vg_edit_log_text(const vg_edit_log *log, vg_edit_hide *hide, void *arg, vg_str *out) {
  for (int i = 0; i < log->n; i++) {
    if (i) vg_str_add(out, ";");
    add_step(&log->steps[i], hide, arg, out);
  }
}

void vg_edit_log_donors(const vg_edit_log *log, vg_edit_hide *hide, void *arg, vg_str *out) {
  bool any = false;
  for (int i = 0; i < log->n; i++) {
    const vg_edit_drawn *step = &log->steps[i];
    for (int p = 0; step->edit->params[p].name; p++) {
      if (step->edit->params[p].type != VG_PARAM_DONOR || !step->values[p].given) continue;
      if (any) vg_str_add(out, ";");
      any = true;
      add_donor(step->values[p].text, hide, arg, out);
    }
  }
}
