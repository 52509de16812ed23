/* cluster_classes.c: the names of classes that are clusters of intensities; the names alone say which. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "voxgan/config.h"
#include "voxgan/labels.h"

static const char word[] = "_cluster";

typedef char long_name[VG_CLUSTER_SERIES_MAX * (VG_CLASS_NAME + 12) + sizeof word];

/* Of class k: "t1-flair_cluster2-1". The last series counts fastest. */
static void name_of(const vg_clusters *of, int k, long_name name) {
  int at[VG_CLUSTER_SERIES_MAX], n = 0;
  for (int i = of->n_series - 1; i >= 0; k /= of->n[i--]) at[i] = k % of->n[i] + 1;
  for (int i = 0; i < of->n_series; i++) n += sprintf(name + n, "%s%s", i ? "-" : "", of->series[i]);
  n += sprintf(name + n, "%s", word);
  for (int i = 0; i < of->n_series; i++) n += sprintf(name + n, "%s%d", i ? "-" : "", at[i]);
}

vg_status vg_classes_add_clusters(vg_classes *c, const vg_clusters *of) {
  vg_status st = VG_OK;
  for (int i = 0; i < of->n_series && of->n_series > 1; i++)
    if (strchr(of->series[i], '-'))
      return vg_fail(VG_CONFIG,
                     "clusters of several series: the name %s has a hyphen, which stands between series",
                     of->series[i]);
  for (int k = 0; k < vg_clusters_classes(of) && !st; k++) {
    long_name name;
    name_of(of, k, name);
    st = vg_classes_add_name(c, name, VG_ROLE_ANATOMY);
  }
  return st;
}

/* Reads the numbers after the word, and as many series before it. Of several series, none has a hyphen. */
static bool read_name(const char *name, vg_clusters *of) {
  const char *end = strstr(name, word);
  *of = (vg_clusters){0};
  if (!end) return false;
  for (const char *at = end + strlen(word);; at++) {
    char *rest;
    const long n = strtol(at, &rest, 10);
    if (rest == at || n < 1 || n > VG_CLUSTERS_MAX || of->n_series == VG_CLUSTER_SERIES_MAX) return false;
    of->n[of->n_series++] = (int)n;
    at = rest;
    if (!*at) break;
    if (*at != '-') return false;
  }
  for (int i = 0; i < of->n_series; i++) {
    const size_t left = (size_t)(end - name), hyphen = strcspn(name, "-");
    const size_t n = i + 1 < of->n_series && hyphen < left ? hyphen : left;
    if (!n || n >= VG_CLASS_NAME) return false;
    memcpy(of->series[i], name, n);
    name += n + (n < left);
  }
  return true;
}

bool vg_classes_clusters(const vg_classes *c, vg_clusters *of) {
  const int n = vg_classes_count(c, VG_ROLE_ANATOMY);
  /* The last class has the last cluster of each series. */
  if (!n || !read_name(c->names[n - 1], of) || vg_clusters_classes(of) != n) return false;
  for (int k = 0; k < n; k++) {
    long_name name;
    name_of(of, k, name);
    if (strcmp(c->names[k], name) != 0) return false;
  }
  return true;
}
