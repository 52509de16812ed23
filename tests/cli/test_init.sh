# needs torch
# Training from other weights: --init takes the weights that fit and names the others; and weights that make losses burst.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/p" --subjects 4 --size 16 --seed 1 --anatomy 2>/dev/null || bad phantom
parts="--data $T/p --layout brats2021 --threads 1 --set net.ngf=4 --set net.ndf=4 --set net.d_layers=1 --set data.val_share=0.25
  --set train.patch=8,8,8 --set train.samples=40 --set train.tumour_share=0 --set train.epochs=2"
newest() { find "$1/checkpoints" -name 'step-*' | sort | tail -1; }
expect_ok '' "$VOXGAN" train $parts --out "$T/n" --set train.epochs=1

expect_ok 'starting from .*: 7 of 7 tensors of the generator matched' "$VOXGAN" train $parts --out "$T/i" --init "$T/n" --set train.lr_g=0
weights() { tail -c +$((9 + $(od -An -tu8 -N8 "$1"))) "$1"; }
expect "the weights are the model's" cmp -s <(weights "$T/n/model.safetensors") <(weights "$T/i/model.safetensors")
expect "the log says from what" grep -q "\"kind\":\"init\",\"model\":\"model.safetensors\",\"sha256\":\"$(sha256sum <"$T/n/model.safetensors" | cut -c1-64)\",\"matched\":7" "$T/i/log.jsonl"
expect_ok 'starting from .*: 12 of 12 tensors of the networks matched' "$VOXGAN" train $parts --out "$T/i1" --init "$(newest "$T/n")" --dry-run
expect_ok 'another shape, so they keep their drawn weights: g.up.0.weight \(8x4x4x4x4, wanted 8x1x4x4x4\)' "$VOXGAN" train $parts --out "$T/i2" --init "$T/n" --dry-run --set data.series=t1
expect_ok 'has the series t1, t1c, t2, flair; this run has flair' "$VOXGAN" train $parts --out "$T/i2" --init "$T/n" --dry-run --set data.series=flair
expect_ok 'not in the model, so they keep their drawn weights: .*g.skip' "$VOXGAN" train $parts --out "$T/i3" --init "$T/n" --dry-run --set net.input_skip=true
expect_fail 3 "none of the network's [0-9]* tensors" "$VOXGAN" train $parts --out "$T/i4" --init "$T/n" --set net.ngf=5 --set data.series=t1
expect_fail 1 'nowhere: cannot open' "$VOXGAN" train $parts --out "$T/i5" --init "$T/nowhere"
expect_fail 3 'holds no model.safetensors' "$VOXGAN" train $parts --out "$T/i6" --init "$T/p"

# What is not finite stops the run, or is skipped. The discriminator's weights for one class are so large that it bursts where
# that class is.
/usr/bin/python3 tests/oracle/poison.py "$(newest "$T/n")" "$T/rare.safetensors" d.conv.0.weight 5 3e38
/usr/bin/python3 tests/oracle/poison.py "$(newest "$T/n")" "$T/burst.safetensors" g.down.0.weight 5 3e38
/usr/bin/python3 tests/oracle/poison.py "$(newest "$T/n")" "$T/all.safetensors" g.up.0.weight 0 nan
expect_fail 1 'epoch 1, step [0-9]*: the loss d_real is not finite \(nan\); the last good checkpoint is .*/step-[0-9]*.safetensors' \
  "$VOXGAN" train $parts --out "$T/n1" --init "$T/rare.safetensors" --set train.checkpoint_steps=3
expect_ok 'steps were not finite' "$VOXGAN" train $parts --out "$T/n2" --init "$T/rare.safetensors" --set train.nonfinite=skip
expect "skipped steps are counted, the others done" /usr/bin/python3 -c "
import json, sys
e = [json.loads(l) for l in open('$T/n2/log.jsonl')]
e = [l for l in e if l['kind'] == 'epoch']
sys.exit(not (sum(l['skipped'] for l in e) > 2 and e[1]['step'] + sum(l['skipped'] for l in e) == 80))"
expect_fail 1 'step 1: the loss .* is not finite .*there is no checkpoint yet' "$VOXGAN" train $parts --out "$T/n3" --init "$T/all.safetensors"
expect_fail 1 "epoch 1: the validation's MAE is not finite; the last good checkpoint is" "$VOXGAN" train $parts --out "$T/n5" \
  --init "$T/burst.safetensors" --set train.nonfinite=skip --set train.epochs=1 --set train.checkpoint_steps=1
expect_fail 1 'no step of the epoch was finite' "$VOXGAN" train $parts --out "$T/n4" --init "$T/all.safetensors" --set train.nonfinite=skip

expect_ok 'train.ema is 0.9 from here on; it was 0' "$VOXGAN" train $parts --out "$T/n" --resume --set train.ema=0.9
expect "the average begins with the generator of the checkpoint" grep -aq '"ema.down.0.weight"' "$(newest "$T/n")"
last=$(newest "$T/n")
printf '\377' | dd of="$last" bs=1 seek=$(($(stat -c %s "$last") / 2)) conv=notrunc 2>/dev/null
expect_fail 3 'its checksum does not match' "$VOXGAN" train $parts --out "$T/i7" --init "$last"
finish
