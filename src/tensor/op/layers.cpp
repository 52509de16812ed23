// layers.cpp: normalisation, activation, dropout and losses. On the CPU the frequent ones are autograd
// functions over pointwise.h, which keep only what their gradient needs.
#include "tensor/distributed/group_norm.hpp"
#include "tensor/cuda/cuda.hpp"
#include "tensor/floats.hpp"
#include "tensor/pointwise.h"
#include <cmath>

using namespace voxgan;

namespace {

constexpr int64_t GRAIN = 16384;

// Runs f(first element, elements) over pieces of n.
template <class F> void pieces_of(int64_t n, const F &f) {
  at::parallel_for(0, n, GRAIN, [&](int64_t from, int64_t to) {
    for (; from < to; from += GRAIN) f(from, std::min(GRAIN, to - from));
  });
}

// ---- instance norm with activation ----

struct NormActFn : torch::autograd::Function<NormActFn> {
  static Tensor forward(AutogradContext *ctx, const Tensor &input, double eps, double slope) {
    const Tensor x = input.contiguous();
    const int64_t rows = x.size(0) * x.size(1), volume = x.numel() / rows;
    Tensor y = at::empty_like(x);
    Tensor scales = at::empty({2, rows}, x.options().dtype(at::kFloat)); // mean, 1 / sqrt(var + eps)
    float *const mean = scales.data_ptr<float>(), *const rstd = mean + rows;
    at::parallel_for(0, rows, std::max<int64_t>(1, GRAIN / volume), [&](int64_t from, int64_t to) {
      for (int64_t r = from; r < to; r++) {
        double m, var;
        const float *const xp = in_of(x, r * volume, volume, FIRST);
        float *const yp = out_of(y, r * volume, volume, SECOND);
        vg_pw_moments(xp, static_cast<size_t>(volume), &m, &var);
        mean[r] = static_cast<float>(m);
        rstd[r] = static_cast<float>(1 / std::sqrt(var + eps));
        vg_pw_norm_act(xp, static_cast<size_t>(volume), mean[r], rstd[r], static_cast<float>(slope), yp);
        put(y, r * volume, volume, yp);
      }
    });
    // A positive slope is invertible: then we keep the output, which the next layer keeps too, instead of the
    // input.
    ctx->saved_data["layer"] = profile_layer();
    ctx->saved_data["slope"] = slope;
    ctx->save_for_backward({slope > 0 ? y : x, scales});
    return y;
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    const Timed timed("norm backward", 0, ctx->saved_data["layer"].toInt());
    no_second_derivative();
    const variable_list saved = ctx->get_saved_variables();
    const Tensor &of = saved[0], &scales = saved[1];
    const double slope = ctx->saved_data["slope"].toDouble();
    const Tensor dy = grads[0].contiguous();
    Tensor dx = at::empty_like(dy);
    const int64_t rows = dy.size(0) * dy.size(1), volume = dy.numel() / rows;
    const float *const mean = scales.data_ptr<float>(), *const rstd = mean + rows;
    at::parallel_for(0, rows, std::max<int64_t>(1, GRAIN / volume), [&](int64_t from, int64_t to) {
      for (int64_t r = from; r < to; r++) {
        const int64_t at = r * volume;
        const bool out = slope > 0;
        float *const dxp = out_of(dx, at, volume, THIRD);
        vg_pw_norm_act_backward(in_of(dy, at, volume, FIRST), in_of(of, at, volume, SECOND),
                                static_cast<size_t>(volume), out ? 0 : mean[r], out ? 1 : rstd[r],
                                static_cast<float>(slope), out, rstd[r], dxp);
        put(dx, at, volume, dxp);
      }
    });
    return {dx, Tensor(), Tensor()};
  }
};

Tensor norm_act(const Tensor &x, double eps, double slope) {
  TORCH_CHECK(x.dim() >= 3, "x must have 3 dims at least, has ", x.dim());
  TORCH_CHECK(slope >= 0, "slope ", slope, " is negative");
  if (cpu_number(x) && x.numel() > 0) return NormActFn::apply(x, eps, slope);
  if (cuda_takes(x) && x.dim() == 5) return cuda_norm_act(x, eps, slope);
  if (x.scalar_type() == at::kBFloat16) return norm_act(wide(x), eps, slope).to(at::kBFloat16);
  const Tensor y =
      at::instance_norm(x, {}, {}, {}, {}, true, 0.1, eps, at::globalContext().userEnabledCuDNN());
  return slope == 1 ? y : at::leaky_relu(y, slope);
}

// ---- leaky ReLU, also of a sum. It keeps its output, which the next layer keeps too, instead of its input
// ----

struct LeakyFn : torch::autograd::Function<LeakyFn> {
  // repeated: (N, ...) for input (k N, ...), added to each of its k parts.
  static Tensor forward(AutogradContext *ctx, const Tensor &input, const Optional<Tensor> &repeated,
                        double slope) {
    const Tensor x = input.contiguous(), b = repeated ? repeated->contiguous() : Tensor();
    const int64_t part = b.defined() ? b.numel() : x.numel();
    Tensor y = at::empty_like(x);
    pieces_of(part, [&](int64_t at, int64_t n) {
      const float *const bp = b.defined() ? in_of(b, at, n, THIRD) : nullptr;
      for (; at < x.numel(); at += part) {
        float *const yp = out_of(y, at, n, SECOND);
        vg_pw_act(in_of(x, at, n, FIRST), bp, static_cast<size_t>(n), static_cast<float>(slope), yp);
        put(y, at, n, yp);
      }
    });
    ctx->saved_data["layer"] = profile_layer();
    ctx->saved_data["slope"] = slope;
    ctx->saved_data["repeated"] = b.defined() ? b.size(0) : int64_t{0};
    ctx->save_for_backward({y});
    return y;
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    const Timed timed("leaky_relu backward", 0, ctx->saved_data["layer"].toInt());
    no_second_derivative();
    const Tensor y = ctx->get_saved_variables()[0], dy = grads[0].contiguous();
    const float slope = static_cast<float>(ctx->saved_data["slope"].toDouble());
    const int64_t repeated = ctx->saved_data["repeated"].toInt();
    Tensor dx = at::empty_like(dy), db;
    if (repeated && ctx->needs_input_grad(1))
      db = repeated == dy.size(0) ? dx : at::empty_like(dy.narrow(0, 0, repeated));
    const int64_t part = db.defined() ? db.numel() : dy.numel();
    const bool sums = part < dy.numel();
    pieces_of(part, [&](int64_t at, int64_t n) {
      const int64_t first = at;
      float *const sum = sums ? out_of(db, first, n, FOURTH) : nullptr;
      if (sums) std::fill_n(sum, n, 0.f);
      for (; at < dy.numel(); at += part) {
        float *const dxp = out_of(dx, at, n, THIRD);
        vg_pw_act_backward(in_of(dy, at, n, FIRST), in_of(y, at, n, SECOND), static_cast<size_t>(n), slope,
                           dxp, sum);
        put(dx, at, n, dxp);
      }
      if (sums) put(db, first, n, sum);
    });
    return {dx, db, Tensor()};
  }
};

// The same sum by ATen, sample by sample, so that tensors keep their memory format, here and in the gradient.
// libtorch's broadcasting would sum the gradient along an additional axis.
struct AddRepeatedFn : torch::autograd::Function<AddRepeatedFn> {
  static Tensor forward(AutogradContext *ctx, const Tensor &a, const Tensor &b) {
    const int64_t n = b.size(0);
    ctx->saved_data["n"] = n;
    Tensor y = at::empty_like(a);
    for (int64_t i = 0; i < a.size(0); i += n) {
      Tensor part = y.narrow(0, i, n);
      at::add_out(part, a.narrow(0, i, n), b);
    }
    return y;
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    const int64_t n = ctx->saved_data["n"].toInt();
    Tensor sum;
    if (ctx->needs_input_grad(1)) {
      sum = grads[0].narrow(0, 0, n);
      for (int64_t i = n; i < grads[0].size(0); i += n) sum = at::add(sum, grads[0].narrow(0, i, n));
    }
    return {grads[0], sum};
  }
};

bool repeats(const Tensor &a, const Tensor &b) {
  return a.dim() == b.dim() && a.dim() > 0 && b.size(0) > 0 && a.size(0) % b.size(0) == 0 &&
         a.sizes().slice(1) == b.sizes().slice(1) && a.scalar_type() == b.scalar_type();
}

Tensor leaky(const Tensor &x, double slope) {
  return cpu_number(x) && slope >= 0 ? LeakyFn::apply(x, Optional<Tensor>(), slope)
                                     : at::leaky_relu(x, slope);
}

// ---- tanh, from floats or bf16 to floats, since a loss follows it ----

struct TanhFn : torch::autograd::Function<TanhFn> {
  static Tensor forward(AutogradContext *ctx, const Tensor &input) {
    const Tensor x = input.contiguous(), y = at::empty_like(x, x.options().dtype(at::kFloat));
    pieces_of(x.numel(), [&](int64_t at, int64_t n) {
      vg_pw_tanh(in_of(x, at, n, FIRST), static_cast<size_t>(n), y.data_ptr<float>() + at);
    });
    ctx->saved_data["layer"] = profile_layer();
    ctx->saved_data["half"] = x.scalar_type() == at::kBFloat16;
    ctx->save_for_backward({y});
    return y;
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    const Timed timed("tanh backward", 0, ctx->saved_data["layer"].toInt());
    no_second_derivative();
    const Tensor y = ctx->get_saved_variables()[0], dy = grads[0].contiguous();
    const Tensor dx =
        at::empty_like(y, y.options().dtype(ctx->saved_data["half"].toBool() ? at::kBFloat16 : at::kFloat));
    pieces_of(y.numel(), [&](int64_t at, int64_t n) {
      float *const dxp = out_of(dx, at, n, THIRD);
      vg_pw_tanh_backward(in_of(dy, at, n, FIRST), y.data_ptr<float>() + at, static_cast<size_t>(n), dxp);
      put(dx, at, n, dxp);
    });
    return {dx};
  }
};

// ---- dropout ----

struct DropoutFn : torch::autograd::Function<DropoutFn> {
  static Tensor run(const Tensor &x, uint64_t key, double p) {
    Tensor y = at::empty_like(x);
    const auto threshold = static_cast<uint64_t>(std::llround((1 - p) * 4294967296.0));
    pieces_of(x.numel(), [&](int64_t at, int64_t n) {
      float *const yp = out_of(y, at, n, SECOND);
      vg_pw_dropout(in_of(x, at, n, FIRST), static_cast<size_t>(n), key, static_cast<uint64_t>(at), threshold,
                    static_cast<float>(1 / (1 - p)), yp);
      put(y, at, n, yp);
    });
    return y;
  }

