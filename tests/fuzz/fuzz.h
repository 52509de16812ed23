/* fuzz.h: what fuzz targets share.
 *
 *     int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
 *       fuzz_input in = fuzz_begin(data, size);
 *       fuzz_file("/mem/a.csv", in.at, fuzz_left(&in));
 *       ... vg_table_read("/mem/a.csv", &t) ...
 *       return fuzz_end();                               // VG_BUG for a leak
 *     }
 *
 * Files below /mem are in memory (memory_files.c): the linker puts functions of ours in front of open, fstat,
 * pread and so on. Outside of /mem nothing is written: vg_fs_write_atomic and its siblings do nothing.
 */
#ifndef VG_TESTS_FUZZ_H
#define VG_TESTS_FUZZ_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct fuzz_input {
  const uint8_t *at, *end;
} fuzz_input;

/* Forgets all files and messages; one thread, and errors only on stderr. */
fuzz_input fuzz_begin(const uint8_t *data, size_t size);
/* VG_BUG for a block that is still allocated. Returns 0. */
int fuzz_end(void);

size_t fuzz_left(const fuzz_input *in);
/* The next byte, 0 past the end. */
unsigned fuzz_byte(fuzz_input *in);
/* A usual number, or one on and beyond the bounds of all gates. */
double fuzz_number(fuzz_input *in);
/* The rest of the input up to the next line "%%", or the end, as a text (vg_free). NULs become blanks. */
char *fuzz_text(fuzz_input *in);

/* Makes a file below /mem, or replaces it. bytes are borrowed until fuzz_begin. */
void fuzz_file(const char *path, const void *bytes, size_t size);
/* The same with the next part of the input, up to a line "%%". */
void fuzz_file_part(const char *path, fuzz_input *in);

/* VG_BUG unless st is VG_OK or one of the statuses: those that foreign bytes may cause. */
void fuzz_allow(vg_status st, unsigned statuses);
#define FUZZ(status) (1u << VG_##status)

#endif
