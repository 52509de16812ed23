// modulation.cpp: a norm with the gain and bias of each voxel's classes. On the CPU one autograd function
// over modulate.h, which keeps the input alone; elsewhere, and for second derivatives, ATen's operations.
#include "tensor/floats.hpp"
#include "tensor/modulate.h"
#include <cmath>

using namespace voxgan;

namespace {

constexpr int64_t CHUNK = VG_MODULATE_CHUNK;

// The operands, those that are missing undefined; and the sizes.
struct Terms {
  Tensor x, fractions, weight, bias, maps, noise;
  double eps, slope;
  bool norm;
  int64_t n() const { return x.size(0); }
  int64_t k() const { return x.size(1); }
  int64_t classes() const { return weight.defined() ? weight.size(1) : 0; }
  int64_t parts() const { return noise.defined() ? 3 : 2; }
  int64_t volume() const { return x.numel() / (n() * k()); }
  int64_t chunks() const { return (volume() + CHUNK - 1) / CHUNK; }
};

void check(const Terms &t) {
  TORCH_CHECK(t.x.dim() == 5 && t.x.numel() > 0, "x must have 5 dims");
  TORCH_CHECK(t.slope >= 0, "slope ", t.slope, " is negative");
  const auto grid = t.x.sizes().slice(2);
  const int64_t rows = t.parts() * t.k();
  TORCH_CHECK(t.weight.defined() == t.fractions.defined(), "fractions and their weight come together");
  if (t.weight.defined())
    TORCH_CHECK(t.weight.dim() == 2 && t.weight.size(0) == rows && t.fractions.dim() == 5 &&
                    t.fractions.size(0) == t.n() && t.fractions.size(1) == t.weight.size(1) &&
                    t.fractions.sizes().slice(2) == grid,
                "weight ", t.weight.sizes(), " and fractions ", t.fractions.sizes(), " for x ", t.x.sizes());
  if (t.bias.defined())
    TORCH_CHECK(t.bias.dim() == 2 && (t.bias.size(0) == 1 || t.bias.size(0) == t.n()) &&
                    t.bias.size(1) == rows,
                "bias ", t.bias.sizes(), " for x ", t.x.sizes());
  if (t.maps.defined())
    TORCH_CHECK(t.maps.dim() == 5 && t.maps.size(0) == t.n() && t.maps.size(1) == 2 * t.k() &&
                    t.maps.sizes().slice(2) == grid,
                "maps ", t.maps.sizes(), " for x ", t.x.sizes());
  if (t.noise.defined())
    TORCH_CHECK(t.noise.dim() == 5 && t.noise.size(0) == t.n() && t.noise.size(1) == 1 &&
                    t.noise.sizes().slice(2) == grid,
                "noise ", t.noise.sizes(), " for x ", t.x.sizes());
}

// What all channels of a chunk share, read once.
class Chunk {
public:
  Chunk(const Terms &t, int64_t sample, int64_t chunk) {
    const int64_t volume = t.volume();
    first = chunk * CHUNK;
    length = std::min(CHUNK, volume - first);
    float *const copies = room(FIRST, t.classes() * CHUNK).data();
    for (int64_t c = 0; c < t.classes(); c++) {
      const int64_t at = (sample * t.classes() + c) * volume + first;
      const float *p;
      if (t.fractions.scalar_type() == at::kFloat) {
        p = t.fractions.data_ptr<float>() + at;
      } else {
        vg_pw_widen(half_of(t.fractions, at), static_cast<size_t>(length), copies + c * CHUNK);
        p = copies + c * CHUNK;
      }
      bool any = false;
      for (int64_t i = 0; i < length; i++) any |= p[i] != 0;
      if (!any) continue;
      fractions.push_back(p);
      columns.push_back(static_cast<int>(c));
    }
    q = {static_cast<size_t>(length), static_cast<int>(columns.size()), fractions.data(), columns.data(),
         t.noise.defined() ? in_of(t.noise, sample * volume + first, length, SECOND) : nullptr};
  }
  int64_t first, length;
  std::vector<const float *> fractions;
  std::vector<int> columns;
  vg_md_chunk q;
};

vg_md_channel channel(const Terms &t, const float *scales, const Chunk &u, int64_t sample, int64_t k) {
  const int64_t at = sample * t.k() + k;
  vg_md_channel c = {};
  c.mean = t.norm ? scales[at] : 0;
  c.rstd = t.norm ? scales[t.n() * t.k() + at] : 1;
  c.slope = static_cast<float>(t.slope);
  for (int64_t r = 0; r < t.parts(); r++) {
    const int64_t row = r * t.k() + k;
    if (t.weight.defined()) c.row[r] = t.weight.data_ptr<float>() + row * t.classes();
    if (t.bias.defined())
      c.bias[r] = t.bias.data_ptr<float>()[(t.bias.size(0) == 1 ? 0 : sample) * t.bias.size(1) + row];
    if (r < 2 && t.maps.defined())
      c.map[r] =
          in_of(t.maps, (sample * 2 * t.k() + row) * t.volume() + u.first, u.length, r ? FOURTH : THIRD);
  }
  return c;
}

// Runs f(sample, chunk) over all.
template <class F> void over_chunks(const Terms &t, const F &f) {
  at::parallel_for(0, t.n() * t.chunks(), 1, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; i++) f(i / t.chunks(), i % t.chunks());
  });
}

