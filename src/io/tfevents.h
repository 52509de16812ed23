/* tfevents.h: writes TensorBoard's event files: scalars and pictures by step.
 *
 *     vg_tfevents *e;
 *     vg_status st = vg_tfevents_new("runs/a/tensorboard", 1, &e);
 *     vg_tfevents_scalar(e, step, "train/d_real", 0.7);
 *     st = vg_tfevents_flush(e);
 *     vg_tfevents_free(e);
 *
 * A file is DIR/events.out.tfevents.SECONDS.HOST, a sequence of records
 * (tensorflow/core/lib/io/record_writer.h): u64 length, u32 masked CRC of these 8 bytes, the data, u32 masked
 * CRC of the data; little-endian. The CRC is CRC-32C (RFC 3720, B.4), masked as in
 * tensorflow/core/lib/hash/crc32c.h. The data are messages of type Event (tensorflow/core/util/event.proto,
 * tensorflow/core/framework/summary.proto) in protobuf's wire format
 * (protobuf.dev/programming-guides/encoding).
 *
 * A process that continues an earlier one writes a new file, which begins with SessionLog START and the first
 * step that it will write. TensorBoard then discards this and all later steps of earlier files, even those
 * that it has already read. (Truncating the earlier file would not change what an open TensorBoard shows.)
 */
#ifndef VOXGAN_TFEVENTS_H
#define VOXGAN_TFEVENTS_H
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_tfevents vg_tfevents;

/* Makes the folder, and in it a file whose name sorts after those of existing event files. */
vg_status vg_tfevents_new(const char *dir, int64_t first_step, vg_tfevents **out);
/* Values stay in memory until _flush, which also reports earlier failures. With NULL both do nothing. */
void vg_tfevents_scalar(vg_tfevents *e, int64_t step, const char *tag, double value);
/* VG_DATA: the bytes are not a PNG file. */
vg_status vg_tfevents_png(vg_tfevents *e, int64_t step, const char *tag, const void *png, size_t len);
vg_status vg_tfevents_flush(vg_tfevents *e);
/* Drops values that were not flushed. */
void vg_tfevents_free(vg_tfevents *e);
/* Removes the folder's event files. VG_OK if the folder does not exist. */
vg_status vg_tfevents_clear(const char *dir);

#ifdef __cplusplus
}
#endif
#endif
