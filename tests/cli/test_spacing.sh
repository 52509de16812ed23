# needs torch
# Voxels of another size along each axis: thick slices keep theirs, and results come back in the scan's own grid.
. tests/cli/lib.sh

# Phantoms of 3x3x12 mm, and of 3x3x9 mm.
"$VOXGAN" phantom --out "$T/p" --subjects 4 --size 64,64,16 --seed 3 2>/dev/null || bad phantoms
/usr/bin/python3 - "$T" <<'PY' || bad "the slices"
import glob, os, sys
import nibabel as nib, numpy as np
T = sys.argv[1]
for f in sorted(glob.glob(f"{T}/p/*/*.nii.gz")):
    for name, factor in (("thick", 4), ("thin", 3)):
        m = nib.load(f)
        affine = m.affine.copy()
        affine[:3, 2] *= factor
        out = f.replace(f"{T}/p", f"{T}/{name}")
        os.makedirs(os.path.dirname(out), exist_ok=True)
        nib.save(nib.Nifti1Image(np.asarray(m.dataobj), affine), out)
PY
common="--set data.series=t1,t2 --threads 1 --set net.ngf=4 --set net.ndf=4 --set net.levels=2 --set train.samples=2 --set train.epochs=1
  --set train.patch=32,32,8 --set data.val_share=0.25 --set data.margin=0"
same_grid() { /usr/bin/python3 - "$1" "$2" <<'PY'
import glob, os, sys
import nibabel as nib, numpy as np
n = 0
for f in glob.glob(f"{sys.argv[2]}/*/*.nii.gz"):
    got = nib.load(f)
    ids = [g for g in glob.glob(f"{sys.argv[1]}/*/*_seg.nii.gz")]
    n += any(got.shape == nib.load(g).shape and np.allclose(got.affine, nib.load(g).affine, atol=1e-4) for g in ids)
    if not n: print(f, got.shape, got.affine, file=sys.stderr)
sys.exit(int(n < 4))
PY
}
expect_ok 'trained 2 steps' "$VOXGAN" train $common --data "$T/thick" --out "$T/g" --set data.spacing=4.5,4.5,0
expect "the model keeps the axes" grep -aq 'spacing\\":\[4.5,4.5,0\]' "$T/g/model.safetensors"
expect_ok '' "$VOXGAN" synth "$T/g" --labels "$T/thick" --out "$T/made" --format brats2021
expect "images lie on the scans' grids" same_grid "$T/thick" "$T/made"
expect_ok 'resampled to 4.5x4.5x12 mm' "$VOXGAN" synth "$T/g" --labels "$T/thin" --out "$T/made2" --format brats2021
expect "those of other slices too" same_grid "$T/thin" "$T/made2"
expect_ok '4.5 x 4.5 x own mm' "$VOXGAN" cache "$T/g"

expect_ok 'trained 2 steps' "$VOXGAN" train $common --data "$T/thick" --out "$T/s" --set data.spacing=4.5,4.5,0 --set train.direction=image2label \
  --set train.w_adversarial=0
expect_ok '' "$VOXGAN" synth "$T/s" --images "$T/thick" --out "$T/found" --format brats2021
expect "label maps lie on the scans' grids" same_grid "$T/thick" "$T/found"

# A config file takes a list, and --resume tells the values apart.
echo '{"data":{"spacing":[4.5,4.5,0]},"train":{"epochs":1}}' >"$T/c.json"
expect_ok '"spacing": *\[4.5, *4.5, *0\]|4.5' "$VOXGAN" train "$T/c.json" --print-config
expect_fail 2 'data.spacing was "4.5,4.5,0" and is "4.5" now' "$VOXGAN" train $common --data "$T/thick" --out "$T/g" --resume --set data.spacing=4.5
expect_fail 2 'data.spacing is "4.5,0", but must be a number or X,Y,Z' "$VOXGAN" train $common --set data.spacing=4.5,0 --print-config
finish