// Mean and 1 / sqrt(var + eps) of each channel of each sample.
Tensor moments(const Terms &t) {
  const int64_t rows = t.n() * t.k(), volume = t.volume();
  Tensor scales = at::empty({2, rows}, t.x.options().dtype(at::kFloat));
  float *const p = scales.data_ptr<float>();
  at::parallel_for(0, rows, std::max<int64_t>(1, 16 * CHUNK / volume), [&](int64_t from, int64_t to) {
    for (int64_t r = from; r < to; r++) {
      double mean, var;
      vg_pw_moments(in_of(t.x, r * volume, volume, FIRST), static_cast<size_t>(volume), &mean, &var);
      p[r] = static_cast<float>(mean);
      p[rows + r] = static_cast<float>(1 / std::sqrt(var + t.eps));
    }
  });
  return scales;
}

Tensor whole(const Optional<Tensor> &t) {
  return t && t->defined() ? t->contiguous() : Tensor();
}

// The sums of a backward pass: one row of floats for each chunk and channel.
struct Sums {
  int64_t parts, classes, stride;
  std::vector<float> all;
  explicit Sums(const Terms &t)
      : parts(t.parts()), classes(t.classes()), stride(2 + parts * (1 + classes)),
        all(static_cast<size_t>(t.n() * t.chunks() * t.k() * stride)) {}
  float *row(const Terms &t, int64_t sample, int64_t chunk, int64_t k) {
    return all.data() + ((sample * t.chunks() + chunk) * t.k() + k) * stride;
  }
  // Of one field of a channel over a sample's chunks, in their order.
  double over(const Terms &t, int64_t sample, int64_t k, int64_t field) {
    double sum = 0;
    for (int64_t i = 0; i < t.chunks(); i++) sum += row(t, sample, i, k)[field];
    return sum;
  }
};

