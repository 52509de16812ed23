// members.cpp: meeting at the store, signs of life, and the verdict about who ended the group.
//
// The store's keys: host/R is written once by each rank, beat/R counts its seconds of life, memory/R says
// where its shared memory is and fault/R why others cannot see it, hurt says that a call was lost, verdict is
// written once and ends the group, read counts who has seen it.
#include "tensor/distributed/members.hpp"
#include "base/interrupt.h"
#include "voxgan/log.h"
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <cstring>
#include <future>
#include <stdexcept>

namespace voxgan {
namespace {

using Bytes = std::vector<uint8_t>;
using Ms = std::chrono::milliseconds;

constexpr double BEAT_S = 1;
constexpr double GONE_S = 4;    // without a beat, once a call was lost
constexpr double VERDICT_S = 9; // until a rank that lost a call stops waiting for the verdict
constexpr double LINGER_S = 3;
constexpr int ANSWER_MS = 10000; // to connections that are asked for, all addresses of a host together

Bytes bytes(const std::string &s) {
  return Bytes(s.begin(), s.end());
}

std::string text(const Bytes &b) {
  return std::string(b.begin(), b.end());
}

Ms ms(double seconds) {
  return Ms(static_cast<int64_t>(seconds * 1000));
}

std::string key(const char *what, int rank) {
  return std::string(what) + "/" + std::to_string(rank);
}

// What a machine says to a connection: nothing, or that nobody listens at the port yet, or that someone does.
enum class Answer { NONE, NOT_YET, YES };

// why: the system's reason for NONE, 0 for silence.
Answer ask(const addrinfo *list, int port, int *why) {
  Answer best = Answer::NONE;
  const double until = vg_now() + ANSWER_MS / 1000.0;
  *why = 0;
  for (const addrinfo *a = list; a; a = a->ai_next) {
    sockaddr_storage to = {};
    std::memcpy(&to, a->ai_addr, a->ai_addrlen);
    if (a->ai_family == AF_INET)
      reinterpret_cast<sockaddr_in *>(&to)->sin_port = htons(static_cast<uint16_t>(port));
    else if (a->ai_family == AF_INET6)
      reinterpret_cast<sockaddr_in6 *>(&to)->sin6_port = htons(static_cast<uint16_t>(port));
    const int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) continue;
    int fault = connect(fd, reinterpret_cast<sockaddr *>(&to), a->ai_addrlen) ? errno : 0;
    pollfd p = {fd, POLLOUT, 0};
    socklen_t size = sizeof fault;
    // Each of those that are left may take the same time.
    int left = 1;
    for (const addrinfo *b = a->ai_next; b; b = b->ai_next) left++;
    const int wait = static_cast<int>(std::max(0.0, until - vg_now()) * 1000 / left);
    if (fault == EINPROGRESS && poll(&p, 1, wait) == 1) getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size);
    close(fd);
    *why = fault == EINPROGRESS ? 0 : fault;
    if (!fault) return Answer::YES;
    if (fault == ECONNREFUSED) best = Answer::NOT_YET;
  }
  return best;
}

struct Silence {};

// Waits until somebody listens. TCPStore would wait too, but would take silence for a port that is not open
// yet, and could not be interrupted.
Answer wait_for(const addrinfo *list, int port, double limit, int *why) {
  const double until = vg_now() + limit;
  Answer a;
  while ((a = ask(list, port, why)) == Answer::NOT_YET && vg_now() < until && !vg_interrupted())
    std::this_thread::sleep_for(Ms(50));
  return a;
}

// TCPStore of PyTorch 2 waits for an answer of what listens, without a limit. So it is made in a thread of
// its own, which stays behind if nothing comes; the process ends then.
c10::intrusive_ptr<c10d::Store> connect_store(const std::string &host, const c10d::TCPStoreOptions &how,
                                              double limit) {
  using Store = c10::intrusive_ptr<c10d::Store>;
  std::packaged_task<Store()> make(
      [host, how] { return Store(c10::make_intrusive<c10d::TCPStore>(host, how)); });
  std::future<Store> made = make.get_future();
  std::thread(std::move(make)).detach();
  const double until = vg_now() + limit;
  while (made.wait_for(Ms(50)) != std::future_status::ready)
    if (vg_now() > until || vg_interrupted()) throw Silence();
  return made.get();
}

} // namespace

std::string reason(const std::exception &e) {
  const auto *const c10_error = dynamic_cast<const c10::Error *>(&e);
  std::string s = c10_error ? c10_error->what_without_backtrace() : e.what();
  s = s.substr(0, s.find('\n'));
  if (s.size() > 1 && s[0] == '[' && s.find("] ") != std::string::npos) s = s.substr(s.find("] ") + 2);
  return s;
}

std::string own_host() {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return host;
}

