# Data sets in other tools' formats: what voxgan reads from them is what it wrote as NIfTI.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/plain" --subjects 3 --size 32 --seed 4 --layout brats2021 2>/dev/null || bad phantom
if ! /usr/bin/python3 -c 'import nibabel' 2>/dev/null; then
  echo "skipped: /usr/bin/python3 cannot import nibabel"
  finish
fi
/usr/bin/python3 tests/oracle/other_formats.py "$T/plain" "$T" || bad "other_formats.py"

expect_ok 'guessed layout msd' "$VOXGAN" inspect "$T/Task01_BrainTumour"
for set in Task01_BrainTumour mgz; do
  [ $set = mgz ] && root=$T/mgz/manifest.csv || root=$T/$set
  expect_ok '' "$VOXGAN" eval --real "$T/plain" --synth "$root" --suite image,overlap --out "$T/eval-$set" --quiet --no-gallery
  # Every voxel is the same: no difference in any series, and a Dice of 1 in any region.
  wrong=$(awk -F, '($4 == "mae" && $5 != 0) || ($4 == "dice" && $5 != 1)' "$T/eval-$set/metrics.csv" | wc -l)
  expect "$set: voxels agree" [ "$wrong" = 0 ]
  expect "$set: four series of three subjects" [ "$(grep -c 'brain,mae' "$T/eval-$set/metrics.csv")" = 12 ]
  expect "$set: label maps" [ "$(grep -c 'WT,dice,1' "$T/eval-$set/metrics.csv")" = 3 ]
done
expect_ok '' "$VOXGAN" split "$T/Task01_BrainTumour" --out "$T/parts" --share 0.4
expect "a link for a file of four series" [ "$(find "$T/parts" -name '*.nii.gz' -type l | wc -l)" = 6 ]
expect_ok '1 subject' "$VOXGAN" inspect "$T/parts/test"
expect_ok '' "$VOXGAN" split "$T/pairs/manifest.csv" --out "$T/pair-parts" --share 0.4
for side in train test; do expect_ok '' "$VOXGAN" inspect "$T/pair-parts/$side/manifest.csv"; done
for head in $(find "$T/pair-parts" -name '*.mhd'); do expect_ok 'MetaImage' "$VOXGAN" inspect "$head"; done
expect_ok 'cases made' "$VOXGAN" edit --labels "$T/Task01_BrainTumour" --edit scale:factor=0.8 --out "$T/edited" --sheet 0

# TumorSynth gives the whole tumour FreeSurfer's value of an amygdala, which has 1 to 2 ml.
/usr/bin/python3 - "$T" <<'PY'
import os, sys
import nibabel as nib, numpy as np
for name, edge in (("large", 20), ("small", 10)):
    data = np.zeros((40, 40, 40), np.uint8)
    data[5:35, 5:35, 5:35] = 2
    data[10:10 + edge, 10:10 + edge, 10:10 + edge] = 18
    os.makedirs(f"{sys.argv[1]}/{name}/sub-1/anat")
    nib.save(nib.Nifti1Image(data, np.eye(4)), f"{sys.argv[1]}/{name}/sub-1/anat/sub-1_dseg.nii.gz")
PY
for size in large small; do
  "$VOXGAN" inspect "$T/$size" --anatomy-scheme freesurfer >/dev/null 2>"$T/$size.log" || bad "inspect $size"
