/* lock_claim.c: claims, which take the place of locks. A process that needs the lock makes a claim of a name
 * that no other process uses, and only then looks for others. So of two that come at once, at least one sees
 * the other. A claim is removed by its owner, or by any process once its owner is provably dead: it ran on
 * this machine, since this boot, among the processes that we see, and is no longer there. A process id alone
 * proves nothing, because containers share them. */
#include "base/lock/lock_claim.h"
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/file/partial.h"
#include "base/file/retry.h"
#include "base/mem.h"
#include "base/str.h"

#define MARK ".claim."
#define TRIES 8

typedef struct owner {
  char boot[64], space[64], host[72];
  long long pid, start;
} owner;

static void read_word(const char *path, char *buf, size_t size) {
  FILE *f = fopen(path, "re");
  if (!f || !fgets(buf, (int)size, f)) snprintf(buf, size, "-");
  if (f) fclose(f);
  buf[strcspn(buf, " \n")] = '\0';
  if (!*buf) snprintf(buf, size, "-");
}

/* When a process began, in ticks since boot; 0: not known. */
static long long start_of(long long pid) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%lld/stat", pid);
  FILE *f = fopen(path, "re");
  size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
  if (f) fclose(f);
  text[n] = '\0';
  /* The name in brackets may have any letters; field 22 is the 20th after it. */
  const char *at = strrchr(text, ')');
  for (int i = 0; at && i < 20; i++) at = strchr(at + 1, ' ');
  return at ? strtoll(at + 1, NULL, 10) : 0;
}

static owner self(void) {
  owner o = {.pid = getpid()};
  struct stat s;
  read_word("/proc/sys/kernel/random/boot_id", o.boot, sizeof o.boot);
  if (stat("/proc/self/ns/pid", &s))
    snprintf(o.space, sizeof o.space, "-");
  else
    snprintf(o.space, sizeof o.space, "%llu", (unsigned long long)s.st_ino);
  if (gethostname(o.host, sizeof o.host)) snprintf(o.host, sizeof o.host, "-");
  o.host[sizeof o.host - 1] = '\0';
  for (char *c = o.host; *c; c++)
    if (*c <= ' ' || *c > '~') *c = '_';
  if (!*o.host) snprintf(o.host, sizeof o.host, "-");
  o.start = start_of(o.pid);
  return o;
}

static bool read_owner(const char *path, owner *o) {
  void *text = NULL;
  size_t len;
  if (vg_fs_read(path, &text, &len)) return false;
  const bool good = sscanf(text, "voxgan claim 1 boot %63s space %63s pid %lld start %lld host %71s", o->boot,
                           o->space, &o->pid, &o->start, o->host) == 5;
  vg_free(text);
  return good && o->pid > 0;
}

static bool is_dead(const owner *o) {
  const owner me = self();
  if (!strcmp(me.boot, "-") || strcmp(me.boot, o->boot) != 0) return false;
  if (!strcmp(me.space, "-") || strcmp(me.space, o->space) != 0) return false;
  if (kill((pid_t)o->pid, 0) && errno == ESRCH) return true;
  const long long start = start_of(o->pid);
  return start && o->start && start != o->start;
}

static bool is_claim(const char *name, const char *base) {
  const size_t n = strlen(base), mark = sizeof MARK - 1;
  if (strncmp(name, base, n) != 0 || strncmp(name + n, MARK, mark) != 0) return false;
  const char *digits = name + n + mark;
  return strlen(digits) == 16 && strspn(digits, "0123456789abcdef") == 16;
}

/* Looks at one claim of another. True where its owner may be alive; a dead one's claim is removed. */
static bool stands(const char *path, char *holder, size_t size) {
  owner o;
  struct stat s;
  if (lstat(path, &s) && errno == ENOENT) return false;
  const bool known = read_owner(path, &o);
  if (!known && lstat(path, &s) && errno == ENOENT) return false; /* released meanwhile */
  if (known && is_dead(&o)) {
    (void)unlink(path);
    return false;
  }
  if (holder && known)
    snprintf(holder, size, " (process %lld on %s; if it has ended, remove %s)", o.pid, o.host, path);
  else if (holder)
    snprintf(holder, size, " (if no voxgan works here, remove %s)", path);
  return true;
}

/* mine: a claim that does not count; or NULL. */
static bool others(const char *path, const char *mine, char *holder, size_t size) {
  char *dir = vg_fs_dirname(path);
  const char *base = vg_fs_basename(path);
  DIR *d = dir ? vg_opendir_again(dir) : NULL;
  bool held = !d && !(dir && errno == ENOENT); /* what cannot be seen may be there */
  while (d && !held) {
    errno = 0;
    const struct dirent *e = readdir(d);
    if (!e) {
      held = errno != 0; /* a listing that ends early may lack one */
      break;
    }
    if (!is_claim(e->d_name, base) || (mine && !strcmp(e->d_name, vg_fs_basename(mine)))) continue;
    char *whole = vg_fs_join(dir, e->d_name);
    held = !whole || stands(whole, holder, size);
    vg_free(whole);
  }
  if (d) closedir(d);
  vg_free(dir);
  return held;
}

bool vg_claim_held(const char *path, char *holder, size_t size) {
  if (holder) *holder = '\0';
  return others(path, NULL, holder, size);
}

static vg_status write_claim(const char *path) {
  const owner me = self();
  char text[512];
  snprintf(text, sizeof text, "voxgan claim 1 boot %s space %s pid %lld start %lld host %s\n", me.boot,
           me.space, me.pid, me.start, me.host);
  return vg_fs_write_atomic(path, text, strlen(text));
}

vg_status vg_claim_add(const char *path, char **claim) {
  char hex[17];
  *claim = vg_random_hex(hex) ? vg_format("%s" MARK "%s", path, hex) : NULL;
  vg_status st = *claim ? write_claim(*claim) : VG_MEMORY;
  if (st) {
    vg_free(*claim);
    *claim = NULL;
  }
  return st;
}

vg_status vg_claim_make(const char *path, char **claim) {
  *claim = NULL;
  for (int i = 0; i < TRIES; i++) {
    if (others(path, NULL, NULL, 0)) return VG_OK;
    char *mine;
    vg_status st = vg_claim_add(path, &mine);
    if (st) return st;
    if (!others(path, mine, NULL, 0)) {
      *claim = mine;
      return VG_OK;
    }
    (void)unlink(mine);
    vg_free(mine);
    /* Another came at the same time: both step back, for times that differ. */
    char hex[17] = "0";
    (void)vg_random_hex(hex);
    nanosleep(&(struct timespec){.tv_nsec = 1000000L + 1000L * (strtol(hex + 12, NULL, 16) % 30000)}, NULL);
  }
  return VG_OK;
}