struct ModulateFn : torch::autograd::Function<ModulateFn> {
  static Tensor forward(AutogradContext *ctx, const Tensor &x, const Optional<Tensor> &fractions,
                        const Optional<Tensor> &weight, const Optional<Tensor> &bias,
                        const Optional<Tensor> &maps, const Optional<Tensor> &noise, double eps, double slope,
                        bool norm) {
    const Terms t = {x.contiguous(),
                     whole(fractions),
                     whole(weight),
                     whole(bias),
                     whole(maps),
                     whole(noise),
                     eps,
                     slope,
                     norm};
    const Tensor scales = norm ? moments(t) : Tensor();
    const float *const sp = norm ? scales.data_ptr<float>() : nullptr;
    Tensor y = at::empty_like(t.x);
    over_chunks(t, [&](int64_t sample, int64_t chunk) {
      const Chunk u(t, sample, chunk);
      for (int64_t k = 0; k < t.k(); k++) {
        const int64_t at = (sample * t.k() + k) * t.volume() + u.first;
        const vg_md_channel c = channel(t, sp, u, sample, k);
        float *const yp = out_of(y, at, u.length, SIXTH);
        vg_md_forward(&u.q, &c, in_of(t.x, at, u.length, FIFTH), yp);
        put(y, at, u.length, yp);
      }
    });
    ctx->saved_data["layer"] = profile_layer();
    ctx->saved_data["eps"] = eps;
    ctx->saved_data["slope"] = slope;
    ctx->saved_data["norm"] = norm;
    ctx->save_for_backward({t.x, t.fractions, t.weight, t.bias, t.maps, t.noise, scales});
    return y;
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    const Timed timed("modulate backward", 0, ctx->saved_data["layer"].toInt());
    no_second_derivative();
    const variable_list s = ctx->get_saved_variables();
    const Terms t = {s[0],
                     s[1],
                     s[2],
                     s[3],
                     s[4],
                     s[5],
                     ctx->saved_data["eps"].toDouble(),
                     ctx->saved_data["slope"].toDouble(),
                     ctx->saved_data["norm"].toBool()};
    const float *const sp = t.norm ? s[6].data_ptr<float>() : nullptr;
    const Tensor dy = grads[0].contiguous();
    // inputs that are undefined have no edge
    size_t edge = 0;
    bool want[6];
    for (size_t i = 0; i < 6; i++) want[i] = s[i].defined() && ctx->needs_input_grad(edge++);
    Tensor dh = at::empty_like(t.x, t.x.options().dtype(at::kFloat));
    Tensor dmaps = want[4] ? at::empty_like(t.maps) : Tensor();
    Sums sums(t);
    over_chunks(t, [&](int64_t sample, int64_t chunk) {
      const Chunk u(t, sample, chunk);
      std::vector<float> by_class(static_cast<size_t>(3 * u.q.classes));
      for (int64_t k = 0; k < t.k(); k++) {
        const int64_t at = (sample * t.k() + k) * t.volume() + u.first;
        const vg_md_channel c = channel(t, sp, u, sample, k);
        float map_room[2][CHUNK], *dmap[2] = {nullptr, nullptr};
        for (size_t r = 0; r < 2; r++)
          if (want[4]) dmap[r] = map_room[r];
        vg_md_sums m = {};
        for (int r = 0; r < 3; r++) m.by_class[r] = by_class.data() + r * u.q.classes;
        vg_md_backward(&u.q, &c, in_of(t.x, at, u.length, FIFTH), in_of(dy, at, u.length, SIXTH),
                       dh.data_ptr<float>() + at, dmap, &m);
        float *const row = sums.row(t, sample, chunk, k);
        row[0] = m.dh;
        row[1] = m.dh_h;
        for (int64_t r = 0; r < sums.parts; r++) {
          row[2 + r] = m.bias[r];
          float *const classes = row + 2 + sums.parts + r * sums.classes;
          for (int i = 0; i < u.q.classes; i++) classes[u.q.column[i]] = m.by_class[r][i];
        }
        for (int64_t r = 0; r < 2 && want[4]; r++) {
          const int64_t to = ((sample * 2 + r) * t.k() + k) * t.volume() + u.first;
          float *const out = out_of(dmaps, to, u.length, SEVENTH);
          std::copy_n(map_room[r], u.length, out);
          put(dmaps, to, u.length, out);
        }
      }
    });
    return {want[0] ? input_grad(t, sp, dh, sums) : Tensor(),
            Tensor(),
            want[2] ? weight_grad(t, sums) : Tensor(),
            want[3] ? bias_grad(t, sums) : Tensor(),
            dmaps,
            Tensor(),
            Tensor(),
            Tensor(),
            Tensor()};
  }

  // In place of dh where that has the type of the input.
  static Tensor input_grad(const Terms &t, const float *scales, const Tensor &dh, Sums &sums) {
    const int64_t rows = t.n() * t.k(), volume = t.volume();
    if (!t.norm) return dh.to(t.x.scalar_type());
    Tensor dx = t.x.scalar_type() == at::kFloat ? dh : at::empty_like(t.x);
    at::parallel_for(0, rows, std::max<int64_t>(1, 16 * CHUNK / volume), [&](int64_t from, int64_t to) {
      for (int64_t r = from; r < to; r++) {
        const auto count = static_cast<double>(volume);
        const auto mean = static_cast<float>(sums.over(t, r / t.k(), r % t.k(), 0) / count),
                   h_mean = static_cast<float>(sums.over(t, r / t.k(), r % t.k(), 1) / count);
        float *const out = out_of(dx, r * volume, volume, SIXTH);
        vg_md_norm_backward(dh.data_ptr<float>() + r * volume, in_of(t.x, r * volume, volume, FIFTH),
                            static_cast<size_t>(volume), scales[r], scales[rows + r], mean, h_mean, out);
        put(dx, r * volume, volume, out);
      }
    });
    return dx;
  }

