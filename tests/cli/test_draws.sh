# Many images of one label map: noise, style, a tumour that is drawn again; the draws in the manifest.
. tests/cli/lib.sh
if [ "${TORCH:-0}" = 0 ]; then
  echo "[  SKIPPED ] needs libtorch"
  finish
fi

"$VOXGAN" phantom --out "$T/hosts" --subjects 2 --size 32 --seed 1 --anatomy --layout brats2021 2>/dev/null || bad phantom
train() {
  "$VOXGAN" train --data "$T/hosts" --layout brats2021 --threads 1 --out "$1" --set data.series=t1,flair --set net.generator=spade \
    --set net.upsample=resize --set net.ngf=8 --set net.ndf=4 --set net.levels=3 --set data.val_share=0 --set train.epochs=4 \
    --set train.lr_g=0.005 --set train.validate_every=0 --set train.patch=24,24,24 "${@:2}"
}
expect_ok '' train "$T/run" --set net.noise=true --set net.style=2
expect_ok '' train "$T/plain" --set train.epochs=1
expect_fail 2 'net.noise needs a generator that takes it \(unet, unet_k3, spade\), not resnet' \
  train "$T/none" --set net.noise=true --set net.generator=resnet
expect_ok '' train "$T/unet" --set net.noise=true --set net.generator=unet

synth() { "$VOXGAN" synth "$T/run" --labels "$T/hosts" --layout brats2021 --threads 1 --sheet 0 --format brats2021 --per-case 2 "$@"; }
expect_ok '4 cases made' synth --out "$T/drawn"
expect "each case has an image of its own" [ "$(cat "$T"/drawn/manifest.csv | grep -c 'noise=1:.*; style=')" = 4 ]
expect "the description says how" grep -q '"draws": *"noise 1, style random"' "$T/drawn/dataset_description.json"
synth --out "$T/sharded" --shard 2/2 >/dev/null 2>&1
synth --out "$T/sharded" --shard 1/2 >/dev/null 2>&1
"$VOXGAN" synth --finish "$T/sharded" --sheet 0 >/dev/null 2>&1
expect "shards give the same files" diff -r "$T/drawn" "$T/sharded"
expect_fail 2 'of another study, model or settings' synth --out "$T/drawn" --noise 0.5
expect_ok 'the 2 images of each label map will be equal, since nothing is drawn' synth --out "$T/mean" --noise 0 --style mean
expect_ok 'the model has neither net.noise nor net.style' \
  "$VOXGAN" synth "$T/plain" --labels "$T/hosts" --layout brats2021 --threads 1 --sheet 0 --per-case 2 --out "$T/equal"
expect "no column where nothing is drawn" sh -c "! head -1 '$T/equal/manifest.csv' | grep -q drawn"
expect_ok '4 cases made' synth --out "$T/again" --resample tumour --style like=BraTS2021_00001
expect "the style of a person is not written" grep -q 'noise=1:map; tumour=[0-9a-f]*; style=like an image' "$T/again/manifest.csv"
expect_ok '' /usr/bin/python3 tests/oracle/draws_oracle.py "$T/drawn" "$T/mean" "$T/again"

# The noise of a U-Net: its windows share one field, and the tumour can be drawn alone.
expect_ok '4 cases made' "$VOXGAN" synth "$T/unet" --labels "$T/hosts" --layout brats2021 --threads 1 --sheet 0 --format brats2021 --per-case 2 \
  --resample tumour --out "$T/redrawn"
expect "the tumour is drawn again" [ "$(grep -c 'noise=1:map; tumour=[0-9a-f]' "$T/redrawn/manifest.csv")" = 4 ]
expect "each case has an image of its own" [ "$(find "$T/redrawn" -name '*_t1.nii.gz' -exec sha256sum {} + | cut -d' ' -f1 | sort -u | wc -l)" = 4 ]

expect_fail 2 "must be mean, random or like=" synth --out "$T/x" --style new
expect_fail 2 "must be tumour" synth --out "$T/x" --resample brain
expect_fail 2 "must be from 0 to 100" synth --out "$T/x" --noise -1
expect_fail 2 "no case of the label maps' data set has this id, and 1 file is not the model's 2 series" \
  synth --out "$T/x" --style like=nobody
expect_fail 2 'has no style' "$VOXGAN" synth "$T/plain" --labels "$T/hosts" --out "$T/x" --style random
expect_fail 2 'needs a model with net.noise' "$VOXGAN" synth "$T/plain" --labels "$T/hosts" --out "$T/x" --resample tumour
finish
