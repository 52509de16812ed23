# needs torch
# The model that comes with voxgan (models/brain.md): its file, and that it finds the brain of phantoms, which it never saw, by its name.
. tests/cli/lib.sh

expect "it is small enough to come with the source" test "$(stat -c %s models/brain.safetensors)" -le $((4 * 1024 * 1024))
expect "its card names the licence of its data" grep -q 'Apache-2.0' models/brain.md
expect "it learned from label maps alone" grep -aq '"brain\\":\\"heads' models/brain.safetensors

"$VOXGAN" phantom --out "$T/p" --layout bids --subjects 2 --size 64 --seed 5 2>/dev/null || bad phantom
expect_ok 'cohort' "$VOXGAN" synth brain --images "$T/p" --out "$T/o" --format brats2021 --threads 1
expect "brains are found" /usr/bin/python3 - "$T" <<'PY'
import glob, sys
import nibabel as nib, numpy as np
T = sys.argv[1]
load = lambda f: np.asarray(nib.load(f).dataobj)
truths = sorted(glob.glob(f"{T}/p/sub-*/anat/*dseg.nii*"))
worst = 1.0
for truth in truths:
    name = truth.split("/")[-1].split("_")[0]
    a, b = load(truth) > 0, load(glob.glob(f"{T}/o/**/*{name[4:]}*anat*.nii*", recursive=True)[0]) > 0
    worst = min(worst, 2 * (a & b).sum() / (a.sum() + b.sum()))