  static Tensor weight_grad(const Terms &t, Sums &sums) {
    Tensor d = at::empty_like(t.weight);
    for (int64_t r = 0; r < sums.parts; r++)
      for (int64_t k = 0; k < t.k(); k++)
        for (int64_t c = 0; c < sums.classes; c++) {
          double sum = 0;
          for (int64_t i = 0; i < t.n(); i++)
            sum += sums.over(t, i, k, 2 + sums.parts + r * sums.classes + c);
          d.data_ptr<float>()[(r * t.k() + k) * sums.classes + c] = static_cast<float>(sum);
        }
    return d;
  }

  static Tensor bias_grad(const Terms &t, Sums &sums) {
    Tensor d = at::zeros_like(t.bias);
    for (int64_t i = 0; i < t.n(); i++)
      for (int64_t r = 0; r < sums.parts; r++)
        for (int64_t k = 0; k < t.k(); k++)
          d.data_ptr<float>()[(t.bias.size(0) == 1 ? 0 : i) * t.bias.size(1) + r * t.k() + k] +=
              static_cast<float>(sums.over(t, i, k, 2 + r));
    return d;
  }
};

// (N, R K, D, H, W) or something that broadcasts to it; undefined: 0.
Tensor factors(const Terms &t) {
  Tensor f;
  if (t.weight.defined())
    f = at::conv3d(wide(t.fractions), t.weight.reshape({t.weight.size(0), t.weight.size(1), 1, 1, 1}));
  if (t.bias.defined()) {
    const Tensor b = t.bias.reshape({t.bias.size(0), t.bias.size(1), 1, 1, 1});
    f = f.defined() ? at::add(f, b) : b;
  }
  return f;
}

Tensor by_library(const Terms &t) {
  const Tensor f = factors(t), maps = wide(t.maps);
  const auto part = [&](int64_t r) { return f.narrow(1, r * t.k(), t.k()); };
  const Tensor x = wide(t.x);
  Tensor y =
      t.norm ? at::instance_norm(x, {}, {}, {}, {}, true, 0.1, t.eps, at::globalContext().userEnabledCuDNN())
             : x;
  Tensor gain, shift;
  if (f.defined()) gain = part(0), shift = part(1);
  if (maps.defined()) {
    const Tensor more = maps.narrow(1, 0, t.k()), moved = maps.narrow(1, t.k(), t.k());
    gain = gain.defined() ? at::add(gain, more) : more;
    shift = shift.defined() ? at::add(shift, moved) : moved;
  }
  if (gain.defined()) y = at::add(at::mul(y, at::add(gain, 1)), shift);
  if (t.noise.defined() && f.defined()) y = at::add(y, at::mul(part(2), t.noise));
  if (t.slope != 1) y = at::leaky_relu(y, t.slope);
  return placed(y.to(t.x.scalar_type()));
}

bool loops_take(const Terms &t) {
  if (!cpu_number(t.x) || (t.fractions.defined() && t.fractions.requires_grad())) return false;
  for (const Tensor *one : {&t.fractions, &t.maps, &t.noise})
    if (one->defined() && !cpu_number(*one)) return false;
  for (const Tensor *one : {&t.weight, &t.bias})
    if (one->defined() && !cpu_float(*one)) return false;
  return true;
}

} // namespace

vg_tensor *vg_modulate(vg_tensor *x, const vg_modulation_terms *m) {
  return op("modulate", {x}, [&] {
    const Terms t = {x->t,
                     tensor_or_none(m->fractions),
                     tensor_or_none(m->weight),
                     tensor_or_none(m->bias),
                     tensor_or_none(m->maps),
                     tensor_or_none(m->noise),
                     m->eps,
                     m->slope,
                     m->norm};
    check(t);
    if (!loops_take(t)) return by_library(t);
    return ModulateFn::apply(t.x, given(t.fractions), given(t.weight), given(t.bias), given(t.maps),
                             given(t.noise), t.eps, t.slope, t.norm);
  });
}
