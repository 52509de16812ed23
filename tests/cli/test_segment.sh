# needs torch
# The other direction: label maps predicted from series.
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
expect_fail 2 'train.reconstruction is dice, which compares class fractions' "$VOXGAN" train --layout brats2021 --data "$T/p" --out "$T/x" \
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

# Killed after its first checkpoint (its later files are removed, but for the log) and resumed, it ends the same.
carries="--set train.ema=0.5 --set augment.drop_series=0.3 --set net.dropout=0.5 --set train.w_adversarial=0.01 --set net.d_layers=1 --set net.ndf=4
  --set train.checkpoint_steps=4 --set train.keep=9"
expect_ok 'trained 12 steps' "$VOXGAN" train $short $carries --out "$T/w"
cp -r "$T/w" "$T/k"
find "$T/k/checkpoints" "$T/k" -maxdepth 1 -name '*.safetensors' ! -name step-000000004.safetensors -delete
expect_ok 'resuming after 4 steps, in epoch 1' "$VOXGAN" train $short $carries --out "$T/k" --resume
untimed() { sed 's/"seconds":.*//' "$1/log.jsonl"; }
expect "resumed, the log is the same" diff <(untimed "$T/w") <(untimed "$T/k")
for file in model model-last; do
  expect "resumed, $file is the same" cmp -s "$T/w/$file.safetensors" "$T/k/$file.safetensors"
done

# Slices across each axis: one network, and the mean of three results. Damaged labels of single slices would show in the other two.
expect_ok '' "$VOXGAN" train $tissues --data "$T/p" --out "$T/views" --set data.val_share=0.25 --set net.views=all --set train.patch=32,32,1 --set train.batch=4 \
  --set train.samples=96
expect "learned from slices across each axis" /usr/bin/python3 -c "
import json, sys
v = [json.loads(l) for l in open('$T/views/log.jsonl')]
s = [l for l in v if l['kind'] == 'validation'][-1]['scores']
print(s, file=sys.stderr)
sys.exit(not min(s[k]['dice'] for k in s) > 0.6)"
slices="$short --set train.direction=label2image --set train.patch=32,32,1"
expect_fail 2 'net.views all is for train.direction image2label' "$VOXGAN" train $slices --out "$T/x" --set net.views=all
expect_fail 2 'net.views all needs slices: a train.patch of 1 along one axis, not 32x32x32' "$VOXGAN" train $short --out "$T/x" --set net.views=all
expect_fail 2 'net.views is "two", but must be one of one|all' "$VOXGAN" train --print-config --set net.views=two

# With a discriminator, and of tumours alone: no class stands for the brain.
expect_ok 'classes to segment: necrosis, oedema, enhancing$' "$VOXGAN" train $short --out "$T/d" --set data.tumour=require \
  --set data.anatomy=mask --set train.w_adversarial=0.01 --set train.adversarial=lsgan --set net.d_layers=1 --set net.ndf=4

# Other phantoms, of which there are only images: label maps in any format, in the images' own grid.
"$VOXGAN" phantom --out "$T/q" --subjects 3 --size 32 --seed 77 --anatomy 2>/dev/null || bad phantom
mkdir "$T/bare"
cp -r "$T/q/." "$T/bare"
find "$T/bare" \( -name '*_seg*' -o -name '*_anat*' \) -delete
images="--images $T/bare --layout brats2021 --threads 1"
expect_ok 'study: 3 cases' "$VOXGAN" synth "$T/r" $images --dry-run
expect_ok '3 cases made' "$VOXGAN" synth "$T/r" $images --out "$T/s" --keep-largest wm --fill-holes all --probabilities
expect_ok '3 cases, 12 files, all as the manifest says' "$VOXGAN" synth --verify "$T/s"
expect "the images are on the contact sheet" /usr/bin/python3 -c "
import sys
from skimage.io import imread
sys.exit(imread('$T/s/contact-sheet-01.png').shape[1] < 5 * 100)"
expect "says how it was made" grep -q '"cleaning": *"keep-largest:wm fill-holes:csf fill-holes:gm fill-holes:wm"' "$T/s/dataset_description.json"
"$VOXGAN" eval --real "$T/q" --synth "$T/s" --out "$T/e" --suite overlap >/dev/null 2>&1 || bad eval
expect "labels of other subjects cover the real ones; probabilities fit; nothing is labelled outside the brain" /usr/bin/python3 -c "
import glob, sys
import nibabel as nib, numpy as np
ok = sum(',dice,' in r for r in open('$T/e/metrics.csv')) >= 9
for f in glob.glob('$T/s/*/*_anat.nii.gz'):
    case = f.split('/')[-2]
    m, t = nib.load(f), nib.load(f'$T/q/{case}/{case}_anat.nii.gz')
    t1 = nib.load(f'$T/q/{case}/{case}_t1.nii.gz')
    a, b, image = (np.asarray(x.dataobj) for x in (m, t, t1))
    p = np.stack([nib.load(f'$T/s/probabilities/{case}/{c}.nii.gz').get_fdata() for c in ('csf', 'gm', 'wm')])
    ok &= np.allclose(m.affine, t1.affine) and a.shape == image.shape and not a[image == image.flat[0]].any()
    ok &= p.min() >= 0 and p.max() <= 1 and p.sum(0).max() < 1.01
    sure = p.max(0) > 0.55
    ok &= np.mean((p.argmax(0) + 1)[sure & (a > 0)] == a[sure & (a > 0)]) > 0.97
    for c in (1, 2, 3):
        d = 2 * ((a == c) & (b == c)).sum() / ((a == c).sum() + (b == c).sum())
        print(case, c, d, file=sys.stderr)
        ok &= d > 0.55
