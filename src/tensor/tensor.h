/* tensor.h: tensors with autograd on CPU or CUDA: a C API over ATen, and a few fused operations.
 *
 * Handles are opaque. Every function that gives a new vg_tensor * puts it into the innermost
 * scope of the calling thread, which frees it; there is nothing to free by hand:
 *
 *     vg_scope *s = vg_scope_push();
 *     vg_tensor *y = vg_leaky_relu(vg_instance_norm(vg_conv3d(x, w, b, geo), 1e-5), 0.2);
 *     ...
 *     y = vg_scope_pop(s, y);            // y moves to the outer scope, the rest is freed
 *
 * Without a scope a new handle is VG_BUG. vg_retain takes a handle out of all scopes (parameters,
 * optimiser state); vg_release frees it. vg_tensor_live() counts handles, for tests.
 *
 * Errors are sticky: an operand of NULL gives NULL, and the first error of the thread is kept
 * until vg_tensor_check() hands it over. So a network is one expression and one check closes it.
 * No C++ exception crosses: shape and type faults are VG_FAILED, out-of-memory VG_MEMORY, a
 * device that is missing VG_DEVICE.
 *
 * Shapes are (N, C, D, H, W) unless said otherwise; D, H, W are z, y, x.
 */
#ifndef VOXGAN_TENSOR_H
#define VOXGAN_TENSOR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_tensor vg_tensor;
typedef struct vg_scope vg_scope;

typedef enum vg_type { VG_F32, VG_BF16, VG_F16, VG_I64 } vg_type;

typedef struct vg_device {
  int kind; /* 0 CPU, 1 CUDA */
  int index;
} vg_device;
/* The device that a user asks for. */
typedef enum vg_device_wish {
  VG_WISH_CPU,     /* "cpu" */
  VG_WISH_ANY_GPU, /* "cuda" */
  VG_WISH_ONE_GPU, /* "cuda:1" */
  VG_WISH_AUTO     /* "auto": a GPU if one is found, else the CPU, which the log says */
} vg_device_wish;
/* Understands the text, without looking for the device. index: of ONE_GPU, else 0. VG_USAGE: it is none of
 * these. */
vg_status vg_device_wish_parse(const char *name, vg_device_wish *out, int *index);
/* Finds the device. VG_DEVICE if the device is missing or does not work. A CUDA device computes convolutions
 * in TF32, and adds in any order: this is faster, and results differ in the last bits from run to run. */
vg_status vg_device_parse(const char *name, vg_device *out);
/* Text such as "cpu (2 threads)" or "cuda:0 NVIDIA H200", into buf. */
const char *vg_device_describe(vg_device d, char *buf, size_t size);
/* Threads of the CPU kernels; 0: one per processor this process may run on. libtorch's own default is not
 * used. */
void vg_tensor_threads(int n);
const char *vg_torch_version(void); /* "1.13.0" */
/* Highest bytes held so far: the process's peak RSS on the CPU; on CUDA the peak of all tensors, or 0 if
 * libtorch (before 2.10) does not report it. */
size_t vg_tensor_peak_bytes(vg_device d);
/* Memory of a CUDA device in bytes; 0: not known, or the CPU. */
size_t vg_tensor_total_bytes(vg_device d);
/* On: convolutions of this thread round their inputs and weights to bf16 and return bf16, and the operations
 * between them and a loss store bf16. Sums within convolutions, norms, losses, reductions, weights and their
 * gradients are fp32. Returns the former setting. */
bool vg_tensor_bf16(bool on);
/* Whether d has instructions for products of bf16. A CPU without them returns the same values, but no faster.
 */
bool vg_device_has_bf16(vg_device d);
/* On: cuDNN tries all algorithms for each new shape of a convolution, and keeps the fastest. This pays off
 * for shapes that occur many times. Returns the former setting. */
bool vg_tensor_autotune(bool on);
/* Off: ATen's operations replace our own kernels, on the CPU and on a GPU, in calls of this thread. Second
 * derivatives need that; tests compare both. Returns the former setting. */
bool vg_tensor_own_kernels(bool on);

/* ---- lifetime and errors ---- */
vg_scope *vg_scope_push(void);
/* Frees what the scope made; keep (may be NULL) moves to the outer scope and is returned. */
vg_tensor *vg_scope_pop(vg_scope *s, vg_tensor *keep);
vg_tensor *vg_retain(vg_tensor *t);
void vg_release(vg_tensor *t);
size_t vg_tensor_live(void);
/* VG_OK, or the first error since the last check, with its message. Clears it. */
vg_status vg_tensor_check(void);

