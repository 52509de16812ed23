#!/bin/sh
# steps.sh DIR: the steps of the quickstart with an installed voxgan, small enough for a test: phantoms, training, synthesis with
# edits, evaluation.
set -eu
mkdir -p "$1"
cd "$1"
voxgan phantom --out train --subjects 3 --size 32 --anatomy --seed 1
voxgan phantom --out test --subjects 2 --first 101 --size 32 --anatomy --seed 2
voxgan train quickstart --data train --layout brats2021 --out run --set train.epochs=2 --set train.patch=32,32,32 --set net.ngf=4 --set net.ndf=4
voxgan synth run --labels test --layout brats2021 --out synthetic
voxgan synth run --labels test --layout brats2021 --out study --per-case 2 --seed 7 --edit 'scale:ml=uniform(5,40),mass=0.6' --edit move:random --edit deform
voxgan eval --real test --layout brats2021 --synth synthetic --synth-layout brats2021 --out eval
for file in run/model.safetensors run/model-card.md synthetic/manifest.csv study/README.md eval/report.html; do
  [ -s "$file" ] || { echo "steps.sh: no $file" >&2; exit 1; }
done
echo "steps.sh: all steps done"
