/* phantom.c: phantom subjects as volumes, and as files of a data set. */
#include "voxgan/phantom.h"
#include "dataset/layout.h"
#include <stdio.h>
#include <string.h>
#include "phantom/phantom_model.h"
#include "voxgan/dataset.h"
#include "base/task/progress.h"
#include "base/fs.h"
#include "base/file/owned.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "voxgan/volume.h"
#include "base/pool.h"
#include "voxgan/rng.h"
#include "base/number/extent.h"
#include "base/whole.h"

#define FIELD_OF_VIEW 192.0 /* mm along the largest axis */
/* The middle of the head, where the grid is centred; world 0 is the anterior commissure. */
static const double middle[3] = {0, -18, 9};

typedef struct style {
  const char *layout, *id;
  bool tissues; /* T1 and tissue labels, instead of four series and a tumour map */
  int sign[2];  /* of the stored x and y axes: BraTS stores LPS, OASIS and ADNI scans often LAS */
  uint16_t lesion[PH_LESIONS]; /* label values */
} style;
#define LESIONS(necrosis, oedema, solid, enhancing)                                         \
  {                                                                                         \
    [PH_NECROSIS - PH_ANATOMY] = necrosis, [PH_OEDEMA - PH_ANATOMY] = oedema,               \
                   [PH_SOLID - PH_ANATOMY] = solid, [PH_ENHANCING - PH_ANATOMY] = enhancing \
  }
static const style styles[] = {
    {"brats2013", "brats_2013_pat%04d_1", false, {-1, -1}, LESIONS(1, 2, 3, 4)},
    {"brats2021", "BraTS2021_%05d", false, {-1, -1}, LESIONS(1, 2, 1, 4)},
    {"brats2023", "BraTS-GLI-%05d-000", false, {-1, -1}, LESIONS(1, 2, 1, 3)},
    {"bids", "sub-%04d", true, {-1, 1}, LESIONS(1, 2, 1, 4)},
};
/* Scheme brats, which vg_phantom_make uses. */
static const uint16_t brats[PH_LESIONS] = LESIONS(1, 2, 1, 4);
/* Scheme tissues. */
static const uint16_t tissue_of[PH_ANATOMY] = {
    [PH_CSF] = 1,   [PH_CORTEX] = 2, [PH_DEEP] = 2, [PH_PALLIDUM] = 2,
    [PH_WHITE] = 3, [PH_STEM] = 3,   [PH_SINUS] = 1};
#define TISSUES 3

static vg_status check(const vg_phantom_settings *set, const style **out) {
  for (int j = 0; j < 3; j++) {
    if (set->size[j] < 16 || set->size[j] > 512) {
      return vg_fail(VG_CONFIG, "phantom: size %dx%dx%d: each must be 16 to 512 voxels", set->size[0],
                     set->size[1], set->size[2]);
    }
  }
  if (set->first < 0)
    return vg_fail(VG_CONFIG, "phantom: first subject %d: must not be negative", set->first);
  for (size_t i = 0; i < sizeof styles / sizeof *styles; i++) {
    if (set->layout && !strcmp(set->layout, styles[i].layout)) {
      *out = &styles[i];
      return VG_OK;
    }
  }
  return vg_fail(VG_CONFIG, "phantom: layout '%s': must be brats2013, brats2021, brats2023 or bids",
                 set->layout ? set->layout : "");
}

static vg_geometry grid(const vg_phantom_settings *set, const style *look) {
  vg_geometry g = {.dim = {set->size[0], set->size[1], set->size[2]}};
  int largest = 0;
  for (int j = 0; j < 3; j++) {
    if (g.dim[j] > largest) largest = g.dim[j];
  }
  double h = FIELD_OF_VIEW / largest;
  for (int j = 0; j < 3; j++) {
    double step = j < 2 ? look->sign[j] * h : h;
    g.affine.m[j][j] = step;
    g.affine.m[j][3] = middle[j] - step * (g.dim[j] - 1) / 2.0;
  }
  return g;
}

/* ---- one subject ---- */

typedef struct making {
  const ph_subject *subject;
  const ph_scanner *scanner;
  const uint16_t *lesion_values;
  vg_geometry geo;
  int sub; /* samples along each edge of a voxel */
  float *series[PH_SERIES];
  uint16_t *tumour, *tissue;
} making;

/* Sums over the samples of one row of voxels, each nx long. */
typedef struct row_sums {
  float *classes[PH_CLASSES]; /* anatomy less what a lesion covers, then lesions */
  float *tissue[TISSUES];     /* anatomy whole */
  float *brain, *texture;
  float *block; /* owns all */
} row_sums;
#define ROW_ARRAYS (PH_CLASSES + TISSUES + 2)