/* ---- making and looking ---- */
vg_tensor *vg_tensor_from(const float *data, const int64_t *shape, int ndim, vg_device d); /* copies */
vg_tensor *vg_zeros(const int64_t *shape, int ndim, vg_device d);
vg_tensor *vg_full(const int64_t *shape, int ndim, double value, vg_device d);
int vg_ndim(const vg_tensor *t);
int64_t vg_size(const vg_tensor *t, int dim); /* dim may be negative; 0 for NULL */
int64_t vg_numel(const vg_tensor *t);
/* Copies all elements as F32 (waits for the device). n must be vg_numel. */
vg_status vg_tensor_copy_out(const vg_tensor *t, float *out, size_t n);
/* Overwrites t's elements, outside autograd. */
vg_status vg_tensor_copy_in(vg_tensor *t, const float *data, size_t n);
/* Overwrites t's vg_numel elements, for every step. On the CPU a tensor of floats then uses data as its
 * memory, so data must live as long as t is used. A GPU copies while it computes, and the host does not wait:
 * pinned data must not change before vg_tensor_loads_wait. Errors are kept. */
void vg_tensor_load(vg_tensor *t, const float *data);
/* Waits until all loads have read the host's memory. */
void vg_tensor_loads_wait(vg_device d);
/* Lets a GPU read this memory directly; unpin it before freeing it. If pinning fails, loads copy the data
 * first. */
void vg_host_pin(void *data, size_t bytes, vg_device d);
void vg_host_unpin(void *data, vg_device d);
/* All elements become value, outside autograd; the host does not wait. */
void vg_fill(vg_tensor *t, double value);
/* t moves to `to` by this share, in place, outside autograd; share 1 copies. */
void vg_tensor_lerp(vg_tensor *t, const vg_tensor *to, double share);
/* The single element; waits for the device. NaN for NULL. */
double vg_item(const vg_tensor *t);
vg_tensor *vg_to(vg_tensor *t, vg_device d);
vg_tensor *vg_cast(vg_tensor *t, vg_type type);

/* ---- random numbers: a generator of its own, never the library's global one ---- */
typedef struct vg_rand vg_rand;
vg_rand *vg_rand_new(uint64_t seed, vg_device d); /* NULL: error kept */
/* Resets the generator to this seed; vg_rand_restart to the seed that it has, without using the device. */
void vg_rand_seed(vg_rand *g, uint64_t seed);
void vg_rand_restart(vg_rand *g);
void vg_rand_free(vg_rand *g);
vg_tensor *vg_randn(const int64_t *shape, int ndim, double mean, double sd, vg_rand *g);

/* ---- noise that follows from position ----
 * A field of normal numbers over a whole volume and the grids below it. A value follows from the field (seed,
 * key), the grid (level) and the position alone, so a window of the volume sees the part of the field that
 * lies in it, and any device makes the same (but for the last bits of a logarithm and a cosine). */
typedef struct vg_noise_id {
  uint64_t seed, key;
  int64_t origin[3]; /* D, H, W of the sample's first voxel in the volume; -2^19 to 2^19 after scaling */
} vg_noise_id;
/* (n, 5) integers, for vg_noise_ids_set, which the host does not wait for. */
vg_tensor *vg_noise_ids(int n, vg_device d);
void vg_noise_ids_set(vg_tensor *ids, const vg_noise_id *list);
/* (N, 1, D, H, W) for N ids: the field on the grid whose voxels are scale voxels of the volume wide.
 * level, 0 to 15, makes fields independent. */
vg_tensor *vg_noise_field(vg_tensor *ids, int level, const int scale[3], const int dim[3]);

/* ---- autograd ---- */
vg_tensor *vg_requires_grad(vg_tensor *t, bool on); /* in place, returns t */
vg_tensor *vg_detach(vg_tensor *t);
/* d loss / d leaves is added to the leaves' gradients; the graph is freed. */
void vg_backward(vg_tensor *loss);
vg_tensor *vg_grad(vg_tensor *t); /* its gradient, or NULL (not an error) when it has none */
void vg_zero_grad(vg_tensor *t);
/* d sum(of) / d in, which can be differentiated again; of's graph stays. It is an error if our own CPU
 * kernels computed `of`: they have no second derivative, see vg_tensor_own_kernels. */
