# needs torch
# Tumours in the label maps that synthetic images are made from.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/p" --subjects 4 --size 32 --seed 3 --anatomy --layout bids 2>/dev/null || bad phantom
/usr/bin/python3 - "$T" <<'PY' || bad "the maps"
import glob, os, sys
import nibabel as nib, numpy as np
T = sys.argv[1]
os.makedirs(f"{T}/maps")
for i, f in enumerate(sorted(glob.glob(f"{T}/p/**/*dseg.nii*", recursive=True))):
    m = nib.load(f)
    nib.save(nib.Nifti1Image(np.asarray(m.dataobj).astype(np.uint16), m.affine), f"{T}/maps/seg_{i}.nii.gz")
PY
"$VOXGAN" phantom --out "$T/ill" --subjects 2 --size 32 --seed 5 2>/dev/null || bad "phantoms with tumours"

edits="--set train.direction=image2label --set train.images=synthetic --set data.series=any --set data.anatomy_scheme=bids --threads 1
  --set net.ngf=4 --set net.levels=2 --set train.w_adversarial=0 --set train.patch=32,32,32 --set data.val_share=0.25 --set train.samples=4
  --set train.epochs=2 --set train.validate_every=1"
chain='graft:at=random,mass=0.5;scale:ml=uniform(10,40)'
expect_ok 'trained 8 steps' "$VOXGAN" train $edits --data "$T/maps" --out "$T/r" --set train.edits="$chain" --set train.edits_target=tumour \
  --set train.edits_donors="$T/ill"
expect "the tumour is a class" grep -aq 'tumour' "$T/r/model.safetensors"
expect_ok '' "$VOXGAN" synth "$T/r" --images "$T/p" --out "$T/o"
expect "a tumour map a subject" test "$(find "$T/o" -name '*seg-tumour_dseg.nii.gz' | wc -l)" = 4
expect "maps for validation have tumours too" grep -q '"scores":.*"tumour":{"dice"' "$T/r/log.jsonl"
expect_ok 'trained 8 steps' "$VOXGAN" train $edits --data "$T/maps" --out "$T/again" --set train.edits="$chain" --set train.edits_target=tumour \
  --set train.edits_donors="$T/ill" --set run.loader_threads=4
losses() { grep -o '"g":[^,}]*\|"loss[^,}]*\|"l1":[^,}]*\|"dice[^,}]*\|"g_[^,}]*' "$T/$1/log.jsonl"; }
expect "some losses are logged" test "$(losses r | wc -l)" -ge 2
expect "the same losses with four loader threads" test "$(losses r)" = "$(losses again)"

# The donors are phantoms, and the tissue under the tumour is learned.
expect_ok 'tumours in 50 % of the samples, by graft:at=random,mass=0.5; donors: phantoms' \
  "$VOXGAN" train $edits --data "$T/maps" --out "$T/t" --set train.edits="graft:at=random,mass=0.5"
expect "no class is tumour" sh -c "! grep -aq '\\\\\"role\\\\\":\\\\\"tumour' $T/t/model.safetensors"

# Maps of tumours that the data have are not read then.
"$VOXGAN" phantom --out "$T/both" --subjects 2 --size 32 --seed 6 --anatomy 2>/dev/null || bad "phantoms with both maps"
expect_fail 2 'train.edits: it puts tumours into maps without any, and these have tumour classes \(necrosis, ...\)' "$VOXGAN" train $edits \
  --data "$T/both" --set data.anatomy_scheme= --out "$T/x" --set train.edits=grow
expect_ok 'classes to segment: csf, gm, wm, tumour' "$VOXGAN" train $edits --data "$T/both" --set data.anatomy_scheme= --out "$T/b" \
  --set train.edits=grow --set train.edits_target=tumour --set data.tumour=none --set train.epochs=1 --set data.val_share=0

# What does not fit.
expect_fail 2 'train.edits: no edit grew; did you mean grow\?' "$VOXGAN" train $edits --data "$T/maps" --out "$T/x" --set train.edits=grew:ml=5
expect_fail 2 'train.edits: .*none of its edits makes a tumour' "$VOXGAN" train $edits --data "$T/maps" --out "$T/x" --set train.edits=scale:factor=2
expect_fail 2 'no subject has a tumour map' "$VOXGAN" train $edits --data "$T/maps" --out "$T/x" --set train.edits=graft --set train.edits_donors="$T/maps"
expect_fail 2 'train.edits is for train.images synthetic' "$VOXGAN" train $edits --data "$T/p" --set data.series=t1 --set train.images=real --out "$T/x" \
  --set train.edits=grow
expect_fail 1 'train.edits: none of 20 draws is fit for use' "$VOXGAN" train $edits --data "$T/maps" --out "$T/x" \
  --set train.edits='grow;scale:ml=900,fit=1,tries=2'
finish