static vg_status row_init(row_sums *r, size_t nx) {
  r->block = vg_calloc(nx, ROW_ARRAYS * sizeof(float));
  if (!r->block) return VG_MEMORY;
  float *at = r->block;
  for (int c = 0; c < PH_CLASSES; c++, at += nx) r->classes[c] = at;
  for (int c = 0; c < TISSUES; c++, at += nx) r->tissue[c] = at;
  r->brain = at, r->texture = at + nx;
  return VG_OK;
}

/* Adds count samples of a block, the first of which is sample `first` of the row; weight is one sample's
 * share. */
static void row_add(row_sums *r, const ph_fractions *f, int first, int count, int sub, float weight) {
  for (int i = 0; i < count; i++) {
    int v = (first + i) / sub;
    float covered = 0, brain = f->brain[i];
    if (!(brain > 0)) continue;
    for (int c = 0; c < PH_LESIONS; c++) {
      covered += f->lesion[c][i];
      r->classes[PH_ANATOMY + c][v] += weight * f->lesion[c][i];
    }
    /* Lesion fractions are shares of the sample, of which `brain` is tissue. */
    float bare = 1 - covered / brain;
    if (bare < 0) bare = 0;
    for (int c = 0; c < PH_ANATOMY; c++) {
      float a = weight * f->anatomy[c][i];
      r->classes[c][v] += a * bare;
      r->tissue[tissue_of[c] - 1][v] += a;
    }
    r->brain[v] += weight * brain;
    r->texture[v] += weight * f->texture[i];
  }
}

static void row_labels(const making *m, const row_sums *r, size_t at, int nx) {
  for (int i = 0; i < nx; i++) {
    if (!(r->brain[i] > 0)) continue;
    if (m->tissue) {
      int best = 0;
      for (int c = 1; c < TISSUES; c++) {
        if (r->tissue[c][i] > r->tissue[best][i]) best = c;
      }
      m->tissue[at + (size_t)i] = (uint16_t)(best + 1);
    }
    if (m->tumour) {
      float healthy = 0, most = 0, all = 0;
      int best = 0;
      for (int c = 0; c < PH_ANATOMY; c++) healthy += r->classes[c][i];
      for (int c = 0; c < PH_LESIONS; c++) {
        all += r->classes[PH_ANATOMY + c][i];
        if (r->classes[PH_ANATOMY + c][i] > most) most = r->classes[PH_ANATOMY + c][i], best = c;
      }
      if (all > healthy) m->tumour[at + (size_t)i] = m->lesion_values[best];
    }
  }
}

static vg_status make_slice(void *arg, size_t k) {
  const making *m = arg;
  int nx = m->geo.dim[0], ny = m->geo.dim[1], sub = m->sub;
  const double(*a)[4] = m->geo.affine.m;
  double h = a[2][2], d = h / sub;
  float dx = (float)(a[0][0] / sub), weight = 1.0f / (float)(sub * sub * sub);
  float x_first = (float)(a[0][3] - 0.5 * (sub - 1) / sub * a[0][0]);
  row_sums r = {0};
  ph_fractions *f = NULL;
  vg_status st = row_init(&r, (size_t)nx);
  if (st) goto out;
  f = VG_NEW(ph_fractions);
  if (!f) {
    st = VG_MEMORY;
    goto out;
  }
  for (int j = 0; j < ny; j++) {
    bool any = false;
    double y = a[1][3] + a[1][1] * j, z = a[2][3] + h * (double)k;
    for (int sz = 0; sz < sub; sz++) {
      for (int sy = 0; sy < sub; sy++) {
        float ys = (float)(y + (sy - 0.5 * (sub - 1)) * d), zs = (float)(z + (sz - 0.5 * (sub - 1)) * d);
        for (int i = 0; i < nx * sub; i += PH_BLOCK) {
          int count = nx * sub - i < PH_BLOCK ? nx * sub - i : PH_BLOCK;
          if (!vg_phantom_block(m->subject, x_first + (float)i * dx, dx, ys, zs, (float)d, f)) continue;
          if (!any) memset(r.block, 0, (size_t)nx * ROW_ARRAYS * sizeof(float));
          any = true;
          row_add(&r, f, i, count, sub, weight);
        }
      }
    }
    if (!any) continue;
    for (int i = 0; i < nx; i++) {
      if (r.brain[i] < 0.5f) r.brain[i] = 0; /* the mask of a skull-stripped scan is binary */
    }
    size_t at = (k * (size_t)ny + (size_t)j) * (size_t)nx;
    row_labels(m, &r, at, nx);
    for (int s = 0; s < PH_SERIES; s++) {
      if (!m->series[s]) continue;
      vg_phantom_signal_row(m->scanner, s, nx, (const float *const *)r.classes, r.brain, r.texture,
                            (float)a[0][3], (float)a[0][0], (float)y, (float)z, at, m->series[s] + at);
    }
  }
out:
  vg_free(f);
  vg_free(r.block);
  return st;
}