vg_tensor *vg_gradient(vg_tensor *of, vg_tensor *in);
bool vg_no_grad(bool on); /* this thread; returns the former setting */
/* Gradient checkpointing (Chen et al. 2016). f(context, in, rand, false), of which the graph keeps the inputs
 * alone: for the gradient, f is called again (again true) with a copy of context and with rand as it was, and
 * must make the same tensor. It computes by its arguments and by tensors that outlive the graph (parameters,
 * whose gradients it gives); rand and inputs but the first may be NULL. Without gradients it is called once,
 * as it is. */
#define VG_SEGMENT_INPUTS 3
typedef vg_tensor *(*vg_segment)(const void *context, vg_tensor *const in[VG_SEGMENT_INPUTS], vg_rand *rand,
                                 bool again);
vg_tensor *vg_recompute(vg_segment f, const void *context, size_t size,
                        vg_tensor *const in[VG_SEGMENT_INPUTS], vg_rand *rand);

/* ---- elementwise; shapes broadcast ---- */
vg_tensor *vg_add(vg_tensor *a, vg_tensor *b);
vg_tensor *vg_sub(vg_tensor *a, vg_tensor *b);
vg_tensor *vg_mul(vg_tensor *a, vg_tensor *b);
vg_tensor *vg_div(vg_tensor *a, vg_tensor *b);
vg_tensor *vg_scale(vg_tensor *a, double factor, double offset); /* a * factor + offset */
vg_tensor *vg_abs(vg_tensor *a);
vg_tensor *vg_square(vg_tensor *a);
vg_tensor *vg_sqrt(vg_tensor *a);
vg_tensor *vg_exp(vg_tensor *a);
vg_tensor *vg_ln(vg_tensor *a); /* natural logarithm; vg_log is the logger */
vg_tensor *vg_tanh(vg_tensor *a);
vg_tensor *vg_sigmoid(vg_tensor *a);
vg_tensor *vg_relu(vg_tensor *a);
vg_tensor *vg_above(vg_tensor *a, double value); /* 1 where a > value, else 0; has no gradient */
vg_tensor *vg_leaky_relu(vg_tensor *a, double slope);
/* leaky_relu(a + b) in one pass over memory: a (k N, ...), b (N, ...) repeated k times. Other shapes
 * broadcast as in vg_add. */
vg_tensor *vg_add_leaky_relu(vg_tensor *a, vg_tensor *b, double slope);
vg_tensor *vg_softplus(vg_tensor *a);
vg_tensor *vg_softmax(vg_tensor *a, int dim);
vg_tensor *vg_log_softmax(vg_tensor *a, int dim);

/* ---- reductions and shapes ---- */
vg_tensor *vg_sum(vg_tensor *a);  /* to one element */
vg_tensor *vg_mean(vg_tensor *a); /* to one element */
vg_tensor *vg_sum_dims(vg_tensor *a, const int *dims, int n, bool keep);
vg_tensor *vg_reshape(vg_tensor *a, const int64_t *shape, int ndim);
vg_tensor *vg_permute(vg_tensor *a, const int *order, int ndim);
vg_tensor *vg_cat(vg_tensor *const *list, int n, int dim);
vg_tensor *vg_narrow(vg_tensor *a, int dim, int64_t start, int64_t length);
vg_tensor *vg_contiguous(vg_tensor *a);
/* One element: 1 where any of a is NaN or infinite, else 0. */
vg_tensor *vg_not_finite(vg_tensor *a);
/* Copies from into to if flag (one element) is not 0, outside autograd; the host does not wait for the flag.
 */
void vg_copy_where(vg_tensor *to, vg_tensor *from, vg_tensor *flag);
/* Zero padding (or cropping where negative) of D, H, W: before and after. */
vg_tensor *vg_pad3d(vg_tensor *a, const int before[3], const int after[3], double value);
vg_tensor *vg_reflect_pad3d(vg_tensor *a, const int pad[3]);
/* The mean of each block of stride voxels, n to n / stride voxels; voxels that fill no block are omitted. */
vg_tensor *vg_average3d(vg_tensor *a, const int stride[3]);
/* Along each axis of stride 2 the mean of every other voxel and its two neighbours, n to (n + 1) / 2 voxels.
 * A voxel at an end has one neighbour. */
vg_tensor *vg_halve3d(vg_tensor *a, const int stride[3]);
/* A Gaussian low-pass of each sample and channel along D, H and W, sigma in voxels. At a border the weights
 * of the voxels that are there add up to 1. Axes of one voxel stay. */
