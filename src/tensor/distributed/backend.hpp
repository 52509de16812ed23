// backend.hpp: the part of c10d that moves tensors between processes of a device's kind.
#ifndef VG_TENSOR_BACKEND_HPP
#define VG_TENSOR_BACKEND_HPP
#include "tensor/shim.hpp"
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <torch/csrc/distributed/c10d/Types.hpp>
#if VG_TORCH_AT_LEAST(1, 13)
#include <torch/csrc/distributed/c10d/Work.hpp>
#endif
#include <memory>
#include <string>

namespace voxgan {

using WorkPointer = c10::intrusive_ptr<c10d::Work>;

struct Backend {
  virtual ~Backend() = default;
  virtual WorkPointer sum(Tensor t) = 0;                   // in place
  virtual WorkPointer share(Tensor t) = 0;                 // rank 0's, in place
  virtual WorkPointer exchange(Tensor out, Tensor in) = 0; // piece R of in goes to rank R
  virtual WorkPointer gather(std::vector<Tensor> out, Tensor in, Tensor whole) = 0; // out: pieces of whole
  // Whether a host that waits for work waits until it is done; a GPU's work only keeps its place in the
  // stream.
  bool waits = true;
};

// Throws where this libtorch, or this build, lacks what d needs. host: of the store.
std::unique_ptr<Backend> backend_of(at::Device d, const c10::intrusive_ptr<c10d::Store> &store, int rank,
                                    int size, const std::string &host);

} // namespace voxgan

#endif
