// cuda_graph.cpp: work of a GPU that is recorded once and replayed many times, see vg_graph in tensor.h.
#include "tensor/cuda/cuda.hpp"

#if VG_GRAPHS
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAStream.h>

struct vg_graph {
  at::cuda::CUDAGraph graph;
  c10::cuda::CUDAStream before, recorded; // this thread's stream outside, and the one that records
};

using namespace voxgan;

bool vg_graph_possible(vg_device d) {
  return d.kind && own_kernels && cuda_ready();
}

vg_graph *vg_graph_begin(vg_device d) {
  vg_graph *g = nullptr;
  guarded("graph", [&] {
    const at::Device device = device_of(d);
    g = new vg_graph{{},
                     c10::cuda::getCurrentCUDAStream(device.index()),
                     c10::cuda::getStreamFromPool(false, device.index())};
    // The eager steps' memory is freed; the recorded work allocates its own and keeps it.
    g->before.synchronize();
    c10::cuda::CUDACachingAllocator::emptyCache();
    c10::cuda::setCurrentCUDAStream(g->recorded);
    g->graph.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
  });
  return g;
}

bool vg_graph_end(vg_graph *g) {
  if (!g) return false;
  const bool ended = guarded("graph", [&] { g->graph.capture_end(); });
  guarded("graph", [&] { c10::cuda::setCurrentCUDAStream(g->before); });
  return ended;
}

void vg_graph_replay(vg_graph *g) {
  if (g) guarded("graph", [&] { g->graph.replay(); });
}

void vg_graph_free(vg_graph *g) {
  delete g;
}

#else

using namespace voxgan;

bool vg_graph_possible(vg_device) {
  return false;
}

vg_graph *vg_graph_begin(vg_device) {
  keep_error(VG_FAILED, "graph", "this build cannot record a step");
  return nullptr;
}

bool vg_graph_end(vg_graph *) {
  return false;
}

void vg_graph_replay(vg_graph *) {}

void vg_graph_free(vg_graph *) {}

#endif
