#!/bin/sh
# bench_gpu.sh [--dry]: on a machine with a GPU: builds against the PyTorch of $PYTHON (python3), passes the tests that use a
# GPU, then measures training and synthesis beside that PyTorch (bench/bench_gpu.py), into build/bench/gpu.json, and training on 1, 2,
# 4 and 8 GPUs, where there are as many (bench/bench_distributed.py), into build/bench/distributed_gpus.json.
# $DEVICE: cuda, cuda:N. --dry: tiny sizes on the CPU, to try all steps without a GPU; its figures mean nothing.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3} device=${DEVICE:-cuda} dry=
case ${1:-} in
'') ;;
--dry) dry=--dry device=cpu ;;
*) echo "usage: scripts/bench_gpu.sh [--dry]" >&2; exit 2 ;;
esac

torch=$("$python" -c 'import os, torch; print(os.path.dirname(torch.__file__))' 2>/dev/null) || {
  echo "bench_gpu: $python has no torch; name a Python that has it with PYTHON=" >&2
  exit 1
}
"$python" -c 'import nibabel' 2>/dev/null || {
  echo "bench_gpu: $python has no nibabel, which the peer needs to read and write; pip install nibabel" >&2
  exit 1
}
[ -e "$torch/include/ATen/ATen.h" ] || torch=/usr # Debian keeps them apart
[ -n "$dry" ] || "$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' || {
  echo "bench_gpu: $python's torch finds no GPU; --dry runs without one" >&2
  exit 4
}
make -s -j"$(nproc)" check-tensors TORCH="$torch"
exec make -s bench-gpu TORCH="$torch" PYTHON="$python" DEVICE="$device" DRY="$dry"
