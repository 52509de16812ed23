/* call.c: how an edit reads the values of its parameters. */
#include <string.h>

#include "edit/kind/change.h"
#include "base/whole.h"

static const vg_value *value_of(const vg_edit_call *c, const char *name) {
  for (int i = 0; c->edit->params[i].name; i++)
    if (!strcmp(c->edit->params[i].name, name)) return &c->values[i];
  VG_BUG("an edit reads a parameter that it lacks: %s", name);
}

double vg_call_number(const vg_edit_call *c, const char *name) {
  return value_of(c, name)->number;
}

const char *vg_call_text(const vg_edit_call *c, const char *name) {
  return value_of(c, name)->text;
}

bool vg_call_flag(const vg_edit_call *c, const char *name) {
  return value_of(c, name)->number != 0;
}

bool vg_call_given(const vg_edit_call *c, const char *name) {
  return value_of(c, name)->given;
}

vg_mass_settings vg_mass_of_call(const vg_edit_call *call) {
  return (vg_mass_settings){vg_call_number(call, "mass"), vg_call_number(call, "falloff")};
}

vg_site_rules vg_site_rules_of_call(const vg_edit_call *call) {
  return (vg_site_rules){.gap = vg_call_number(call, "gap"),
                         .fit = vg_call_number(call, "fit"),
                         .tries = vg_int_of(vg_call_number(call, "tries")),
                         .anywhere = vg_call_flag(call, "anywhere")};
}
