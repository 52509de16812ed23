#!/bin/sh
# make_picture.sh [OUT]: draws docs/picture.png, the picture of README.md. It trains several networks on the same phantoms for the same
# number of steps, and shows what each makes of a phantom that none of them saw. OUT (build/picture) keeps what is finished, so a rerun
# continues. A quarter of an hour of one core.
set -eu
cd "$(dirname "$0")/.."
out=${1:-build/picture}
/usr/bin/python3 -c 'import matplotlib, nibabel, numpy, PIL' || {
  echo "make_picture.sh: needs matplotlib, nibabel, numpy and Pillow; run scripts/setup.sh test" >&2
  exit 1
}
make -s -j"$(nproc)"
voxgan=build/release/voxgan
. scripts/steps.sh
step phantoms phantom --out "$out/phantoms" --subjects 16 --size 96 --anatomy --seed 1
# Slices, because a 3-D oasis takes an hour; twice the generator's learning rate, because a slower discriminator stays at chance.
/usr/bin/python3 bench/bench_images.py $voxgan "$out/phantoms" quickstart --seeds 1 --suite image,boundary --out "$out/rows" \
  --rows "$(/usr/bin/python3 scripts/picture.py --rows)" --set train.patch=96,96,1 --set train.batch=4 --set train.samples=320 \
  --set train.epochs=20 --set train.lr_g=1e-3 --set train.lr_d=2e-3 --set train.validate_every=0 --set data.val_share=0
exec /usr/bin/python3 scripts/picture.py "$out/rows" docs/picture.png
