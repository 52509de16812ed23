/* dataset.h: finds subjects, their series and their label maps below a folder, by a named layout.
 *
 * Series have canonical names in every layout: t1, t1c (contrast-enhanced), t2, flair. A layout is a row of
 * layouts.def and one vg_layout. It maps file names to (subject, series) and back, and names the scheme of
 * the label values.
 *
 *     vg_dataset ds = {0};
 *     st = vg_dataset_add(&ds, "BraTS2021", "auto", NULL, NULL);     // may be called for several roots
 *     st = vg_dataset_require(&ds, &wanted);
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
/* The series of a model that segments one series, whichever a subject has. */
#define VG_SERIES_ANY "any"

typedef struct vg_series_list {
  int n;
  char names[VG_SERIES_MAX][VG_SERIES_NAME];
} vg_series_list;
/* Parses "t1,t1c,t2,flair". VG_CONFIG: duplicates, empty names, too many. */
vg_status vg_series_parse(const char *text, vg_series_list *out);
int vg_series_find(const vg_series_list *s, const char *name); /* index; -1: not in the list */

/* One root of a data set, and the meaning of its label values. */
typedef struct vg_source {
  char *root;
  char layout[32];
  vg_scheme tumour_scheme, anatomy_scheme; /* n == 0: none */
  vg_series_list channels; /* where the layout numbers its images: the series of each number */
  bool guessed;
  bool assumed[2]; /* by vg_role: the scheme is the layout's; neither the user nor a file named it */
  bool regrid;     /* anatomy maps may lie on another grid: each is resampled to the grid of the case's other
                      files by world position, and every voxel takes the nearest voxel's label */
  char *manifest; /* the file that lists the subjects, whose folder is the root; NULL: the root itself does */
} vg_source;
/* What messages call the source: its manifest, or its root. */
const char *vg_source_name(const vg_source *source);

/* Rows of layouts.def. */
const char *vg_layout_at(int i, const char **help); /* name, NULL past the last */

/* A case. Paths are absolute or relative to the working folder; NULL: the case has no such file. */
typedef struct vg_subject {
  char *id, *person;
  char *series[VG_SERIES_MAX]; /* by index into the data set's series list */
  char *tumour, *anatomy;      /* label maps */
  int source;                  /* index into vg_dataset.sources */
  size_t line;                 /* of the source's manifest, from 1; 0: it has none */
  char *origins;       /* ids joined by ';' of what it was made from, by the manifest.csv of its folder; NULL:
                          it is no synthetic case */
  bool origins_hashed; /* the folder holds an anonymous data set */
} vg_subject;

typedef struct vg_dataset {
  vg_series_list series; /* every series found, canonical order first */
  vg_subject *subjects;  /* sorted by id */
  size_t n;
  vg_source *sources;
  int n_sources;
  /* Set before anything is added. false: a file or folder that cannot be read, or a subject that lacks what
   * is wanted, stops the command. true: it is named with a warning, and counts as missing. */
  bool skip_incomplete;
  /* Set before anything is added: only images are wanted. Label maps are ignored, and a volume whose
   * name fits no layout is the one scan of a subject (layout scans). */
  bool scans;
  void *ids; /* private: an index of the subjects' ids, while subjects are added */
} vg_dataset;

#define VG_SUBJECT_ORIGIN 512
/* Where the subject comes from, as messages name it: its source, and the line of its manifest ("list.csv:4").
 * Returns buf. */
const char *vg_subject_origin(const vg_dataset *ds, const vg_subject *s, char buf[VG_SUBJECT_ORIGIN]);

/* Adds every subject below root.
 *
 * layout: a name, "auto" or "csv". "auto" guesses the layout from the file names and logs the guess at info
 * level. "csv" reads root as a manifest file with columns id,<series>...,tumour,anatomy[,person] and paths
 * relative to that file; a root that ends in .csv implies it. root may also be the path of one label map
 * whose name fits no layout: it becomes the anatomy map of one subject, or its tumour map if only
 * tumour_scheme is given; with ds->scans its image.
 *
 * tumour_scheme, anatomy_scheme: replace the layout's own schemes; NULL keeps them. In an inline tumour
 * scheme, a name without a role is tumour unless it is known as tissue.
 *
 * Logs one line a subject at debug level, and a summary at info level that names the skipped files and the
 * reasons. VG_DATA: no such folder, nothing found, the same id twice (two files claim the same series),
 * a file of a subject or a folder that cannot be opened (with ds->skip_incomplete it counts as missing). */