sys.exit(not ok)"
expect_ok '3 cases made' "$VOXGAN" synth "$T/r" $images --out "$T/b" --format bids
expect_ok 'sub-.*anatomy|anatomy map' "$VOXGAN" inspect "$T/b"
expect "labels of real images do not say that they are synthetic" sh -c "! find '$T/b' | grep -q synthetic && grep -q 'label maps that a model found' '$T/b/dataset_description.json'"
expect_ok '3 cases made' "$VOXGAN" synth "$T/r" $images --out "$T/n" --format nnunet --window patch --sheet 0
expect_ok '0 cases made, 3 kept' "$VOXGAN" synth "$T/r" $images --out "$T/n" --format nnunet --window patch --sheet 0
expect_fail 2 'another study, model or settings' "$VOXGAN" synth "$T/r" $images --out "$T/s"
# Shards, closed, are the whole.
for i in 1 2; do expect_ok '' "$VOXGAN" synth "$T/r" $images --out "$T/sh" --format nnunet --window patch --shard $i/2; done
expect_ok '' "$VOXGAN" synth --finish "$T/sh" --sheet 0
expect "shards make the same files" diff -r "$T/n" "$T/sh"
# A tumour model writes tumour maps.
expect_ok '3 cases made' "$VOXGAN" synth "$T/d" $images --out "$T/t"
expect "tumour maps alone" sh -c "[ \$(find '$T/t' -name '*_seg.nii.gz' | wc -l) = 3 ] && ! find '$T/t' -name '*_anat*' | grep -q ."

# Missing series: a model trained with dropped series accepts them, other models refuse.
find "$T/bare" -name '*_t2.nii.gz' -delete
expect_ok '3 cases made' "$VOXGAN" synth "$T/r" $images --out "$T/m"
expect_fail 3 'lacks.*t2|no series t2' "$VOXGAN" synth "$T/a" $images --out "$T/m2"
find "$T/bare/BraTS2021_00002" -name '*.nii.gz' -delete
cp "$T/q/BraTS2021_00002/"*_seg.nii.gz "$T/bare/BraTS2021_00002/"
expect_fail 3 'BraTS2021_00002 has none of the wanted series' "$VOXGAN" synth "$T/r" $images --out "$T/m3"

# What does not go together.
expect_ok '' "$VOXGAN" train --data "$T/p" --layout brats2021 --threads 1 --out "$T/l" --set train.epochs=1 --set net.ngf=2 --set net.ndf=2 \
  --set net.d_layers=1 --set train.samples=1
expect_fail 2 'makes images of label maps: give it --labels DIR, not --images' "$VOXGAN" synth "$T/l" $images --out "$T/y"
expect_fail 2 'probabilities is for models that make label maps' "$VOXGAN" synth "$T/l" --labels "$T/p" --out "$T/y" --probabilities
expect_fail 2 'makes label maps of images: give it --images DIR, not --labels' "$VOXGAN" synth "$T/r" --labels "$T/p" --out "$T/y"
expect_fail 2 'keep-largest bone: the model has no such class; it has all, csf, gm, wm' "$VOXGAN" synth "$T/r" $images --out "$T/y" --keep-largest bone
expect_fail 2 'cannot be combined with --labels' "$VOXGAN" synth "$T/r" $images --out "$T/y" --edit mirror
expect_fail 3 'nowhere: ' "$VOXGAN" synth "$T/r" --images "$T/nowhere" --out "$T/y"
expect "nothing was begun" [ ! -e "$T/y" ]
finish