  static Tensor forward(AutogradContext *ctx, const Tensor &x, int64_t key, double p) {
    ctx->saved_data["layer"] = profile_layer();
    ctx->saved_data["key"] = key;
    ctx->saved_data["p"] = p;
    return run(x.contiguous(), static_cast<uint64_t>(key), p);
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    const Timed timed("dropout backward", 0, ctx->saved_data["layer"].toInt());
    no_second_derivative();
    const auto key = static_cast<uint64_t>(ctx->saved_data["key"].toInt());
    return {run(grads[0].contiguous(), key, ctx->saved_data["p"].toDouble()), Tensor(), Tensor()};
  }
};

Tensor dropout(const Tensor &x, double p, vg_rand *g) {
  TORCH_CHECK(g, "no generator");
  TORCH_CHECK(p >= 0 && p < 1, "probability ", p, " is outside [0, 1)");
  if (p == 0) return x;
  if (cpu_number(x) && g->device.is_cpu()) {
    const Tensor draw = at::empty({1}, at::kLong).random_(g->gen);
    return DropoutFn::apply(x, draw.item<int64_t>(), p);
  }
  if (cuda_takes(x) && g->key.defined()) return cuda_dropout(x, p, g);
  at::Tensor mask;
  {
    at::NoGradGuard off;
    mask = at::empty_like(wide(x)).bernoulli_(1 - p, g->gen).div_(1 - p);
  }
  return at::mul(wide(x), mask).to(x.scalar_type());
}

// ---- L1 ----

// w: undefined, the shape of a, or that of a with one channel.
struct L1Fn : torch::autograd::Function<L1Fn> {
  // Calls f(element, weight's element, elements) over pieces that lie in one channel.
  template <class F> static void pieces(const Tensor &a, const Tensor &w, const F &f) {
    const bool shared = w.defined() && w.numel() != a.numel();
    const int64_t volume = shared ? a.numel() / (a.size(0) * a.size(1)) : a.numel();
    const int64_t cuts = (volume + GRAIN - 1) / GRAIN, rows = a.numel() / volume;
    at::parallel_for(0, rows * cuts, 1, [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; i++) {
        const int64_t row = i / cuts, first = i % cuts * GRAIN, n = std::min(GRAIN, volume - first);
        f(i, row * volume + first, (shared ? row / a.size(1) : row) * volume + first, static_cast<size_t>(n));
      }
    });
  }

