// script.cpp: networks in TorchScript, which are run and not trained.
#include "tensor/shim.hpp"
#include "base/fs.h"
#include <algorithm>
#include <memory>
#include <sstream>
#include <string>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/frontend/error_report.h>
#include <torch/csrc/jit/python/update_graph_executor_opt.h>
#include <torch/csrc/jit/serialization/import.h>

using voxgan::guarded;

struct vg_script {
  torch::jit::Module module;
};

namespace {

at::Tensor first_tensor(const c10::IValue &v) {
  if (v.isTensor()) return v.toTensor();
  if (v.isTuple() && !v.toTupleRef().elements().empty()) return first_tensor(v.toTupleRef().elements()[0]);
  if (v.isTensorList() && v.toTensorList().size()) return v.toTensorList().get(0);
  TORCH_CHECK(false, "forward gives ", v.tagKind(), ", not a tensor");
}

} // namespace

vg_status vg_script_load(const char *path, vg_device d, vg_script **out) {
  *out = nullptr;
  bool exists;
  if (vg_status st = vg_fs_exists(path, &exists)) return st;
  if (!exists) return vg_fail(VG_DATA, "%s: no such file", path);
  std::string why;
  const bool loaded = guarded("script", [&] {
    try {
      auto script = std::make_unique<vg_script>(vg_script{torch::jit::load(path, voxgan::device_of(d))});
      script->module.eval();
      *out = script.release();
    } catch (const c10::Error &e) {
      why = e.what_without_backtrace();
    } catch (const torch::jit::ErrorReport &e) {
      why = e.what();
    }
  });
  if (!loaded) return vg_tensor_check();
  if (!*out)
    return vg_fail(VG_DATA, "%s: not a TorchScript module: %s", path, why.substr(0, why.find('\n')).c_str());
  return VG_OK;
}

void vg_script_free(vg_script *s) {
  delete s;
}

vg_status vg_script_save(const char *path, const char *code, const vg_script_part *parts, size_t n,
                         const char *about) {
  std::string bytes;
  const bool made = guarded("script", [&] {
    torch::jit::Module module("voxgan");
    for (size_t i = 0; i < n; i++) {
      const at::IntArrayRef shape(parts[i].shape, static_cast<size_t>(parts[i].ndim));
      // The archive holds the whole storage of a tensor, so each has one of its own.
      at::Tensor part = at::empty(shape, at::kFloat);
      std::copy_n(parts[i].values, part.numel(), part.data_ptr<float>());
      module.register_buffer(parts[i].name, part);
    }
    module.define(code);
    module.eval();
    std::ostringstream out;
    module.save(out, {{"voxgan.json", about}});
    bytes = out.str();
  });
  if (!made) return vg_tensor_check();
  return vg_fs_write_atomic(path, bytes.data(), bytes.size());
}

vg_tensor *vg_script_run(vg_script *s, const vg_tensor *x) {
  return voxgan::op("script", {x}, [&] {
    voxgan::ready();
    const at::NoGradGuard no_grad;
    // An optimised graph may return other last bits in its second run than in its first. The switch belongs
    // to this thread.
    torch::jit::setGraphExecutorOptimize(false);
    try {
      return first_tensor(s->module.forward({x->t}));
    } catch (const c10::Error &) {
      throw;
    } catch (const std::exception &e) {
      // An exception inside the script prints its own source first, and the reason last.
      std::string text = e.what();
      while (!text.empty() && text.back() == '\n') text.pop_back();
      const size_t line = text.rfind('\n');
      TORCH_CHECK(false, line == std::string::npos ? text : text.substr(line + 1));
    }
  });
}
