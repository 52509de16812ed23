// members.hpp: the store where processes meet, and the thread that watches whether they live.
#ifndef VG_TENSOR_MEMBERS_HPP
#define VG_TENSOR_MEMBERS_HPP
#include "tensor/distributed/group.h"
#include "tensor/shim.hpp"
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace voxgan {

// Why the group ended: of the first process that had a reason of its own.
struct Verdict {
  vg_status status = VG_OK;
  int rank = 0;
  std::string text;
};

std::string own_host();
// The first line of what a library threw, without the place in its sources.
std::string reason(const std::exception &e);

class Members {
public:
  // Meets the others; throws. Then store() serves a backend that connects the processes.
  explicit Members(const vg_group_options &how);
  ~Members();
  void watch(); // starts the thread
  void stop();  // ends it
  const c10::intrusive_ptr<c10d::Store> &store() const { return store_; }
  // Whether all processes name the same host.
  bool on_one_host() const;
  // Gives the others a text, once for each key, and returns those of all. Throws once the group has ended.
  std::vector<std::string> tell(const std::string &what, const std::string &own);
  // Whether the group has ended, or rank 0 does not answer any more.
  bool ended();
  // Something takes long: from here on rank 0 takes a few seconds of silence for an end, or no more.
  void doubt(bool on);
  // A call failed because another process went: waits for the verdict about which.
  void lost(const std::string &how);
  // This process ends the group. Sets the message, and returns status.
  vg_status end(vg_status status, const std::string &why);
  // Rank 0 keeps the store: waits until the others have read the verdict.
  void linger();
  // Sets the message of the verdict, and returns its status.
  vg_status fail() const;

private:
  void open(const vg_group_options &how);
  std::string other_torchrun() const, no_store() const;
  void meet();
  void run();
  void look();
  void judge();
  void decide(const Verdict &v, bool tell);
  std::string name(int rank) const; // "rank 2 (node7)"

  const int rank_, size_;
  const double limit_;
  const bool kept_;
  std::string at_;                                // host:port
  c10::intrusive_ptr<c10d::Store> store_, pulse_; // pulse_: a connection of the thread's own
  std::vector<std::string> hosts_;

  mutable std::mutex mutex_;
  std::condition_variable wake_, decided_;
  bool stop_ = false, over_ = false;
  Verdict verdict_;
  std::atomic<double> heard_{0}, hurt_{0}; // when the store answered last; when a call was lost, 0: none
  std::vector<int64_t> beat_;              // of each rank, for the judge
  std::vector<double> seen_;               // when it changed
  std::thread thread_;
};

} // namespace voxgan

#endif
