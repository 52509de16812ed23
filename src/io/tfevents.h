/* tfevents.h: TensorBoard's event files: scalars and pictures by step.
 *
 *     vg_tfevents *e;
 *     vg_status st = vg_tfevents_new("runs/a/tensorboard", 1, &e);
 *     vg_tfevents_scalar(e, step, "train/d_real", 0.7);
 *     st = vg_tfevents_flush(e);
 *     vg_tfevents_free(e);
 *
 * A file is DIR/events.out.tfevents.SECONDS.HOST, a sequence of records
 * (tensorflow/core/lib/io/record_writer.h): u64 length, u32 masked CRC of these 8 bytes, the data, u32 masked
 * CRC of the data; little-endian. The CRC is CRC-32C (RFC 3720, B.4), masked as
 * tensorflow/core/lib/hash/crc32c.h says. The data are messages of type Event
 * (tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto) in protobuf's wire format
 * (protobuf.dev/programming-guides/encoding).
 *
 * Whoever goes on where an earlier process stopped writes a file of its own, which begins with SessionLog
 * START at the step that it will write first: TensorBoard then forgets what earlier files say of that step
 * and later ones, also where it has read that already. (Cutting the earlier file would not take back what an
 * open TensorBoard shows.)
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

/* Makes the folder and a file in it that sorts after those that are there. */
vg_status vg_tfevents_new(const char *dir, int64_t first_step, vg_tfevents **out);
/* What is added is kept until _flush, which reports a failure in between too. On NULL both do nothing. */
void vg_tfevents_scalar(vg_tfevents *e, int64_t step, const char *tag, double value);
/* VG_DATA where the bytes are no PNG. */
vg_status vg_tfevents_png(vg_tfevents *e, int64_t step, const char *tag, const void *png, size_t len);
vg_status vg_tfevents_flush(vg_tfevents *e);
/* Drops what was not flushed. */
void vg_tfevents_free(vg_tfevents *e);
/* Removes the folder's event files; fine when it is not there. */
vg_status vg_tfevents_clear(const char *dir);

#ifdef __cplusplus
}
#endif
#endif
