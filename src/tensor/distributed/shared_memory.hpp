// shared_memory.hpp: memory of each process that the others of its machine see too.
//
// Each process has a file without a name (memfd), which lives as long as somebody has it open, so nothing can
// be left behind. The others open it through /proc. That they can is the proof that they run on one machine.
#ifndef VG_TENSOR_SHARED_MEMORY_HPP
#define VG_TENSOR_SHARED_MEMORY_HPP
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace voxgan {

// Bytes of a file, mapped.
class Mapped {
public:
  Mapped(int fd, size_t at, size_t bytes); // throws
  ~Mapped();
  Mapped(const Mapped &) = delete;
  Mapped &operator=(const Mapped &) = delete;
  char *data() const { return data_; }

private:
  char *data_;
  size_t bytes_;
};

using MappedPointer = std::shared_ptr<Mapped>;

class SharedMemory {
public:
  SharedMemory(int rank, int size); // makes the file of this process; throws
  ~SharedMemory();
  SharedMemory(const SharedMemory &) = delete;
  SharedMemory &operator=(const SharedMemory &) = delete;
  std::string address() const; // for the others
  // Opens the files of the others; throws where one cannot be opened, or is another than the address means.
  void open(const std::vector<std::string> &addresses);
  // The place of so many bytes, the same in each file; all processes ask alike. It begins a page.
  size_t place(size_t bytes);
  // Makes the bytes there, in the file of this process; throws.
  MappedPointer make(size_t at, size_t bytes);
  // The same bytes of another process. They may be touched once it has made them.
  MappedPointer see(int rank, size_t at, size_t bytes) const;
  // Whether the process still runs.
  bool lives(int rank) const;

private:
  const size_t rank_;
  std::vector<int> files_; // of each rank, -1: not open
  std::string token_;
  size_t end_ = 0;
};

} // namespace voxgan

#endif
