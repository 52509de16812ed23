// one_channel.cpp: see one_channel.hpp.
//
// The lanes are voxels of the input, or taps, and the sums are products of matrices:
//
//   forward:          seen (taps, voxels) = weights^T (taps, c) . x (c, voxels). Each position then adds the
//                     elements of seen that belong to its voxels
//   weight gradient:  dw (c, taps) = x (c, voxels) . given (voxels, taps). given is dy, moved to the voxel
//                     that each tap sees
//
// x is read in place. bf16 is converted to fp32 first, and products are fp32. The data gradient has all its
// input channels as lanes, so it needs no algorithm of its own.
#include "tensor/conv/one_channel.hpp"
#include "tensor/conv/elements.hpp"
#include "tensor/conv/parallel.hpp"
#include "tensor/pointwise.h"
#include <vector>

namespace voxgan {
namespace {

thread_local Buffer thread_wide, thread_sums, thread_ends;

struct Sizes {
  int64_t in, out, taps;
  int64_t padded; // in, to whole vectors
  explicit Sizes(const ConvShape &s)
      : in(volume_of(s.in)), out(volume_of(s.out)), taps(volume_of(s.kernel)),
        padded(ceil_div(in, LANES) * LANES) {}
};

// n channels of a sample from c on, as floats: in place, or converted.
const float *floats_of(const Planes &x, int64_t sample, int64_t c, int64_t n, int64_t volume, Buffer &wide) {
  if (!x.half) return plane_of<Full>(x, sample, c, volume);
  float *const to = wide.take(n * volume);
  vg_pw_widen(plane_of<Half>(x, sample, c, volume), static_cast<size_t>(n * volume), to);
  return to;
}

// Calls f(tap, first voxel of the input, first position, n) for each tap and row of positions of plane d.
template <class F> void each_row(const ConvShape &s, int64_t d, const F &f) {
  for (int64_t t = 0; t < volume_of(s.kernel); t++) {
    const int64_t tap[3] = {t / (s.kernel[1] * s.kernel[2]), t / s.kernel[2] % s.kernel[1], t % s.kernel[2]};
    Range inside[3];
    for (int a = 0; a < 3; a++) inside[a] = positions_inside(s, a, tap[a], 0, s.out[a]);
    if (d < inside[0].from || d >= inside[0].to) continue;
    const int64_t w = inside[2].from, n = inside[2].to - w;
    for (int64_t h = inside[1].from; h < inside[1].to; h++)
      f(t, ((d + tap[0] - s.pad[0]) * s.in[1] + h + tap[1] - s.pad[1]) * s.in[2] + w + tap[2] - s.pad[2],
        (d * s.out[1] + h) * s.out[2] + w, n);
  }
}

// Calls put(t, v, element of dy) for each voxel v that tap t sees. The other elements are zero already.
template <class E, class F>
void hand_on(const ConvShape &s, const typename E::element *dy, int threads, const F &put) {
  parallel_items(s.out[0], threads, [&](int64_t d) {
    each_row(s, d, [&](int64_t t, int64_t voxel, int64_t position, int64_t n) {
      for (int64_t i = 0; i < n; i++) put(t, voxel + i, E::wide(dy[position + i]));
    });
  });
}

template <class E>
void forward(const ConvShape &s, const Planes &x, const float *w, const float *b, const Planes &y,
             int threads) {
  const Sizes z(s);
  std::vector<float> turned(static_cast<size_t>(z.taps * s.c));
  for (int64_t c = 0; c < s.c; c++)
    for (int64_t t = 0; t < z.taps; t++) turned[static_cast<size_t>(t * s.c + c)] = w[c * z.taps + t];
  Buffer wide, all_seen;
  float *const seen = all_seen.take(z.taps * z.padded);
  for (int64_t n = 0; n < s.n; n++) {
    const float *const from = floats_of(x, n, 0, s.c, z.in, wide);
    constexpr int64_t BLOCKS = 8; // blocks of lanes that a thread takes at once
    parallel_items(ceil_div(z.padded, BLOCKS * LANES), threads, [&](int64_t item) {
      MatrixArgs a;
      a.left = turned.data();
      a.left_row = s.c;
      a.sums_row = z.padded;
      a.rows = z.taps;
      a.steps = s.c;
      a.first = true;
      for (int64_t v = item * BLOCKS * LANES; v < std::min(z.padded, (item + 1) * BLOCKS * LANES);
           v += LANES) {
        a.right = from + v;
        a.right_step = z.in;
        if (v + LANES > z.in) { // the last channel ends before a whole vector
          float *const ends = thread_ends.take(s.c * LANES);
          std::fill_n(ends, s.c * LANES, 0.f);
          for (int64_t c = 0; c < s.c; c++)
            std::copy(from + c * z.in + v, from + (c + 1) * z.in, ends + c * LANES);
          a.right = ends;
          a.right_step = LANES;
        }
        a.sums = seen + v;
        kernels_here().product(a);
      }
    });
    auto *const to = plane_of<E>(y, n, 0, z.out);
    if (!to) continue;
    const int64_t plane = s.out[1] * s.out[2];
    parallel_items(s.out[0], threads, [&](int64_t d) {
      float *const sums = thread_sums.take(plane);
      std::fill_n(sums, plane, 0.f);
      each_row(s, d, [&](int64_t t, int64_t voxel, int64_t position, int64_t n_here) {
        const float *const row = seen + t * z.padded + voxel;
        for (int64_t i = 0; i < n_here; i++) sums[position - d * plane + i] += row[i];
      });
      E::row(sums, b ? b[0] : 0, to + d * plane, plane);
    });
  }
}

template <class E>
void backward_weight(const ConvShape &s, const Planes &x, const Planes &dy, float *dw, int threads) {
  const Sizes z(s);
  Buffer all_given;
  float *const given = all_given.take(s.n * z.taps * z.in); // [sample][block of taps][voxel][lane]
  std::fill_n(given, s.n * z.taps * z.in, 0.f);
  for (int64_t n = 0; n < s.n; n++)
    hand_on<E>(s, plane_of<E>(dy, n, 0, z.out), threads, [&](int64_t t, int64_t voxel, float value) {
      given[n * z.taps * z.in + (t / LANES * z.in + voxel) * LANES + t % LANES] = value;
    });
  parallel_items(ceil_div(s.c, ROWS), threads, [&](int64_t item) {
    const int64_t c0 = item * ROWS, rows = std::min<int64_t>(ROWS, s.c - c0);
    MatrixArgs a;
    a.left_row = z.in;
    a.right_step = LANES;
    a.sums_row = z.taps;
    a.rows = rows;
    a.steps = z.in;
    for (int64_t n = 0; n < s.n; n++) {
      a.left = floats_of(x, n, c0, rows, z.in, thread_wide);
      a.first = n == 0;
      for (int64_t t = 0; t < z.taps; t += LANES) {
        a.right = given + (n * z.taps + t) * z.in;
        a.sums = dw + c0 * z.taps + t;
        kernels_here().product(a);
      }
    }
  });
}

} // namespace

bool one_channel_takes(const ConvShape &s, const Planes &x) {
  return s.k == 1 && volume_of(s.stride) == 1 && volume_of(s.kernel) % LANES == 0 && s.c >= LANES &&
         x.part[0] && x.channels[0] == s.c;
}

void one_channel_forward(const ConvShape &s, const Planes &x, const float *w, const float *b, const Planes &y,
                         int threads) {
  (x.half ? forward<Half> : forward<Full>)(s, x, w, b, y, threads);
}

void one_channel_backward_weight(const ConvShape &s, const Planes &x, const Planes &dy, float *dw,
                                 int threads) {
  (x.half ? backward_weight<Half> : backward_weight<Full>)(s, x, dy, dw, threads);
}

} // namespace voxgan
