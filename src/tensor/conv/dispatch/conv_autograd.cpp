// conv_autograd.cpp: convolution and its transpose as autograd functions over conv.hpp, with ATen for other
// devices, types and shapes.
//
// The output and the gradients of the inputs have the type of the inputs. Weights and biases are always fp32;
// for inputs in bf16 the products use weights rounded to bf16.
#include "tensor/shim.hpp"
#include "tensor/conv/conv.hpp"
#include "tensor/conv/dispatch/conv_library.hpp"
#include <array>

using namespace voxgan;

namespace {

using Triple = std::array<int64_t, 3>;

Triple triple(const int v[3]) {
  return {v[0], v[1], v[2]};
}

int threads_here() {
  return at::in_parallel_region() ? 1 : at::get_num_threads();
}

Planes planes(const Tensor &a, const Tensor &b = Tensor()) {
  Planes p;
  const Tensor *const list[2] = {&a, &b};
  for (int i = 0; i < 2; i++)
    if (list[i]->defined()) {
      p.part[i] = list[i]->data_ptr();
      p.half = list[i]->scalar_type() == at::kBFloat16;
      p.channels[i] = list[i]->size(1);
      p.batch_stride[i] = list[i]->size(0) == 1 ? 0 : list[i]->stride(0);
    }
  return p;
}

// The gradient of one of the concatenated inputs. It is allocated only if it is wanted, and summed over the
// batch if one sample was repeated.
struct PartGrad {
  Tensor full;
  bool repeated = false;
  PartGrad(const Tensor &input, bool wanted, int64_t n) {
    if (!input.defined() || !wanted) return;
    repeated = input.size(0) != n;
    full = at::empty({n, input.size(1), input.size(2), input.size(3), input.size(4)}, input.options());
  }
  Tensor get() const { return repeated ? full.sum(0, true) : full; }
};

Planes grad_planes(const Tensor &a, const Tensor &b, const PartGrad &ga, const PartGrad &gb) {
  Planes p;
  const Tensor *const inputs[2] = {&a, &b}, *const grads[2] = {&ga.full, &gb.full};
  for (int i = 0; i < 2; i++) {
    if (inputs[i]->defined()) p.channels[i] = inputs[i]->size(1);
    if (!grads[i]->defined()) continue;
    p.part[i] = grads[i]->data_ptr();
    p.half = grads[i]->scalar_type() == at::kBFloat16;
    p.batch_stride[i] = grads[i]->stride(0);
  }
  return p;
}

Tensor bias_grad(const Tensor &dy) {
  Tensor db = at::empty({dy.size(1)}, dy.options().dtype(at::kFloat));
  conv_cpu_channel_sums(planes(dy), dy.size(0), dy.size(2) * dy.size(3) * dy.size(4), db.data_ptr<float>(),
                        threads_here());
  return db;
}

double flops(const ConvShape &s) {
  double product = 2.0 * static_cast<double>(s.n) * static_cast<double>(s.c) * static_cast<double>(s.k);
  for (int i = 0; i < 3; i++) product *= static_cast<double>(s.out[i]) * static_cast<double>(s.kernel[i]);
  return product;
}

// conv3d, or (up) conv_transpose3d, of a and b concatenated along C. s is the shape of the convolution; with
// up, of the transposed convolution's adjoint. rounds: weights are rounded to bf16, their gradient is not.
struct ConvFn : torch::autograd::Function<ConvFn> {
  static Tensor forward(AutogradContext *ctx, const Tensor &a_in, const Optional<Tensor> &b_in,
                        const Tensor &w_in, const Optional<Tensor> &bias, ConvShape s, bool up, bool rounds) {
    const Tensor a = a_in.contiguous(), b = b_in ? b_in->contiguous() : Tensor();
    const Tensor w = (rounds ? wide(w_in.to(at::kBFloat16)) : w_in).contiguous();
    const int64_t *const dims = up ? s.in : s.out;
    Tensor y = at::empty({s.n, up ? s.c : s.k, dims[0], dims[1], dims[2]}, a.options());
    const float *const bp = bias ? bias->data_ptr<float>() : nullptr;
    {
      const Timed timed("conv forward", flops(s));
      (up ? conv_cpu_backward_data : conv_cpu_forward)(s, planes(a, b), w.data_ptr<float>(), bp, planes(y),
                                                       threads_here());
    }
    ctx->save_for_backward({a, b, w});
    ctx->saved_data["shape"] =
        std::vector<int64_t>{s.n,         s.c,         s.k,         s.in[0],     s.in[1],     s.in[2],
                             s.out[0],    s.out[1],    s.out[2],    s.kernel[0], s.kernel[1], s.kernel[2],
                             s.stride[0], s.stride[1], s.stride[2], s.pad[0],    s.pad[1],    s.pad[2]};
    ctx->saved_data["up"] = up;
    ctx->saved_data["bias"] = bias.has_value();
    ctx->saved_data["layer"] = profile_layer();
    return y;
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    no_second_derivative();
    const variable_list saved = ctx->get_saved_variables();
    const Tensor &a = saved[0], &b = saved[1], &w = saved[2];
    const std::vector<int64_t> list = ctx->saved_data["shape"].toIntVector();
    const bool up = ctx->saved_data["up"].toBool();
    ConvShape s;
    s.n = list[0], s.c = list[1], s.k = list[2];
    for (size_t i = 0; i < 3; i++) {
      s.in[i] = list[3 + i], s.out[i] = list[6 + i], s.kernel[i] = list[9 + i];
      s.stride[i] = list[12 + i], s.pad[i] = list[15 + i];
    }
    const Tensor dy = grads[0].contiguous();
    const int threads = threads_here();
    variable_list out(7);
    const int64_t layer = ctx->saved_data["layer"].toInt();
    // Inputs that are undefined have no edge.
    const size_t edge_b = 1, edge_w = b.defined() ? 2 : 1, edge_bias = edge_w + 1;
    if (ctx->saved_data["bias"].toBool() && ctx->needs_input_grad(edge_bias)) {
      const Timed timed("bias backward", 0, layer);
      out[3] = bias_grad(dy);
    }
    if (ctx->needs_input_grad(edge_w)) {
      const Timed timed("conv backward weight", flops(s), layer);
      out[2] = at::empty_like(w);
      conv_cpu_backward_weight(s, up ? planes(dy) : planes(a, b), up ? planes(a, b) : planes(dy),
                               out[2].data_ptr<float>(), threads);
    }
    const auto wide = static_cast<double>(a.size(1) + (b.defined() ? b.size(1) : 0));
    const bool want_a = ctx->needs_input_grad(0), want_b = b.defined() && ctx->needs_input_grad(edge_b);
    if (want_a || want_b) {
      const double share = !want_a || !want_b ? static_cast<double>((want_a ? a : b).size(1)) / wide : 1;
      const Timed timed("conv backward data", share * flops(s), layer);
      const PartGrad ga(a, want_a, s.n), gb(b, want_b, s.n);
      (up ? conv_cpu_forward : conv_cpu_backward_data)(s, planes(dy), w.data_ptr<float>(), nullptr,
                                                       grad_planes(a, b, ga, gb), threads);
      if (want_a) out[0] = ga.get();
      if (want_b) out[1] = gb.get();
    }
    return out;
  }
};

void check_parts(const Tensor &a, const Tensor &b, const Tensor &w, const Tensor &bias, int64_t takes,
                 int64_t makes) {
  TORCH_CHECK(a.dim() == 5 && w.dim() == 5 && (!b.defined() || b.dim() == 5),
              "inputs and weight must have 5 dims");
  const int64_t have = a.size(1) + (b.defined() ? b.size(1) : 0);
  TORCH_CHECK(have == takes, "the weight takes ", takes, " channels, the input has ", have);
  TORCH_CHECK(!bias.defined() || (bias.dim() == 1 && bias.size(0) == makes), "the bias must have ", makes,
              " elements");
  if (!b.defined()) return;
  TORCH_CHECK(a.sizes().slice(2) == b.sizes().slice(2), "parts of ", a.sizes(), " and ", b.sizes());
  TORCH_CHECK(a.size(0) == b.size(0) || a.size(0) == 1 || b.size(0) == 1, "batches of ", a.size(0), " and ",
              b.size(0));
}

int64_t batch(const Tensor &a, const Tensor &b) {
  return b.defined() ? std::max(a.size(0), b.size(0)) : a.size(0);
}

Tensor join(const Tensor &a, const Tensor &b) {
  if (!b.defined()) return a;
  const int64_t n = batch(a, b);
  return at::cat({a.expand({n, -1, -1, -1, -1}), b.expand({n, -1, -1, -1, -1})}, 1);
}

// Converts the operands to the type that this processor or device computes in, and convolves. A processor
// without products of bf16 computes them in fp32, which represents all values of bf16.
Tensor convolve(const Tensor &a_in, const Tensor &b_in, const Tensor &w, const Tensor &bias,
                const ConvShape &s, bool up) {
  const bool half = bf16 || a_in.scalar_type() == at::kBFloat16;
  const at::ScalarType type = half ? at::kBFloat16 : a_in.scalar_type();
  const Tensor a = a_in.to(type), b = b_in.defined() ? b_in.to(type) : b_in;
  const bool ours = cpu_number(a) && cpu_float(w) && (!b.defined() || cpu_number(b)) &&
                    (!bias.defined() || cpu_float(bias)) && conv_cpu_takes(s);
  if (!ours) {
    const Tensor x = join(a, b);
    if (!half) return conv_by_library(x, w, bias, s, up);
    // ATen's convolutions of bf16 on the CPU also add in bf16, and lose half the digits of a gradient.
    if (a.device().is_cpu()) return conv_by_library(wide(x), wide(w.to(type)), bias, s, up).to(type);
    return conv_by_library(x, w.to(type), bias.defined() ? bias.to(type) : bias, s, up);
  }
  if (!half || conv_cpu_takes_half()) return ConvFn::apply(a, given(b), w, given(bias), s, up, false);
  return ConvFn::apply(wide(a), given(wide(b)), w, given(bias), s, up, true).to(type);
}

Tensor conv(const Tensor &a, const Tensor &b, const Tensor &w, const Tensor &bias, const vg_conv_geo *geo) {
  check_parts(a, b, w, bias, w.dim() == 5 ? w.size(1) : 0, w.dim() == 5 ? w.size(0) : 0);
  ConvShape s;
  s.n = batch(a, b), s.c = w.size(1), s.k = w.size(0);
  for (int i = 0; i < 3; i++) {
    s.in[i] = a.size(i + 2), s.kernel[i] = w.size(i + 2), s.stride[i] = geo->stride[i],
    s.pad[i] = geo->pad[i];
    TORCH_CHECK(s.stride[i] > 0 && s.pad[i] >= 0, "stride ", s.stride[i], ", padding ", s.pad[i]);
    s.out[i] =
        s.in[i] + 2 * s.pad[i] < s.kernel[i] ? 0 : (s.in[i] + 2 * s.pad[i] - s.kernel[i]) / s.stride[i] + 1;
    TORCH_CHECK(s.out[i] > 0, "a kernel of ", s.kernel[i], " does not fit ", s.in[i], " with padding ",
                s.pad[i]);
  }
  return convolve(a, b, w, bias, s, false);
}

Tensor upconv(const Tensor &a, const Tensor &b, const Tensor &w, const Tensor &bias, const int stride[3],
              const int out[3]) {
  check_parts(a, b, w, bias, w.dim() == 5 ? w.size(0) : 0, w.dim() == 5 ? w.size(1) : 0);
  ConvShape s; // the convolution whose data gradient this is
  s.n = batch(a, b), s.c = w.size(1), s.k = w.size(0);
  for (int i = 0; i < 3; i++) {
    const int64_t n = a.size(i + 2), k = w.size(i + 2);
    const bool doubles = stride[i] == 2 && k == 4 && (out[i] == 2 * n || out[i] == 2 * n + 1);
    const bool keeps = stride[i] == 1 && (k == 1 || k == 3) && out[i] == n;
    TORCH_CHECK(doubles || keeps, "axis ", i, ": stride ", stride[i], ", kernel ", k, ", ", n, " in and ",
                out[i], " out; takes stride 2, kernel 4, ", 2 * n, " or ", 2 * n + 1,
                " out, or stride 1, kernel 1 or 3, ", n, " out");
    s.in[i] = out[i], s.out[i] = n, s.kernel[i] = k, s.stride[i] = stride[i], s.pad[i] = (k - 1) / 2;
  }
  return convolve(a, b, w, bias, s, true);
}

} // namespace