Members::Members(const vg_group_options &how)
    : rank_(how.rank), size_(how.size), limit_(how.timeout), kept_(how.kept),
      at_(std::string(how.host) + ":" + std::to_string(how.port)), hosts_(static_cast<size_t>(how.size)),
      beat_(static_cast<size_t>(how.size), 0), seen_(static_cast<size_t>(how.size), 0) {
  hosts_[static_cast<size_t>(rank_)] = own_host();
  open(how);
  meet();
}

// Connects twice, once for the thread that watches. Rank 0 opens the store, unless the program that started
// the processes has.
void Members::open(const vg_group_options &how) {
  c10::initLogging(); // reads TORCH_CPP_LOG_LEVEL, as Python's torch does
  addrinfo *found = nullptr, stream = {};
  stream.ai_socktype = SOCK_STREAM; // or each address comes once for each type
  const int fault = getaddrinfo(how.host, nullptr, &stream, &found);
  if (fault)
    throw std::runtime_error(std::string("host ") + how.host + " (MASTER_ADDR): " + gai_strerror(fault));
  int said = 0;
  const Answer a = rank_ == 0 && !kept_ ? Answer::YES : wait_for(found, how.port, limit_, &said);
  freeaddrinfo(found);
  if (a == Answer::NOT_YET)
    throw std::runtime_error(
        "cannot reach rank 0 at " + at_ + " (MASTER_ADDR, MASTER_PORT): " +
        (vg_interrupted() ? "interrupted while waiting for it"
                          : "nobody listens there after " + std::to_string(static_cast<int>(limit_)) + " s"));
  char text[VG_ERRNO_TEXT];
  if (a == Answer::NONE)
    throw std::runtime_error(
        "host " + at_ + " (MASTER_ADDR, MASTER_PORT) cannot be reached: " +
        (said ? vg_errno_text(said, text) : "no answer within " + std::to_string(ANSWER_MS / 1000) + " s"));
  c10d::TCPStoreOptions o;
  o.port = static_cast<uint16_t>(how.port);
  o.isServer = rank_ == 0 && !kept_;
  o.waitWorkers = false;
  o.numWorkers = static_cast<size_t>(size_);
  o.timeout = ms(limit_);
  const std::string prefix = "voxgan/" + std::to_string(how.attempt);
  try {
    for (auto *const s : {&store_, &pulse_}) {
      *s = c10::make_intrusive<c10d::PrefixStore>(prefix, connect_store(how.host, o, limit_ + 1));
      o.isServer = false;
    }
  } catch (const Silence &) {
    throw std::runtime_error(no_store());
  } catch (const std::exception &e) {
    const std::string why = reason(e);
    if (o.isServer)
      throw std::runtime_error(
          "cannot open port " + std::to_string(how.port) + " here: " +
          (why.find("EADDRINUSE") != std::string::npos || why.find("in use") != std::string::npos
               ? std::string("it is in use; set MASTER_PORT to another")
               : why));
    throw std::runtime_error("cannot reach rank 0 at " + at_ + " (MASTER_ADDR, MASTER_PORT): " + why +
                             other_torchrun());
  }
}

// torchrun's store has the protocol of torchrun's own PyTorch.
std::string Members::other_torchrun() const {
  return kept_ ? "; torchrun must belong to the same PyTorch as the libtorch here (" TORCH_VERSION
                 "), or be started with TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1, if it knows that"
               : "";
}

std::string Members::no_store() const {
  if (vg_interrupted()) return "interrupted while waiting for the store at " + at_;
  return "what listens at " + at_ + " (MASTER_ADDR, MASTER_PORT) is not the store of these processes" +
         other_torchrun();
}

// Waits until all have come. The waits for our own key end at once, and bound how long later calls of the
// store may take.
void Members::meet() {
  try {
    store_->set(key("host", rank_), bytes(hosts_[static_cast<size_t>(rank_)]));
    for (const auto &s : {store_, pulse_}) s->wait({key("host", rank_)}, ms(limit_));
  } catch (const std::exception &) {
    throw std::runtime_error(no_store());
  }
  const double until = vg_now() + limit_;
  for (int r = 0; r < size_; r++) {
    while (!store_->check({key("host", r)})) {
      if (vg_now() > until)
        throw std::runtime_error("rank " + std::to_string(r) + " of " + std::to_string(size_) +
                                 " did not come to " + at_ + " within " +
                                 std::to_string(static_cast<int>(limit_)) + " s");
      if (vg_interrupted())
        throw std::runtime_error("interrupted while waiting for rank " + std::to_string(r) + " of " +
                                 std::to_string(size_));
      std::this_thread::sleep_for(Ms(20));
    }
    hosts_[static_cast<size_t>(r)] = text(store_->get(key("host", r)));
  }
}

bool Members::on_one_host() const {
  return std::all_of(hosts_.begin(), hosts_.end(), [this](const std::string &h) { return h == hosts_[0]; });
}

