// shared_memory.cpp: files without a name that the processes of one machine share.
#include "tensor/distributed/shared_memory.hpp"
#include "base/file/partial.h"
#include "voxgan/log.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <stdexcept>

namespace voxgan {
namespace {

[[noreturn]] void fail(const std::string &what, int fault) {
  char text[VG_ERRNO_TEXT];
  throw std::runtime_error(what + ": " + vg_errno_text(fault, text));
}

// A lock of the whole file, which the kernel takes back when the process ends, however it ends.
struct flock whole() {
  struct flock l = {};
  l.l_type = F_WRLCK;
  l.l_whence = SEEK_SET;
  return l;
}

} // namespace

Mapped::Mapped(int fd, size_t at, size_t bytes) : bytes_(bytes) {
  void *const p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, static_cast<off_t>(at));
  if (p == MAP_FAILED) fail("mapping shared memory", errno);
  data_ = static_cast<char *>(p);
}

Mapped::~Mapped() {
  munmap(data_, bytes_);
}

SharedMemory::SharedMemory(int rank, int size)
    : rank_(static_cast<size_t>(rank)), files_(static_cast<size_t>(size), -1) {
  // The name is proof: no other file has it, on any machine.
  char hex[17];
  for (int i = 0; i < 2; i++) {
    if (!vg_random_hex(hex)) fail("random numbers", errno);
    token_ += hex;
  }
  int &own = files_[rank_];
  own = memfd_create(("voxgan-" + token_).c_str(), MFD_CLOEXEC);
  if (own < 0) fail("making shared memory", errno);
  struct flock lock = whole();
  const int fault = fcntl(own, F_SETLK, &lock) ? errno : 0;
  if (!fault) return;
  close(own);
  fail("locking shared memory", fault);
}

SharedMemory::~SharedMemory() {
  for (const int fd : files_)
    if (fd >= 0) close(fd);
}

std::string SharedMemory::address() const {
  return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(files_[rank_]) + " " + token_;
}

void SharedMemory::open(const std::vector<std::string> &addresses) {
  for (size_t r = 0; r < files_.size(); r++) {
    if (r == rank_) continue;
    const std::string who = "rank " + std::to_string(r), &a = addresses[r];
    const size_t space = a.find(' ');
    if (space == std::string::npos) throw std::runtime_error(who + " offers no shared memory");
    const std::string path = a.substr(0, space), name = "/memfd:voxgan-" + a.substr(space + 1) + " (deleted)";
    // The path is read before it is opened: in another container it may name a device.
    char is[256];
    const ssize_t n = readlink(path.c_str(), is, sizeof is);
    if (n < 0 || std::string(is, static_cast<size_t>(n)) != name)
      throw std::runtime_error(who + " shares no memory with this process");
    files_[r] = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (files_[r] < 0) fail("opening the shared memory of " + who, errno);
  }
}

size_t SharedMemory::place(size_t bytes) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE)), at = end_;
  end_ += (bytes + page - 1) / page * page;
  return at;
}

MappedPointer SharedMemory::make(size_t at, size_t bytes) {
  // Memory that is only promised would end the process when it is touched.
  int fault;
  do fault = posix_fallocate(files_[rank_], static_cast<off_t>(at), static_cast<off_t>(bytes));
  while (fault == EINTR);
  if (fault) fail("making shared memory", fault);
  return see(static_cast<int>(rank_), at, bytes);
}

MappedPointer SharedMemory::see(int rank, size_t at, size_t bytes) const {
  return std::make_shared<Mapped>(files_[static_cast<size_t>(rank)], at, bytes);
}

bool SharedMemory::lives(int rank) const {
  struct flock lock = whole();
  return fcntl(files_[static_cast<size_t>(rank)], F_GETLK, &lock) || lock.l_type != F_UNLCK;
}

} // namespace voxgan
