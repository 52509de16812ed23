/* write_tfevents.c FOLDER: the event files of a run that was killed after step 40 and resumed after step 20,
 * with a picture. */
#include "base/fs.h"
#include "base/mem.h"
#include "picture/png.h"
#include "base/str.h"
#include "io/tfevents.h"

static vg_status session(const char *dir, int first, int last, const char *png) {
  vg_tfevents *e;
  void *bytes;
  size_t len;
  vg_status st = vg_fs_read(png, &bytes, &len);
  if (!st) st = vg_tfevents_new(dir, first, &e);
  if (st) return st;
  for (int step = first + 9; step <= last && !st; step += 10) {
    vg_tfevents_scalar(e, step, "train/g_reconstruction", first + 1. / step);
    vg_tfevents_scalar(e, step, "validation/t1/mae", -1e-3 * step);
    st = vg_tfevents_png(e, step, "preview", bytes, len);
  }
  if (!st) st = vg_tfevents_flush(e);
  vg_tfevents_free(e);
  vg_free(bytes);
  return st;
}

int main(int argc, char **argv) {
  vg_picture p;
  if (argc != 2 || vg_fs_make_dirs(argv[1]) || vg_picture_new(300, 40, &p)) return 1;
  char *png = vg_format("%s.png", argv[1]);
  vg_picture_text(&p, 4, 4, "preview");
  return vg_picture_write(png, &p) || session(argv[1], 1, 40, png) || session(argv[1], 21, 60, png);
}
