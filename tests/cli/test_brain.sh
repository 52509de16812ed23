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
by_brain() { rm -rf "$T/o2" && "$VOXGAN" synth brain --images "$1" --out "$T/o2" --format "${2:-bids}" --threads 1 --skull-strip; }
expect_ok 'first.*: read as a scan' by_brain "$T/plain/first$end"
expect "it has labels" [ -s "$T/o2/sub-first/anat/sub-first_seg-anatomy_dseg.nii.gz" ]
expect "and is stripped" [ -s "$T/o2/sub-first/anat/sub-first_scan.nii.gz" ]
expect_ok '2 subjects, scan; skipped 1 other' by_brain "$T/plain"
expect "each is a subject" [ "$(find "$T/o2" -name '*_dseg.nii.gz' | wc -l)" = 2 ]
expect_ok '1 subject' by_brain "$scan"
expect_fail 2 "a BraTS layout has no name for series 'scan'" by_brain "$T/plain" brats2021
rm "$T/plain/first_seg$end"
expect_fail 3 'layout scans takes each' "$VOXGAN" inspect "$T/plain"
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
