// group.cpp: sums and shares over the processes of a group.
#include "tensor/distributed/backend.hpp"
#include "tensor/distributed/buckets.hpp"
#include "tensor/distributed/courier.hpp"
#include "tensor/distributed/shared_sum.hpp"
#include "tensor/distributed/members.hpp"
#include "tensor/floats.hpp"
#include "voxgan/log.h"
#include <signal.h>
#include <algorithm>
#include <cstring>

using namespace voxgan;

struct vg_group {
  int rank, size;
  at::Device device;
  std::unique_ptr<Members> members;
  std::unique_ptr<SharedSum> shared;              // of processes that share memory; else
  std::unique_ptr<Backend> backend;               // moves the bytes
  std::vector<std::unique_ptr<Buckets>> networks; // gradients of each list of parameters that was summed
  std::unique_ptr<Courier> courier;               // of gradients
  Tensor half;                                    // the courier's, for bf16
  double waited = 0, bytes = 0, ahead = 0;
};

namespace {

constexpr std::chrono::milliseconds LOOK(200); // at the verdict, while a call waits

// Threads of the libraries get no signals: the main thread does.
class NoSignals {
  sigset_t before_;

public:
  NoSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
};

// Counts the time in which the main thread waits for others.
class Waits {
  vg_group *const g_;
  const double began_ = vg_now();

public:
  explicit Waits(vg_group *g) : g_(g) {}
  ~Waits() { g_->waited += vg_now() - began_; }
};

// Waits until work is done, or it is time to look at the verdict. The next wait throws what went wrong.
void wait_a_while(const WorkPointer &work) {
  try {
    work->wait(LOOK);
  } catch (const std::exception &) {} // of work that ended while this ran, or of the time alone
}

// Waits for work; VG_DEVICE names who ended the group.
vg_status finish(vg_group *g, const WorkPointer &work) {
  bool done = false;
  while (!done && !g->members->ended()) try {
      if (g->backend->waits && !work->isCompleted()) {
        wait_a_while(work);
      } else {
        work->wait();
        done = true;
      }
    } catch (const std::exception &e) {
      g->members->lost(reason(e));
    }
  return done ? VG_OK : g->members->fail();
}

// Calls start(), which begins work, unless the group has ended.
template <class F> vg_status call(vg_group *g, const F &start) {
  if (g->members->ended()) return g->members->fail();
  WorkPointer work;
  try {
    at::NoGradGuard off;
    work = start();
  } catch (const std::exception &e) {
    g->members->lost(reason(e));
    return g->members->fail();
  }
  return finish(g, work);
}

vg_status sum(vg_group *g, const Tensor &t) {
  g->bytes += static_cast<double>(t.nbytes());
  if (g->shared) return g->shared->sum(t, false);
  return call(g, [&] { return g->backend->sum(t); });
}

// On the CPU our own loops convert: ATen's, with their temporaries, cost as much as sending did.
void to_half(const Tensor &from, const Tensor &to) {
  if (from.is_cuda())
    to.copy_(from);
  else
    vg_pw_narrow(from.data_ptr<float>(), static_cast<size_t>(from.numel()), half_of(to, 0));
}

void to_float(const Tensor &from, const Tensor &to) {
  if (from.is_cuda())
    to.copy_(from);
  else
    vg_pw_widen(half_of(from, 0), static_cast<size_t>(from.numel()), to.data_ptr<float>());
}

// The sum of the rows of a matrix of bf16, in fp32 and in their order.
void sum_rows(const Tensor &rows, const Tensor &out) {
  if (rows.is_cuda()) {
    out.copy_(rows.to(at::kFloat).sum(0));
    return;
  }
  constexpr int64_t PART = 1 << 12;
  std::vector<float> total(PART), row(PART);
  const int64_t n = rows.size(1);
  for (int64_t at = 0; at < n; at += PART) {
    const size_t m = static_cast<size_t>(std::min(PART, n - at));
    vg_pw_widen(half_of(rows, at), m, total.data());
    for (int64_t r = 1; r < rows.size(0); r++) {
      vg_pw_widen(half_of(rows, r * n + at), m, row.data());
      for (size_t k = 0; k < m; k++) total[k] += row[k];
    }
    vg_pw_narrow(total.data(), m, half_of(out, at));
  }
}

// Each process sums one piece of all, and gives it to the others.
vg_status sum_bf16(vg_group *g, const Tensor &t) {
  if (g->shared) {
    g->bytes += static_cast<double>(t.nbytes()) / 2;
    return g->shared->sum(t, true);
  }
  const int64_t n = t.numel(), piece = (n + g->size - 1) / g->size, all = piece * g->size;
  if (!g->half.defined() || g->half.numel() < 2 * all + piece)
    g->half = at::empty({2 * all + piece}, at::TensorOptions().device(t.device()).dtype(at::kBFloat16));
  const Tensor sent = g->half.narrow(0, 0, all), got = g->half.narrow(0, all, all),
               mine = g->half.narrow(0, 2 * all, piece);
  const auto raw = [](const Tensor &x) { return x.view(at::kByte); };
  to_half(t, sent.narrow(0, 0, n));
  sent.narrow(0, n, all - n).zero_();
  g->bytes += static_cast<double>(sent.nbytes());
  vg_status st = call(g, [&] { return g->backend->exchange(raw(got), raw(sent)); });
  if (st) return st;
  sum_rows(got.view({g->size, piece}), mine);
  std::vector<Tensor> pieces;
  for (int r = 0; r < g->size; r++) pieces.push_back(raw(got.narrow(0, r * piece, piece)));
  st = call(g, [&] { return g->backend->gather(pieces, raw(mine), raw(got)); });
  if (!st) to_float(got.narrow(0, 0, n), t);
  return st;
}

vg_status share(vg_group *g, const Tensor &t) {
  g->bytes += static_cast<double>(t.nbytes());
  if (g->shared) return g->shared->share(t);
  return call(g, [&] { return g->backend->share(t); });
}

// f() -> vg_status, where ATen may throw.
template <class F> vg_status checked(const F &f) {
  vg_status st = VG_OK;
  const at::NoGradGuard off;
  return guarded("sum over processes", [&] { st = f(); }) ? st : vg_tensor_check();
}

vg_status sum_array(vg_group *g, void *values, size_t n, at::ScalarType type) {
  if (!g || !n) return VG_OK;
  return checked([&] {
    Tensor host = at::from_blob(values, {static_cast<int64_t>(n)}, type), t = host.to(g->device);
    const Waits waits(g);
    const vg_status st = sum(g, t);
    if (!st && t.is_cuda()) host.copy_(t);
    return st;
  });
}

// The gradients of these parameters, on their way once this returns.
Buckets &sent(vg_group *g, vg_tensor *const *params, int n, bool bf16) {
  Buckets *b = nullptr;
  for (const auto &known : g->networks)
    if (known->are_of(params, n)) b = known.get();
  if (!b) {
    const auto options = params[0]->t.options().requires_grad(false);
    g->networks.push_back(std::make_unique<Buckets>(params, n, [g, options](int64_t values) {
      return g->shared ? g->shared->make(values) : at::zeros({values}, options);
    }));
    b = g->networks.back().get();
  }
  if (!b->is_open())
    b->open([g, bf16](const Tensor &values) {
      g->courier->send([g, bf16, values] { return bf16 ? sum_bf16(g, values) : sum(g, values); });
    });
  return *b;
}

// Sums has, and row behind it, over the processes, after all gradients, which are complete then. Returns how
// many processes have each.
vg_status sum_rest(vg_group *g, std::vector<float> &has, vg_tensor *row) {
  const int64_t n = static_cast<int64_t>(has.size());
  Tensor all = at::from_blob(has.data(), {n}, at::kFloat).to(g->device);
  if (row) all = at::cat({all, row->t.reshape({-1})});
  g->courier->send([g, all] { return sum(g, all); });
  const vg_status st = g->courier->wait();
  if (st) return st;
  const Tensor counts = all.narrow(0, 0, n).to(at::kCPU).contiguous();
  std::memcpy(has.data(), counts.data_ptr<float>(), has.size() * sizeof(float));
  if (row) row->t.copy_(all.narrow(0, n, row->t.numel()).view(row->t.sizes()));
  return st;
}

constexpr double LONG_S = 2; // for connections between processes

// Connects the processes, in the courier's thread: a library may wait there for one that went, and cannot be
// stopped.
vg_status connect(vg_group *g, const vg_group_options &p) {
  const std::string host = p.host;
  const bool wanted = p.shared_memory;
  g->courier->send([g, host, wanted] {
    try {
      if (g->device.is_cpu()) g->shared = SharedSum::meet(*g->members, g->rank, g->size, wanted);
      if (!g->shared) g->backend = backend_of(g->device, g->members->store(), g->rank, g->size, host);
    } catch (const std::exception &e) {
      return g->members->ended() ? g->members->fail() : vg_fail(VG_DEVICE, "%s", reason(e).c_str());
    }
    return VG_OK;
  });
  const double began = vg_now();
  bool doubted = false;
  while (!g->courier->done_within(LOOK)) {
    if (g->members->ended()) return g->members->fail();
    if (vg_interrupted()) return vg_fail(VG_INTERRUPTED, "interrupted while the processes connect");
    if (!doubted && vg_now() - began > LONG_S) g->members->doubt(doubted = true);
  }
  if (doubted) g->members->doubt(false);
  return g->courier->wait();
}

vg_group *abandoned; // its threads may wait for ever, so it lives as long as the process

} // namespace

