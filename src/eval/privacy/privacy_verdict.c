/* privacy_verdict.c: the output of every check: a verdict, and a table beside the summary. */
#include "base/mem.h"
#include "eval/privacy/privacy.h"
#include "base/fs.h"
#include "io/table.h"

vg_status vg_privacy_verdict_take(const privacy_study *p, const char *check, const char *verdict,
                                  char *text) {
  vg_status st = text ? vg_eval_add_verdict(p->study->evaluation, PRIVACY, check, verdict, text) : VG_MEMORY;
  vg_free(text);
  return st;
}

vg_status vg_privacy_write(const privacy_study *p, const char *name, const vg_table *t) {
  if (!p->settings->out) return VG_OK;
  char *path = vg_fs_join(p->settings->out, name);
  vg_status st = path ? vg_table_write(path, t) : VG_MEMORY;
  vg_free(path);
  return st;
}