vg_status vg_dataset_add(vg_dataset *ds, const char *root, const char *layout, const char *tumour_scheme,
                         const char *anatomy_scheme);

/* The same for data set i of n, where a scheme may be a list "S;T;..." with one scheme a data set; an empty
 * one leaves the layout's. One scheme alone counts for all. VG_USAGE: the list has another number of schemes.
 */
vg_status vg_dataset_add_nth(vg_dataset *ds, const char *root, const char *layout, const char *tumour_schemes,
                             const char *anatomy_schemes, int i, int n);

/* Folders (or CSV manifests) with the layout of each. */
typedef struct vg_roots {
  const char *const *paths;
  int n;
  const char *const *layouts; /* n_layouts entries: 0 (guess each), 1 (for all), or n */
  int n_layouts;
} vg_roots;
/* Adds each root, with schemes as vg_dataset_add_nth takes them. VG_USAGE: the number of layouts or schemes
 * does not fit the number of folders. */
vg_status vg_dataset_add_roots(vg_dataset *ds, const vg_roots *roots, const char *tumour_schemes,
                               const char *anatomy_schemes);

/* Adds the subjects i of `from` with take[i] (NULL: all) to `to`, with their sources and series. An id that
 * `to` already contains gets a number behind it: "p1+2". */
vg_status vg_dataset_select(const vg_dataset *from, const bool *take, vg_dataset *to);

/* Adds to each subject of ds the series that it lacks, from the subject of `images` with the same id
 * (vg_dataset_id_key). */
vg_status vg_dataset_add_series(vg_dataset *ds, const vg_dataset *images);

/* Replaces each subject's anatomy map and its scheme by those of the subject of `maps` with the same id
 * (vg_dataset_id_key). VG_DATA: `maps` has several sources. */
vg_status vg_dataset_take_anatomy(vg_dataset *ds, const vg_dataset *maps);

/* Writes the letters and digits of an id, without "sub-". Layouts spell an id in different ways but agree on
 * these. */
void vg_dataset_id_key(const char *id, char key[128]);

/* Images and tumour maps of one data set with the anatomy maps of another, for the cases that have both:
 * paired by the letters and digits of their ids, without "sub-". Sources are each of tumour's with each of
 * anatomy's, and allow regridding. With tumour's skip_incomplete, cases without one of the maps are dropped
 * with a warning; else they are VG_DATA. VG_DATA too: no pair, or two ids with the same
 * letters and digits. Overwrites out. */
vg_status vg_dataset_join(const vg_dataset *tumour, const vg_dataset *anatomy, vg_dataset *out);

typedef struct vg_wanted {
  vg_series_list series; /* all of these */
  bool tumour, anatomy;  /* and these label maps */
  bool train;            /* errors name the options of `voxgan train` that help */
} vg_wanted;
/* Requires that every subject has what is wanted. VG_DATA names the first that does not, what it lacks, and
 * the number of others. With skip_incomplete, drops such subjects with a warning; VG_DATA: none is left. */
vg_status vg_dataset_require(vg_dataset *ds, const vg_wanted *wanted);
void vg_dataset_release(vg_dataset *ds);

/* Splits by person. share (0..1) is the share of persons that go to validation, at least one if share > 0 and
 * the data set has two persons. seed draws them. is_val has n entries. */
vg_status vg_dataset_split(const vg_dataset *ds, double share, uint64_t seed, bool *is_val);
/* Splits a data set of one source into OUT/train and OUT/test, which hold links to its files under the same
 * names (for a CSV manifest: OUT/train/manifest.csv and OUT/test/manifest.csv). Writes OUT/split.json last
 * (see below). VG_USAGE: OUT holds another split, or OUT and the data set lie within one another. */
vg_status vg_dataset_split_links(const vg_dataset *ds, const bool *is_test, const char *out);
/* Reads a split.json. VG_DATA: an id of the file is not in the data set, or the reverse. */
vg_status vg_dataset_split_read(const vg_dataset *ds, const char *path, bool *is_val);

#ifdef __cplusplus
}
#endif
#endif
