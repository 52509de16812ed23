/* readers_write.c: draws the cases of a reader study, and writes them blinded. */
#include "eval/readers/readers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/file/owned.h"
#include "base/file/partial.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/number/extent.h"
#include "base/str.h"
#include "base/task/progress.h"
#include "base/text/plural.h"
#include "dataset/dataset_apart.h"
#include "eval/feature/subject_visit.h"
#include "io/json.h"
#include "io/table.h"
#include "picture/png.h"
#include "voxgan/log.h"
#include "voxgan/rng.h"
#include "voxgan/volume.h"

enum { SLICES = 8, GAP = 4, WHITE = 1000, SMALL = 100, CASES_MAX = 999 };

/* A case of the study. */
typedef struct reader_case {
  char name[24]; /* case_001 */
  bool synthetic;
  size_t index; /* of the subject in its set */
  vg_picture sheet;
} reader_case;

typedef struct study {
  const vg_reader_study *options;
  vg_dataset sets[2]; /* real, synthetic */
  vg_json *description;
  vg_feature_plan plan;
  reader_case *cases;
  size_t n;
  uint64_t seed;
} study;

/* ---- the draw ---- */

static vg_status random_seed(uint64_t *out) {
  char hex[17];
  if (!vg_random_hex(hex)) return vg_fail(VG_FAILED, "the system gives no random numbers");
  *out = strtoull(hex, NULL, 16);
  return VG_OK;
}

/* Lists the subjects of a side that have every series, in a random order. */
static vg_status shuffle_side(const study *s, int side, uint32_t **out, size_t *n) {
  const vg_dataset *set = &s->sets[side];
  const vg_eval_visit v = {.plan = &s->plan, .set = set};
  uint32_t *list = *out = VG_NEW_N(uint32_t, set->n);
  *n = 0;
  if (!list) return VG_MEMORY;
  for (size_t i = 0; i < set->n; i++)
    if (vg_eval_is_whole(&v, i)) list[(*n)++] = (uint32_t)i;
  vg_rng r = vg_rng_init(s->seed, vg_rng_key("reader study", (uint64_t)side, 0));
  vg_rng_shuffle(&r, list, (uint32_t)*n);
  return VG_OK;
}

static bool shows_person(const study *s, const char *person) {
  for (size_t k = 0; k < s->n; k++) {
    const reader_case *c = &s->cases[k];
    if (!strcmp(s->sets[c->synthetic].subjects[c->index].person, person)) return true;
  }
  return false;
}

/* Adds up to `wanted` subjects of a side. fresh: of persons that are in no case yet. Taken entries of the
 * list become UINT32_MAX. Returns how many. */
static size_t take(study *s, int side, uint32_t *list, size_t n, size_t wanted, bool fresh) {
  size_t taken = 0;
  for (size_t i = 0; i < n && taken < wanted; i++) {
    if (list[i] == UINT32_MAX || (fresh && shows_person(s, s->sets[side].subjects[list[i]].person))) continue;
    s->cases[s->n++] = (reader_case){.synthetic = side == 1, .index = list[i]};
    list[i] = UINT32_MAX;
    taken++;
  }
  return taken;
}

static vg_status draw_cases(study *s) {
  const size_t wanted = (size_t)s->options->cases;
  vg_rng r = vg_rng_init(s->seed, vg_rng_key("reader study order", 0, 0));
  const size_t n_real = wanted / 2 + (wanted % 2 ? vg_rng_below(&r, 2) : 0);
  const size_t of_side[2] = {n_real, wanted - n_real};
  s->cases = VG_NEW_N(reader_case, wanted);
  if (!s->cases) return VG_MEMORY;
  for (int side = 0; side < 2; side++) {
    uint32_t *list;
    size_t n;
    vg_status st = shuffle_side(s, side, &list, &n);
    if (!st && n < of_side[side])
      st = vg_fail(VG_DATA, "%s: %zu %s %s every common series, but --cases %d needs %zu",
                   side ? s->options->synth : s->options->real, n, vg_plural(n, "subject", "subjects"),
                   vg_plural(n, "has", "have"), s->options->cases, of_side[side]);
    if (!st) {
      const size_t fresh = take(s, side, list, n, of_side[side], true);
      take(s, side, list, n, of_side[side] - fresh, false);
    }
    vg_free(list);
    if (st) return st;
  }
  for (size_t i = s->n; i-- > 1;) {
    const size_t other = vg_rng_below(&r, i + 1);
    const reader_case kept = s->cases[i];
    s->cases[i] = s->cases[other];
    s->cases[other] = kept;
  }
  const int digits = s->n > 99 ? 3 : 2;
  for (size_t i = 0; i < s->n; i++)
    snprintf(s->cases[i].name, sizeof s->cases[i].name, "case_%0*d", digits, (int)i + 1);
  return VG_OK;
}

