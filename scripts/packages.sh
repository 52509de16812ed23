# packages.sh: the Debian packages voxgan needs, by purpose. Sourced by setup.sh.
BUILD_PACKAGES="gcc g++ make pkg-config libnifti-dev zlib1g-dev libdeflate-dev libcjson-dev libpng-dev libmd-dev"
TORCH_PACKAGES="libtorch-dev libgloo-dev"
# Oracles of the tests; the product does not use them. Without OpenBLAS, Debian's PyTorch would use the slow reference BLAS.
TEST_PACKAGES="libcmocka-dev python3 python3-venv python3-numpy python3-scipy python3-nibabel python3-skimage python3-torch libopenblas0-pthread chromium strace openmpi-bin"
# What a built voxgan needs to run, for packages and containers.
RUN_PACKAGES="libcjson1 libdeflate0 zlib1g libnifti2-2 libpng16-16 libmd0"
RUN_TORCH_PACKAGES="libtorch1.13 libopenblas0-pthread"
