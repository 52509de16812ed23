# needs torch
# The other direction: label maps learned from series.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/p" --subjects 8 --size 32 --seed 3 --anatomy 2>/dev/null || bad phantom
tissues="--layout brats2021 --threads 1 --set train.direction=image2label --set data.tumour=none --set net.input_skip=true
  --set net.ngf=8 --set net.dropout=0 --set train.w_adversarial=0 --set train.lr_g=4e-3 --set train.samples=24 --set train.epochs=20"

# The resolved config says what the direction chose.
expect_ok '"reconstruction": *"ce_dice"' "$VOXGAN" train --print-config --set train.direction=image2label
expect_ok '"images": *"on"' "$VOXGAN" train --print-config --set train.direction=image2label
expect_ok '"reconstruction": *"l1"' "$VOXGAN" train --print-config
expect_fail 2 'augment.drop_series is 0.2, but label2image reads no series' "$VOXGAN" train --print-config --set augment.drop_series=0.2
expect_fail 2 'train.direction is "both", but must be one of label2image\|image2label' "$VOXGAN" train --print-config --set train.direction=both
expect_fail 2 'reconstruction loss "dice" is one of class fractions' "$VOXGAN" train --layout brats2021 --data "$T/p" --out "$T/x" \
  --set train.reconstruction=dice

# Held-out phantoms: a network that sees nothing, or whose classes are swapped, stays below 0.5.
expect_ok 'unet generator, .* no discriminator' "$VOXGAN" train $tissues --data "$T/p" --out "$T/r" --set data.val_share=0.25 \
  --set augment.drop_series=0.2 --set train.validate_every=10
expect "learned csf, gm and wm from the series" /usr/bin/python3 -c "
import json, sys
v = [json.loads(l) for l in open('$T/r/log.jsonl')]
s = [l for l in v if l['kind'] == 'validation'][-1]['scores']
print(s, file=sys.stderr)
sys.exit(not (list(s) == ['csf', 'gm', 'wm', 'mean'] and min(s[k]['dice'] for k in s) > 0.6))"
expect "a preview" test -s "$T/r/previews/epoch-00020.png"
expect "no discriminator is kept" sh -c "! grep -aq '\"d\\.' '$T/r/checkpoints/'*.safetensors"
expect "the model says what it makes of what" /usr/bin/python3 -c "
import json, struct, sys
f = open('$T/r/model.safetensors', 'rb')
m = json.loads(f.read(struct.unpack('<Q', f.read(8))[0]))['__metadata__']
c, s, p = (json.loads(m[k]) for k in ('config', 'spec', 'prep'))
sys.exit(not (c['train']['direction'] == 'image2label' and s['softmax'] == 1 and s['discriminator'] == 'none'
  and (s['in_channels'], s['out_channels']) == (4, 4) and p['brain'] == 'images'
  and [x['name'] for x in p['classes']] == ['csf', 'gm', 'wm'] and all(x['hi'] > x['lo'] for x in p['series'])))"

# Any number of loader threads ends in the same bytes.
short="$tissues --data $T/p --set train.epochs=2 --set train.samples=6 --set net.ngf=4"
expect_ok '' "$VOXGAN" train $short --out "$T/a" --set run.loader_threads=3
expect_ok '' "$VOXGAN" train $short --out "$T/c"
weights() { tail -c +$((9 + $(od -An -tu8 -N8 "$1"))) "$1"; }
expect "threads do not matter" cmp -s <(weights "$T/a/model-last.safetensors") <(weights "$T/c/model-last.safetensors")

# With a discriminator, and of tumours alone: no class stands for the brain.
expect_ok 'classes to tell apart: necrosis, oedema, enhancing$' "$VOXGAN" train $short --out "$T/d" --set data.tumour=require \
  --set data.anatomy=mask --set train.w_adversarial=0.01 --set train.adversarial=lsgan --set net.d_layers=1 --set net.ndf=4
finish
