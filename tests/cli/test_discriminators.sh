# needs torch
# Runs with oasis, with the discriminator of tumours and with low-passed L1: they learn, resume to the same bytes, and say what they need.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/p" --subjects 4 --size 16 --seed 1 --anatomy 2>/dev/null || bad phantom
tiny="--data $T/p --layout brats2021 --threads 1 --set net.ngf=4 --set net.ndf=4 --set net.d_layers=2 --set data.val_share=0.25
  --set train.samples=6 --set train.decay_from=1 --set train.validate_every=0 --set train.checkpoint_minutes=0 --set train.lr_g=2e-3"
run="$tiny --set net.discriminator=oasis --set train.w_local=1 --set train.local_margin=2 --set train.w_l1_low=50 --set train.w_boundary=5
  --set train.w_reconstruction=10 --set train.w_r1=0.1 --set train.r1_every=4 --set train.accumulate=2 --set net.d_scales=2"
expect_ok 'oasis discriminator.*' "$VOXGAN" train $run --set train.epochs=12 --out "$T/whole"
expect_ok 'a discriminator of tumours sees boxes of 16x16x16 voxels' "$VOXGAN" train $run --set train.epochs=5 --out "$T/parts"
expect_ok 'trained 36 steps' "$VOXGAN" train $run --set train.epochs=12 --out "$T/parts" --resume
expect "a resumed run ends in the same weights" /usr/bin/python3 -c "
import struct, sys
blobs = []
for path in ('$T/whole/model-last.safetensors', '$T/parts/model-last.safetensors'):
    b = open(path, 'rb').read()
    blobs.append(b[8 + struct.unpack('<Q', b[:8])[0]:])
sys.exit(blobs[0] != blobs[1])"
expect "its losses are finite, exist, and fall" /usr/bin/python3 -c "
import json, math, sys
lines = [l for l in map(json.loads, open('$T/whole/log.jsonl')) if l['kind'] == 'epoch']
first, last = lines[0], lines[-1]
for key in ('d_real', 'd_fake', 'd_r1', 'd_labelmix', 'd_local_real', 'd_local_fake', 'd_local_r1', 'g_adversarial', 'g_reconstruction', 'g_l1_low', 'g_boundary', 'g_local'):
    assert all(math.isfinite(l[key]) for l in lines) and any(l[key] > 0 for l in lines), key
assert last['g_reconstruction'] < 0.8 * first['g_reconstruction'] and last['g_l1_low'] < 0.8 * first['g_l1_low']"
expect_ok '' "$VOXGAN" report "$T/whole"
for chart in 'Generator&#39;s loss: local' 'Discriminator&#39;s loss: labelmix' 'Generator&#39;s loss: l1 low'; do
  expect "a chart of $chart" grep -qE "$(echo "$chart" | sed "s/&#39;/('|\&#39;|\&apos;)/")" "$T/whole/report.html"
done
expect_ok '4 cases made' "$VOXGAN" synth "$T/whole" --labels "$T/p" --layout brats2021 --out "$T/s"
expect_ok 'oasis' "$VOXGAN" list discriminators
expect_fail 2 'oasis segments images, so it needs train.direction label2image' \
  "$VOXGAN" train $tiny --set net.discriminator=oasis --set train.direction=image2label --out "$T/no"
expect_fail 2 'train.w_local is 1, but no training subject has a tumour' \
  "$VOXGAN" train $tiny --set train.w_local=1 --set data.tumour=none --out "$T/no"
expect_fail 2 'train.w_local was "1" and is "0" now' "$VOXGAN" train $run --set train.w_local=0 --set train.epochs=13 --out "$T/whole" --resume
expect_ok 'train.w_local is 2 from here on; it was 1' "$VOXGAN" train $run --set train.w_local=2 --set train.epochs=13 --out "$T/whole" --resume

finish