vg_status vg_group_join(const vg_group_options *p, vg_device device, vg_group **out) {
  *out = nullptr;
  if (p->size < 2) return VG_OK;
  const NoSignals quiet;
  auto g = std::unique_ptr<vg_group>(
      new vg_group{p->rank, p->size, device_of(device), nullptr, nullptr, nullptr, {}, nullptr, {}, 0, 0, 0});
  vg_status st = VG_OK;
  try {
    g->members = std::make_unique<Members>(*p);
    g->courier = std::make_unique<Courier>(g->device);
    g->members->watch();
    st = connect(g.get(), *p);
  } catch (const std::exception &e) {
    st = vg_fail(VG_DEVICE, "%s", reason(e).c_str());
  }
  if (st) {
    const std::string why = vg_error();
    const bool other = g->members && g->members->ended(); // then the message names who ended it
    if (g->members && !other) g->members->end(st, why);
    if (g->members) g->members->linger();
    abandoned = g.release();
    if (other) return vg_fail(st, "%s", why.c_str());
    return vg_fail(vg_interrupted() ? VG_INTERRUPTED : st, "rank %d of %d (%s): %s", p->rank, p->size,
                   own_host().c_str(), why.c_str());
  }
  *out = g.release();
  return VG_OK;
}

vg_status vg_group_leave(vg_group *g, vg_status result) {
  if (!g) return result;
  double together = 0;
  if (!result) result = vg_group_sum(g, &together, 1);
  if (!result) {
    g->members->stop();
    delete g;
    return VG_OK;
  }
  if (g->members->ended())
    result = g->members->fail();
  else
    result = g->members->end(result, vg_error());
  const std::string message = vg_error();
  g->members->linger();
  g->members->stop();
  abandoned = g;
  return vg_fail(result, "%s", message.c_str());
}

