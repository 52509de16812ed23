#!/bin/sh
# check_torch2.sh [VERSION]: builds against the current PyTorch wheel (or that of VERSION) in a virtual environment below
# build/, from nothing, and passes the tests that need libtorch. pip's own settings decide where the wheel comes from. An
# index of CPU wheels works as well; these have a tenth of the size.
set -eu
cd "$(dirname "$0")/.."
version=${1:-}
home=build/torch2${version:+-$version}
mkdir -p "$home"

have() { "$home/venv/bin/python" -c "import torch; assert '$version' in ('', torch.__version__.split('+')[0])" 2>/dev/null; }
have || {
  echo "check-torch2: installing torch${version:+ $version} in $home/venv (5 GB with CUDA)"
  { rm -rf "$home/venv" && /usr/bin/python3 -m venv "$home/venv" &&
    "$home/venv/bin/pip" install --retries 1 --timeout 30 "torch${version:+==$version}" numpy; } >"$home/pip.log" 2>&1 || {
    echo "check-torch2: no torch wheel could be installed; is there a network? $home/pip.log ends: $(tail -n 1 "$home/pip.log")" >&2
    exit 1
  }
}
# Installs the headers that a wheel with CUDA lacks. CUDA before 13 has no such package; its toolkit has the headers.
cuda=$("$home/venv/bin/python" -c 'import torch; print(torch.version.cuda or "")')
[ -z "$cuda" ] || "$home/venv/bin/pip" install --quiet "nvidia-cuda-crt==$cuda.*" >>"$home/pip.log" 2>&1 || true
torch=$("$home/venv/bin/python" -c 'import os, torch; print(os.path.dirname(torch.__file__))')
echo "check-torch2: libtorch $("$home/venv/bin/python" -c 'import torch; print(torch.__version__)')"
# Checks the code that only a machine with a GPU would compile.
"$home/venv/bin/python" tests/oracle/kernels_compile.py src/tensor/cuda/kernels.cu || [ $? = 77 ]
exec "${MAKE:-make}" -s check-torch TORCH="$torch"