static vg_status make(const vg_phantom_settings *set, const style *look, int k, bool tumour,
                      const uint16_t *lesion_values, vg_volume series[4], vg_labelmap *tumour_map,
                      vg_labelmap *tissue_map) {
  vg_status st = VG_OK;
  uint64_t number = (uint64_t)set->first + (uint64_t)k;
  ph_subject *subject = VG_NEW(ph_subject);
  ph_scanner *scanner = VG_NEW(ph_scanner);
  making m = {.subject = subject, .scanner = scanner, .lesion_values = lesion_values, .geo = grid(set, look)};
  if (!subject || !scanner) {
    st = VG_MEMORY;
    goto out;
  }
  float lo[3], hi[3];
  double h = m.geo.affine.m[2][2];
  for (int j = 0; j < 3; j++) {
    lo[j] = (float)(middle[j] - h * m.geo.dim[j] / 2);
    hi[j] = (float)(middle[j] + h * m.geo.dim[j] / 2);
  }
  vg_phantom_subject_draw(set->seed, number, tumour, lo, hi, subject);
  vg_phantom_scanner_draw(set->seed, number, look->tissues, scanner);
  m.sub = vg_int_of(h / 1.5 + 0.5); /* a sample sees cortex, 3 mm thick, whole */
  if (m.sub < 1) m.sub = 1;
  for (int s = 0; series && s < PH_SERIES; s++) {
    st = vg_volume_new(&m.geo, &series[s]);
    if (st) goto out;
    m.series[s] = series[s].data;
  }
  if (tumour_map) {
    st = vg_labelmap_new(&m.geo, tumour_map);
    if (st) goto out;
    m.tumour = tumour_map->data;
  }
  if (tissue_map) {
    st = vg_labelmap_new(&m.geo, tissue_map);
    if (st) goto out;
    m.tissue = tissue_map->data;
  }
  st = vg_parallel((size_t)m.geo.dim[2], make_slice, &m);
out:
  if (st) {
    for (int s = 0; series && s < PH_SERIES; s++) vg_volume_release(&series[s]);
    if (tumour_map) vg_labelmap_release(tumour_map);
    if (tissue_map) vg_labelmap_release(tissue_map);
  }
  vg_free(subject);
  vg_free(scanner);
  return st;
}

vg_status vg_phantom_make(const vg_phantom_settings *set, int k, bool tumour, vg_volume series[4],
                          vg_labelmap *tumour_map, vg_labelmap *tissue_map) {
  const style *look = NULL;
  if (series) memset(series, 0, 4 * sizeof *series);
  if (tumour_map) memset(tumour_map, 0, sizeof *tumour_map);
  if (tissue_map) memset(tissue_map, 0, sizeof *tissue_map);
  vg_status st = check(set, &look);
  if (st) return st;
  if (k < 0) return vg_fail(VG_CONFIG, "phantom: subject %d: must not be negative", k);
  return make(set, look, k, tumour, brats, series, tumour_map, tissue_map);
}

/* ---- files ---- */

static const char *const series_names[PH_SERIES] = {
    [PH_T1] = "t1", [PH_T1C] = "t1c", [PH_T2] = "t2", [PH_FLAIR] = "flair"};

typedef struct writing {
  const char *out, *id;
  const vg_layout *layout;
  bool tissues, anatomy;
  vg_volume series[PH_SERIES];
  vg_labelmap tumour, tissue;
} writing;
enum { FILE_TUMOUR = PH_SERIES, FILE_TISSUE, FILES };

/* Path of file i below the root; *wanted is false where the phantom has no such file. */
static vg_status path_of(const writing *w, size_t i, char *relative, size_t size, bool *wanted) {
  *wanted = i == FILE_TUMOUR   ? !w->tissues
            : i == FILE_TISSUE ? w->tissues || w->anatomy
                               : !w->tissues || i == PH_T1;
  if (!*wanted) return VG_OK;
  vg_file_kind kind = i == FILE_TUMOUR ? VG_FILE_TUMOUR : i == FILE_TISSUE ? VG_FILE_ANATOMY : VG_FILE_SERIES;
  return w->layout->path(w->id, kind, i < PH_SERIES ? series_names[i] : NULL, relative, size);
}

static vg_status write_file(void *arg, size_t i) {
  const writing *w = arg;
  char relative[512];
  char *path = NULL, *folder = NULL;
  bool wanted;
  vg_status st = path_of(w, i, relative, sizeof relative, &wanted);
  if (st || !wanted) return st;
  path = vg_fs_join(w->out, relative);
  folder = path ? vg_fs_dirname(path) : NULL;
  if (!folder) {
    st = VG_MEMORY;
    goto out;
  }
  st = vg_fs_make_dirs(folder);
  if (st) goto out;
  if (i < PH_SERIES) {
    const vg_volume_write_options options = {.dtype = VG_DT_I16, .xform_code = 1};
    st = vg_volume_write(path, &w->series[i], &options);
  } else {
    st = vg_volume_write_labels(path, i == FILE_TUMOUR ? &w->tumour : &w->tissue, 1);
  }
out:
  vg_free(path);
  vg_free(folder);
  return st;
}