/* ---- one case ---- */

typedef struct writing {
  study *s;
  reader_case *c;
} writing;

/* Draws axial slices spread over the brain's height as one row of the sheet. */
static vg_status draw_row(const vg_feature_input *in, const float *image, int row, int rows, vg_picture *p) {
  const int zoom = in->dim[0] < SMALL && in->dim[1] < SMALL ? 2 : 1;
  const int width = zoom * in->dim[0] + GAP, height = zoom * in->dim[1] + GAP;
  vg_status st = p->rgb ? VG_OK : vg_picture_new(SLICES * width - GAP, rows * height - GAP, p);
  for (int k = 0; k < SLICES && !st; k++) {
    const int z = in->lo[2] + (2 * k + 1) * in->extent[2] / (2 * SLICES);
    /* From the largest x on: the patient's right is on the left. */
    const float *plane = image + vg_extent_index(in->dim, in->dim[0] - 1, 0, z);
    vg_picture_grey(p, k * width, row * height, plane, in->dim[0], in->dim[1], -1, in->dim[0], 0, WHITE,
                    zoom);
  }
  return st;
}

static vg_status write_series(void *arg, size_t index, int series, const vg_feature_input *in) {
  const writing *w = arg;
  (void)index;
  if (series == VG_SUBJECT_LABELS) return VG_OK;
  const size_t n = vg_extent_voxels(in->dim);
  vg_volume v = {.data = vg_malloc(n, sizeof *v.data)};
  memcpy(v.geo.dim, in->dim, sizeof v.geo.dim);
  for (int a = 0; a < 3; a++) v.geo.affine.m[a][a] = in->mm[a];
  char *path =
      vg_format("%s/study/%s/%s.nii.gz", w->s->options->out, w->c->name, in->plan->series.names[series]);
  vg_status st = v.data && path ? VG_OK : VG_MEMORY;
  for (size_t i = 0; i < n && !st; i++)
    v.data[i] = in->brain[i] ? floorf((in->image[i] + 1) * (WHITE / 2) + 0.5F) : 0;
  if (!st) st = vg_volume_write(path, &v, &(vg_volume_write_options){.dtype = VG_DT_I16, .xform_code = 1});
  if (!st) st = draw_row(in, v.data, series, in->plan->series.n, &w->c->sheet);
  vg_free(path);
  vg_volume_release(&v);
  return st;
}

static vg_status write_case(void *arg, size_t k) {
  study *s = arg;
  reader_case *c = &s->cases[k];
  writing w = {s, c};
  const vg_eval_visit v = {.plan = &s->plan,
                           .set = &s->sets[c->synthetic],
                           .description = c->synthetic ? s->description : NULL,
                           .images = true,
                           .each = write_series,
                           .arg = &w};
  char *dir = vg_format("%s/study/%s", s->options->out, c->name);
  char *sheet = vg_format("%s/study/sheets/%s.png", s->options->out, c->name);
  vg_status st = dir && sheet ? vg_fs_make_dirs(dir) : VG_MEMORY;
  if (!st) st = vg_eval_visit_one(&v, c->index);
  if (!st) st = vg_picture_write(sheet, &c->sheet);
  vg_picture_release(&c->sheet);
  vg_free(dir);
  vg_free(sheet);
  return st;
}

/* ---- form, key, seal ---- */

static vg_status write_table(const study *s, const char *name, size_t cols, const char *const *header,
                             bool key) {
  vg_table t = {0};
  char *path = vg_format("%s/%s", s->options->out, name), seed[24];
  vg_status st = path ? vg_table_init(&t, cols, header) : VG_MEMORY;
  snprintf(seed, sizeof seed, "%016llx", (unsigned long long)s->seed);
  for (size_t i = 0; i < s->n && !st; i++) {
    const reader_case *c = &s->cases[i];
    const char *const row[] = {c->name, key ? (c->synthetic ? "synthetic" : "real") : "",
                               key ? s->sets[c->synthetic].subjects[c->index].id : "", seed};
    st = vg_table_add_row(&t, row);
  }
  if (!st) st = vg_table_write(path, &t);
  vg_table_release(&t);
  vg_free(path);
  return st;
}

