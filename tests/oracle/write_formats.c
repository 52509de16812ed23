/* write_formats.c: write_formats OUT [FORMAT...]: writes phantom subjects as a data set in each format, below
 * OUT/FORMAT, for oracles that read data sets. */
#include <stdio.h>
#include <string.h>
#include "output/sheet/contact_sheet.h"
#include "dataset/layout.h"
#include "output/format/format.h"
#include "base/fs.h"
#include "io/json.h"
#include "voxgan/log.h"
#include "voxgan/output.h"
#include "base/mem.h"
#include "voxgan/volume.h"
#include "voxgan/phantom.h"
#include "voxgan/version.h"

enum { CASES = 3, SERIES = 4 };

typedef struct writing {
  const vg_dataset_format *format;
  vg_format_set set;
  char *root;
  vg_record record; /* of the case being written */
} writing;

/* Makes room for a file of the case, enters it in the record, and returns its whole path (vg_free). */
static vg_status new_file(writing *w, vg_file_kind kind, const char *role, char **whole) {
  char relative[512];
  vg_status st = w->format->path(&w->set, w->record.id, kind, role, relative, sizeof relative);
  *whole = NULL;
  if (!st) st = vg_record_add_file(&w->record, role, relative);
  if (st) return st;
  *whole = vg_fs_join(w->root, relative);
  char *dir = *whole ? vg_fs_dirname(*whole) : NULL;
  st = dir ? vg_fs_make_dirs(dir) : VG_MEMORY;
  vg_free(dir);
  return st;
}

/* map: values of scheme from; as the set has them. */
static vg_status write_map(writing *w, vg_labelmap *map, const char *from, vg_role role) {
  const vg_scheme *to = role == VG_ROLE_TUMOUR ? &w->set.tumour : &w->set.anatomy;
  vg_file_kind kind = role == VG_ROLE_TUMOUR ? VG_FILE_TUMOUR : VG_FILE_ANATOMY;
  uint16_t value[8] = {0};
  vg_scheme own;
  char *path;
  vg_status st = vg_scheme_parse(from, &own);
  for (int i = 0; i < own.n && !st; i++)
    for (int k = to->n - 1; k >= 0; k--)
      if (!strcmp(own.labels[i].name, to->labels[k].name)) value[own.labels[i].value] = to->labels[k].value;
  for (size_t i = 0; i < vg_geometry_voxels(&map->geo); i++) map->data[i] = value[map->data[i]];
  st = new_file(w, kind, role == VG_ROLE_TUMOUR ? "tumour" : "anatomy", &path);
  if (!st) st = vg_volume_write_labels(path, map, 1);
  vg_free(path);
  return st;
}

static vg_status write_case(writing *w, int k) {
  vg_phantom_settings phantom = {.layout = "brats2021", .size = {40, 48, 36}, .seed = 1};
  static const vg_volume_write_options int16 = {.dtype = VG_DT_I16, .xform_code = 1};
  vg_volume series[SERIES] = {{{{0}, {{{0}}}}, NULL}};
  vg_labelmap tumour = {0}, tissue = {0};
  char wanted[32];
  w->record = (vg_record){.hemisphere = "", .redraws = 0};
  snprintf(wanted, sizeof wanted, "synth-%04d", k);
  snprintf(w->record.source, sizeof w->record.source, "phantom-%d", k);
  snprintf(w->record.voxgan, sizeof w->record.voxgan, "%s", vg_version());
  vg_status st = w->format->id(wanted, w->record.id, sizeof w->record.id);
  if (!st) st = vg_phantom_make(&phantom, k, true, series, &tumour, &tissue);
  for (int s = 0; s < SERIES && !st; s++) {
    char *path;
    st = new_file(w, VG_FILE_SERIES, w->set.series.names[s], &path);
    if (!st) st = vg_volume_write(path, &series[s], &int16);
    vg_free(path);
  }
  if (!st) st = write_map(w, &tumour, "brats", VG_ROLE_TUMOUR);
  if (!st) st = write_map(w, &tissue, "tissues", VG_ROLE_ANATOMY);
  if (!st) st = vg_record_write(&w->record, w->root);
  for (int s = 0; s < SERIES; s++) vg_volume_release(&series[s]);
  vg_labelmap_release(&tumour);
  vg_labelmap_release(&tissue);
  vg_record_release(&w->record);
  return st;
}

/* What synth writes first. */
static vg_status write_description(const char *root) {
  vg_json *d = vg_json_object();
  vg_json_put_string(d, "Name", "phantoms");
  vg_json_put_string(d, "BIDSVersion", "1.9.0");
  vg_json_put_string(d, "DatasetType", "derivative");
  vg_json *by = vg_json_put_take(vg_json_put_take(d, "GeneratedBy", vg_json_array()), NULL, vg_json_object());
  vg_json_put_string(by, "Name", "voxgan");
  char *path = vg_fs_join(root, "dataset_description.json");
  vg_status st = path ? vg_json_write(path, d) : VG_MEMORY;
  vg_free(path);
  vg_json_free(d);
  return st;
}

static vg_status write_set(writing *w) {
  static const char *const ids[] = {"synth-0000", "synth-0001", "synth-0002"};
  char names[CASES][128];
  const char *list[CASES];
  vg_manifest_report report = {0};
  vg_dataset ds = {0};
  vg_scheme tumour, tissues;
  vg_status st = vg_scheme_parse("brats", &tumour);
  if (!st) st = vg_scheme_parse("tissues", &tissues);
  if (!st) st = vg_series_parse("t1,t1c,t2,flair", &w->set.series);
  if (!st) st = vg_classes_add(&w->set.classes, &tissues, VG_ROLE_ANATOMY);
  if (!st) st = vg_classes_add(&w->set.classes, &tumour, VG_ROLE_TUMOUR);
  if (!st) st = w->format->schemes(&w->set);
  if (!st) st = vg_fs_make_dirs(w->root);
  if (!st) st = write_description(w->root);
  for (int k = 0; k < CASES && !st; k++) {
    st = w->format->id(ids[k], names[k], sizeof names[k]);
    list[k] = names[k];
    if (!st) st = write_case(w, k);
  }
  if (!st && w->format->finish) st = w->format->finish(&w->set, w->root, list, CASES);
  if (!st) st = vg_manifest_write(w->root);
  if (!st) st = vg_manifest_verify(w->root, &report);
  if (!st) st = vg_dataset_add(&ds, w->root, w->format->layout, NULL, NULL);
  if (!st) st = vg_contact_sheet(&ds, NULL, w->root, NULL);
  vg_dataset_release(&ds);
  vg_manifest_report_release(&report);
  return st;
}

int main(int argc, char **argv) {
  const vg_dataset_format *format;
  const char *name;
  if (argc < 2) return fprintf(stderr, "write_formats OUT [FORMAT...]\n"), 2;
  vg_log_set_level(VG_LOG_WARN);
  for (int i = 0; (name = vg_dataset_format_at(i, &format, NULL)); i++) {
    bool wanted = argc == 2;
    for (int k = 2; k < argc; k++) wanted |= !strcmp(argv[k], name);
    if (!wanted) continue;
    writing w = {.format = format, .root = vg_fs_join(argv[1], name)};
    vg_status st = w.root ? write_set(&w) : VG_MEMORY;
    vg_free(w.root);
    /* A format without a value for necrosis has nothing of these phantoms. */
    if (st == VG_CONFIG) vg_error_clear(), st = VG_OK;
    if (st) return fprintf(stderr, "write_formats: %s: %s\n", name, vg_error()), vg_status_exit_code(st);
  }
  return 0;
}
