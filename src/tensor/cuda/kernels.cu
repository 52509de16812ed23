// kernels.cu: what a GPU does between its convolutions, compiled at run time by NVRTC (cuda_kernels.cpp),
// once for each type of elements and each VEC: how many of them, side by side, a thread loads at once. C is a
// multiple of VEC.
//
//   -DBF16=1|0   elements are bf16, or float      -DVEC=8|4|2|1
//
// Volumes are channels-last: (N, voxels, C). Arithmetic is fp32.
//
// The norm's kernels share one arrangement: a block has THREADS threads, which are `lanes` vectors of
// channels (grid z times THREADS of them where there are more) by `rows` voxels, and walks over its share
// (grid x) of the voxels of a sample (grid y). So a thread's channels never change.

#define THREADS 256

#if BF16
typedef unsigned short element;
__device__ __forceinline__ float wide(element v) {
  return __uint_as_float((unsigned)v << 16);
}
__device__ __forceinline__ element narrow(float v) {
#if __CUDA_ARCH__ >= 800
  element r;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(r) : "f"(v));
  return r;
#else
  const unsigned bits = __float_as_uint(v);
  return v != v ? 0x7fff : (element)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
#endif
}
#else
typedef float element;
__device__ __forceinline__ float wide(element v) {
  return v;
}
__device__ __forceinline__ element narrow(float v) {
  return v;
}
#endif

struct alignas(sizeof(element) * VEC) vector {
  element at[VEC];
};

typedef long long index;
#define EACH for (int j = 0; j < VEC; j++)

struct Walk {
  int channel;       // first of the thread's; outside C: the thread has none
  index first, step; // vectors from the thread's first voxel on
  index end;         // where the block's share ends
};

__device__ Walk walk(index voxels, int C) {
  const int lanes = C / VEC, here = min(lanes - (int)blockIdx.z * THREADS, THREADS), rows = THREADS / here;
  const int lane = threadIdx.x % here, row = threadIdx.x / here;
  const index share = (voxels + gridDim.x - 1) / gridDim.x, from = share * blockIdx.x,
              to = min(voxels, from + share);
  const index sample = (index)blockIdx.y * voxels, offset = (index)blockIdx.z * THREADS + lane;
  Walk w;
  w.channel = row < rows ? (int)offset * VEC : C;
  w.first = (sample + from + row) * lanes + offset;
  w.step = (index)rows * lanes;
  w.end = row < rows ? (sample + to) * lanes : 0;
  return w;
}

// Sums over the block's rows; partial (N, blocks, 2, C).
__device__ void add_rows(const Walk &w, const float *a, const float *b, int C, float *partial) {
  __shared__ float held[2][THREADS * VEC];
  const int here = min(C / VEC - (int)blockIdx.z * THREADS, THREADS), rows = THREADS / here;
  EACH {
    held[0][threadIdx.x * VEC + j] = w.channel < C ? a[j] : 0;
    held[1][threadIdx.x * VEC + j] = w.channel < C ? b[j] : 0;
  }
  __syncthreads();
  float *const out = partial + ((index)blockIdx.y * gridDim.x + blockIdx.x) * 2 * C;
  for (int i = threadIdx.x; i < 2 * here * VEC; i += THREADS) {
    const int which = i / (here * VEC), c = i % (here * VEC);
    float sum = 0;
    for (int r = 0; r < rows; r++) sum += held[which][r * here * VEC + c];
    out[which * C + blockIdx.z * THREADS * VEC + c] = sum;
  }
}

// Sums of x - p and its square, p the sample's first voxel, so that large means do not cost digits.
extern "C" __global__ void __launch_bounds__(THREADS)
    norm_sums(const vector *x, index voxels, int C, float *partial) {
  const Walk w = walk(voxels, C);
  float sum[VEC] = {}, square[VEC] = {}, p[VEC] = {};
  if (w.channel < C) {
    const vector v = x[((index)blockIdx.y * voxels * C + w.channel) / VEC];
    EACH p[j] = wide(v.at[j]);
  }
#pragma unroll 4
  for (index i = w.first; i < w.end; i += w.step) {
    const vector v = x[i];
    EACH {
      const float d = wide(v.at[j]) - p[j];
      sum[j] += d;
      square[j] += d * d;
    }
  }
  add_rows(w, sum, square, C, partial);
}