vg_tensor *vg_blur3d(vg_tensor *a, double sigma);
/* A box of this extent (D, H, W) from each sample. corner (N, 3 or more): its lowest D, H and W, on a's
 * device, so that the host does not wait for them. */
vg_tensor *vg_crop3d(vg_tensor *a, vg_tensor *corner, const int extent[3]);

/* ---- layers ---- */
typedef struct vg_conv_geo {
  int stride[3], pad[3]; /* D, H, W */
} vg_conv_geo;
/* x (N, C, D, H, W), w (K, C, kd, kh, kw), b (K) or NULL. */
vg_tensor *vg_conv3d(vg_tensor *x, vg_tensor *w, vg_tensor *b, const vg_conv_geo *geo);
/* Transposed convolution as libtorch does it; w (C, K, kd, kh, kw). The reference for vg_upconv3d. */
vg_tensor *vg_conv_transpose3d(vg_tensor *x, vg_tensor *w, vg_tensor *b, const vg_conv_geo *geo,
                               const int output_pad[3]);
/* The same transform by phases. On an axis with stride 2 the kernel is 4, padding 1, and out is 2n or
 * 2n+1 (output padding 0 or 1): each output voxel sees two input voxels, so every phase of the output is a
 * k2 convolution on the input grid; on an axis with stride 1 the kernel is 1 or 3 and padding keeps the size.
 * w (C, K, kd, kh, kw) as for vg_conv_transpose3d. out: D, H, W wanted. */
vg_tensor *vg_upconv3d(vg_tensor *x, vg_tensor *w, vg_tensor *b, const int stride[3], const int out[3]);
/* The weight for vg_upconv3d that makes it a nearest-neighbour resizing, by 2 along axes of stride 2, and
 * then a convolution with w (K, C, kd, kh, kw), of kernel 3 there and 1 or 3 elsewhere, padded by zeros. Such
 * layers give all phases of their output the same sum of weights, so what is constant stays constant (Odena,
 * Dumoulin and Olah 2016), at the cost of the transposed convolution. */
vg_tensor *vg_resize_weight(vg_tensor *w, const int stride[3]);
/* Along each axis of stride 2 a quarter of each neighbour and half of the voxel itself; a voxel at an end
 * counts as its own neighbour. After nearest-neighbour resizing by 2 this is linear interpolation, and it
 * commutes with convolutions but for their padding, so it may follow the upconv3d of a vg_resize_weight. */
vg_tensor *vg_smooth3d(vg_tensor *a, const int stride[3]);
/* The same operations on x0 and x1 concatenated along C, without storing the concatenation. One of them may
 * have N = 1 and is then repeated over the batch. An input without a gradient (labels) costs none. */
vg_tensor *vg_conv3d_cat(vg_tensor *x0, vg_tensor *x1, vg_tensor *w, vg_tensor *b, const vg_conv_geo *geo);
vg_tensor *vg_upconv3d_cat(vg_tensor *x0, vg_tensor *x1, vg_tensor *w, vg_tensor *b, const int stride[3],
                           const int out[3]);
/* Per sample and channel: (x - mean) / sqrt(var + eps), biased variance, no affine (pix2pix). */
vg_tensor *vg_instance_norm(vg_tensor *x, double eps);
/* leaky_relu(instance_norm(x), slope) in one pass over memory; slope 0 is ReLU, 1 is none. */
vg_tensor *vg_instance_norm_act(vg_tensor *x, double eps, double slope);
/* weight, bias, running_mean, running_var: (C). Running statistics are updated in place when training. weight
 * and bias may be NULL, for 1 and 0. */
vg_tensor *vg_batch_norm(vg_tensor *x, vg_tensor *weight, vg_tensor *bias, vg_tensor *running_mean,
                         vg_tensor *running_var, bool training, double momentum, double eps);
/* Gain and bias that follow the classes of each voxel (SPADE, Park et al. 2019; CLADE, Tan et al. 2020):
 *
 *     leaky_relu(h (1 + gain) + shift + strength noise, slope)
 *
 * h is x (N, K, D, H, W), after an instance norm if asked for. The factors of a channel are sums over the
 * classes of weight times fraction, a bias, and what maps adds. fractions and noise get no gradient. */