  static int64_t count(const Tensor &a, const Tensor &w) {
    const bool shared = w.defined() && w.numel() != a.numel();
    const int64_t volume = shared ? a.numel() / (a.size(0) * a.size(1)) : a.numel();
    return a.numel() / volume * ((volume + GRAIN - 1) / GRAIN);
  }

  static Tensor forward(AutogradContext *ctx, const Tensor &a_in, const Tensor &b_in,
                        const Optional<Tensor> &w_in) {
    const Tensor a = a_in.contiguous(), b = b_in.contiguous(), w = w_in ? w_in->contiguous() : Tensor();
    const float *const ap = a.data_ptr<float>(), *const bp = b.data_ptr<float>();
    const float *const wp = w.defined() ? w.data_ptr<float>() : nullptr;
    std::vector<double> sums(static_cast<size_t>(count(a, w)));
    pieces(a, w, [&](int64_t i, int64_t at, int64_t w_at, size_t n) {
      sums[static_cast<size_t>(i)] = vg_pw_l1(ap + at, bp + at, wp ? wp + w_at : nullptr, n);
    });
    double total = 0;
    for (double v : sums) total += v;
    ctx->saved_data["layer"] = profile_layer();
    ctx->save_for_backward({a, b, w});
    return at::full({}, total / static_cast<double>(a.numel()), a.options());
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    const Timed timed("l1 backward", 0, ctx->saved_data["layer"].toInt());
    no_second_derivative();
    const variable_list saved = ctx->get_saved_variables();
    const Tensor &a = saved[0], &b = saved[1], &w = saved[2];
    const float scale = grads[0].item<float>() / static_cast<float>(a.numel());
    Tensor d = at::empty_like(a);
    const float *const ap = a.data_ptr<float>(), *const bp = b.data_ptr<float>();
    const float *const wp = w.defined() ? w.data_ptr<float>() : nullptr;
    float *const dp = d.data_ptr<float>();
    pieces(a, w, [&](int64_t, int64_t at, int64_t w_at, size_t n) {
      vg_pw_l1_backward(ap + at, bp + at, wp ? wp + w_at : nullptr, n, scale, dp + at);
    });
    return {d, ctx->needs_input_grad(1) ? d.neg() : Tensor(), Tensor()};
  }
};

