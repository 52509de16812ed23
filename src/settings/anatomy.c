/* anatomy.c: the values of data.anatomy, and of data.tumour_parts, which has clusters too. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "voxgan/config.h"

int vg_clusters_classes(const vg_clusters *of) {
  int all = of->n_series > 0;
  for (int i = 0; i < of->n_series; i++) all *= of->n[i];
  return all;
}

/* "6", or "t1=5,flair=3". */
static bool parse_clusters(const char *text, vg_clusters *out) {
  while (out->n_series < VG_CLUSTER_SERIES_MAX) {
    const size_t length = strcspn(text, ",");
    const char *equals = memchr(text, '=', length);
    const size_t named = equals ? (size_t)(equals - text) : 0;
    const int i = out->n_series++;
    char number[16];
    long long k;
    if (named >= sizeof out->series[i] || length - named >= sizeof number || (equals && !named)) return false;
    memcpy(out->series[i], text, named);
    snprintf(number, sizeof number, "%.*s", (int)(length - named - (equals != NULL)),
             text + named + (equals != NULL));
    if (!vg_parse_i64(number, &k) || k < 2 || k > VG_CLUSTERS_MAX) return false;
    for (int j = 0; j < i; j++)
      if (!strcmp(out->series[j], out->series[i])) return false;
    out->n[i] = (int)k;
    if (!text[length])
      return vg_clusters_classes(out) <= VG_CLUSTER_CLASSES_MAX && (i == 0 || *out->series[0]);
    text += length + 1;
  }
  return false;
}

vg_status vg_anatomy_parse(const char *text, vg_anatomy *out) {
  static const char *const plain[] = {"auto", "map", "mask"};
  static const char clusters[] = "clusters:", predict[] = "predict:";
  *out = (vg_anatomy){0};
  for (int i = 0; i < 3; i++)
    if (!strcmp(text, plain[i])) {
      out->kind = (vg_anatomy_kind)i;
      return VG_OK;
    }
  if (vg_starts_with(text, clusters)) {
    out->kind = VG_ANATOMY_CLUSTERS;
    if (parse_clusters(text + strlen(clusters), &out->clusters)) return VG_OK;
    return vg_fail(
        VG_CONFIG,
        "data.anatomy is \"%s\", but clusters are clusters:K (2 to %d) or clusters:SERIES=K,... (up to %d "
        "series and %d classes, the product), for example clusters:t1=5,flair=3",
        text, VG_CLUSTERS_MAX, VG_CLUSTER_SERIES_MAX, VG_CLUSTER_CLASSES_MAX);
  }
  if (vg_starts_with(text, predict) && text[strlen(predict)]) {
    *out = (vg_anatomy){.kind = VG_ANATOMY_PREDICT, .model = text + strlen(predict)};
    return VG_OK;
  }
  return vg_fail(VG_CONFIG,
                 "data.anatomy is \"%s\", but must be one of auto, map, mask, clusters:K, "
                 "clusters:SERIES=K,... and predict:MODEL",
                 text);
}

vg_status vg_tumour_parts_parse(const char *text, vg_clusters *out) {
  *out = (vg_clusters){0};
  if (!*text || parse_clusters(text, out)) return VG_OK;
  return vg_fail(
      VG_CONFIG,
      "data.tumour_parts is \"%s\", but parts are K (2 to %d) or SERIES=K,... (up to %d series and %d "
      "parts, the product), for example t1=3,flair=2",
      text, VG_CLUSTERS_MAX, VG_CLUSTER_SERIES_MAX, VG_CLUSTER_CLASSES_MAX);
}
