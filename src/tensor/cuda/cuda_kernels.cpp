// cuda_kernels.cpp: compiles kernels.cu for the GPU in use, and launches it; see cuda.hpp.
#include "tensor/cuda/cuda.hpp"

#if VG_CUDA
#include <c10/cuda/CUDAStream.h>
#include <cuda.h>
#include <dlfcn.h>
#include <map>
#include <mutex>
#include <string>

// kernels.cu, byte for byte (Makefile).
extern "C" const char _binary_src_tensor_cuda_kernels_cu_start[], _binary_src_tensor_cuda_kernels_cu_end[];

namespace voxgan {
namespace {

constexpr unsigned THREADS = 256; // as in kernels.cu
constexpr int64_t MOST_PARTIALS = 512, MOST_BLOCKS = 2048;

// ---- libraries that every machine with a GPU has, mostly without their headers ----

struct Driver {
  CUresult (*getCurrent)(CUcontext *) = nullptr;
  CUresult (*retainPrimary)(CUcontext *, CUdevice) = nullptr;
  CUresult (*setCurrent)(CUcontext) = nullptr;
  CUresult (*attribute)(int *, CUdevice_attribute, CUdevice) = nullptr;
  CUresult (*load)(CUmodule *, const void *) = nullptr;
  CUresult (*function)(CUfunction *, CUmodule, const char *) = nullptr;
  CUresult (*launch)(CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                     CUstream, void **, void **) = nullptr;
  CUresult (*text)(CUresult, const char **) = nullptr;
};

struct Compiler {
  int (*create)(void **, const char *, const char *, int, const char *const *, const char *const *) = nullptr;
  int (*compile)(void *, int, const char *const *) = nullptr;
  int (*logSize)(void *, size_t *) = nullptr;
  int (*log)(void *, char *) = nullptr;
  int (*size)(void *, size_t *) = nullptr;
  int (*code)(void *, char *) = nullptr;
  int (*ptxSize)(void *, size_t *) = nullptr;
  int (*ptx)(void *, char *) = nullptr;
  int (*destroy)(void **) = nullptr;
};

template <class F> bool find(void *library, const char *name, F *out) {
  *out = reinterpret_cast<F>(dlsym(library, name));
  return *out != nullptr;
}

struct Libraries {
  Driver driver;
  Compiler compiler;
  bool found = false;

  Libraries() {
    void *const d = dlopen("libcuda.so.1", RTLD_LAZY), *const c = nvrtc();
    found = d && c && find(d, "cuCtxGetCurrent", &driver.getCurrent) &&
            find(d, "cuDevicePrimaryCtxRetain", &driver.retainPrimary) &&
            find(d, "cuCtxSetCurrent", &driver.setCurrent) &&
            find(d, "cuDeviceGetAttribute", &driver.attribute) && find(d, "cuModuleLoadData", &driver.load) &&
            find(d, "cuModuleGetFunction", &driver.function) && find(d, "cuLaunchKernel", &driver.launch) &&
            find(d, "cuGetErrorString", &driver.text) && find(c, "nvrtcCreateProgram", &compiler.create) &&
            find(c, "nvrtcCompileProgram", &compiler.compile) &&
            find(c, "nvrtcGetProgramLogSize", &compiler.logSize) &&
            find(c, "nvrtcGetProgramLog", &compiler.log) && find(c, "nvrtcGetCUBINSize", &compiler.size) &&
            find(c, "nvrtcGetCUBIN", &compiler.code) && find(c, "nvrtcGetPTXSize", &compiler.ptxSize) &&
            find(c, "nvrtcGetPTX", &compiler.ptx) && find(c, "nvrtcDestroyProgram", &compiler.destroy);
  }

