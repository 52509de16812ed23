#!/bin/sh
# quickstart.sh [OUT]: sets everything up and does the main job on phantom data: train, synth, eval.
# OUT defaults to build/quickstart. A rerun keeps what is finished.
set -eu
cd "$(dirname "$0")/.."
out=${1:-build/quickstart}
scripts/setup.sh build torch
make -s -j"$(nproc)"
voxgan=build/release/voxgan

say() { printf '\n== %s\n' "$*"; }
run() { printf '$ %s\n' "$*"; "$@"; }

say "1/5 a phantom data set: twelve subjects to learn from, four that the model never sees"
[ -e "$out/data/.done" ] || {
  run $voxgan phantom --out "$out/data/train" --subjects 12 --size 64 --anatomy --seed 1
  run $voxgan phantom --out "$out/data/test" --subjects 4 --first 101 --size 64 --anatomy --seed 2
  : > "$out/data/.done"
}
say "2/5 train: label maps -> T1, T1c, T2, FLAIR"
[ -e "$out/run/.done" ] || {
  run $voxgan train configs/quickstart.json --data "$out/data/train" --layout brats2021 --out "$out/run" --resume
  : > "$out/run/.done"
}
run $voxgan report "$out/run"
say "3/5 synth: images from the unseen label maps"
run $voxgan synth "$out/run" --labels "$out/data/test" --layout brats2021 --out "$out/synthetic"
say "4/5 synth again: the same brains with other tumours, eight cases drawn from distributions"
run $voxgan synth "$out/run" --labels "$out/data/test" --layout brats2021 --out "$out/study" --per-case 2 --seed 7 \
  --edit 'scale:ml=uniform(5,40),mass=0.6' --edit move:random --edit deform
say "5/5 eval: synthetic against real"
run $voxgan eval --real "$out/data/test" --layout brats2021 --synth "$out/synthetic" --synth-layout brats2021 --out "$out/eval"

say "done"
echo "pictures:  $out/run/previews/ (labels, real and synthetic side by side)"
echo "pages:     $out/run/report.html (training)"
echo "data sets: $out/synthetic/ and $out/study/ (NIfTI, manifest.csv, contact-sheet-01.png)"
echo "numbers:   $out/eval/report.html, and metrics.csv and summary.json beside it"
