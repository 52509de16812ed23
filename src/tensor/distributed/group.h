/* group.h: the processes that train one model, and what they tell each other. The bytes are moved by c10d,
 * libtorch's own library: Gloo between CPUs, NCCL between GPUs, and a TCP store where the processes meet.
 * Between the CPUs of one machine nothing is moved: processes sum where their values lie, in memory that they
 * share.
 *
 * A group of NULL is a process alone: its sums are its own values, and nothing is sent.
 *
 * All processes make the same calls in the same order. A call returns once all have made it, so it also finds
 * out when one has gone: each process tells the store every second that it lives, and the first one judges
 * the others by that. Whatever ends one process ends all: every call then fails, with a message that names
 * rank, host and reason, and vg_interrupted() is true, so that long work stops too.
 */
#ifndef VG_TENSOR_GROUP_H
#define VG_TENSOR_GROUP_H
#include <stdbool.h>
#include <stddef.h>
#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_group_options {
  int rank, size;
  const char *host; /* where rank 0, or the program that started the processes, keeps the store */
  int port;
  bool kept;          /* that program keeps the store, not rank 0 */
  int attempt;        /* of that program to start the processes: 0, 1, ... */
  bool shared_memory; /* where all processes run on one machine and all wish so */
  double timeout;     /* seconds without a sign of life after which a process counts as hanging */
} vg_group_options;

typedef struct vg_group vg_group;

/* Meets the others. *out is NULL for a size of 1. VG_DEVICE: the store cannot be reached, a process does not
 * come, or this libtorch lacks what the device needs; the message says which. */
vg_status vg_group_join(const vg_group_options *how, vg_device device, vg_group **out);
/* Ends the membership, with the result of this process's work. VG_OK waits for the others. Else the others
 * learn the reason, and where another process's failure is behind that of this one, its status and message
 * are returned. */
vg_status vg_group_leave(vg_group *g, vg_status result);

int vg_group_rank(const vg_group *g); /* 0 for NULL */
int vg_group_size(const vg_group *g); /* 1 for NULL */

/* Sums of all processes, in place, with the same bytes in each. */
vg_status vg_group_sum(vg_group *g, double *values, size_t n);
vg_status vg_group_sum_floats(vg_group *g, float *values, size_t n);
/* The same of the parameters' gradients and of row (floats; may be NULL). A parameter has a gradient
 * afterwards if one process had. bf16: values are rounded to bf16 for the way; sums are made in fp32. */
vg_status vg_group_sum_gradients(vg_group *g, vg_tensor *const *params, int n, vg_tensor *row, bool bf16);
/* The next backward pass is the last before vg_group_sum_gradients with the same arguments. Gradients then go
 * to the others in buckets while the pass still makes those of earlier layers, and the sum waits for what is
 * left. Each process may call it or not; no other call of the group may come in between. Faults are kept for
 * vg_tensor_check. */
void vg_group_sum_soon(vg_group *g, vg_tensor *const *params, int n, bool bf16);
/* Rank 0's bytes, and values of tensors, for all. */
vg_status vg_group_share(vg_group *g, void *data, size_t n);
vg_status vg_group_share_tensors(vg_group *g, vg_tensor *const *list, int n);

/* From here on vg_batch_norm, in training, takes the statistics of all processes, which must call it alike;
 * NULL: its own. A process whose samples have weight 0 joins, and does not count. */
void vg_group_norms(vg_group *g, double weight);

/* Seconds that this process has waited for others so far, and bytes that it gave to sums and shares. */
double vg_group_waited(const vg_group *g);
double vg_group_bytes(const vg_group *g);
/* Seconds that sums of gradients took so far, hidden behind a backward pass or not; on a GPU, only to begin
 * them. */
double vg_group_sending(const vg_group *g);
/* Bytes of gradients that left before their backward pass had ended. */
double vg_group_ahead(const vg_group *g);

#ifdef __cplusplus
}
#endif
#endif
