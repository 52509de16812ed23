#!/usr/bin/env python3
"""kernels_compile.py FILE.cu: what a GPU's machine compiles at run time (src/tensor/cuda/cuda_kernels.cpp), compiled here by the NVRTC
beside this Python's torch, for GPUs of several generations and each kind of vectors. Exit 77: skipped, no NVRTC."""
import ctypes
import glob
import os
import sys

import torch

ARCHITECTURES = ("sm_75", "sm_80", "sm_90", "sm_100", "compute_80")  # the last for GPUs newer than this NVRTC
KINDS = [(1, vec) for vec in (8, 4, 2, 1)] + [(0, vec) for vec in (4, 2, 1)]  # bf16, elements a vector


def compile_for(nvrtc, source, *options):
    """The size of the code, or the compiler's words."""
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    if nvrtc.nvrtcCreateProgram(ctypes.byref(program), source, b"kernels.cu", 0, None, None):
        return "no program"
    texts = (ctypes.c_char_p * len(options))(*(o.encode() for o in options))
    if nvrtc.nvrtcCompileProgram(program, len(options), texts):
        nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
        log = ctypes.create_string_buffer(size.value)
        nvrtc.nvrtcGetProgramLog(program, log)
        return log.value.decode()
    (nvrtc.nvrtcGetPTXSize if "compute" in options[0] else nvrtc.nvrtcGetCUBINSize)(program, ctypes.byref(size))
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return size.value


def main(path):
    beside = os.path.join(os.path.dirname(torch.__file__), "../nvidia/*/lib/libnvrtc.so.*")
    libraries = [p for p in glob.glob(beside) if "builtins" not in p and "alt" not in p]
    if not libraries:
        print(f"skipped: no NVRTC beside {torch.__file__}")
        return 77
    nvrtc, failed = ctypes.CDLL(libraries[0]), 0
    with open(path, "rb") as f:
        source = f.read()
    for architecture in ARCHITECTURES:
        for bf16, vec in KINDS:
            out = compile_for(nvrtc, source, f"--gpu-architecture={architecture}", "--std=c++14", f"-DBF16={bf16}", f"-DVEC={vec}")
            if not isinstance(out, int) or out == 0:
                print(f"FAIL {architecture}, BF16={bf16}, VEC={vec}: {out}")
                failed += 1
    print(f"{len(ARCHITECTURES) * len(KINDS) - failed} kinds of kernels.cu compile, {failed} do not")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