// Of 32 channels (threads x) of a sample (grid y), by 32 threads (y) each.
__device__ bool add_partials(const float *partial, int blocks, int C, double *a, double *b) {
  __shared__ double held[2][32][32];
  const int c = blockIdx.x * 32 + threadIdx.x;
  double sum[2] = {0, 0};
  if (c < C)
    for (int i = threadIdx.y; i < blocks; i += 32)
      for (int k = 0; k < 2; k++) sum[k] += partial[(((index)blockIdx.y * blocks + i) * 2 + k) * C + c];
  for (int k = 0; k < 2; k++) held[k][threadIdx.y][threadIdx.x] = sum[k];
  __syncthreads();
  if (threadIdx.y || c >= C) return false;
  *a = *b = 0;
  for (int i = 0; i < 32; i++) *a += held[0][i][threadIdx.x], *b += held[1][i][threadIdx.x];
  return true;
}

// scales (2, N, C): mean and 1 / sqrt(var + eps).
extern "C" __global__ void norm_scales(const element *x, const float *partial, int blocks, index voxels,
                                       int C, double eps, float *scales) {
  double a, b;
  if (!add_partials(partial, blocks, C, &a, &b)) return;
  const int c = blockIdx.x * 32 + threadIdx.x;
  const double mean = a / voxels, var = b / voxels - mean * mean;
  const index at = (index)blockIdx.y * C + c;
  scales[at] = (float)(wide(x[(index)blockIdx.y * voxels * C + c]) + mean);
  scales[(index)gridDim.y * C + at] = (float)(1 / sqrt((var > 0 ? var : 0) + eps));
}

// y = leaky_relu((x - mean) / sd, slope)
extern "C" __global__ void __launch_bounds__(THREADS)
    norm_apply(const vector *x, const float *scales, index voxels, int C, float slope, vector *y) {
  const Walk w = walk(voxels, C);
  if (w.channel >= C) return;
  float mean[VEC], rstd[VEC];
  const index at = (index)blockIdx.y * C + w.channel;
  EACH mean[j] = scales[at + j], rstd[j] = scales[(index)gridDim.y * C + at + j];
#pragma unroll 4
  for (index i = w.first; i < w.end; i += w.step) {
    const vector v = x[i];
    vector out;
    EACH {
      const float n = (wide(v.at[j]) - mean[j]) * rstd[j];
      out.at[j] = narrow(n > 0 ? n : n * slope);
    }
    y[i] = out;
  }
}

// What the gradient needs of a voxel: the normalised value, from x, or from y where the slope can be undone;
// and the gradient before the activation.
struct Before {
  float n, g;
};
__device__ __forceinline__ Before before(float dy, float of, float mean, float rstd, float slope, int is_y) {
  Before b;
  b.n = is_y ? (of > 0 ? of : of / slope) : (of - mean) * rstd;
  b.g = b.n > 0 ? dy : dy * slope;
  return b;
}

extern "C" __global__ void __launch_bounds__(THREADS)
    norm_grad_sums(const vector *dy, const vector *of, const float *scales, index voxels, int C, float slope,
                   int is_y, float *partial) {
  const Walk w = walk(voxels, C);
  float a[VEC] = {}, b[VEC] = {}, mean[VEC] = {}, rstd[VEC] = {};
  const index at = (index)blockIdx.y * C + w.channel;
  if (w.channel < C) EACH mean[j] = scales[at + j], rstd[j] = scales[(index)gridDim.y * C + at + j];
#pragma unroll 2
  for (index i = w.first; i < w.end; i += w.step) {
    const vector g = dy[i], v = of[i];
    EACH {
      const Before here = before(wide(g.at[j]), wide(v.at[j]), mean[j], rstd[j], slope, is_y);
      a[j] += here.g;
      b[j] += here.g * here.n;
    }
  }
  add_rows(w, a, b, C, partial);
}

