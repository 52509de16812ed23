// shared_sum.hpp: sums and shares of processes that run on one machine, through memory that they share.
#ifndef VG_TENSOR_SHARED_SUM_HPP
#define VG_TENSOR_SHARED_SUM_HPP
#include "tensor/distributed/shared_memory.hpp"
#include "tensor/distributed/members.hpp"
#include <list>

namespace voxgan {

class SharedSum {
public:
  // NULL where the processes run on several machines, or cannot share memory, or one does not want to; all
  // get the same answer. Throws once the group has ended.
  static std::unique_ptr<SharedSum> meet(Members &members, int rank, int size, bool wanted);

  // All processes make the same calls in the same order. A call returns once all have made it; where the
  // group has ended, it returns the verdict.

  // In place, of floats or doubles. Ranks are added in their order, so the bytes are the same in each process
  // and in each run. narrow: floats and their sum are rounded to bf16.
  vg_status sum(const Tensor &t, bool narrow);
  vg_status share(const Tensor &t); // rank 0's, in place

  // n floats of 0 that sum() need not copy. Their sum is complete once the next call has returned. Where no
  // more memory can be shared they are like any others.
  Tensor make(int64_t n);

private:
  // Bytes at the same place of each process's file.
  struct Block {
    size_t at, bytes;
    std::vector<MappedPointer> of; // each rank; NULL: not seen yet, or it has none
    const void *values;            // of this process
    bool asked = false;            // whether all see it
    bool shared = false;           // they do
    template <class T> T *of_rank(size_t r) const { return reinterpret_cast<T *>(of[r]->data()); }
  };
  SharedSum(Members &members, int rank, int size);
  Block add(size_t bytes);
  void see(Block &b) const;
  char *stage(size_t rank) const;
  vg_status meet_all();
  bool comes(size_t rank) const;
  vg_status ask(Block &b);
  vg_status sum_in_place(const Block &b, size_t n, bool narrow);
  template <class Kind> vg_status sum_staged(typename Kind::Type *values, size_t n, const Kind &kind);

  Members &members_;
  const size_t rank_, size_;
  SharedMemory memory_;
  Block head_;
  std::list<Block> blocks_;
  size_t turn_ = 0; // which half of the stage is next
};

} // namespace voxgan

#endif
