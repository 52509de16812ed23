# needs torch
# A model that learned from label maps alone: whole heads of another contrast, the brain without the skull, models by name.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/p" --subjects 6 --size 32 --seed 3 --anatomy 2>/dev/null || bad phantom
# Heads: a gap of two voxels around the brain, and a shell of value 9. Four are maps to learn from. Two are scans of a contrast of
# their own: csf bright, white matter dark, the shell between, noise everywhere.
/usr/bin/python3 - "$T" <<'PY' || bad "the heads"
import glob, os, sys
import nibabel as nib, numpy as np
from scipy.ndimage import binary_dilation as grow
T, rng = sys.argv[1], np.random.default_rng(1)
for i, f in enumerate(sorted(glob.glob(f"{T}/p/**/*anat*.nii*", recursive=True))):
    m = nib.load(f)
    a = np.pad(np.asarray(m.dataobj).astype(np.uint16), 4)
    skull = grow(a > 0, iterations=4) & ~grow(a > 0, iterations=2)
    a[skull] = 9
    os.makedirs(f"{T}/maps", exist_ok=True), os.makedirs(f"{T}/truth", exist_ok=True)
    if i < 4:
        nib.save(nib.Nifti1Image(a, m.affine), f"{T}/maps/seg_{i}.nii.gz")
        continue
    v = np.array([40, 900, 500, 200, 0, 0, 0, 0, 0, 600])[a] + rng.normal(0, 20, a.shape)
    for suffix in ("T1w", "T2w"):
        os.makedirs(f"{T}/scans/sub-{i}/anat", exist_ok=True)
        nib.save(nib.Nifti1Image(np.rint(v).astype(np.int16), m.affine), f"{T}/scans/sub-{i}/anat/sub-{i}_{suffix}.nii.gz")
        v = np.where(a > 0, 1000 - v, v)
    nib.save(nib.Nifti1Image(np.where(a == 9, 0, a).astype(np.uint8), m.affine), f"{T}/truth/sub-{i}.nii.gz")
PY

heads="--set train.direction=image2label --set train.images=synthetic --set data.series=any --set data.anatomy_scheme=1=csf,2=gm,3=wm
  --set data.contrast_scheme=1=csf,2=gm,3=wm,9=skull --threads 1 --set net.ngf=8 --set net.levels=3 --set net.dropout=0 --set net.input_skip=true
  --set train.w_adversarial=0 --set train.lr_g=4e-3 --set train.patch=32,32,32 --set data.val_share=0.25 --set randomise.slice_share=0
  --set randomise.scale_low=0.9 --set randomise.scale_high=1.1"
expect_ok 'guessed layout labels' "$VOXGAN" train $heads --data "$T/maps" --out "$T/r" --set train.samples=32 --set train.epochs=12 --set train.validate_every=0
expect "the model says that it takes heads" grep -aq '"brain\\":\\"heads' "$T/r/model.safetensors"

expect_ok 'cohort' "$VOXGAN" synth "$T/r" --images "$T/scans" --out "$T/o" --skull-strip --format brats2021
dice() { /usr/bin/python3 - "$T" "$1" "$2" <<'PY'
import glob, sys
import nibabel as nib, numpy as np
T, out, least = sys.argv[1], sys.argv[2], float(sys.argv[3])
load = lambda f: np.asarray(nib.load(f).dataobj)
worst = 1.0
for truth in glob.glob(f"{T}/truth/*"):
    name = truth.split("/")[-1][:5]
    a, b = load(truth) > 0, load(glob.glob(f"{out}/**/{name}*anat*.nii*", recursive=True)[0]) > 0
    worst = min(worst, 2 * (a & b).sum() / (a.sum() + b.sum()))
print(worst, file=sys.stderr)
sys.exit(int(worst < least))
PY
}
expect "the brain is found in heads of a new contrast" dice "$T/o" 0.85
expect "what is outside the brain is 0, and the rest as it was" /usr/bin/python3 -c "
import glob, sys
import nibabel as nib, numpy as np
load = lambda f: np.asarray(nib.load(f).dataobj)
for i in (4, 5):
    brain = load(glob.glob(f'$T/o/**/sub-{i}*anat*.nii*', recursive=True)[0]) > 0
    for suffix, name in (('T1w', 't1'), ('T2w', 't2')):
        scan, bare = load(f'$T/scans/sub-{i}/anat/sub-{i}_{suffix}.nii.gz'), load(glob.glob(f'$T/o/**/sub-{i}*_{name}.nii*', recursive=True)[0])
        kept = bare != 0
        if not ((bare == scan) | ~kept).all() or not kept[brain & (scan != 0)].all() or kept.sum() > 1.5 * brain.sum(): sys.exit(1)"