// means (2, N, C): of g and of g n.
extern "C" __global__ void norm_grad_means(const float *partial, int blocks, index voxels, int C,
                                           float *means) {
  double a, b;
  if (!add_partials(partial, blocks, C, &a, &b)) return;
  const index at = (index)blockIdx.y * C + blockIdx.x * 32 + threadIdx.x;
  means[at] = (float)(a / voxels);
  means[(index)gridDim.y * C + at] = (float)(b / voxels);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    norm_grad_apply(const vector *dy, const vector *of, const float *scales, const float *means, index voxels,
                    int C, float slope, int is_y, vector *dx) {
  const Walk w = walk(voxels, C);
  if (w.channel >= C) return;
  float mean[VEC], rstd[VEC], a[VEC], b[VEC];
  const index at = (index)blockIdx.y * C + w.channel, second = (index)gridDim.y * C;
  EACH {
    mean[j] = scales[at + j], rstd[j] = scales[second + at + j];
    a[j] = means[at + j], b[j] = means[second + at + j];
  }
#pragma unroll 2
  for (index i = w.first; i < w.end; i += w.step) {
    const vector g = dy[i], v = of[i];
    vector out;
    EACH {
      const Before here = before(wide(g.at[j]), wide(v.at[j]), mean[j], rstd[j], slope, is_y);
      out.at[j] = narrow(rstd[j] * (here.g - a[j] - here.n * b[j]));
    }
    dx[i] = out;
  }
}

// A volume (N, D, H, W, C) and its blocks (N, Bd, Bh, Bw, fd fh fw C): block b's voxel p is voxel f b + p -
// off of the volume, along each axis; what is outside is 0. Each thread makes one vector of what is written.
struct Blocks {
  int dim[3], blocks[3], factor[3], offset[3];
};

extern "C" __global__ void blocks_gather(const vector *volume, Blocks s, int C, unsigned n, vector *out) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x, lanes = C / VEC, lane = i % lanes;
  if (i >= n) return;
  unsigned rest = i / lanes;
  int phase[3], at[3];
  for (int a = 2; a >= 0; a--) phase[a] = rest % s.factor[a], rest /= s.factor[a];
  for (int a = 2; a >= 0; a--) at[a] = rest % s.blocks[a], rest /= s.blocks[a];
  bool inside = true;
  index from = rest;
  for (int a = 0; a < 3; a++) {
    const int v = s.factor[a] * at[a] + phase[a] - s.offset[a];
    inside = inside && v >= 0 && v < s.dim[a];
    from = from * s.dim[a] + v;
  }
  out[i] = inside ? volume[from * lanes + lane] : vector{};
}

extern "C" __global__ void blocks_scatter(const vector *blocks, Blocks s, int C, unsigned n, vector *out) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x, lanes = C / VEC, lane = i % lanes;
  if (i >= n) return;
  unsigned rest = i / lanes;
  int at[3];
  for (int a = 2; a >= 0; a--) at[a] = rest % s.dim[a] + s.offset[a], rest /= s.dim[a];
  index from = rest;
  for (int a = 0; a < 3; a++) from = from * s.blocks[a] + at[a] / s.factor[a];
  for (int a = 0; a < 3; a++) from = from * s.factor[a] + at[a] % s.factor[a];
  out[i] = blocks[from * lanes + lane];
}

// Floats (N, C, voxels) as elements (N, voxels, C).
extern "C" __global__ void channels_inside(const float *x, unsigned voxels, int C, unsigned n, vector *y) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x; // (N, lanes, voxels): neighbours read neighbours
  if (i >= n) return;
  const unsigned lanes = C / VEC, voxel = i % voxels, lane = i / voxels % lanes, sample = i / voxels / lanes;
  vector out;
  EACH out.at[j] = narrow(x[((index)sample * C + lane * VEC + j) * voxels + voxel]);
  y[((index)sample * voxels + voxel) * lanes + lane] = out;
}

// SplitMix64's finaliser (Steele et al. 2014), as the CPU's dropout has it.
__device__ __forceinline__ unsigned long long mixed(unsigned long long h) {
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9ull;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebull;
  return h ^ (h >> 31);
}

// Keeps an element where its random word is below threshold. The key lies on the device, so that a recorded
// step draws new numbers each time; draw distinguishes the layers of a step.
extern "C" __global__ void dropout(const vector *x, const unsigned long long *key, unsigned draw,
                                   unsigned threshold, float scale, unsigned n, vector *y) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  const unsigned long long step = 0x9e3779b97f4a7c15ull, own = mixed(*key + step * (draw + 1));
  const vector v = x[i];
  vector out;
  EACH {
    const unsigned word = mixed(own + step * ((unsigned long long)i * VEC + j + 1)) >> 32;
    out.at[j] = word < threshold ? narrow(wide(v.at[j]) * scale) : narrow(0);
  }
  y[i] = out;
}