std::vector<std::string> Members::tell(const std::string &what, const std::string &own) {
  std::vector<std::string> all(hosts_.size());
  // A store may take an empty text for none.
  store_->set(key(what.c_str(), rank_), bytes("=" + own));
  for (int r = 0; r < size_; r++) {
    while (!store_->check({key(what.c_str(), r)})) {
      if (ended()) throw std::runtime_error("the group has ended");
      std::this_thread::sleep_for(Ms(5));
    }
    all[static_cast<size_t>(r)] = text(store_->get(key(what.c_str(), r))).substr(1);
  }
  return all;
}

Members::~Members() {
  stop();
}

std::string Members::name(int rank) const {
  return "rank " + std::to_string(rank) + " (" + hosts_[static_cast<size_t>(rank)] + ")";
}

// ---- the thread ----

void Members::watch() {
  const double now = vg_now();
  heard_ = now;
  std::fill(seen_.begin(), seen_.end(), now);
  thread_ = std::thread([this] { run(); });
}

void Members::stop() {
  {
    const std::lock_guard<std::mutex> hold(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Members::run() {
  for (;;) {
    try {
      look();
    } catch (const std::exception &) {
      if (!ended()) decide({VG_DEVICE, 0, "its store at " + at_ + " does not answer any more"}, false);
    }
    std::unique_lock<std::mutex> hold(mutex_);
    if (wake_.wait_for(hold, ms(BEAT_S), [this] { return stop_; })) return;
    if (over_ && rank_ != 0) return;
  }
}

void Members::look() {
  pulse_->add(key("beat", rank_), 1);
  if (pulse_->check({"verdict"})) {
    const std::string v = text(pulse_->get("verdict"));
    int status = VG_FAILED, rank = 0, skip = 0;
    std::sscanf(v.c_str(), "%d %d %n", &status, &rank, &skip);
    pulse_->add("read", 1);
    decide({static_cast<vg_status>(status), rank, v.substr(static_cast<size_t>(skip))}, false);
  } else if (rank_ == 0) {
    judge();
  } else if (hurt_ > 0 && vg_now() - hurt_ > VERDICT_S) {
    decide({VG_DEVICE, 0, "it does not answer any more"}, false);
  }
  heard_ = vg_now();
}

void Members::judge() {
  const double now = vg_now();
  const bool hurt = hurt_ > 0 || pulse_->check({"hurt"});
  for (int r = 1; r < size_; r++) {
    const size_t i = static_cast<size_t>(r);
    const int64_t beat = pulse_->add(key("beat", r), 0);
    if (beat != beat_[i]) seen_[i] = now;
    beat_[i] = beat;
    const double silent = now - seen_[i];
    if (hurt && silent > GONE_S) return decide({VG_DEVICE, r, "it was killed, or its machine is gone"}, true);
    if (silent > limit_)
      return decide({VG_DEVICE, r, "no sign of life for " + std::to_string(static_cast<int>(silent)) + " s"},
                    true);
  }
}

void Members::decide(const Verdict &v, bool tell) {
  {
    const std::lock_guard<std::mutex> hold(mutex_);
    if (over_) return;
    over_ = true;
    verdict_ = v;
    vg_interrupt_raise(); // before a call can fail
  }
  decided_.notify_all();
  if (tell)
    pulse_->compareSet("verdict", {},
                       bytes(std::to_string(v.status) + " " + std::to_string(v.rank) + " " + v.text));
}

// ---- the end of a group ----

bool Members::ended() {
  {
    const std::lock_guard<std::mutex> hold(mutex_);
    if (over_) return true;
  }
  const double silent = vg_now() - heard_;
  if (silent < limit_ + 2) return false;
  decide({VG_DEVICE, 0, "no sign of life for " + std::to_string(static_cast<int>(silent)) + " s"}, false);
  return true;
}

void Members::doubt(bool on) {
  try {
    if (on)
      store_->set("hurt", bytes("1"));
    else
      store_->deleteKey("hurt");
  } catch (const std::exception &) {}
}

void Members::lost(const std::string &how) {
  hurt_ = vg_now();
  doubt(true);
  std::unique_lock<std::mutex> hold(mutex_);
  if (decided_.wait_for(hold, ms(VERDICT_S + 2), [this] { return over_; })) return;
  hold.unlock();
  decide({VG_DEVICE, rank_, how}, false);
}

vg_status Members::end(vg_status status, const std::string &why) {
  try {
    store_->compareSet("verdict", {},
                       bytes(std::to_string(status) + " " + std::to_string(rank_) + " " + why));
  } catch (const std::exception &) {}
  return vg_fail(status, "%s: %s", name(rank_).c_str(), why.c_str());
}

void Members::linger() {
  const double until = vg_now() + LINGER_S;
  try {
    while (rank_ == 0 && !kept_ && vg_now() < until && store_->add("read", 0) < size_)
      std::this_thread::sleep_for(Ms(50));
  } catch (const std::exception &) {}
}

vg_status Members::fail() const {
  const std::lock_guard<std::mutex> hold(mutex_);
  return vg_fail(verdict_.status, "%s: %s", name(verdict_.rank).c_str(), verdict_.text.c_str());
}

} // namespace voxgan