# As BET leaves a brain: without the csf around it, with the csf that the tissue encloses.
expect_ok 'cohort' "$VOXGAN" synth "$T/r" --images "$T/scans" --out "$T/bare" --skull-strip --no-csf --format brats2021
expect "the csf around the brain is 0, the tissue is unchanged" /usr/bin/python3 -c "
import glob, nibabel as nib, numpy as np
load = lambda f: np.asarray(nib.load(f).dataobj)
for i in (4, 5):
    found = load(glob.glob(f'$T/bare/**/sub-{i}*anat*.nii*', recursive=True)[0])
    bare, whole = (load(glob.glob(f'$T/{out}/**/sub-{i}*_t1.nii*', recursive=True)[0]) for out in ('bare', 'o'))
    kept, tissue = bare != 0, (found == 2) | (found == 3)
    assert (bare[kept] == whole[kept]).all() and (kept & tissue).sum() > 0.97 * (tissue & (whole != 0)).sum()
    assert 0.5 * (whole != 0).sum() < kept.sum() < 0.97 * (whole != 0).sum(), (kept.sum(), (whole != 0).sum())"
expect_fail 2 'no-csf needs --skull-strip' "$VOXGAN" synth "$T/r" --images "$T/scans" --out "$T/x" --no-csf

# Of each series: the other one has the contrast reversed.
expect_ok '' "$VOXGAN" synth "$T/r" --images "$T/scans" --out "$T/t2" --series t2 --format brats2021
expect "the brain is found in the other series too" dice "$T/t2" 0.8
expect "from which the maps differ" sh -c "! cmp -s $T/o/*4*/*anat* $T/t2/*4*/*anat*"
expect_fail 3 'series flair: no subject has it' "$VOXGAN" synth "$T/r" --images "$T/scans" --out "$T/x" --series flair

# By name, with weights of half the size.
mkdir "$T/models"
/usr/bin/python3 scripts/halve_model.py "$T/r/model.safetensors" "$T/models/tiny.safetensors"
expect "half the size" test "$(stat -c %s "$T/models/tiny.safetensors")" -lt $(($(stat -c %s "$T/r/model.safetensors") * 6 / 10))
export VOXGAN_MODELS=$T/models
expect_ok '' "$VOXGAN" synth tiny --images "$T/scans" --out "$T/h" --format brats2021
expect "and as good" dice "$T/h" 0.85
expect_fail 3 'large: no such file or folder, and no model of that name \(no .*/models/large.safetensors\)' \
  "$VOXGAN" synth large --images "$T/scans" --out "$T/x"
unset VOXGAN_MODELS

# Beside real images of the same subjects.
printf 'id,t1,anatomy\n4,scans/sub-4/anat/sub-4_T1w.nii.gz,truth/sub-4.nii.gz\n5,scans/sub-5/anat/sub-5_T1w.nii.gz,truth/sub-5.nii.gz\n' >"$T/mixed.csv"
expect_ok 'trained 4 steps' "$VOXGAN" train $heads --data "$T/mixed.csv" --out "$T/m" --set train.synthetic_share=0.5 --set train.samples=4 --set train.epochs=1

# What does not fit.
expect_fail 2 'train.images synthetic is for train.direction image2label' "$VOXGAN" train --print-config --set train.images=synthetic
expect_fail 2 'a _low setting is above its _high' "$VOXGAN" train --print-config --set randomise.mean_low=0.9 --set randomise.mean_high=0.5
expect_fail 3 'label value 9 .* is not in scheme inline' "$VOXGAN" train $heads --data "$T/maps" --out "$T/y" --set data.contrast_scheme=
# A series that one subject lacks: all subjects go without it, or that subject is skipped.
cp -r "$T/scans" "$T/some"
rm "$T/some/sub-5/anat/sub-5_T2w.nii.gz"
strip="$VOXGAN synth $T/r --images $T/some --skull-strip --sheet 0"
expect_ok 'warning: series t2 is not written: 1 of 2 subjects lacks it \(sub-5\); --skip-incomplete skips such' $strip --out "$T/s1"
expect_ok '1 case made' $strip --skip-incomplete --out "$T/s2"
expect "both subjects, T1 alone" [ "$(find "$T/s1" -name '*.nii.gz' ! -name '*dseg*' ! -name '*anat.*' | wc -l)" = 2 ]
expect "one subject, T1 and T2" [ "$(find "$T/s2" -name '*.nii.gz' ! -name '*dseg*' ! -name '*anat.*' | wc -l)" = 2 ]
finish
