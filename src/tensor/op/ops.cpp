// ops.cpp: elementwise operations, reductions and changes of shape, each one ATen call.
#include "tensor/shim.hpp"

using namespace voxgan;

vg_tensor *vg_add(vg_tensor *a, vg_tensor *b) {
  return op("add", {a, b}, [&] { return at::add(a->t, b->t); });
}

vg_tensor *vg_sub(vg_tensor *a, vg_tensor *b) {
  return op("sub", {a, b}, [&] { return at::sub(a->t, b->t); });
}

vg_tensor *vg_mul(vg_tensor *a, vg_tensor *b) {
  return op("mul", {a, b}, [&] { return at::mul(a->t, b->t); });
}

vg_tensor *vg_div(vg_tensor *a, vg_tensor *b) {
  return op("div", {a, b}, [&] { return at::div(a->t, b->t); });
}

vg_tensor *vg_scale(vg_tensor *a, double factor, double offset) {
  return op("scale", {a}, [&] {
    const Tensor y = at::mul(a->t, factor);
    return offset == 0 ? y : at::add(y, offset);
  });
}

#define UNARY(name, expr)              \
  vg_tensor *vg_##name(vg_tensor *a) { \
    return op(#name, {a}, [&] {        \
      const Tensor &x = a->t;          \
      return expr;                     \
    });                                \
  }

#define UNARY32(name, expr)            \
  vg_tensor *vg_##name(vg_tensor *a) { \
    return op(#name, {a}, [&] {        \
      const Tensor x = wide(a->t);     \
      return expr;                     \
    });                                \
  }

UNARY(abs, at::abs(x))
UNARY32(square, at::mul(x, x))
UNARY32(sqrt, at::sqrt(x))
UNARY32(exp, at::exp(x))
UNARY32(ln, at::log(x))
UNARY32(sigmoid, at::sigmoid(x))
UNARY(relu, at::relu(x))
UNARY32(softplus, at::softplus(x))
UNARY32(sum, at::sum(x))
UNARY32(mean, at::mean(x))
UNARY(contiguous, x.contiguous())

UNARY(not_finite, at::logical_not(at::isfinite(x)).any().to(at::kFloat))

vg_tensor *vg_above(vg_tensor *a, double value) {
  return op("above", {a}, [&] { return at::gt(a->t.detach(), value).to(at::kFloat); });
}

void vg_copy_where(vg_tensor *to, vg_tensor *from, vg_tensor *flag) {
  if (!to || !from || !flag) return keep_error(VG_FAILED, "copy_where", "operand is NULL");
  guarded("copy_where", [&] {
    at::NoGradGuard off;
    to->t.copy_(at::where(at::ne(flag->t, 0), from->t, to->t));
  });
}

vg_tensor *vg_softmax(vg_tensor *a, int dim) {
  return op("softmax", {a}, [&] { return at::softmax(wide(a->t), dim); });
}

vg_tensor *vg_log_softmax(vg_tensor *a, int dim) {
  return op("log_softmax", {a}, [&] { return at::log_softmax(wide(a->t), dim); });
}

static std::vector<int64_t> widen(const int *list, int n) {
  return std::vector<int64_t>(list, list + n);
}

vg_tensor *vg_sum_dims(vg_tensor *a, const int *dims, int n, bool keep) {
  return op("sum_dims", {a}, [&] {
    const std::vector<int64_t> d = widen(dims, n);
    return at::sum(wide(a->t), at::IntArrayRef(d), keep);
  });
}

vg_tensor *vg_reshape(vg_tensor *a, const int64_t *shape, int ndim) {
  return op("reshape", {a},
            [&] { return at::reshape(a->t, at::IntArrayRef(shape, static_cast<size_t>(ndim))); });
}

vg_tensor *vg_permute(vg_tensor *a, const int *order, int ndim) {
  return op("permute", {a}, [&] { return a->t.permute(widen(order, ndim)); });
}

vg_tensor *vg_cat(vg_tensor *const *list, int n, int dim) {
  for (int i = 0; i < n; i++)
    if (!list[i]) return op("cat", {list[i]}, [] { return Tensor(); });
  return op("cat", {}, [&] {
    std::vector<Tensor> all;
    all.reserve(static_cast<size_t>(n));
    for (int i = 0; i < n; i++) all.push_back(list[i]->t);
    return at::cat(all, dim);
  });
}

vg_tensor *vg_narrow(vg_tensor *a, int dim, int64_t start, int64_t length) {
  return op("narrow", {a}, [&] { return at::narrow(a->t, dim, start, length); });
}

vg_tensor *vg_pad3d(vg_tensor *a, const int before[3], const int after[3], double value) {
  return op("pad3d", {a}, [&] {
    const int64_t pad[6] = {before[2], after[2], before[1], after[1], before[0], after[0]};
    return at::constant_pad_nd(a->t, pad, value);
  });
}

vg_tensor *vg_average3d(vg_tensor *a, const int stride[3]) {
  return op("average3d", {a}, [&] {
    const int64_t size[3] = {stride[0], stride[1], stride[2]};
    return at::avg_pool3d(a->t.to(at::kFloat), size, size, 0).to(a->t.scalar_type()); // as in vg_halve3d
  });
}

vg_tensor *vg_halve3d(vg_tensor *a, const int stride[3]) {
  return op("halve3d", {a}, [&] {
    int64_t kernel[3], step[3], pad[3];
    for (int i = 0; i < 3; i++) step[i] = stride[i], kernel[i] = 2 * stride[i] - 1, pad[i] = stride[i] - 1;
    // in fp32: libtorch 1.13 has no other for the CPU
    return at::avg_pool3d(a->t.to(at::kFloat), kernel, step, pad, false, false).to(a->t.scalar_type());
  });
}

vg_tensor *vg_reflect_pad3d(vg_tensor *a, const int pad[3]) {
  return op("reflect_pad3d", {a}, [&] {
    const int64_t p[6] = {pad[2], pad[2], pad[1], pad[1], pad[0], pad[0]};
    return at::reflection_pad3d(a->t, p);
  });
}
