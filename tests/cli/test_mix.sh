# mix: one nnU-Net data set of real and synthetic cases, whose folds do not leak.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/real" --subjects 6 --size 32 --seed 4 --layout brats2021 2>/dev/null || bad phantom
"$VOXGAN" phantom --out "$T/made" --subjects 4 --size 32 --seed 9 --layout brats2023 2>/dev/null || bad phantom
ids=($(cd "$T/real" && ls -d BraTS*/ | tr -d /))
made=($(cd "$T/made" && ls -d */ | tr -d /))
# As synth writes it: what each case was made from, and the donor of its tumour.
{
  echo 'id,source,donors'
  echo "${made[0]},${ids[0]},"
  echo "${made[1]},${ids[1]},${ids[2]};${ids[3]}"
  echo "${made[2]},${ids[4]},${ids[4]}"
  echo "${made[3]},somebody-else,"
} >"$T/made/manifest.csv"
mix() { "$VOXGAN" mix "$T/real" "$T/made" "$@"; }

expect_ok '6 real and 4 synthetic cases in 3 folds of 6 persons' mix --out "$T/raw" --name 501_Glioma --folds 3 --licence 'CC BY 4.0'
set=$T/raw/Dataset501_Glioma
expect "images are links" [ -L "$set/imagesTr/real_${ids[0]}_0000.nii.gz" ]
expect "label maps are not" [ ! -L "$set/labelsTr/real_${ids[0]}.nii.gz" ]
expect "40 images" [ "$(find "$set/imagesTr" -name '*.nii.gz' | wc -l)" = 40 ]
expect "a card" grep -q '6 real cases of 6 persons and 4 synthetic cases' "$set/README.md"
expect_ok '10 subjects' "$VOXGAN" inspect "$set"
expect_ok '' mix --out "$T/raw" --name 501_Glioma --folds 3 --licence 'CC BY 4.0' --quiet
# A manifest that a spreadsheet of a country with decimal commas has saved.
cp "$T/made/manifest.csv" "$T/manifest.csv"
/usr/bin/python3 -c "
import csv, sys
rows = list(csv.reader(open(sys.argv[1])))
rows = [r + [c] for r, c in zip(rows, ['tumour_ml', '1,5', '2,25', '0,5', '7,0'])]
csv.writer(open(sys.argv[2], 'w'), delimiter=';').writerows(rows)" "$T/manifest.csv" "$T/made/manifest.csv"
expect_ok '6 real and 4 synthetic cases in 3 folds of 6 persons' mix --out "$T/sheet" --name 501_Glioma --folds 3
expect "the same folds" cmp "$set/splits_final.json" "$T/sheet/Dataset501_Glioma/splits_final.json"
cp "$T/manifest.csv" "$T/made/manifest.csv"
if /usr/bin/python3 -c 'import nibabel' 2>/dev/null; then
  expect "folds and labels" /usr/bin/python3 - "$set" "$T" "${ids[*]}" "${made[*]}" <<'PY'
import json, os, sys
import nibabel as nib, numpy as np
root, top, ids, made = sys.argv[1], sys.argv[2], sys.argv[3].split(), sys.argv[4].split()
d = json.load(open(root + "/dataset.json"))
assert d["labels"] == {"background": 0, "whole tumor": [1, 2, 3], "tumor core": [2, 3], "enhancing tumor": [3]}, d
assert d["regions_class_order"] == [1, 2, 3] and d["numTraining"] == 10 and d["licence"] == "CC BY 4.0"
assert d["channel_names"] == {"0": "T1", "1": "T1ce", "2": "T2", "3": "Flair"}
# BraTS: 1 necrosis, 2 oedema, 4 (2021) or 3 (2023) enhancing; nnU-Net: 1 oedema, 2 necrosis, 3 enhancing.
def same(a, b, table):
    a, b = (np.asarray(nib.load(p).dataobj).astype(int) for p in (a, b))
    assert a.any() and (np.vectorize(table.get)(a) == b).all()
for i in ids:
    same(f"{top}/real/{i}/{i}_seg.nii.gz", f"{root}/labelsTr/real_{i}.nii.gz", {0: 0, 1: 2, 2: 1, 4: 3})
for i in made:
    same(f"{top}/made/{i}/{i}-seg.nii.gz", f"{root}/labelsTr/synth_{i}.nii.gz", {0: 0, 1: 2, 2: 1, 3: 3})
assert os.path.realpath(f"{root}/imagesTr/real_{ids[0]}_0003.nii.gz") == os.path.realpath(f"{top}/real/{ids[0]}/{ids[0]}_flair.nii.gz")
splits = json.load(open(root + "/splits_final.json"))
assert len(splits) == 3
of = {made[0]: {ids[0]}, made[1]: {ids[1], ids[2], ids[3]}, made[2]: {ids[4]}, made[3]: set()}
seen = []
for fold in splits:
    val = [i[len("real_"):] for i in fold["val"]]
    assert all(i.startswith("real_") for i in fold["val"]) and len(val) == 2
    seen += val
    want = {"real_" + i for i in ids if i not in val} | {"synth_" + m for m in made if not of[m] & set(val)}
    assert set(fold["train"]) == want, (fold, want)
assert sorted(seen) == sorted(ids)
PY
fi

# Following another data set: its channels, labels and regions.
mkdir -p "$T/Dataset137_BraTS/imagesTr" "$T/Dataset137_BraTS/labelsTr"
for c in 0 1; do cp "$T/real/${ids[0]}/${ids[0]}_t2.nii.gz" "$T/Dataset137_BraTS/imagesTr/x_000$c.nii.gz"; done
cp "$T/real/${ids[0]}/${ids[0]}_seg.nii.gz" "$T/Dataset137_BraTS/labelsTr/x.nii.gz"
echo '{"channel_names": {"0": "FLAIR", "1": "T1 post"}, "labels": {"background": 0, "necrosis": 1, "edema": 2, "enhancing": 3},
  "numTraining": 1, "file_ending": ".nii.gz"}' >"$T/Dataset137_BraTS/dataset.json"
expect_ok '6 real and 4 synthetic' mix --out "$T/raw" --name 502 --like "$T/Dataset137_BraTS"
expect "its labels" grep -q '"edema": 2' "$T/raw/Dataset502_Synthetic/dataset.json"
expect "its channels" grep -q '"1": "T1 post"' "$T/raw/Dataset502_Synthetic/dataset.json"
expect "flair first" sh -c "readlink '$T/raw/Dataset502_Synthetic/imagesTr/real_${ids[0]}_0000.nii.gz' | grep -q flair"

expect_fail 2 'too few arguments' "$VOXGAN" mix "$T/real" --out "$T/x"
expect_fail 2 'mix writes only nnunet' mix --out "$T/x" --format bids
expect_fail 2 'must be from 2 to 100' mix --out "$T/x" --folds 1
expect_fail 2 'a number from 1 to 999' mix --out "$T/x" --name 1000_A
expect_fail 3 '6 persons cannot be dealt to 7 folds' mix --out "$T/x" --folds 7
expect_fail 2 'another|holds|not made' mix --out "$T/raw" --name 501_Glioma --folds 3 --seed 2
sed -i '2d' "$T/made/manifest.csv"
expect_fail 3 "does not say what .* was made from.*--unchecked" mix --out "$T/x" --folds 3
rm "$T/made/manifest.csv"
expect_fail 3 "has no manifest.csv.*--unchecked" mix --out "$T/x" --folds 3
expect_ok '4 synthetic cases' mix --out "$T/x" --folds 3 --unchecked
finish
