/* cluster_classes.c: the names of classes that are clusters of intensities, and of the parts of a tumour; the
 * names alone say which. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "voxgan/config.h"
#include "voxgan/labels.h"

static const char cluster_word[] = "_cluster", part_word[] = "_part";

typedef char long_name[VG_CLUSTER_SERIES_MAX * (VG_CLASS_NAME + 12) + VG_CLASS_NAME + 16];

/* Of class k: "t1-flair_cluster2-1". The last series counts fastest. */
static int name_of(const vg_clusters *of, const char *word, int k, long_name name) {
  int at[VG_CLUSTER_SERIES_MAX], n = 0;
  for (int i = of->n_series - 1; i >= 0; k /= of->n[i--]) at[i] = k % of->n[i] + 1;
  for (int i = 0; i < of->n_series; i++) n += sprintf(name + n, "%s%s", i ? "-" : "", of->series[i]);
  n += sprintf(name + n, "%s", word);
  for (int i = 0; i < of->n_series; i++) n += sprintf(name + n, "%s%d", i ? "-" : "", at[i]);
  return n;
}

/* "t1-flair_part2-1_tumour". */
static void part_name(const vg_clusters *of, int k, const char *whole, long_name name) {
  const int n = name_of(of, part_word, k, name);
  snprintf(name + n, sizeof(long_name) - (size_t)n, "_%s", whole);
}

static vg_status check_series(const vg_clusters *of) {
  for (int i = 0; i < of->n_series && of->n_series > 1; i++)
    if (strchr(of->series[i], '-'))
      return vg_fail(VG_CONFIG,
                     "clusters of several series: the name %s has a hyphen, which stands between series",
                     of->series[i]);
  return VG_OK;
}

vg_status vg_classes_add_clusters(vg_classes *c, const vg_clusters *of) {
  vg_status st = check_series(of);
  for (int k = 0; k < vg_clusters_classes(of) && !st; k++) {
    long_name name;
    name_of(of, cluster_word, k, name);
    st = vg_classes_add_name(c, name, VG_ROLE_ANATOMY);
  }
  return st;
}

vg_status vg_classes_add_parts(vg_classes *c, const vg_clusters *of, const char *whole) {
  vg_status st = check_series(of);
  for (int k = 0; k < vg_clusters_classes(of) && !st; k++) {
    long_name name;
    part_name(of, k, whole, name);
    st = vg_classes_add_name(c, name, VG_ROLE_TUMOUR);
  }
  if (!st) c->divided = true;
  return st;
}

/* Reads the numbers after the word, and as many series before it. Of several series, none has a hyphen.
 * Returns what follows the numbers; NULL: the name is no such name. */
static const char *read_name(const char *name, const char *word, vg_clusters *of) {
  const char *end = strstr(name, word), *at;
  *of = (vg_clusters){0};
  if (!end) return NULL;
  for (at = end + strlen(word);; at++) {
    char *rest;
    const long n = strtol(at, &rest, 10);
    if (rest == at || n < 1 || n > VG_CLUSTERS_MAX || of->n_series == VG_CLUSTER_SERIES_MAX) return NULL;
    of->n[of->n_series++] = (int)n;
    at = rest;
    if (*at != '-') break;
  }
  for (int i = 0; i < of->n_series; i++) {
    const size_t left = (size_t)(end - name), hyphen = strcspn(name, "-");
    const size_t n = i + 1 < of->n_series && hyphen < left ? hyphen : left;
    if (!n || n >= VG_CLASS_NAME) return NULL;
    memcpy(of->series[i], name, n);
    name += n + (n < left);
  }
  return at;
}

bool vg_classes_clusters(const vg_classes *c, vg_clusters *of) {
  const int n = vg_classes_count(c, VG_ROLE_ANATOMY);
  /* The last class has the last cluster of each series. */
  const char *rest = n ? read_name(c->names[n - 1], cluster_word, of) : NULL;
  if (!rest || *rest || vg_clusters_classes(of) != n) return false;
  for (int k = 0; k < n; k++) {
    long_name name;
    name_of(of, cluster_word, k, name);
    if (strcmp(c->names[k], name) != 0) return false;
  }
  return true;
}

const char *vg_class_whole(const char *name) {
  vg_clusters of;
  const char *rest = read_name(name, part_word, &of);
  return rest && *rest == '_' && rest[1] ? rest + 1 : name;
}

bool vg_classes_parts(const vg_classes *c, vg_clusters *of) {
  const char *part[VG_CLASSES_MAX];
  int n = 0;
  for (int k = 0; k < c->n && c->divided; k++)
    if (c->roles[k] == VG_ROLE_TUMOUR && vg_class_whole(c->names[k]) != c->names[k]) part[n++] = c->names[k];
  if (!n) return false;
  (void)read_name(part[n - 1], part_word, of); /* the last part of the last class */
  const int parts = vg_clusters_classes(of);
  if (n % parts) return false;
  for (int k = 0; k < n; k++) {
    long_name name;
    part_name(of, k % parts, vg_class_whole(part[k / parts * parts]), name);
    if (strcmp(part[k], name) != 0) return false;
  }
  return true;
}

void vg_classes_merge_parts(const vg_classes *c, vg_classes *out, uint8_t code[VG_CLASSES_MAX + 1]) {
  vg_classes merged = {0};
  code[0] = 0;
  for (int k = 0; k < c->n; k++) {
    const bool part = c->divided && c->roles[k] == VG_ROLE_TUMOUR;
    const char *name = part ? vg_class_whole(c->names[k]) : c->names[k];
    int at = vg_classes_find(&merged, name);
    if (at < 0) {
      at = merged.n++;
      snprintf(merged.names[at], VG_CLASS_NAME, "%s", name);
      merged.roles[at] = c->roles[k];
    }
    code[k + 1] = (uint8_t)(at + 1);
  }
  *out = merged;
}