done
expect "8 ml of value 18 are named" grep -q 'value 18.*fills 8 ml.*tumorsynth' "$T/large.log"
# The same by every way in to FreeSurfer's values: a column that names SynthSeg, a scheme written out, label maps alone.
map=$T/large/sub-1/anat/sub-1_dseg.nii.gz
printf 'id,synthseg\np1,%s\n' "$map" >"$T/synthseg.csv"
printf 'id,anatomy\np1,%s\n' "$map" >"$T/anatomy.csv"
mkdir "$T/alone" && cp "$map" "$T/alone/p1_labels.nii.gz"
named='value 18, .*fills 8 ml.*tumorsynth'
expect_ok "$named" "$VOXGAN" inspect "$T/synthseg.csv"
expect_ok "$named" "$VOXGAN" inspect "$T/anatomy.csv" --anatomy-scheme synthseg
expect_ok "$named" "$VOXGAN" inspect "$T/anatomy.csv" --anatomy-scheme 2=wm,41=wm,18=deep,54=deep
expect_ok "$named" "$VOXGAN" inspect "$T/alone"
expect "18 of a scheme of one's own may be large" sh -c "! '$VOXGAN' inspect '$T/anatomy.csv' --anatomy-scheme 2=wm,18=gm 2>&1 | grep -q tumorsynth"
expect "1 ml is an amygdala" sh -c "! grep -q tumorsynth '$T/small.log'"
expect_ok '1 subject' "$VOXGAN" inspect "$T/large" --anatomy-scheme tumorsynth --tumour-scheme tumorsynth
# voxgan says what a header lacks, and drops nothing of what it has.
/usr/bin/python3 - "$T" <<'PY'
import struct, sys
import numpy as np
voxels = (np.arange(4 * 5 * 6) % 7).astype("<i2").tobytes()
def nrrd(name, *lines):
    head = ["NRRD0004", "type: short", "dimension: 3", "sizes: 4 5 6", "encoding: raw", *lines]
    open(f"{sys.argv[1]}/{name}", "wb").write("\n".join(head).encode() + b"\n\n" + voxels)
def mha(name, *lines):
    head = ["ObjectType = Image", "NDims = 3", "DimSize = 4 5 6", "ElementType = MET_SHORT", *lines, "ElementDataFile = LOCAL"]
    open(f"{sys.argv[1]}/{name}", "wb").write("\n".join(head).encode() + b"\n" + voxels)
nrrd("nan.nrrd", "endian: little", "spacings: 0.5 nan 2")
nrrd("steps.nrrd", "endian: little", "space dimension: 3", "space directions: (0.5,0,0) (0,1.5,0) (0,0,2)")
nrrd("middle.nrrd", "endian: middle", "spacings: 1 1 1")
mha("bare.mha")
mha("turned.mha", "TransformMatrix = 1 0 0 0 1 0 0 0 1", "ElementSpacing = 0.5 1 2")
mgh = struct.pack(">iiiiiiih", 1, 4, 5, 6, 1, 4, 0, 0) + bytes(284 - 30) + np.arange(120).astype(">i2").tobytes()
open(f"{sys.argv[1]}/bare.mgh", "wb").write(mgh)
for name in ("apart.nrrd", "apart.mha"):
    open(f"{sys.argv[1]}/{name}.raw", "wb").write(voxels)
open(f"{sys.argv[1]}/apart.nrrd", "w").write("NRRD0004\ntype: short\ndimension: 3\nsizes: 4 5 6\nendian: little\n"
    "encoding: raw\nspacings: 1 1 1\ndata file: apart.nrrd.raw\n\n")
open(f"{sys.argv[1]}/apart.mha", "w").write("ObjectType = Image\nNDims = 3\nDimSize = 4 5 6\nElementType = MET_SHORT\n"
    "ElementDataFile = apart.mha.raw\n")
open(f"{sys.argv[1]}/apart.csv", "w").write("id,t1\na,apart.nrrd\nb,apart.mha\n")
PY
expect_ok 'no voxel size along y; 1 mm is taken' "$VOXGAN" inspect "$T/nan.nrrd"
expect "the other sizes are kept" grep -q '0.5.*1.*2' "$T/stdout"
expect_ok 'no orientation' "$VOXGAN" inspect "$T/steps.nrrd"
expect "lengths of directions are sizes" grep -q '0.5.*1.5.*2' "$T/stdout"
expect_fail 3 "no usable 'endian': 'middle'" "$VOXGAN" inspect "$T/middle.nrrd"
expect_ok 'no ElementSpacing; voxels of 1 mm are taken' "$VOXGAN" inspect "$T/bare.mha"
expect "nor an orientation" grep -q 'no TransformMatrix' "$T/stderr"
expect_ok '' "$VOXGAN" inspect "$T/turned.mha"
expect "nothing is missing" sh -c "! grep -q warning '$T/stderr'"
expect_ok 'no orientation .its flag is 0' "$VOXGAN" inspect "$T/bare.mgh"
# Voxels beside a header of any ending go with it.
expect_ok '' "$VOXGAN" split "$T/apart.csv" --out "$T/apart" --share 0.5
for side in train test; do
  expect "$side: its voxels are linked" [ "$(find "$T/apart/$side" -name '*.raw' | wc -l)" = 1 ]
  expect_ok '1 subject' "$VOXGAN" inspect "$T/apart/$side/manifest.csv"
done
finish