typedef struct job {
  const char *out;
  const vg_phantom_settings *set;
  const style *style;
  const vg_layout *layout;
} job;

static void name_subject(const job *j, size_t k, char id[64]) {
  /* The formats are the table's own. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  snprintf(id, 64, j->style->id, j->set->first + (int)k);
#pragma GCC diagnostic pop
}

/* Phantoms of equal settings may share a folder: they are the same files, or more of them. */
static vg_status claim(const job *j, vg_lock *lock) {
  const vg_phantom_settings *set = j->set;
  vg_owned files = {0};
  char text[256], hash[VG_HASH_LEN];
  vg_status st = VG_OK;
  snprintf(text, sizeof text, "%s %d %d %d %d %llu", set->layout, set->size[0], set->size[1], set->size[2],
           set->anatomy, (unsigned long long)set->seed);
  vg_hash(text, strlen(text), hash);
  snprintf(files.kind, sizeof files.kind, "phantom %.32s", hash);
  for (size_t k = 0; k < (size_t)set->subjects && !st; k++) {
    char id[64], relative[512];
    name_subject(j, k, id);
    const writing w = {.id = id, .layout = j->layout, .tissues = j->style->tissues, .anatomy = set->anatomy};
    for (size_t i = 0; i < FILES && !st; i++) {
      bool wanted;
      st = path_of(&w, i, relative, sizeof relative, &wanted);
      if (!st && wanted) st = vg_owned_add(&files, relative);
    }
  }
  if (!st && j->style->tissues) st = vg_owned_add(&files, VG_BIDS_TABLE);
  if (!st) st = vg_owned_claim(j->out, &files, false, lock);
  vg_owned_release(&files);
  return st;
}

static vg_status write_subject(void *arg, size_t k) {
  const job *j = arg;
  char id[64];
  if (vg_interrupted()) return vg_fail(VG_INTERRUPTED, "interrupted; the same command continues");
  name_subject(j, k, id);
  writing w = {
      .out = j->out, .id = id, .layout = j->layout, .tissues = j->style->tissues, .anatomy = j->set->anatomy};
  bool tissues = w.tissues;
  vg_status st = make(j->set, j->style, (int)k, !tissues, j->style->lesion, w.series,
                      tissues ? NULL : &w.tumour, tissues || w.anatomy ? &w.tissue : NULL);
  if (!st) st = vg_parallel(FILES, write_file, &w);
  for (int s = 0; s < PH_SERIES; s++) vg_volume_release(&w.series[s]);
  vg_labelmap_release(&w.tumour);
  vg_labelmap_release(&w.tissue);
  return st && st != VG_INTERRUPTED ? vg_fail_in(st, "phantom %s", id) : st;
}

/* The tissue values are not those that BIDS assumes. */
static vg_status write_table(const job *j) {
  vg_scheme tissues;
  if (!j->style->tissues) return VG_OK;
  vg_status st = vg_scheme_parse("tissues", &tissues);
  return st ? st : vg_bids_tables_write(j->out, &tissues);
}

vg_status vg_phantom_write(const char *out, const vg_phantom_settings *set) {
  job j = {.out = out, .set = set};
  vg_status st = check(set, &j.style);
  if (st) return st;
  if (set->subjects < 1) return vg_fail(VG_CONFIG, "phantom: %d subjects: must be at least 1", set->subjects);
  if (set->first > 99999 - set->subjects) {
    return vg_fail(VG_CONFIG, "phantom: subjects %d to %d: names have room for numbers up to 99999",
                   set->first, set->first + set->subjects - 1);
  }
  j.layout = vg_layout_find(set->layout);
  if (!j.layout) VG_BUG("phantom: no layout %s", set->layout);
  vg_lock lock;
  st = claim(&j, &lock);
  if (st) return st;
  st = write_table(&j);
  /* Several subjects at a time where they are small; one at a time, its slices in parallel, where each is
   * large or there are fewer than threads. */
  size_t voxels = vg_extent_voxels(set->size);
  if (!st && set->subjects >= vg_threads() && voxels <= (size_t)160 * 160 * 160)
    st = vg_task_parallel("phantoms", "subjects", (size_t)set->subjects, write_subject, &j);
  else
    for (int k = 0; k < set->subjects && !st; k++) st = write_subject(&j, (size_t)k);
  vg_lock_release(&lock);
  return st;
}
