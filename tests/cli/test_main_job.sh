# needs torch
# The main job on a small phantom: train, synth, eval; stopping and going on; the same bytes for the same seed.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/train" --subjects 4 --size 32 --seed 1 --anatomy 2>/dev/null || bad phantom
"$VOXGAN" phantom --out "$T/test" --subjects 2 --first 50 --size 32 --seed 2 --anatomy 2>/dev/null || bad phantom
tiny="--layout brats2021 --set net.ngf=8 --set net.ndf=8 --set train.validate_every=2 --set data.val_share=0.25"

expect_ok 'GiB a step' "$VOXGAN" train --data "$T/train" --out "$T/dry" $tiny --dry-run
expect "a dry run trains nothing" [ ! -e "$T/dry/model.safetensors" ]

expect_ok 'trained 12 steps' "$VOXGAN" train --data "$T/train" --out "$T/a" $tiny --set train.epochs=4
for file in config.json split.json log.jsonl model.safetensors model-last.safetensors checkpoints/step-000000012.safetensors previews/epoch-00004.png model-card.md; do
  expect "run folder" [ -s "$T/a/$file" ]
done
expect "the card counts subjects" grep -q '^- \*\*Data\*\*: 3 subjects to train on, 1 held out$' "$T/a/model-card.md"
expect "the card names the file" grep -q "^- \*\*SHA-256\*\*: $(sha256sum <"$T/a/model.safetensors" | cut -c1-64)$" "$T/a/model-card.md"
expect "the card has the settings that were changed" grep -q '^net.ngf = 8$' "$T/a/model-card.md"
expect "the card has scores of held-out subjects" grep -q 'on the held-out subjects' "$T/a/model-card.md"
expect "the card names no subject and no path" sh -c "! grep -q 'BraTS2021_\|$T' '$T/a/model-card.md'"
expect "epochs are logged" [ "$(grep -c '"kind":"epoch"' "$T/a/log.jsonl")" = 4 ]
expect "validations are logged" [ "$(grep -c '"kind":"validation"' "$T/a/log.jsonl")" = 2 ]
for key in d_real d_fake g_adversarial g_reconstruction lr_g volumes_per_s peak_bytes; do
  expect "log has $key" grep -q "\"$key\":" "$T/a/log.jsonl"
done

