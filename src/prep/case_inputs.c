/* case_inputs.c: selects the files of a subject that a preparation reads. */
#include <string.h>

#include "prep/prep_case.h"
#include "voxgan/dataset.h"

/* The clusters that the subject's own images must show. Of no series: a map has the anatomy. */
static vg_clusters clusters_wanted(const vg_source *src, const vg_subject *subject,
                                   const vg_classes *classes) {
  vg_clusters of;
  const bool found = vg_classes_clusters(classes, &of);
  if (!found || (subject->anatomy && vg_scheme_has_class(&src->anatomy_scheme, classes->names[0])))
    return (vg_clusters){0};
  return of;
}

/* Finds a series of the clusters among the inputs, or adds it. */
static vg_status add_cluster_series(const vg_dataset *ds, const vg_subject *subject, const char *series,
                                    int *of, vg_case_inputs *in) {
  const int at = vg_series_find(&ds->series, series);
  if (at < 0 || !subject->series[at])
    return vg_fail(VG_DATA, "subject %s has no series %s, in which its anatomy classes (clusters) are found",
                   subject->id, series);
  for (*of = 0; *of < in->n_series; (*of)++)
    if (in->series[*of] == subject->series[at]) return VG_OK;
  if (in->n_series == VG_SERIES_MAX)
    return vg_fail(VG_DATA, "more than %d series, with those of the clusters", VG_SERIES_MAX);
  in->series[in->n_series++] = subject->series[at];
  return VG_OK;
}

vg_status vg_part_series_of(const vg_dataset *ds, const vg_subject *subject, const vg_clusters *of,
                            const char *path[VG_CLUSTER_SERIES_MAX]) {
  for (int i = 0; i < of->n_series; i++) {
    const int at = vg_series_find(&ds->series, of->series[i]);
    if (at < 0 || !subject->series[at])
      return vg_fail(VG_DATA,
                     "subject %s has no series %s, by which its tumour is divided (data.tumour_parts)",
                     subject->id, of->series[i]);
    path[i] = subject->series[at];
  }
  return VG_OK;
}

/* A series by its name, or the one that "any" stands for. NULL: the subject lacks it. */
static const char *series_of(const vg_dataset *ds, const vg_subject *subject,
                             const vg_prep_settings *settings, const char *name) {
  const bool any = !strcmp(name, VG_SERIES_ANY);
  if (any && *settings->take) name = settings->take;
  for (int i = 0; i < ds->series.n; i++)
    if ((any && !*settings->take) || !strcmp(ds->series.names[i], name))
      if (!any || subject->series[i]) return subject->series[i];
  return NULL;
}

vg_status vg_case_inputs_of(const vg_dataset *ds, const vg_subject *subject, const vg_prep_settings *settings,
                            vg_case_inputs *in) {
  const vg_source *src = &ds->sources[subject->source];
  memset(in, 0, sizeof *in);
  in->mask_only = settings->brain_from_images;
  const bool labels = !in->mask_only || settings->classes.n;
  in->clusters = clusters_wanted(src, subject, &settings->classes);
  const bool clustered = in->clusters.n_series > 0;
  if (labels && !clustered) in->anatomy = subject->anatomy;
  bool joint = vg_scheme_has_role(&src->tumour_scheme, VG_ROLE_ANATOMY);
  if (labels && (vg_classes_count(&settings->classes, VG_ROLE_TUMOUR) || joint)) in->tumour = subject->tumour;
  const bool told = !clustered && (in->anatomy || (in->tumour && joint));
  in->mask_from_series = !told || in->mask_only || settings->heads;
  for (int i = 0; i < settings->series.n; i++) {
    const char *path = series_of(ds, subject, settings, settings->series.names[i]);
    if (!path && !settings->some_series && !settings->synthetic)
      return vg_fail(VG_DATA, "subject %s has no series %s", subject->id, settings->series.names[i]);
    in->imaged |= path != NULL;
    in->series[in->n_series++] = path;
  }
  if (settings->some_series && !settings->synthetic && !in->imaged)
    return vg_fail(VG_DATA, "subject %s has none of the wanted series (%s, ...)", subject->id,
                   settings->series.names[0]);
  if (settings->series.n == 0 && in->mask_from_series)
    for (int i = 0; i < ds->series.n; i++)
      if (subject->series[i]) in->series[in->n_series++] = subject->series[i];
  if (told && !in->imaged && settings->heads) in->mask_from_series = false;
  if (in->mask_from_series && in->n_series == 0)
    return vg_fail(
        VG_DATA,
        "subject %s: nothing tells where its brain is; supply an anatomy map (tissue labels) or one of "
        "its image series beside the tumour map",
        subject->id);
  vg_status st = VG_OK;
  if (in->tumour && vg_classes_parts(&settings->classes, &in->parts))
    st = vg_part_series_of(ds, subject, &in->parts, in->part_series);
  for (int i = 0; i < in->clusters.n_series && !st; i++)
    st = add_cluster_series(ds, subject, in->clusters.series[i], &in->of[i], in);
  if (clustered || st) return st;
  int brain = vg_classes_find(&settings->classes, VG_CLASS_BRAIN);
  if (!told && brain < 0 && vg_classes_count(&settings->classes, VG_ROLE_ANATOMY))
    return vg_fail(VG_DATA, "subject %s has no anatomy map, and the classes need one (%s, ...)", subject->id,
                   settings->classes.names[0]);
  return VG_OK;
}
