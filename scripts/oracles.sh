#!/bin/bash
# oracles.sh BUILD [DIR...]: checks voxgan's files with other people's programs. Data sets are read by nnU-Net's
# integrity check, the BIDS validator and nibabel. With DIRs the script checks these. Without, it makes a small data set in every
# format, and damaged copies, which the programs must refuse. It does the same for TensorBoard and event files, and compares
# the overlap metrics of MONAI and panoptica, and the radiomic features of pyradiomics and frd-score, with ours, and runs exported
# models in ONNX Runtime. nnU-Net trains on what `voxgan mix` made of real and synthetic cases, and rattler-build reads the conda
# recipe. Programs that Debian does not package are installed once into a Python environment, build/oracles.
set -eu
cd "$(dirname "$0")/.."
build=$1
shift
env=build/oracles
python=$env/bin/python
oracle="$python tests/oracle/formats_oracle.py"

# nnU-Net's dependencies include more than it needs on a CPU, such as a PyTorch with CUDA. The environment uses Debian's
# PyTorch and NumPy instead. NumPy stays at the version that Debian's other packages are built for.
if [ ! $env/.made -nt scripts/oracles.sh ]; then
  scripts/setup.sh test
  rm -rf $env
  /usr/bin/python3 -m venv --system-site-packages $env
  numpy=$($python -c 'import numpy; print(numpy.__version__)')
  # pip warns of the dependencies that --no-deps skips.
  pip() { $env/bin/pip install --quiet "$@" 2>$env/pip.log || { cat $env/pip.log >&2; exit 1; }; }
  # The last nnU-Net that trains with Debian's PyTorch; later ones import libraries that need PyTorch 2.
  pip --no-deps nnunetv2==2.5.2 acvl-utils==0.2.3 batchgeneratorsv2==0.2.3 dynamic-network-architectures==0.3.1
  pip --no-deps connected-components-3d einops fft-conv-pytorch seaborn
  pip "numpy==$numpy" batchgenerators blosc2 pandas matplotlib SimpleITK tifffile tqdm yacs bids-validator-deno py-rattler-build
  pip "numpy==$numpy" tensorboard
  # ONNX Runtime beside Debian's PyTorch; 1.16 is the last for its NumPy.
  /usr/bin/python3 -m venv --system-site-packages $env/onnx
  env=$env/onnx pip --no-deps onnxruntime==1.16.3 coloredlogs humanfriendly flatbuffers
  # panoptica needs a newer SciPy and scikit-image than Debian's; MONAI works with both versions.
  /usr/bin/python3 -m venv --system-site-packages $env/metrics
  env=$env/metrics pip --no-deps monai==1.3.2
  env=$env/metrics pip panoptica 'numpy<2' 'scipy<1.13'
  # pyradiomics builds against the installed NumPy; frd-score needs OpenCV only to resize.
  /usr/bin/python3 -m venv $env/radiomics
  env=$env/radiomics pip 'numpy<2' 'scipy<1.13' SimpleITK PyWavelets versioneer setuptools wheel
  env=$env/radiomics pip --no-build-isolation pyradiomics==3.0.1
  env=$env/radiomics pip --no-deps frd-score==1.0.1
  : >$env/.made
fi

if [ $# -gt 0 ]; then
  exec $oracle "$@"
fi

data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
passed=0 failed=0
tell() { # RESULT TEXT
  if [ "$1" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $2"; tail -5 "$data/log"; fi
}
"$build/tests/oracle/write_formats" "$data/whole"
for folder in "$data"/whole/*; do
  rc=0
  $oracle "$folder" >"$data/log" 2>&1 || rc=$?
  tell $rc "$(basename "$folder") is refused"
  tail -1 "$data/log" | sed "s|$data/whole/||"
done
while read -r kind format; do
  rm -rf "$data/copy"
  cp -r "$data/whole/$format" "$data/copy"
  $python tests/oracle/damage_formats.py "$kind" "$data/copy"
  rc=0
  $oracle "$data/copy" >"$data/log" 2>&1 || rc=$?
  tell $((rc != 1)) "$format: $kind is not found (exit $rc)"
  echo "$format, $kind: $(grep -m1 FAILED "$data/log" | cut -c1-150 | sed "s|$data/||g")"
done < <($python tests/oracle/damage_formats.py)
rc=0
$env/metrics/bin/python tests/oracle/metric_peers.py "$build/voxgan" >"$data/log" 2>&1 || rc=$?
tell $rc "overlap metrics of MONAI and panoptica"
grep differs "$data/log" || true
rc=0
"$build/tests/oracle/write_radiomics" "$data/radiomics" >"$data/distances"
$env/radiomics/bin/python tests/oracle/radiomics_oracle.py "$data/radiomics" "$data/distances" >"$data/log" 2>&1 || rc=$?
tell $rc "radiomic features of pyradiomics, distances of frd-score"
grep -E 'features' "$data/log"
# The Python package, and with it the volumes of ITK.
mkdir "$data/itk"
export VOXGAN_LIBRARY=$PWD/$build/libvoxgan.so VOXGAN=$PWD/$build/voxgan
rc=0
$python tests/oracle/volumes_oracle.py itk "$data/itk" "${VOXGAN_REAL_DATA:-}" >"$data/log" 2>&1 || rc=$?
tell $rc "volumes of SimpleITK"
tail -1 "$data/log"
rc=0
$python python/tests/test_voxgan.py >"$data/log" 2>&1 || rc=$?
tell $rc "the tests of the Python package"
rc=0
$python tests/oracle/conda_oracle.py >"$data/log" 2>&1 || rc=$?
tell $rc "the conda recipe"
tail -1 "$data/log"
# Cases of a model and real ones in one data set, on which nnU-Net trains.
if [ -e "$build/voxgan-torch.so" ]; then
  rc=0
  {
    "$build/voxgan" phantom --out "$data/real" --subjects 4 --size 32 --anatomy --seed 4 &&
      "$build/voxgan" train quickstart --data "$data/real" --layout brats2021 --out "$data/run" \
        --set train.epochs=2 --set train.patch=32,32,32 --set net.ngf=4 --set net.ndf=4 &&
      "$build/voxgan" synth "$data/run" --labels "$data/real" --layout brats2021 --out "$data/study" --seed 7 \
        --edit 'scale:ml=uniform(2,10),mass=0.6' --edit deform &&
      "$build/voxgan" mix "$data/real" "$data/study" --out "$data/raw" --name 501_Mixed --folds 2 &&
      $python tests/oracle/nnunet_epoch.py "$data/raw" 501_Mixed 2
  } >"$data/log" 2>&1 || rc=$?
  tell $rc "an epoch of nnU-Net on real and synthetic cases"
  grep '^nnU-Net:' "$data/log" || true
fi
# Exported models, where there is libtorch: the networks of every kind, and from file to file.
if [ -x "$build/tests/parity/export_cases" ]; then
  rc=0
  $env/onnx/bin/python tests/oracle/export_oracle.py "$build" >"$data/log" 2>&1 || rc=$?
  tell $rc "exported networks in PyTorch and ONNX Runtime"
  grep ONNX "$data/log" || true
  rc=0
  ORACLE_PYTHON=$env/onnx/bin/python bash tests/cli/test_pytorch.sh >"$data/log" 2>&1 || rc=$?
  tell $rc "docs/guide/pytorch.md with ONNX Runtime"
fi
"$build/tests/oracle/write_tfevents" "$data/events"
rc=0
$python tests/oracle/tfevents_oracle.py "$data/events" >"$data/log" 2>&1 || rc=$?
tell $rc "TensorBoard reads other events"
grep TensorBoard "$data/log"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