# Same seed, same bytes, whatever the loader's threads; another seed differs.
"$VOXGAN" train --data "$T/train" --out "$T/b" $tiny --set train.epochs=4 --set run.loader_threads=3 2>/dev/null
weights() { /usr/bin/python3 -c "
import sys, struct
b = open(sys.argv[1], 'rb').read(); n = struct.unpack('<Q', b[:8])[0]
import hashlib; print(hashlib.sha256(b[8 + n:]).hexdigest())" "$1"; }
expect "same seed, same weights" [ "$(weights "$T/a/model-last.safetensors")" = "$(weights "$T/b/model-last.safetensors")" ]

# Stopped by a signal: exit 130, state saved; the same command with --resume ends where the uninterrupted run did.
"$VOXGAN" train --data "$T/train" --out "$T/c" $tiny --set train.epochs=400 >"$T/out" 2>"$T/err" &
pid=$!
for _ in $(seq 200); do [ -s "$T/c/log.jsonl" ] && break; sleep 0.1; done
kill -INT $pid
wait $pid
expect "Ctrl-C exits 130" [ $? = 130 ]
expect "and says how to go on" grep -q 'resume continues' "$T/err"
expect "and saved" [ -n "$(ls "$T/c/checkpoints")" ]
epochs=$(($(grep -c '"kind":"epoch"' "$T/c/log.jsonl") + 2))
expect_ok 'resuming after' "$VOXGAN" train --data "$T/train" --out "$T/c" $tiny --set train.epochs=$epochs --set train.decay_from=1 --resume
expect "each epoch is logged once" [ "$(grep -c '"kind":"epoch"' "$T/c/log.jsonl")" = $epochs ]

# Synthesis: a data set like the label maps' own.
expect_ok '2 cases made' "$VOXGAN" synth "$T/a" --labels "$T/test" --layout brats2021 --out "$T/s"
expect "images and labels of both" [ "$(find "$T/s" -name '*.nii.gz' | wc -l)" = 12 ]
expect "no partial files" [ -z "$(find "$T/s" -name '*.tmp*')" ]
expect "manifest" [ "$(wc -l <"$T/s/manifest.csv")" = 3 ]
expect "model hash in the description" grep -q "$(sha256sum <"$T/a/model.safetensors" | cut -d' ' -f1)" "$T/s/dataset_description.json"
expect "no source path in what is written" sh -c "! grep -rq '$T' '$T/s/manifest.csv' '$T/s/dataset_description.json'"
# A model file comes from anywhere: one line names the file and the fault, for each command that reads it.
wrong_model() { /usr/bin/python3 -c "
import json, struct, sys
b = open(sys.argv[1], 'rb').read(); n = struct.unpack('<Q', b[:8])[0]
h = json.loads(b[8:8 + n]); m = h['__metadata__']
config, spec, prep = (json.loads(m[k]) for k in ('config', 'spec', 'prep'))
exec(sys.argv[3])
m.update(config=json.dumps(config), spec=json.dumps(spec), prep=json.dumps(prep))
t = json.dumps(h).encode(); t += b' ' * (-len(t) % 8)
open(sys.argv[2], 'wb').write(struct.pack('<Q', len(t)) + t + b[8 + n:])" "$T/a/model.safetensors" "$T/wrong.safetensors" "$1"; }
refused() {
  wrong_model "$1"
  expect_fail 3 "wrong.safetensors: .*$2" "$VOXGAN" synth "$T/wrong.safetensors" --labels "$T/test" --layout brats2021 --out "$T/none"
}
for field in ngf d_scales patch_w; do
  refused "spec['$field'] = 1e300" "spec: $field is 1e\\+300, but must be a whole number"
done
refused "prep['classes'] += [{'name': f'c{i}', 'role': 'tumour'} for i in range(60)]" 'more than 60 classes'
refused "prep['classes'] = 3" 'its networks do not fit its classes'
refused "prep['classes'][0] = 3" "class role '' is unknown"
refused "prep['classes'][0]['name'] = 3" "class name '' is not"
refused "prep['part_limits'] = [[0]]" 'has part_limits, but its classes are no parts'
refused "prep['margin'] = float('nan')" "prep:1:[0-9]+: not valid JSON at 'NaN"
refused "prep['series'][0]['lo'] = None" 'series t1 has no intensity range'
refused "prep['brain'] = 'skull'" 'its brain is from "skull"'
refused "config['net']['ngf'] = 'many'" 'net.ngf'
refused "config = []" 'must be a JSON object'
wrong_model "prep['classes'] += [{'name': f'c{i}', 'role': 'tumour'} for i in range(60)]"
expect_fail 3 'wrong.safetensors: .*more than 60 classes' \
  "$VOXGAN" train --data "$T/train" --out "$T/none" $tiny --init "$T/wrong.safetensors"
cp -r "$T/s" "$T/s1"
victim=$(find "$T/s" -name '*_t2.nii.gz' | sort | head -1)
rm "$victim"
expect_ok '1 case made, 1 kept' "$VOXGAN" synth "$T/a" --labels "$T/test" --layout brats2021 --out "$T/s"
expect "the same bytes again" diff -r "$T/s" "$T/s1"
expect_fail 2 'another study, model or settings' "$VOXGAN" synth "$T/c" --labels "$T/test" --layout brats2021 --out "$T/s"
expect_ok '2 cases made' "$VOXGAN" synth "$T/a" --labels "$T/test" --layout brats2021 --out "$T/w" --window patch

# A study of edited tumours with images: the same files in one go and in shards, whatever the threads.
study="--labels $T/test --layout brats2021 --per-case 3 --edit scale:factor=uniform(0.5,1) --edit rotate:random --sheet 3 --seed 5"
expect_ok '6 cases made' "$VOXGAN" synth "$T/a" $study --out "$T/st1"
expect_ok 'shard 1 of 2' "$VOXGAN" synth "$T/a" $study --out "$T/st2" --shard 1/2 --threads 1
expect_ok 'shard 2 of 2' "$VOXGAN" synth "$T/a" $study --out "$T/st2" --shard 2/2
expect_ok '6 cases, 36 files' "$VOXGAN" synth --finish "$T/st2" --sheet 3
expect "one go and shards agree" diff -r "$T/st1" "$T/st2"
expect_ok '2 cases made' "$VOXGAN" synth "$T/a" --labels "$T/test" --layout brats2021 --out "$T/f" --format brats2023
expect "labels in the other edition's values" sh -c "'$VOXGAN' inspect --json \$(find '$T/f' -name '*-seg.nii.gz' | sort | head -1) | grep -q '\"value\": *3'"
for seg in $(find "$T/test" -name '*_seg.nii.gz'); do
  same=$(find "$T/s" -name "synth-$(basename "$seg")")
  expect "geometry of the label map" [ "$("$VOXGAN" inspect --json "$seg" | sed 1,2d | tr -d ' ')" = "$("$VOXGAN" inspect --json "$same" | sed 1,2d | tr -d ' ')" ]
done

# Evaluation.
expect_ok 'ssim|SSIM' "$VOXGAN" eval --real "$T/test" --layout brats2021 --synth "$T/s" --synth-layout brats2021 --out "$T/e"
for file in metrics.csv summary.json; do expect "eval writes $file" [ -s "$T/e/$file" ]; done
expect_ok '' "$VOXGAN" eval --real "$T/test" --layout brats2021 --synth "$T/s" --synth-layout brats2021 --out "$T/e2" --baseline "$T/e/summary.json"

# The two sorts of model that differ in kind: 2-D, and without a tumour.
expect_ok 'trained' "$VOXGAN" train --data "$T/train" --out "$T/d2" $tiny --set train.epochs=1 --set train.patch=32,32,1 --set train.samples=6
expect_ok '2 cases made' "$VOXGAN" synth "$T/d2" --labels "$T/test" --layout brats2021 --out "$T/s2"
"$VOXGAN" phantom --out "$T/healthy" --subjects 3 --size 32 --layout bids 2>/dev/null
expect_ok 'trained' "$VOXGAN" train --data "$T/healthy" --out "$T/h" --set data.series=t1 --set train.epochs=1 --set net.ngf=4 --set net.ndf=4
one=$(find "$T/healthy" -name '*dseg.nii.gz' | sort | head -1)
expect_ok '1 case made' "$VOXGAN" synth "$T/h" --labels "$one" --out "$T/s3"
finish
