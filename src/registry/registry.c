/* registry.c: the rows of every .def file as tables of text. */
#include "registry/registry_extend.h"
#include "voxgan/registry.h"

#include <stddef.h>
#include <string.h>
#include "base/names.h"

#define ROW(name, help) {#name, help, NULL},
#define END \
  { NULL, NULL, NULL }

#define VG_LAYOUT ROW
static const vg_registry_row layouts[] = {
#include "registry/layouts.def"
    END};

#define VG_SCHEME(name, help, ...) {#name, help, NULL},
static const vg_registry_row schemes[] = {
#include "registry/schemes.def"
    END};

#define VG_GENERATOR ROW
static const vg_registry_row generators[] = {
#include "registry/generators.def"
    END};

#define VG_DISCRIMINATOR ROW
static const vg_registry_row discriminators[] = {
#include "registry/discriminators.def"
    END};

#define VG_LOSS_ADV(name, help) {#name, help, "adversarial"},
#define VG_LOSS_REC(name, help) {#name, help, "reconstruction"},
#define VG_LOSS_SEG VG_LOSS_REC
static const vg_registry_row losses[] = {
#include "registry/losses.def"
    END};

#define VG_EDIT ROW
static const vg_registry_row edits[] = {
#include "registry/edits.def"
    END};

#define VG_FORMAT ROW
static const vg_registry_row formats[] = {
#include "registry/formats.def"
    END};

#define LOWER "lower is better"
#define HIGHER "higher is better"
#define IDEAL "nearer to the ideal is better"
#define VG_METRIC(name, suite, better, help) {#name, #suite ", " better ": " help, NULL},
static const vg_registry_row metrics[] = {
#include "voxgan/metrics.def"
#define VG_SET_METRIC(name, suite, better, ideal, help) {#name, #suite ", " better ": " help, NULL},
#include "registry/set_metrics.def"
    END};

#define VG_FEATURES ROW
static const vg_registry_row features[] = {
#include "registry/features.def"
    END};

#define VG_VOLUME ROW
static const vg_registry_row volumes[] = {
#include "registry/volumes.def"
    END};

#define VG_SUITE ROW
static const vg_registry_row suites[] = {
#include "registry/suites.def"
    END};

#define VG_FRD ROW
static const vg_registry_row frd[] = {
#include "registry/frd.def"
    END};

static vg_registry registries[] = {
    {"layouts", "how a data set's files are named (--layout, --format)", layouts},
    {"schemes", "what label values mean (data.tumour_scheme, data.anatomy_scheme)", schemes},
    {"generators", "generator architectures (net.generator)", generators},
    {"discriminators", "discriminator architectures (net.discriminator)", discriminators},
    {"losses", "adversarial and reconstruction losses (train.adversarial, train.reconstruction)", losses},
    {"volumes", "file formats of volumes", volumes},
    {"edits", "edits of label maps, for synth --edit", edits},
    {"formats", "data sets that synth writes", formats},
    {"metrics", "metrics of voxgan eval", metrics},
    {"suites", "suites of voxgan eval (--suite)", suites},
    {"features", "spaces in which voxgan eval compares sets of subjects", features},
    {"frd", "versions of the radiomics distance (--frd)", frd},
};

enum { REGISTRIES = sizeof registries / sizeof *registries, ROWS_MAX = 96 };

const vg_registry *vg_registry_at(int i) {
  return i >= 0 && i < REGISTRIES ? &registries[i] : NULL;
}

const vg_registry *vg_registry_find(const char *name) {
  return vg_registry_at(vg_names_find(VG_NAMES_N(registries, REGISTRIES), name));
}

vg_status vg_registry_extend(const char *registry, const char *name, const char *help) {
  return vg_registry_extend_kind(registry, NULL, name, help);
}

vg_status vg_registry_extend_kind(const char *registry, const char *kind, const char *name,
                                  const char *help) {
  static vg_registry_row extended[REGISTRIES][ROWS_MAX + 1];
  const vg_registry *found = vg_registry_find(registry);
  if (!found) return vg_fail(VG_CONFIG, "no registry '%s'", registry);
  const size_t which = (size_t)(found - registries);
  if (vg_names_find(VG_NAMES(found->rows), name) >= 0)
    return vg_fail(VG_CONFIG, "registry %s has a row '%s' already", registry, name);
  size_t n = 0;
  while (found->rows[n].name) n++;
  if (n == ROWS_MAX) return vg_fail(VG_CONFIG, "registry %s is full", registry);
  vg_registry_row *rows = extended[which];
  if (found->rows != rows) memcpy(rows, found->rows, n * sizeof *rows);
  rows[n] = (vg_registry_row){name, help, kind};
  rows[n + 1] = (vg_registry_row){NULL, NULL, NULL};
  registries[which].rows = rows;
  return VG_OK;
}