typedef struct vg_modulation_terms {
  vg_tensor *fractions, *weight; /* (N, C, D, H, W), (R K, C): the gains of all channels, then the shifts, and
                                    with noise (R 3, else 2) the strengths; NULL: 0 */
  vg_tensor *bias;               /* (N or 1, R K); NULL: 0 */
  vg_tensor *maps;               /* (N, 2 K, D, H, W), gains and shifts; NULL: 0 */
  vg_tensor *noise;              /* (N, 1, D, H, W); NULL: none */
  bool norm;                     /* instance norm, with eps */
  double eps, slope;
} vg_modulation_terms;
vg_tensor *vg_modulate(vg_tensor *x, const vg_modulation_terms *t);
/* Keeps with probability 1 - p, scaled by 1 / (1 - p). */
vg_tensor *vg_dropout(vg_tensor *x, double p, vg_rand *g);

/* ---- losses on logits and images: means over all elements ---- */
vg_tensor *vg_bce_with_logits(vg_tensor *logits, double target);
/* mean(|a - b| * weight); weight NULL is 1, else broadcasts (N, 1, D, H, W). */
vg_tensor *vg_l1(vg_tensor *a, vg_tensor *b, vg_tensor *weight);

/* ---- networks of others, as TorchScript ---- */
typedef struct vg_script vg_script;
/* Loads what torch.jit.save wrote, in evaluation mode. VG_DATA, in one line, where path holds no such module.
 * A script is code: it computes what it likes of tensors. */
vg_status vg_script_load(const char *path, vg_device d, vg_script **out);
void vg_script_free(vg_script *s);
/* A named constant of a script. */
typedef struct vg_script_part {
  const char *name; /* an identifier */
  const float *values;
  const int64_t *shape;
  int ndim;
} vg_script_part;
/* Saves a module whose methods are the text `code` and whose buffers are the parts; about becomes the extra
 * file voxgan.json. Equal arguments give equal bytes. */
vg_status vg_script_save(const char *path, const char *code, const vg_script_part *parts, size_t n,
                         const char *about);
/* forward(x), without gradients: its tensor, or the first of a tuple or list. */
vg_tensor *vg_script_run(vg_script *s, const vg_tensor *x);

/* ---- optimiser ---- */
/* One Adam step (Kingma and Ba 2015, bias-corrected, as torch.optim.Adam) over n parameters from their
 * gradients, in place; parameters without a gradient do not change. t counts from 1. skip: NULL, or one
 * element. If it is 1, nothing changes; a gradient that is not finite sets it to 1. A GPU decides this
 * itself, and the host need not wait. clock: NULL, or (2) lr and t, which a GPU then reads instead. */
vg_status vg_adam_step(vg_tensor *const *params, vg_tensor *const *exp_avg, vg_tensor *const *exp_avg_sq,
                       int n, double lr, double beta1, double beta2, double eps, double weight_decay,
                       int64_t t, vg_tensor *skip, vg_tensor *clock);

/* ---- recorded work ---- */
/* Records the GPU's work that this thread starts between begin and end (a CUDA graph). A replay does the work
 * again with a single start by the host. It reads and writes the same memory each time, so values that differ
 * between replays must lie in tensors that outlive the graph. Nothing in it may wait for the device. The same
 * work must have run once before, since choosing algorithms and compiling kernels cannot be recorded. */
typedef struct vg_graph vg_graph;
bool vg_graph_possible(vg_device d);
vg_graph *vg_graph_begin(vg_device d); /* NULL: error kept */
bool vg_graph_end(vg_graph *g);        /* false: error kept, and g can only be freed */
void vg_graph_replay(vg_graph *g);
void vg_graph_free(vg_graph *g);

/* ---- profile ---- */
/* Time on the CPU from start to stop, by layer and operation. An operation's time excludes that of other rows
 * inside it, so that the rows add up. Autograd's own work is "backward: others". Only one thread may compute
 * during a profile. */
typedef struct vg_profile_row {
  char layer[32], op[32];
  double seconds, flops; /* flops: for convolutions only, with border taps */
  int64_t calls;
} vg_profile_row;
void vg_profile_start(void);
/* The rows, n of them, until the next start. */
const vg_profile_row *vg_profile_stop(int *n);
/* Names the layer that what follows belongs to, "" for none. */
void vg_profile_layer(const char *name);
/* Rate in flop/s of libtorch's product of large square matrices, of VG_F32 or VG_BF16; 0: it fails. */
double vg_profile_gemm(vg_type type);

#ifdef __cplusplus
}
#endif
#endif
