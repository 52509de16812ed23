#!/bin/bash
# train_brain.sh LABELS [OUT]: trains models/brain.safetensors, a model of heads for `voxgan synth brain`, on SynthSeg's published label
# maps alone (a folder of training_seg_NN.nii.gz, Apache-2.0). OUT: the run folder (build/brain). Takes an hour of one core with AVX512; run
# again after an interruption, it continues. The same version on the same processor gives the same bytes.
#
#   VOXGAN   the program (build/release/voxgan)
#   THREADS  of the network (1)
#   MORE     further options of `voxgan train`, such as "--set train.epochs=200"
set -eu
cd "$(dirname "$0")/.."
[ $# -ge 1 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
voxgan=${VOXGAN:-build/release/voxgan} out=${2:-build/brain}
[ "$(find "$1" -maxdepth 1 -name 'training_seg_*.nii.gz' | wc -l)" = 20 ] || { echo "train_brain.sh: $1 does not hold the 20 label maps" >&2; exit 3; }
resume=
[ ! -e "$out/config.json" ] || resume=--resume
# shellcheck disable=SC2086
"$voxgan" train configs/brain.json --data "$1" --out "$out" --threads "${THREADS:-1}" $resume ${MORE:-}
mkdir -p models
/usr/bin/python3 scripts/halve_model.py "$out/model-last.safetensors" models/brain.safetensors.new
mv models/brain.safetensors.new models/brain.safetensors
ls -l models/brain.safetensors
