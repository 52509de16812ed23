// group_norm.hpp: batch norm with the statistics of all processes.
#ifndef VG_TENSOR_GROUP_NORM_HPP
#define VG_TENSOR_GROUP_NORM_HPP
#include "tensor/shim.hpp"

namespace voxgan {

// Whether vg_group_norms has set a group.
bool norms_are_shared();
// As at::batch_norm in training: x (N, C, ...) in fp32; gain and bias may be undefined.
Tensor shared_batch_norm(const Tensor &x, const Tensor &gain, const Tensor &bias, const Tensor &running_mean,
                         const Tensor &running_var, double momentum, double eps);

} // namespace voxgan

#endif