  // The NVRTC that libtorch itself uses, which it opens at the first request.
  static void *nvrtc() {
    try {
      at::globalContext().getNVRTC();
    } catch (const std::exception &) {
      return nullptr; // a libtorch without one
    }
    void *library = nullptr;
    for (const char *name : {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so"})
      if (!library) library = dlopen(name, RTLD_LAZY);
    return library;
  }
};

const Libraries &libraries() {
  static const Libraries l;
  return l;
}

void check(CUresult r, const char *what) {
  const char *text = nullptr;
  if (r != CUDA_SUCCESS) libraries().driver.text(r, &text);
  TORCH_CHECK(r == CUDA_SUCCESS, what, ": ", text ? text : "CUDA error");
}

// ---- one compiled kernels.cu for each kind of vectors ----

struct Kind {
  int device;
  bool half;
  int vec;
  bool operator<(const Kind &o) const {
    return std::tie(device, half, vec) < std::tie(o.device, o.half, o.vec);
  }
};

// Compiles kernels.cu for `architecture` to code that the driver loads, or (compute_...) to an assembly that
// the driver compiles further. If that fails, out is the compiler's message.
bool compile_for(const std::string &architecture, const Kind &kind, std::vector<char> *out) {
  const Compiler &c = libraries().compiler;
  const std::string source(_binary_src_tensor_cuda_kernels_cu_start, _binary_src_tensor_cuda_kernels_cu_end);
  const std::string options[] = {"--gpu-architecture=" + architecture, "--std=c++14",
                                 std::string("-DBF16=") + (kind.half ? "1" : "0"),
                                 "-DVEC=" + std::to_string(kind.vec)};
  const char *list[4];
  for (int i = 0; i < 4; i++) list[i] = options[i].c_str();
  void *program = nullptr;
  TORCH_CHECK(!c.create(&program, source.c_str(), "kernels.cu", 0, nullptr, nullptr),
              "NVRTC takes no program");
  const bool good = !c.compile(program, 4, list), assembly = architecture[0] == 'c';
  const auto size = !good ? c.logSize : assembly ? c.ptxSize : c.size;
  const auto text = !good ? c.log : assembly ? c.ptx : c.code;
  size_t n = 0;
  size(program, &n);
  out->assign(n + 1, '\0');
  text(program, out->data());
  c.destroy(&program);
  return good && n > 0;
}

std::vector<char> compile(const Kind &kind) {
  int major = 0, minor = 0;
  const auto ask = libraries().driver.attribute;
  check(ask(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, kind.device), "GPU");
  check(ask(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, kind.device), "GPU");
  std::vector<char> code;
  if (compile_for("sm_" + std::to_string(major) + std::to_string(minor), kind, &code)) return code;
  // The GPU is newer than this NVRTC: its driver compiles assembly for older GPUs.
  TORCH_CHECK(compile_for("compute_80", kind, &code),
              "kernels.cu does not compile for this GPU: ", code.data());
  return code;
}

// A thread that libtorch started may not have the device's context yet.
void enter(int device) {
  const Driver &d = libraries().driver;
  CUcontext context = nullptr;
  d.getCurrent(&context);
  if (context) return;
  check(d.retainPrimary(&context, device), "GPU");
  check(d.setCurrent(context), "GPU");
}

CUfunction kernel(const Kind &kind, const char *name) {
  static std::mutex mutex;
  static std::map<Kind, CUmodule> modules;
  static std::map<std::pair<CUmodule, std::string>, CUfunction> functions;
  const std::lock_guard<std::mutex> lock(mutex);
  enter(kind.device);
  CUmodule &module = modules[kind];
  if (!module) check(libraries().driver.load(&module, compile(kind).data()), "kernels.cu");
  CUfunction &function = functions[{module, name}];
  if (!function) check(libraries().driver.function(&function, module, name), name);
  return function;
}

struct Grid {
  int64_t x, y, z;
  unsigned threads[2];
};

template <class... A> void launch(const Kind &kind, const char *name, const Grid &g, A... arguments) {
  void *list[] = {&arguments...};
  const CUfunction f = kernel(kind, name);
  check(libraries().driver.launch(f, static_cast<unsigned>(g.x), static_cast<unsigned>(g.y),
                                  static_cast<unsigned>(g.z), g.threads[0], g.threads[1], 1, 0,
                                  c10::cuda::getCurrentCUDAStream(static_cast<at::DeviceIndex>(kind.device)),
                                  list, nullptr),
        name);
}

// ---- tensors as the kernels see them ----

Tensor like(const Tensor &t, at::IntArrayRef sizes) {
  return at::empty(sizes, t.options().memory_format(at::MemoryFormat::ChannelsLast3d));
}

// The largest vector of at most 16 bytes whose number of elements divides C.
Kind kind_of(const Tensor &t, int64_t C) {
  const bool half = t.scalar_type() == at::kBFloat16;
  int vec = half ? 8 : 4;
  while (C % vec) vec /= 2;
  return Kind{t.get_device(), half, vec};
}

// One thread a vector; false if there are more vectors than the kernels can count.
bool one_each(int64_t vectors, Grid *g) {
  *g = Grid{(vectors + THREADS - 1) / THREADS, 1, 1, {THREADS, 1}};
  return vectors < (int64_t(1) << 31);
}

template <class T> T *data(const Tensor &t) {
  return static_cast<T *>(t.data_ptr());
}

// ---- instance norm with activation ----

struct NormShape {
  int64_t n, c, voxels;
  Kind kind;
  explicit NormShape(const Tensor &x)
      : n(x.size(0)), c(x.size(1)), voxels(x.numel() / (x.size(0) * x.size(1))), kind(kind_of(x, c)) {}
  // Blocks that walk over all voxels, `most` at the most.
  Grid walk(int64_t most) const {
    const int64_t lanes = c / kind.vec, z = (lanes + THREADS - 1) / THREADS,
                  rows = THREADS / std::min<int64_t>(lanes, THREADS);
    const int64_t useful = (voxels + 8 * rows - 1) / (8 * rows), share = std::max<int64_t>(1, most / (n * z));
    return Grid{std::min(useful, share), n, z, {THREADS, 1}};
  }
  Grid finish() const { return Grid{(c + 31) / 32, n, 1, {32, 32}}; }
  Tensor pair(const Tensor &x) const { return at::empty({2, n, c}, x.options().dtype(at::kFloat)); }
  Tensor partials(const Tensor &x, const Grid &g) const {
    return at::empty({n, g.x, 2, c}, x.options().dtype(at::kFloat));
  }
};

struct CudaNormActFn : torch::autograd::Function<CudaNormActFn> {
  static Tensor forward(AutogradContext *ctx, const Tensor &input, double eps, double slope) {
    const Tensor x = placed(input), y = at::empty_like(x);
    const NormShape s(x);
    const Grid sums = s.walk(MOST_PARTIALS);
    const Tensor partial = s.partials(x, sums), scales = s.pair(x);
    const auto voxels = static_cast<long long>(s.voxels);
    const auto c = static_cast<int>(s.c);
    launch(s.kind, "norm_sums", sums, data<const void>(x), voxels, c, data<float>(partial));
    launch(s.kind, "norm_scales", s.finish(), data<const void>(x), data<const float>(partial),
           static_cast<int>(sums.x), voxels, c, eps, data<float>(scales));
    launch(s.kind, "norm_apply", s.walk(MOST_BLOCKS), data<const void>(x), data<const float>(scales), voxels,
           c, static_cast<float>(slope), data<void>(y));
    // A positive slope is invertible: then we keep the output, which the next layer keeps too, instead of the
    // input.
    ctx->saved_data["slope"] = slope;
    ctx->save_for_backward({slope > 0 ? y : x, scales});
    return y;
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    no_second_derivative();
    const variable_list saved = ctx->get_saved_variables();
    const Tensor &of = saved[0], &scales = saved[1];
    const auto slope = static_cast<float>(ctx->saved_data["slope"].toDouble());
    const Tensor dy = placed(grads[0]), dx = at::empty_like(dy);
    const NormShape s(dy);
    const Grid sums = s.walk(MOST_PARTIALS);
    const Tensor partial = s.partials(dy, sums), means = s.pair(dy);
    const auto voxels = static_cast<long long>(s.voxels);
    const int c = static_cast<int>(s.c), is_y = slope > 0;
    launch(s.kind, "norm_grad_sums", sums, data<const void>(dy), data<const void>(of),
           data<const float>(scales), voxels, c, slope, is_y, data<float>(partial));
    launch(s.kind, "norm_grad_means", s.finish(), data<const float>(partial), static_cast<int>(sums.x),
           voxels, c, data<float>(means));
    launch(s.kind, "norm_grad_apply", s.walk(MOST_BLOCKS), data<const void>(dy), data<const void>(of),
           data<const float>(scales), data<const float>(means), voxels, c, slope, is_y, data<void>(dx));
    return {dx, Tensor(), Tensor()};
  }
};

// ---- dropout ----

struct CudaDropoutFn : torch::autograd::Function<CudaDropoutFn> {
  static Tensor run(const Tensor &x, const Tensor &key, int64_t draw, double p) {
    const Tensor y = at::empty_like(x);
    const Kind kind = kind_of(x, x.numel());
    const int64_t n = x.numel() / kind.vec;
    Grid grid;
    TORCH_CHECK(one_each(n, &grid), "dropout of ", x.numel(), " elements");
    const auto threshold = static_cast<unsigned>(std::min((1 - p) * 4294967296.0, 4294967295.0));
    launch(kind, "dropout", grid, data<const void>(x), data<const void>(key), static_cast<unsigned>(draw),
           threshold, static_cast<float>(1 / (1 - p)), static_cast<unsigned>(n), data<void>(y));
    return y;
  }

  static Tensor forward(AutogradContext *ctx, const Tensor &input, const Tensor &key, int64_t draw,
                        double p) {
    ctx->save_for_backward({key});
    ctx->saved_data["draw"] = draw;
    ctx->saved_data["p"] = p;
    return run(input.dim() == 5 ? placed(input) : input.contiguous(), key, draw, p);
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    no_second_derivative();
    const Tensor dy = grads[0].dim() == 5 ? placed(grads[0]) : grads[0].contiguous();
    return {run(dy, ctx->get_saved_variables()[0], ctx->saved_data["draw"].toInt(),
                ctx->saved_data["p"].toDouble()),
            Tensor(), Tensor(), Tensor()};
  }
};

// ---- blocks ----

struct Blocks { // as kernels.cu has it
  int dim[3], blocks[3], factor[3], offset[3];
};

Blocks blocks_of(const BlockShape &s) {
  Blocks b;
  for (size_t a = 0; a < 3; a++) {
    b.dim[a] = static_cast<int>(s.dim[a]), b.blocks[a] = static_cast<int>(s.blocks[a]);
    b.factor[a] = static_cast<int>(s.factor[a]), b.offset[a] = static_cast<int>(s.offset[a]);
  }
  return b;
}

Tensor move_blocks(const char *name, const Tensor &x, const BlockShape &s, int64_t c, at::IntArrayRef sizes) {
  const Tensor from = placed(x), to = like(x, sizes);
  const Kind kind = kind_of(x, c);
  const int64_t n = to.numel() / kind.vec;
  Grid grid;
  TORCH_CHECK(one_each(n, &grid), "blocks of ", to.numel(), " elements");
  launch(kind, name, grid, data<const void>(from), blocks_of(s), static_cast<int>(c),
         static_cast<unsigned>(n), data<void>(to));
  return to;
}

} // namespace

bool cuda_ready() {
  return libraries().found;
}

bool cuda_takes(const Tensor &t) {
  return own_kernels && t.defined() && t.is_cuda() && t.numel() > 0 &&
         (t.scalar_type() == at::kFloat || t.scalar_type() == at::kBFloat16) && cuda_ready();
}

Tensor cuda_norm_act(const Tensor &x, double eps, double slope) {
  return CudaNormActFn::apply(x, eps, slope);
}

Tensor cuda_dropout(const Tensor &x, double p, vg_rand *g) {
  return CudaDropoutFn::apply(x, g->key, g->draws++, p);
}

void cuda_load(const Tensor &to, const Tensor &from) {
  const int64_t c = to.size(1), voxels = to.numel() / (to.size(0) * c);
  const Kind kind = kind_of(to, c);
  const int64_t n = to.numel() / kind.vec;
  Grid grid;
  TORCH_CHECK(one_each(n, &grid), "a volume of ", to.numel(), " elements");
  launch(kind, "channels_inside", grid, data<const float>(from), static_cast<unsigned>(voxels),
         static_cast<int>(c), static_cast<unsigned>(n), data<void>(to));
}

Tensor cuda_blocks_gather(const Tensor &volume, const BlockShape &s) {
  const int64_t c = volume.size(1), wide = s.factor[0] * s.factor[1] * s.factor[2] * c;
  return move_blocks("blocks_gather", volume, s, c,
                     {volume.size(0), wide, s.blocks[0], s.blocks[1], s.blocks[2]});
}

Tensor cuda_blocks_scatter(const Tensor &blocks, const BlockShape &s) {
  const int64_t c = blocks.size(1) / (s.factor[0] * s.factor[1] * s.factor[2]);
  return move_blocks("blocks_scatter", blocks, s, c, {blocks.size(0), c, s.dim[0], s.dim[1], s.dim[2]});
}

} // namespace voxgan

#else

namespace voxgan {

bool cuda_ready() {
  return false;
}
bool cuda_takes(const Tensor &) {
  return false;
}
Tensor cuda_norm_act(const Tensor &, double, double) {
  std::abort(); // not reached, as the others
}
Tensor cuda_dropout(const Tensor &, double, vg_rand *) {
  std::abort();
}
void cuda_load(const Tensor &, const Tensor &) {
  std::abort();
}
Tensor cuda_blocks_gather(const Tensor &, const BlockShape &) {
  std::abort();
}
Tensor cuda_blocks_scatter(const Tensor &, const BlockShape &) {
  std::abort();
}

} // namespace voxgan
#endif
