/* dataset.h: finding subjects, their series and label maps below a folder, by a named layout.
 *
 * Series have canonical names in every layout: t1, t1c (contrast-enhanced), t2, flair. A layout is a row of
 * layouts.def and one vg_layout: how file names map to (subject, series) and back, and which scheme the
 * label values follow.
 *
 *     vg_dataset ds = {0};
 *     st = vg_dataset_add(&ds, "BraTS2021", "auto", NULL);     // may be called for several roots
 *     st = vg_dataset_require(&ds, &wanted, false);
 *     vg_dataset_release(&ds);
 */
#ifndef VOXGAN_DATASET_H
#define VOXGAN_DATASET_H
#include <stdbool.h>
#include <stddef.h>
#include "voxgan/labels.h"
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VG_SERIES_MAX 8
#define VG_SERIES_NAME 16

typedef struct vg_series_list {
  int n;
  char names[VG_SERIES_MAX][VG_SERIES_NAME];
} vg_series_list;
/* "t1,t1c,t2,flair"; VG_CONFIG on duplicates, empty names, too many. */
vg_status vg_series_parse(const char *text, vg_series_list *out);
int vg_series_find(const vg_series_list *s, const char *name); /* -1 */

/* One root of a data set, and what its label values mean. */
typedef struct vg_source {
  char *root;
  char layout[32];
  vg_scheme tumour_scheme, anatomy_scheme; /* n == 0: none */
  vg_series_list channels;                 /* of a layout that numbers its images: their series by number */
  bool guessed;
  bool regrid; /* anatomy maps may lie on a grid of their own: each is brought to that of the case's other
                  files by world position, every voxel taking the nearest one's label */
} vg_source;

/* Rows of layouts.def. */
const char *vg_layout_at(int i, const char **help); /* name, NULL past the last */

/* A case: all paths absolute or relative to the working folder; NULL where there is none. */
typedef struct vg_subject {
  char *id, *person;
  char *series[VG_SERIES_MAX]; /* by index into the data set's series list */
  char *tumour, *anatomy;      /* label maps */
  int source;                  /* index into vg_dataset.sources */
} vg_subject;

typedef struct vg_dataset {
  vg_series_list series; /* every series met, canonical order first */
  vg_subject *subjects;  /* sorted by id */
  size_t n;
  vg_source *sources;
  int n_sources;
  void *ids; /* private: an index of the subjects' ids, while subjects are added */
} vg_dataset;

/* Adds every subject below root. layout: a name, "auto" (guessed from the names, and said by vg_info), or
 * "csv": root is then a manifest file with columns id,<series>...,tumour,anatomy[,person], paths relative to
 * it. A .csv root implies it. A label map's own path, where no layout knows its name, is one subject's
 * anatomy (its tumour, where only tumour_scheme is given). tumour_scheme, anatomy_scheme: NULL, or what to
 * use in place of the layout's own. Logs one line a subject at debug level, and a summary with what was
 * skipped and why at info level. VG_DATA: no such folder, nothing found, the same id twice (two files claim
 * the same series). */
vg_status vg_dataset_add(vg_dataset *ds, const char *root, const char *layout, const char *tumour_scheme,
                         const char *anatomy_scheme);

/* Folders (or CSV manifests) with the layout of each. */
typedef struct vg_roots {
  const char *const *paths;
  int n;
  const char *const *layouts; /* n_layouts entries: 0 (all guessed), 1 (for all), or n */
  int n_layouts;
} vg_roots;
/* Adds each. VG_USAGE when the numbers of layouts and folders do not fit. */
vg_status vg_dataset_add_roots(vg_dataset *ds, const vg_roots *roots, const char *tumour_scheme,
                               const char *anatomy_scheme);

/* Adds those subjects of from that take says (NULL: all), with their sources and series. An id that `to` has
 * already gets a number behind it: "p1+2". */
vg_status vg_dataset_select(const vg_dataset *from, const bool *take, vg_dataset *to);

/* Gives each subject of ds the series that the subject of the same id (vg_dataset_id_key) has in images,
 * where it has none of its own. */
vg_status vg_dataset_add_series(vg_dataset *ds, const vg_dataset *images);

/* The letters and digits of an id, without "sub-": what layouts that spell it each in its own way agree on.
 */
void vg_dataset_id_key(const char *id, char key[128]);

/* Images and tumour maps of one data set with the anatomy maps of another, for the cases that have both:
 * paired by the letters and digits of their ids, without "sub-". Sources are each of tumour's with each of
 * anatomy's, and allow regridding. What is left over is said; skip: cases without one of the maps are left
 * out with a warning, else VG_DATA. VG_DATA too where none is paired, or ids are not told apart. out is set
 * anew. */
vg_status vg_dataset_join(const vg_dataset *tumour, const vg_dataset *anatomy, bool skip, vg_dataset *out);

typedef struct vg_wanted {
  vg_series_list series; /* all of these */
  bool tumour, anatomy;  /* and these label maps */
} vg_wanted;
/* Every subject has what is wanted: else VG_DATA naming the first and what it lacks (and how many more), or
 * with skip the subject is dropped with a warning. VG_DATA when none is left. */
vg_status vg_dataset_require(vg_dataset *ds, const vg_wanted *wanted, bool skip);
void vg_dataset_release(vg_dataset *ds);

/* Splits by person: the share (0..1) of persons that go to validation (at least one when share > 0 and there
 * are two), drawn by seed. is_val has n entries. */
vg_status vg_dataset_split(const vg_dataset *ds, double share, uint64_t seed, bool *is_val);
/* Makes of a data set of one source two: OUT/train and OUT/test, of links to its files by their own names (of
 * a CSV manifest: OUT/train/manifest.csv and its like), and OUT/split.json, as below, last. VG_USAGE: another
 * split is there, or OUT and the data set lie within one another. */
vg_status vg_dataset_split_links(const vg_dataset *ds, const bool *is_test, const char *out);
/* Reads such a split.json. VG_DATA when an id of the file is not in the data set or the other way round. */
vg_status vg_dataset_split_read(const vg_dataset *ds, const char *path, bool *is_val);

#ifdef __cplusplus
}
#endif
#endif