int vg_group_rank(const vg_group *g) {
  return g ? g->rank : 0;
}
int vg_group_size(const vg_group *g) {
  return g ? g->size : 1;
}
double vg_group_waited(const vg_group *g) {
  return g ? g->waited : 0;
}
double vg_group_bytes(const vg_group *g) {
  return g ? g->bytes : 0;
}
double vg_group_sending(const vg_group *g) {
  return g ? g->courier->busy() : 0;
}
double vg_group_ahead(const vg_group *g) {
  return g ? g->ahead : 0;
}

vg_status vg_group_sum(vg_group *g, double *values, size_t n) {
  return sum_array(g, values, n, at::kDouble);
}
vg_status vg_group_sum_floats(vg_group *g, float *values, size_t n) {
  return sum_array(g, values, n, at::kFloat);
}

void vg_group_sum_soon(vg_group *g, vg_tensor *const *params, int n, bool bf16) {
  if (g) guarded("sum over processes", [&] { sent(g, params, n, bf16); });
}

vg_status vg_group_sum_gradients(vg_group *g, vg_tensor *const *params, int n, vg_tensor *row, bool bf16) {
  if (!g) return VG_OK;
  const Timed timed("sum over processes");
  return checked([&] {
    Buckets &b = sent(g, params, n, bf16);
    std::vector<float> has;
    g->ahead += static_cast<double>(b.close(has));
    const Waits waits(g);
    const vg_status st = sum_rest(g, has, row);
    for (size_t i = 0; i < has.size() && !st; i++) b.give(i, has[i] > 0);
    return st;
  });
}

vg_status vg_group_share(vg_group *g, void *data, size_t n) {
  if (!g || !n) return VG_OK;
  return checked([&] {
    Tensor host = at::from_blob(data, {static_cast<int64_t>(n)}, at::kByte), t = host.to(g->device);
    const Waits waits(g);
    const vg_status st = share(g, t);
    if (!st && t.is_cuda()) host.copy_(t);
    return st;
  });
}

vg_status vg_group_share_tensors(vg_group *g, vg_tensor *const *list, int n) {
  if (!g) return VG_OK;
  return checked([&] {
    vg_status st = VG_OK;
    const Waits waits(g);
    for (int i = 0; i < n && !st; i++) {
      const Tensor whole = list[i]->t.detach().contiguous();
      st = share(g, whole);
      if (!st && !whole.is_alias_of(list[i]->t)) list[i]->t.copy_(whole);
    }
    return st;
  });
}
