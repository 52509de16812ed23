/* fuzz_pair.c: two files as a NIfTI pair: the first byte says which of them are called as compressed ones,
 * the next two how long the header's file is. */
#include <stdio.h>
#include "voxgan/volume.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  vg_volume v = {0};
  vg_labelmap m = {0};
  vg_volume_header h;
  const unsigned kind = fuzz_byte(&in);
  size_t head = fuzz_byte(&in);
  head += 256 * fuzz_byte(&in);
  if (head > fuzz_left(&in)) head = fuzz_left(&in);
  fuzz_file(kind & 1 ? "/mem/a.hdr.gz" : "/mem/a.hdr", in.at, head);
  fuzz_file(kind & 2 ? "/mem/a.img.gz" : "/mem/a.img", in.at + head, fuzz_left(&in) - head);
  const char *path = kind & 4 ? "/mem/a.img" : kind & 1 ? "/mem/a.hdr.gz" : "/mem/a.hdr";
  vg_status a = vg_volume_read(path, &v, NULL), b = vg_volume_read_labels(path, &m, NULL);
  vg_status c = vg_volume_info(path, &h);
  vg_volume_release(&v);
  vg_labelmap_release(&m);
  /* A half that is missing is VG_IO. */
  fuzz_allow(a, FUZZ(DATA) | FUZZ(IO));
  fuzz_allow(b, FUZZ(DATA) | FUZZ(IO));
  if (!a && c) VG_BUG("was read, but its header is refused: %s", vg_error());
  return fuzz_end();
}
