/* nifti_repair.c: repairs faults of NIfTI headers, and reports which file had which fault. */
#include "io/nifti/nifti_repair.h"

#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "voxgan/log.h"

/* ---- reporting ---- */

#define SLOTS (1 << 16) /* beyond half of them, files are no longer counted */

static struct {
  pthread_mutex_t lock;
  long count[VG_REPAIRS];
  size_t used;
  uint64_t seen[SLOTS]; /* hashes of kind and path; 0: free */
} notes = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Whether the kind was not yet noted for this path. FNV-1a. */
static bool is_new(vg_repair kind, const char *path) {
  uint64_t h = 0xcbf29ce484222325u ^ (uint64_t)kind;
  for (h *= 0x100000001b3u; *path; path++) h = (h ^ (uint8_t)*path) * 0x100000001b3u;
  h |= h == 0;
  size_t at = h % SLOTS;
  for (; notes.seen[at]; at = (at + 1) % SLOTS)
    if (notes.seen[at] == h) return false;
  if (notes.used >= SLOTS / 2) return false;
  notes.used++;
  notes.seen[at] = h;
  return true;
}

void vg_repair_note(vg_repair kind, const char *path, const char *fmt, ...) {
  char text[256];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  pthread_mutex_lock(&notes.lock);
  const bool fresh = is_new(kind, path);
  const long count = fresh ? ++notes.count[kind] : 0;
  pthread_mutex_unlock(&notes.lock);
  if (count == 1)
    vg_warn("%s: %s", path, text);
  else if (fresh)
    vg_debug("%s: %s", path, text);
}

void vg_repair_report(void) {
  static const char *const what[VG_REPAIRS] = {
      [VG_REPAIR_SIZE_SIGN] = "have a negative voxel size",
      [VG_REPAIR_SIZE_ZERO] = "have a voxel size of 0",
      [VG_REPAIR_QFAC] = "have a qfac that is neither 1 nor -1",
      [VG_REPAIR_ORIENTATION] = "have no orientation",
      [VG_REPAIR_TWO_FORMS] = "have an sform and a qform that contradict each other",
      [VG_REPAIR_UNITS] = "have a unit of length that does not exist",
      [VG_REPAIR_LENGTHS] = "have lengths beyond their number of dimensions",
      [VG_REPAIR_SCALE] = "have an intercept without a slope",
      [VG_REPAIR_CLAMPED] = "were written with clamped values",
  };
  for (int k = 0; k < VG_REPAIRS; k++) {
    const long count = vg_repair_count((vg_repair)k);
    if (count > 1) vg_warn("%ld files %s; --verbose lists them", count, what[k]);
  }
}

long vg_repair_count(vg_repair kind) {
  pthread_mutex_lock(&notes.lock);
  const long count = notes.count[kind];
  pthread_mutex_unlock(&notes.lock);
  return count;
}

/* ---- repairing ---- */

static const char axis_names[] = "xyz";

static vg_status repair_sizes(const char *path, vg_nifti_fields *f) {
  for (int a = 0; a < 3; a++) {
    double *mm = &f->pixdim[a + 1];
    const bool there = a < f->dim[0];
    if (!there || *mm == 0) {
      if (there && f->sform_code <= 0)
        vg_repair_note(VG_REPAIR_SIZE_ZERO, path, "header has a voxel size of 0 along %c; 1 is taken",
                       axis_names[a]);
      *mm = there || !(*mm > 0) || !isfinite(*mm) ? 1 : *mm;
      continue;
    }
    if (!isfinite(*mm)) {
      if (f->sform_code <= 0)
        return vg_fail(VG_DATA, "%s: header has a voxel size of %g along %c", path, *mm, axis_names[a]);
      *mm = 1; /* not in use */
    } else if (*mm < 0) {
      if (f->sform_code <= 0)
        vg_repair_note(VG_REPAIR_SIZE_SIGN, path, "header has a voxel size of %g along %c; %g is taken", *mm,
                       axis_names[a], -*mm);
      *mm = -*mm;
    }
  }
  return VG_OK;
}

/* The quaternion, its offset and its handedness, where the qform places the voxels. */
static vg_status check_qform(const char *path, vg_nifti_fields *f) {
  double sum = 0;
  for (int a = 0; a < 3; a++) {
    if (!isfinite(f->quatern[a]) || !isfinite(f->offset[a]))
      return vg_fail(VG_DATA, "%s: the qform cannot place voxels: its quaternion or offset is not finite",
                     path);
    sum += f->quatern[a] * f->quatern[a];
  }
  if (sum > 1 + 1e-3)
    return vg_fail(VG_DATA, "%s: the qform cannot place voxels: its quaternion is not a rotation", path);
  double *qfac = &f->pixdim[0];
  if (!isfinite(*qfac))
    return vg_fail(VG_DATA, "%s: the qform cannot place voxels: its qfac (pixdim[0]) is %g", path, *qfac);
  if (*qfac != 1 && *qfac != -1) {
    const double taken = *qfac < 0 ? -1 : 1;
    vg_repair_note(VG_REPAIR_QFAC, path,
                   "header has a qfac (pixdim[0]) of %g, which decides left from right; %g is taken", *qfac,
                   taken);
    *qfac = taken;
  }
  return VG_OK;
}

vg_status vg_nifti_repair(const char *path, vg_nifti_fields *f) {
  vg_status st = repair_sizes(path, f);
  if (!st && f->sform_code <= 0 && f->qform_code > 0) st = check_qform(path, f);
  if (st) return st;
  if (f->sform_code <= 0 && f->qform_code <= 0)
    vg_repair_note(
        VG_REPAIR_ORIENTATION, path,
        "header has no orientation (sform and qform codes are 0); the axes are taken to run to the "
        "right, front and top, and left and right may be swapped");
  const int unit = f->units & 7; /* 0 is "unknown", which programs write for mm */
  if (unit > 3)
    vg_repair_note(VG_REPAIR_UNITS, path, "header has a unit of length that does not exist (%d); mm is taken",
                   unit);
  for (int d = (int)f->dim[0] + 1; d < 8; d++)
    if (f->dim[d] > 1) {
      vg_repair_note(VG_REPAIR_LENGTHS, path,
                     "header has %d dimensions, but a length of %lld along dimension %d, which is ignored",
                     (int)f->dim[0], (long long)f->dim[d], d);
      break;
    }
  if ((f->slope == 0 || isnan(f->slope)) && isfinite(f->inter) && f->inter != 0)
    vg_repair_note(VG_REPAIR_SCALE, path, "header has no slope, so its intercept of %g is ignored", f->inter);
  return VG_OK;
}

void vg_nifti_compare_forms(const char *path, const vg_geometry *sform, const vg_geometry *qform,
                            bool same_code) {
  char s[4], q[4];
  vg_geometry_orientation(sform, s);
  vg_geometry_orientation(qform, q);
  /* Two codes stand for two spaces, whose origins may differ. Axes that run the other way do not. */
  const bool turned = strcmp(s, q) != 0;
  if (turned)
    vg_repair_note(VG_REPAIR_TWO_FORMS, path,
                   "sform (%s) and qform (%s) contradict each other; the sform is taken", s, q);
  else if (same_code && vg_geometry_same(qform, "qform", sform, "sform", vg_geometry_tolerance(sform)))
    vg_repair_note(VG_REPAIR_TWO_FORMS, path, "%s; the sform is taken", vg_error());
  else
    return;
  vg_error_clear();
}