static vg_status write_seal(const study *s) {
  char *key = vg_format("%s/key.csv", s->options->out),
       *path = vg_format("%s/study/seal.txt", s->options->out);
  char text[VG_HASH_LEN + 1];
  vg_status st = key && path ? vg_hash_file(key, text) : VG_MEMORY;
  if (!st) {
    memcpy(text + VG_HASH_LEN - 1, "\n", 2);
    st = vg_fs_write_atomic(path, text, VG_HASH_LEN);
  }
  vg_free(key);
  vg_free(path);
  return st;
}

/* A reader gets the folder alone, without this program's guide. */
static vg_status write_instructions(const study *s) {
  static const char text[] =
      "Each case is one person's brain: either a scan, or images that a computer made from a label map.\n"
      "About half of the cases are scans. Please decide which it is.\n"
      "\n"
      "1. Save a copy of answers.csv under your name, as in ann.csv. Any spreadsheet opens it.\n"
      "2. Look at the volumes in the folder of the case, or at its slices in sheets.\n"
      "3. Write real or synthetic in the column answer. An empty answer does not count.\n"
      "4. If you want, write in the column confidence how sure you are, for example from 1 to 5.\n"
      "   The score does not use it.\n"
      "5. Send back your copy. seal.txt is the SHA-256 of the key: it shows you later that the key was not\n"
      "   changed after you answered.\n";
  char *path = vg_format("%s/study/instructions.txt", s->options->out);
  const vg_status st = path ? vg_fs_write_atomic(path, text, sizeof text - 1) : VG_MEMORY;
  vg_free(path);
  return st;
}

/* ---- the study ---- */

static vg_status open_sets(study *s) {
  const vg_reader_study *o = s->options;
  const char *paths[2] = {o->real, o->synth}, *layouts[2] = {o->real_layout, o->synth_layout};
  vg_status st = VG_OK;
  for (int k = 0; k < 2 && !st; k++) {
    s->sets[k].skip_incomplete = o->skip_incomplete;
    st = vg_dataset_add_nth(&s->sets[k], paths[k], layouts[k] ? layouts[k] : "auto", o->tumour_scheme,
                            o->anatomy_scheme, k, 2);
    if (!st) st = vg_dataset_apart(&s->sets[k], o->out);
  }
  char *path = vg_fs_join(o->synth, "dataset_description.json");
  bool exists = false;
  if (!st) st = path ? vg_fs_holds(path, &exists) : VG_MEMORY;
  if (!st && exists) st = vg_json_read(path, &s->description);
  vg_free(path);
  if (!st) st = vg_features_plan_init(&s->plan, (const vg_dataset *const[]){&s->sets[0], &s->sets[1]}, 2);
  if (!st && !s->plan.series.n) st = vg_fail(VG_DATA, "no series is in half of the subjects of each side");
  return st;
}

static vg_status write_all(study *s) {
  static const char *const form[] = {"case", "answer", "confidence"};
  static const char *const key[] = {"case", "truth", "subject", "seed"};
  char *sheets = vg_format("%s/study/sheets", s->options->out);
  vg_status st = sheets ? vg_fs_make_dirs(sheets) : VG_MEMORY;
  vg_free(sheets);
  if (!st) st = vg_task_parallel("reader study", "cases", s->n, write_case, s);
  if (!st) st = write_table(s, "study/answers.csv", 3, form, false);
  if (!st) st = write_instructions(s);
  if (!st) st = write_table(s, "key.csv", 4, key, true);
  return st ? st : write_seal(s);
}

vg_status vg_readers_write(const vg_reader_study *o) {
  study s = {.options = o};
  if (o->cases < 2 || o->cases > CASES_MAX)
    return vg_fail(VG_USAGE, "a reader study has 2 to %d cases, not %d", CASES_MAX, o->cases);
  vg_status st = vg_owned_look_first(o->out);
  if (!st && o->seed) s.seed = *o->seed;
  if (!st && !o->seed) st = random_seed(&s.seed);
  if (!st) st = open_sets(&s);
  if (!st) st = draw_cases(&s);
  if (!st) st = write_all(&s);
  if (!st)
    vg_info("%s: %zu %s for the readers are in study; key.csv stays with you", o->out, s.n,
            vg_plural(s.n, "case", "cases"));
  vg_json_free(s.description);
  vg_dataset_release(&s.sets[0]);
  vg_dataset_release(&s.sets[1]);
  vg_free(s.cases);
  return st;
}
