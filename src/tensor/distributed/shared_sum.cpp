// shared_sum.cpp: see shared_sum.hpp.
//
// The file of a process begins with a counter of the meetings that the process came to, and a stage, through
// which values go that lie elsewhere. The stage has two halves that take turns: a process that writes to a
// half has met the others since they read it, so one meeting a turn is enough.
#include "tensor/distributed/shared_sum.hpp"
#include "tensor/floats.hpp"
#include "voxgan/log.h"
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <climits>
#include <cstring>

namespace voxgan {
namespace {

using Counter = std::atomic<uint32_t>;

constexpr size_t HEAD = 4096;     // bytes before the stage
constexpr size_t STAGE = 1 << 18; // bytes of a half
constexpr size_t CHUNK = 4096;    // values that are added at a time: few enough for the first cache

// Returns when the counter is not seen any more, or a signal came, or it is time to look at the verdict.
void wait_while(Counter *counter, uint32_t seen) {
  const timespec look = {0, 200 * 1000 * 1000};
  syscall(SYS_futex, counter, FUTEX_WAIT, seen, &look, nullptr, 0);
}

void wake(Counter *counter) {
  syscall(SYS_futex, counter, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

struct Floats {
  using Type = float;
  bool narrow;
  // The values as they are added: x, or a copy that is rounded to bf16.
  const float *added(const float *x, size_t n, float *copy) const {
    if (!narrow) return x;
    uint16_t half[CHUNK];
    vg_pw_narrow(x, n, half);
    vg_pw_widen(half, n, copy);
    return copy;
  }
  static void add(const float *x, size_t n, float *sum) { vg_pw_add(x, n, sum); }
};

struct Doubles {
  using Type = double;
  static const double *added(const double *x, size_t, double *) { return x; }
  static void add(const double *x, size_t n, double *sum) {
    for (size_t i = 0; i < n; i++) sum[i] += x[i];
  }
};

// Sums the ranks' values from..to, which begin at of(rank), and calls put(at, n, sum) for each part of them.
template <class Kind, class Of, class Put>
void add_ranks(const Kind &kind, size_t ranks, size_t from, size_t to, const Of &of, const Put &put) {
  typename Kind::Type sum[CHUNK], copy[CHUNK];
  for (size_t at = from; at < to; at += CHUNK) {
    const size_t n = std::min(CHUNK, to - at);
    std::memcpy(sum, kind.added(of(0) + at, n, copy), n * sizeof *sum);
    for (size_t r = 1; r < ranks; r++) kind.add(kind.added(of(r) + at, n, copy), n, sum);
    put(at, n, kind.added(sum, n, copy));
  }
}

} // namespace

// ---- meeting ----

std::unique_ptr<SharedSum> SharedSum::meet(Members &members, int rank, int size, bool wanted) {
  if (!members.on_one_host()) return nullptr;
  std::unique_ptr<SharedSum> made;
  std::string why = "it is turned off";
  try {
    if (wanted) made.reset(new SharedSum(members, rank, size));
  } catch (const std::exception &e) {
    why = reason(e);
  }
  const auto addresses = members.tell("memory", made ? made->memory_.address() : "");
  try {
    if (made) made->memory_.open(addresses);
    if (made) made->see(made->head_);
  } catch (const std::exception &e) {
    why = reason(e);
    made.reset();
  }
  const auto faults = members.tell("fault", made ? "" : why);
  for (size_t r = 0; r < faults.size(); r++) {
    if (faults[r].empty()) continue;
    vg_debug("processes use Gloo and not shared memory: rank %zu: %s", r, faults[r].c_str());
    return nullptr;
  }
  return made;
}

SharedSum::SharedSum(Members &members, int rank, int size)
    : members_(members), rank_(static_cast<size_t>(rank)), size_(static_cast<size_t>(size)),
      memory_(rank, size), head_(add(HEAD + 2 * STAGE)) {
  head_.of[rank_] = memory_.make(head_.at, head_.bytes);
}

SharedSum::Block SharedSum::add(size_t bytes) {
  Block b;
  b.at = memory_.place(bytes);
  b.bytes = bytes;
  b.of.resize(size_);
  return b;
}

void SharedSum::see(Block &b) const {
  for (size_t r = 0; r < size_; r++)
    if (r != rank_) b.of[r] = memory_.see(static_cast<int>(r), b.at, b.bytes);
}

char *SharedSum::stage(size_t rank) const {
  return head_.of_rank<char>(rank) + HEAD + turn_ * STAGE;
}

// Waits until rank has come to as many meetings as this process; false: the group has ended.
bool SharedSum::comes(size_t rank) const {
  const uint32_t wanted = *head_.of_rank<Counter>(rank_);
  Counter *const counter = head_.of_rank<Counter>(rank);
  bool lives = true;
  for (;;) {
    const uint32_t seen = counter->load(std::memory_order_acquire);
    if (static_cast<int32_t>(seen - wanted) >= 0) return true;
    if (!lives) members_.lost("rank " + std::to_string(rank) + " ended");
    if (members_.ended()) return false;
    // a process may come and then end, so the counter is read once more
    if (!(lives = memory_.lives(static_cast<int>(rank)))) continue;
    wait_while(counter, seen);
  }
}

// Returns once all processes have called it as often as this one.
vg_status SharedSum::meet_all() {
  if (members_.ended()) return members_.fail();
  Counter *const own = head_.of_rank<Counter>(rank_);
  own->fetch_add(1, std::memory_order_release);
  wake(own);
  for (size_t r = 0; r < size_; r++)
    if (r != rank_ && !comes(r)) return members_.fail();
  return VG_OK;
}

// ---- sums and shares ----

Tensor SharedSum::make(int64_t n) {
  blocks_.push_back(add(static_cast<size_t>(n) * sizeof(float)));
  Block &b = blocks_.back();
  Tensor t;
  try {
    const MappedPointer own = memory_.make(b.at, b.bytes);
    t = at::from_blob(
        own->data(), {n}, [own](void *) {}, at::kFloat);
    b.of[rank_] = own;
  } catch (const std::exception &e) {
    vg_debug("gradients are copied: %s", e.what());
    t = at::zeros({n}, at::kFloat);
  }
  b.values = t.data_ptr();
  return t;
}

// Finds out whether all processes see the block.
vg_status SharedSum::ask(Block &b) {
  double without = !b.of[rank_];
  if (!without) try {
      see(b);
    } catch (const std::exception &e) {
      vg_debug("gradients are copied: %s", e.what());
      without = 1;
    }
  const vg_status st = sum_staged(&without, 1, Doubles{});
  b.asked = true;
  b.shared = without == 0;
  return st;
}

vg_status SharedSum::sum(const Tensor &t, bool narrow) {
  const size_t n = static_cast<size_t>(t.numel());
  if (t.scalar_type() == at::kDouble) return sum_staged(t.data_ptr<double>(), n, Doubles{});
  float *const values = t.data_ptr<float>();
  for (Block &b : blocks_) {
    if (b.values != values) continue;
    const vg_status st = b.asked ? VG_OK : ask(b);
    if (st || b.shared) return st ? st : sum_in_place(b, n, narrow);
  }
  return sum_staged(values, n, Floats{narrow});
}

// Each process sums a piece, and writes it to all. The pieces are complete once all have come to the next
// meeting.
vg_status SharedSum::sum_in_place(const Block &b, size_t n, bool narrow) {
  const auto bound = [&](size_t rank) { // of whole cache lines
    constexpr size_t LINE = 64 / sizeof(float);
    return std::min(n, (n + LINE - 1) / LINE * rank / size_ * LINE);
  };
  const vg_status st = meet_all();
  if (st) return st;
  add_ranks(
      Floats{narrow}, size_, bound(rank_), bound(rank_ + 1), [&](size_t r) { return b.of_rank<float>(r); },
      [&](size_t at, size_t part, const float *sum) {
        for (size_t r = 0; r < size_; r++) std::memcpy(b.of_rank<float>(r) + at, sum, part * sizeof *sum);
      });
  return VG_OK;
}

// Each process gives its values, and sums those of all.
template <class Kind>
vg_status SharedSum::sum_staged(typename Kind::Type *values, size_t n, const Kind &kind) {
  using T = typename Kind::Type;
  constexpr size_t MOST = STAGE / sizeof(T);
  for (size_t done = 0; done < n; done += MOST) {
    const size_t part = std::min(MOST, n - done);
    std::memcpy(stage(rank_), values + done, part * sizeof(T));
    const vg_status st = meet_all();
    if (st) return st;
    add_ranks(
        kind, size_, 0, part, [&](size_t r) { return reinterpret_cast<const T *>(stage(r)); },
        [&](size_t at, size_t k, const T *sum) { std::memcpy(values + done + at, sum, k * sizeof(T)); });
    turn_ = 1 - turn_;
  }
  return VG_OK;
}

vg_status SharedSum::share(const Tensor &t) {
  char *const bytes = static_cast<char *>(t.data_ptr());
  for (size_t done = 0; done < t.nbytes(); done += STAGE) {
    const size_t part = std::min(STAGE, t.nbytes() - done);
    if (rank_ == 0) std::memcpy(stage(0), bytes + done, part);
    const vg_status st = meet_all();
    if (st) return st;
    if (rank_ != 0) std::memcpy(bytes + done, stage(0), part);
    turn_ = 1 - turn_;
  }
  return VG_OK;
}

} // namespace voxgan