vg_tensor *vg_conv3d(vg_tensor *x, vg_tensor *w, vg_tensor *b, const vg_conv_geo *geo) {
  return op("conv3d", {x, w}, [&] { return conv(x->t, Tensor(), w->t, tensor_or_none(b), geo); });
}

vg_tensor *vg_conv3d_cat(vg_tensor *x0, vg_tensor *x1, vg_tensor *w, vg_tensor *b, const vg_conv_geo *geo) {
  return op("conv3d_cat", {x0, x1, w}, [&] { return conv(x0->t, x1->t, w->t, tensor_or_none(b), geo); });
}

vg_tensor *vg_upconv3d(vg_tensor *x, vg_tensor *w, vg_tensor *b, const int stride[3], const int out[3]) {
  return op("upconv3d", {x, w}, [&] { return upconv(x->t, Tensor(), w->t, tensor_or_none(b), stride, out); });
}

vg_tensor *vg_upconv3d_cat(vg_tensor *x0, vg_tensor *x1, vg_tensor *w, vg_tensor *b, const int stride[3],
                           const int out[3]) {
  return op("upconv3d_cat", {x0, x1, w},
            [&] { return upconv(x0->t, x1->t, w->t, tensor_or_none(b), stride, out); });
}

vg_tensor *vg_conv_transpose3d(vg_tensor *x, vg_tensor *w, vg_tensor *b, const vg_conv_geo *geo,
                               const int output_pad[3]) {
  return op("conv_transpose3d", {x, w}, [&] {
    const Triple stride = triple(geo->stride), pad = triple(geo->pad), extra = triple(output_pad);
    return at::conv_transpose3d(x->t, w->t, tensor_or_none(b), stride, pad, extra);
  });
}