print(worst, len(truths), file=sys.stderr)
sys.exit(int(not truths or worst < 0.9))
PY
# One scan, or a folder of scans, whatever their names; maps beside them do not matter.
scan=$(find "$T/p" -name '*_T1w.nii*' | head -1) end=.nii.gz
mkdir -p "$T/plain/a" && cp "$scan" "$T/plain/first$end" && cp "$scan" "$T/plain/a/second$end" && cp "$scan" "$T/plain/first_seg$end"
by_brain() { rm -rf "$T/o2" && "$VOXGAN" synth brain --images "$1" --out "$T/o2" --format "${2:-bids}" --threads 1 --skull-strip ${3:-}; }
expect_ok 'first.*: read as a scan' by_brain "$T/plain/first$end"
expect "it has labels" [ -s "$T/o2/sub-first/anat/sub-first_seg-anatomy_dseg.nii.gz" ]
expect "and is stripped" [ -s "$T/o2/sub-first/anat/sub-first_scan.nii.gz" ]
expect_ok '2 subjects, scan; skipped 1 other' by_brain "$T/plain"
expect "each is a subject" [ "$(find "$T/o2" -name '*_dseg.nii.gz' | wc -l)" = 2 ]
expect_ok '1 subject' by_brain "$scan"
expect_fail 2 "a BraTS layout has no name for series 'scan'" by_brain "$T/plain" brats2021
rm "$T/plain/first_seg$end"
expect_fail 3 'layout scans takes each' "$VOXGAN" inspect "$T/plain"
# A scan in which no brain is found is a case that failed, and is named; the others are made.
/usr/bin/python3 - "$T" "$scan" <<'PY' || bad "odd scans"
import os, sys
import nibabel as nib, numpy as np
T, scan = sys.argv[1:]
os.makedirs(f"{T}/odd"), os.makedirs(f"{T}/small")
s = nib.load(scan)
nib.save(s, f"{T}/odd/good.nii.gz")
slice = np.zeros((40, 40, 1), "int16")
slice[20:23, 20:23] = 100
nib.save(nib.Nifti1Image(slice, np.eye(4)), f"{T}/odd/slice.nii.gz")
half = s.affine.copy()
half[:3, :3] *= 0.6
nib.save(nib.Nifti1Image(np.asarray(s.dataobj), half), f"{T}/small/child.nii.gz")
PY
expect_fail 1 'o2: 1 of 2 cases could not be made; the others are finished' by_brain "$T/odd"
expect "the scan is named" grep -q 'warning: case sub-slice: .*found no brain in the images of slice' "$T/stderr"
expect "the other has labels" [ -s "$T/o2/sub-good/anat/sub-good_seg-anatomy_dseg.nii.gz" ]
expect_fail 1 'o2: none of its 1 case could be made' by_brain "$T/odd/slice$end"
# So is one whose voxels are all equal, or whose file is damaged; alone it is bad input data.
/usr/bin/python3 - "$T" "$scan" <<'PY' || bad "bad scans"
import os, sys
import nibabel as nib, numpy as np
T, scan = sys.argv[1:]
os.makedirs(f"{T}/faults")
s = nib.load(scan)
nib.save(s, f"{T}/faults/good.nii.gz")
nib.save(nib.Nifti1Image(np.full(s.shape, 7, "int16"), s.affine), f"{T}/faults/flat.nii.gz")
bytes = open(f"{T}/faults/good.nii.gz", "rb").read()
open(f"{T}/faults/short.nii.gz", "wb").write(bytes[:len(bytes) // 2])
PY
expect_fail 1 'o2: 2 of 3 cases could not be made; the others are finished' by_brain "$T/faults"
expect "the flat scan is named" grep -q 'warning: case sub-flat: subject flat: .*flat.nii.gz: .*every voxel has the value 7' "$T/stderr"
expect "the damaged scan is named" grep -q 'warning: case sub-short: subject short: .*truncated' "$T/stderr"
expect "the good one has labels" [ "$(find "$T/o2" -name '*_dseg.nii.gz')" = "$T/o2/sub-good/anat/sub-good_seg-anatomy_dseg.nii.gz" ]
expect "and no other has a file" [ "$(find "$T/o2" -name '*.nii.gz' | grep -vc sub-good)" = 0 ]
rm "$T/faults/short.nii.gz"
expect_ok 'warning: case flat: subject flat: .*every voxel has the value 7' by_brain "$T/faults" bids --dry-run
# A fault of another series shows while the case is written: nothing of it stays.
for id in a b; do
  mkdir -p "$T/two/sub-$id/anat"
  for series in T1w T2w; do cp "$T/odd/good.nii.gz" "$T/two/sub-$id/anat/sub-${id}_$series.nii.gz"; done
done
head -c 2000 "$T/odd/good.nii.gz" >"$T/two/sub-b/anat/sub-b_T2w.nii.gz"
expect_fail 1 'o2: 1 of 2 cases could not be made; the others are finished' by_brain "$T/two"
expect "the fault is named" grep -q 'warning: case sub-b: .*sub-b_T2w.nii.gz: .*truncated' "$T/stderr"
expect "all files of the good case" [ "$(find "$T/o2" -name 'sub-a*.nii.gz' | wc -l)" = 3 ]
expect "no file of the other" [ "$(find "$T/o2" -name 'sub-b*.nii.gz' | wc -l)" = 0 ]
expect_fail 3 'flat.nii.gz: .*every voxel has the value 7' by_brain "$T/faults/flat$end"
cp "$T/odd/good.nii.gz" "$T/odd/better.nii.gz"
learn() { "$VOXGAN" train --data "$T/odd" --layout scans --out "$T/learn" --anatomy brain --dry-run --threads 1 --set data.series=scan --set net.ngf=4 \
  --set net.ndf=4 --set net.levels=2 --set data.spacing=4 "$@"; }
expect_fail 1 'predict:.*brain.*1 of 3 cases could not be made.*--skip-incomplete goes on without' learn
expect_ok 'skipped subject slice .*: it lacks an anatomy map' learn --skip-incomplete
# A brain of another size than an adult's is named.
expect_ok "1 of the 1 brains that were found is unlike an adult's, .*child: [0-9]+ ml" by_brain "$T/small"
/usr/bin/python3 - "$T" "$scan" <<'PY' || bad "a slice"
import os, sys
import nibabel as nib
os.makedirs(sys.argv[1] + "/flat2")
s = nib.load(sys.argv[2])
nib.save(s.slicer[:, :, s.shape[2] // 2:s.shape[2] // 2 + 1], sys.argv[1] + "/flat2/one.nii.gz")
PY
by_brain "$T/flat2" >/dev/null 2>"$T/stderr" || bad "labels of a slice"
expect "a slice has no size of a brain" sh -c "! grep -q 'unlike an adult' '$T/stderr'"
by_brain "$T/plain" >/dev/null 2>"$T/stderr"
expect "a phantom's size is an adult's" sh -c "! grep -q 'unlike an adult' '$T/stderr'"
# What else is called "brain" here.
prog=$(readlink -f "$VOXGAN")
mkdir -p "$T/w/brain" "$T/w/run" && cp "$T"/p/sub-*/anat/*_T1w.nii* "$T/w/brain/" && echo scans >"$T/w/notes"
cp models/brain.safetensors "$T/w/mine" && ln "$T/w/mine" "$T/w/run/model.safetensors"
one() { (cd "$T/w" && exec "$prog" synth "$1" --images "$T/p" --out "$T/named" --dry-run --threads 1); }
expect_ok 'model brain: .*/brain.safetensors, which comes with voxgan; ./brain names the folder here' one brain
expect_fail 3 './brain: holds no model.safetensors' one ./brain
expect_ok '' one run
expect "no line where a name means one thing" sh -c "! grep -q 'comes with voxgan' '$T/stderr'"
expect_ok '' one mine
expect_fail 3 'notes: ' one notes
ln "$T/w/mine" "$T/w/brain/model.safetensors"
expect_ok 'model brain: brain/model.safetensors, not .*, which comes with voxgan' one brain
finish
