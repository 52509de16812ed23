/* cgroup.c: finds the control groups of this process, and what they leave of its memory.
 *
 * /proc/self/cgroup names a group for each hierarchy, and /proc/self/mountinfo where that hierarchy is
 * mounted and which of its groups is the mount's root (in a container, often the job's own). The limits of
 * all parents count, so every group up to the mount point is read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/limit/memory_limit.h"

#define LINE 8192 /* mountinfo lines of overlay file systems are long */
#define PATH 4096
#define NO_LIMIT ((uint64_t)1 << 60) /* v1 writes a huge number for "no limit" */

/* The files of a hierarchy that describe a group's memory. */
typedef struct hierarchy {
  bool v1;
  const char *limits[2]; /* the smaller one counts */
  const char *used, *cached;
} hierarchy;

static const hierarchy version_1 = {
    true, {"memory.limit_in_bytes", NULL}, "memory.usage_in_bytes", "total_inactive_file"};
static const hierarchy version_2 = {false, {"memory.max", "memory.high"}, "memory.current", "inactive_file"};

bool vg_limit_number(const char *path, const char *key, uint64_t *out) {
  char line[256];
  FILE *f = fopen(path, "re");
  bool found = false;
  size_t n = key ? strlen(key) : 0;
  while (f && !found && fgets(line, sizeof line, f)) {
    const char *at = line + n;
    if (n && (strncmp(line, key, n) != 0 || (*at != ' ' && *at != '\t' && *at != ':'))) continue;
    while (*at == ' ' || *at == '\t' || (n && *at == ':')) at++;
    unsigned long long v;
    found = *at >= '0' && *at <= '9' && sscanf(at, "%llu", &v) == 1;
    if (found) *out = v;
    if (!n) break;
  }
  if (f) fclose(f);
  return found;
}

/* Whether a comma-separated list has the word. */
static bool has_word(const char *list, const char *word) {
  size_t n = strlen(word);
  for (const char *at = list; at && *at; at = strchr(at, ',')) {
    at += *at == ',';
    if (!strncmp(at, word, n) && (at[n] == ',' || !at[n] || at[n] == '\n')) return true;
  }
  return false;
}

/* Undoes the octal escapes of mountinfo ("\040" is a space), in place. */
static void unescape(char *s) {
  char *to = s;
  while (*s) {
    if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' &&
        s[3] <= '7') {
      *to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
      s += 4;
    } else {
      *to++ = *s++;
    }
  }
  *to = 0;
}

/* Fields of a mountinfo line: id parent device ROOT POINT options [optional] - TYPE source SUPER. Returns
 * false for other file systems than h's. */
static bool parse_mount(char *line, const hierarchy *h, char **mount_root, char **point) {
  char *fields[5], *rest = strstr(line, " - "), *save = NULL;
  if (!rest) return false;
  *rest = 0;
  char *type = strtok_r(rest + 3, " \n", &save), *device = strtok_r(NULL, " \n", &save),
       *super = strtok_r(NULL, " \n", &save);
  if (!type || !device || strcmp(type, h->v1 ? "cgroup" : "cgroup2") != 0) return false;
  if (h->v1 && (!super || !has_word(super, "memory"))) return false;
  save = NULL;
  for (int i = 0; i < 5; i++) {
    if (!(fields[i] = strtok_r(i ? NULL : line, " ", &save))) return false;
  }
  unescape(*mount_root = fields[3]);
  unescape(*point = fields[4]);
  return true;
}

/* Finds where h is mounted. Without mountinfo, assumes the usual folder. */
static bool find_mount(const char *root, const hierarchy *h, char mount_root[PATH], char point[PATH]) {
  char path[PATH], line[LINE];
  snprintf(path, sizeof path, "%s/proc/self/mountinfo", root);
  FILE *f = fopen(path, "re");
  if (!f) {
    snprintf(mount_root, PATH, "/");
    snprintf(point, PATH, h->v1 ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup");
    return true;
  }
  bool found = false;
  while (!found && fgets(line, sizeof line, f)) {
    char *r, *p;
    if (!parse_mount(line, h, &r, &p)) continue;
    snprintf(mount_root, PATH, "%s", r);
    snprintf(point, PATH, "%s", p);
    found = true;
  }
  fclose(f);
  return found;
}

static bool read_in(const char *dir, const char *name, const char *key, uint64_t *out) {
  char path[PATH + 64];
  if (!name || (size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path) return false;
  return vg_limit_number(path, key, out);
}

static void take(uint64_t limit, uint64_t used, uint64_t cached, uint64_t *left, bool *better) {
  used -= cached < used ? cached : used;
  uint64_t here = limit > used ? limit - used : 0;
  *better = here < *left;
  if (*better) *left = here;
}

/* What one group leaves. */
static bool group_left(const char *dir, const hierarchy *h, uint64_t *left) {
  uint64_t limit = NO_LIMIT, one, used = 0, cached = 0;
  bool better = false;
  for (int i = 0; i < 2; i++) {
    if (read_in(dir, h->limits[i], NULL, &one) && one < limit) limit = one;
  }
  /* In a container the parents' folders may be hidden, but v1 states their limit. */
  if (h->v1 && read_in(dir, "memory.stat", "hierarchical_memory_limit", &one) && one < limit) limit = one;
  if (limit >= NO_LIMIT || !read_in(dir, h->used, NULL, &used)) return false;
  read_in(dir, "memory.stat", h->cached, &cached);
  take(limit, used, cached, left, &better);
  return better;
}

/* Reads the group and all its parents up to the mount point. */
static bool walk(const char *root, const hierarchy *h, const char *group, uint64_t *left, char *tightest,
                 size_t size) {
  char mount_root[PATH], point[PATH], dir[2 * PATH];
  if (!find_mount(root, h, mount_root, point)) return false;
  size_t n = strcmp(mount_root, "/") ? strlen(mount_root) : 0;
  /* A group outside the mount (another namespace) is not visible: only the mount point is. */
  const bool inside =
      !strncmp(group, mount_root, n) && (group[n] == '/' || !group[n]) && !strstr(group, "/..");
  size_t top = (size_t)snprintf(dir, sizeof dir, "%s%s", root, point);
  if (top >= sizeof dir) return false;
  while (top > 1 && dir[top - 1] == '/') dir[--top] = 0;
  if (inside && strcmp(group + n, "/") != 0) snprintf(dir + top, sizeof dir - top, "%s", group + n);
  bool any = false;
  for (;;) {
    if (group_left(dir, h, left)) {
      any = true;
      snprintf(tightest, size, "%s", dir[top] ? dir + top : inside && n ? mount_root : "/");
    }
    char *end = strrchr(dir + top, '/');
    if (!end) return any;
    *end = 0;
  }
}

bool vg_cgroup_memory_left(const char *root, uint64_t *left, char *group, size_t size) {
  char path[PATH], line[LINE];
  bool any = false;
  *left = UINT64_MAX;
  snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
  FILE *f = fopen(path, "re");
  while (f && fgets(line, sizeof line, f)) {
    /* number:controllers:path; version 2 has no controllers */
    char *controllers = strchr(line, ':'), *own = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!own) continue;
    controllers++;
    *own++ = 0;
    own[strcspn(own, "\n")] = 0;
    if (!*controllers)
      any |= walk(root, &version_2, own, left, group, size);
    else if (has_word(controllers, "memory"))
      any |= walk(root, &version_1, own, left, group, size);
  }
  if (f) fclose(f);
  return any;
}