Tensor l1(const Tensor &a, const Tensor &b, const Tensor &w) {
  bool fast = cpu_float(a) && cpu_float(b) && a.sizes() == b.sizes() && a.numel() > 0;
  if (w.defined() && fast) {
    std::vector<int64_t> one = a.sizes().vec();
    if (one.size() > 1) one[1] = 1;
    fast =
        cpu_float(w) && !w.requires_grad() && (w.sizes() == a.sizes() || w.sizes() == at::IntArrayRef(one));
  }
  if (fast) return L1Fn::apply(a, b, given(w));
  const Tensor d = at::abs(at::sub(a, b));
  return at::mean(w.defined() ? at::mul(d, w) : d);
}

} // namespace

vg_tensor *vg_leaky_relu(vg_tensor *a, double slope) {
  return op("leaky_relu", {a}, [&] { return leaky(a->t, slope); });
}

vg_tensor *vg_add_leaky_relu(vg_tensor *a, vg_tensor *b, double slope) {
  return op("leaky_relu", {a, b}, [&] {
    if (cpu_number(a->t) && slope >= 0 && repeats(a->t, b->t))
      return LeakyFn::apply(a->t, Optional<Tensor>(b->t), slope);
    const bool parts = repeats(a->t, b->t) && a->t.size(0) > b->t.size(0);
    return leaky(parts ? AddRepeatedFn::apply(a->t, b->t) : at::add(a->t, b->t), slope);
  });
}

vg_tensor *vg_tanh(vg_tensor *a) {
  return op("tanh", {a}, [&] { return cpu_number(a->t) ? TanhFn::apply(a->t) : at::tanh(wide(a->t)); });
}

vg_tensor *vg_instance_norm(vg_tensor *x, double eps) {
  return op("instance_norm", {x}, [&] { return norm_act(x->t, eps, 1); });
}

vg_tensor *vg_instance_norm_act(vg_tensor *x, double eps, double slope) {
  return op("instance_norm_act", {x}, [&] { return norm_act(x->t, eps, slope); });
}

vg_tensor *vg_batch_norm(vg_tensor *x, vg_tensor *weight, vg_tensor *bias, vg_tensor *running_mean,
                         vg_tensor *running_var, bool training, double momentum, double eps) {
  return op("batch_norm", {x, running_mean, running_var}, [&] {
    if (training && norms_are_shared())
      return shared_batch_norm(wide(x->t), tensor_or_none(weight), tensor_or_none(bias), running_mean->t,
                               running_var->t, momentum, eps)
          .to(x->t.scalar_type());
    const Tensor y = at::batch_norm(wide(x->t), given(tensor_or_none(weight)), given(tensor_or_none(bias)),
                                    running_mean->t, running_var->t, training, momentum, eps,
                                    at::globalContext().userEnabledCuDNN());
    return y.to(x->t.scalar_type());
  });
}

vg_tensor *vg_dropout(vg_tensor *x, double p, vg_rand *g) {
  return op("dropout", {x}, [&] { return dropout(x->t, p, g); });
}

vg_tensor *vg_bce_with_logits(vg_tensor *logits, double target) {
  return op("bce_with_logits", {logits}, [&] {
    // max(x, 0) - x t + log(1 + exp(-|x|)), as softplus(x) - x t
    const Tensor x = wide(logits->t);
    return at::mean(at::sub(at::softplus(x), at::mul(x, target)));
  });
}

vg_tensor *vg_l1(vg_tensor *a, vg_tensor *b, vg_tensor *weight) {
  return op("l1", {a, b}, [&] { return l1(wide(a->t), wide(b->t), tensor_or_none(weight)); });
}
