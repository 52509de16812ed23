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
expect "the card names what no source tells" grep -q 'what 1 synthetic case was made from are nobody' "$set/README.md"
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

# A signal between two cases: exit 130, and the same command ends with the same files.
"$VOXGAN" phantom --out "$T/more" --subjects 12 --size 96 --seed 5 --layout brats2021 --threads 1 2>/dev/null || bad phantom
for signal in TERM HUP; do
  "$VOXGAN" mix "$T/more" "$T/made" --unchecked --threads 1 --copy --folds 2 --out "$T/stopped-$signal" >/dev/null 2>"$T/stopped.log" &
  pid=$!
  for _ in $(seq 400); do [ -n "$(ls "$T/stopped-$signal/Dataset501_Mixed/labelsTr" 2>/dev/null)" ] && break; sleep 0.01; done
  kill -$signal $pid 2>/dev/null
  wait $pid
  expect "SIG$signal exits 130" [ $? = 130 ]
  expect_ok '12 real and 4 synthetic' "$VOXGAN" mix "$T/more" "$T/made" --unchecked --threads 1 --copy --folds 2 --out "$T/stopped-$signal"
done

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
# The Decathlon calls BraTS's one class of necrosis and non-enhancing tumour non-enhancing.
cp -r "$T/Dataset137_BraTS" "$T/Dataset001_BrainTumour"
echo '{"channel_names": {"0": "FLAIR", "1": "T1gd"}, "labels": {"background": 0, "edema": 1, "non-enhancing tumor": 2, "enhancing tumour": 3},
  "numTraining": 1, "file_ending": ".nii.gz"}' >"$T/Dataset001_BrainTumour/dataset.json"
expect_ok 'necrosis is written as nonenhancing' mix --out "$T/raw" --name 507 --like "$T/Dataset001_BrainTumour"
if /usr/bin/python3 -c 'import nibabel' 2>/dev/null; then
  expect "necrosis has the value of non-enhancing tumour" /usr/bin/python3 - "$T/real/${ids[0]}/${ids[0]}_seg.nii.gz" "$T/raw/Dataset507_Synthetic/labelsTr/real_${ids[0]}.nii.gz" <<'PY'
import sys
import nibabel as nib, numpy as np
seg, label = (np.asarray(nib.load(p).dataobj).astype(int) for p in sys.argv[1:])
assert (seg == 1).any() and ((label == 2) == (seg == 1)).all() and ((label == 1) == (seg == 2)).all() and ((label == 3) == (seg == 4)).all()
PY
fi
echo '{"channel_names": {"0": "FLAIR", "1": "T1gd"}, "labels": {"background": 0, "edema": 1, "enhancing tumour": 2},
  "numTraining": 1, "file_ending": ".nii.gz"}' >"$T/Dataset001_BrainTumour/dataset.json"
expect_fail 3 'has no label for the class necrosis' mix --out "$T/raw" --name 508 --like "$T/Dataset001_BrainTumour"

# What a study of a study goes back to.
"$VOXGAN" phantom --out "$T/rich" --subjects 6 --size 32 --seed 4 --layout brats2021 --anatomy 2>/dev/null || bad phantom
"$VOXGAN" edit --labels "$T/rich" --edit scale:factor=0.8 --out "$T/first" --sheet 0 >/dev/null 2>&1
"$VOXGAN" edit --labels "$T/first" --donors "$T/rich" --edit graft:donor=random --per-case 2 --out "$T/second" --sheet 0 >/dev/null 2>&1
expect "sources are the cases of the first study" grep -q ',synth-00003,' "$T/second/manifest.csv"
expect "origins are real subjects" /usr/bin/python3 - "$T/second/manifest.csv" "${ids[@]}" <<'PY'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
real = set(sys.argv[2:])
assert len(rows) == 12
for k, r in enumerate(rows):
    assert r["origins"].split(";") == [sys.argv[2 + k // 2]] + r["donors"].split(";"), r
    assert set(r["origins"].split(";")) <= real and r["donors"] in real
PY
expect "a study of real subjects has no such column" sh -c "! head -1 '$T/first/manifest.csv' | grep -q origins"
for c in "$T"/second/synth-*; do
  for s in t1 t1ce t2 flair; do ln -s "$T/real/${ids[0]}/${ids[0]}_$s.nii.gz" "$c/$(basename "$c")_$s.nii.gz"; done
done
expect_ok '6 real and 12 synthetic' "$VOXGAN" mix "$T/real" "$T/second" --out "$T/raw" --name 503 --folds 3
expect "no case comes from nobody" sh -c "! grep -q 'nobody' '$T/stderr'"
expect "no fold trains on what goes back to a person it validates on" /usr/bin/python3 - "$T/second/manifest.csv" "$T/raw/Dataset503_Synthetic/splits_final.json" <<'PY'
import csv, json, sys
of = {"synth_" + r["id"]: set(r["origins"].split(";")) for r in csv.DictReader(open(sys.argv[1]))}
for fold in json.load(open(sys.argv[2])):
    val = {i[len("real_"):] for i in fold["val"]}
    made = {i for i in fold["train"] if i.startswith("synth_")}
    assert made == {i for i in of if not of[i] & val}, fold
PY
expect_fail 3 'learned from test subject' sh -c "mkdir '$T/gan'; printf '{\"train\": [\"synth-00001\"], \"val\": [], \"origins\": [\"x;${ids[0]}\"]}' >'$T/gan/split.json'; \
  '$VOXGAN' experiment --real '$T/real' --test '$T/real' --synth '$T/second' --gan '$T/gan' --out '$T/x' --dry-run --unchecked --set train.patch=16,16,16"

# Sources that cannot be compared with the real subjects.
printf 'a key of thirty-two bytes, fixed' >"$T/key" && chmod 600 "$T/key"
"$VOXGAN" edit --labels "$T/rich" --edit scale:factor=0.8 --out "$T/hidden" --anonymous "$T/key" --sheet 0 >/dev/null 2>&1
"$VOXGAN" edit --labels "$T/hidden" --edit scale:factor=0.8 --out "$T/hidden2" --sheet 0 --anonymous "$T/key" >/dev/null 2>&1
expect "hashes are not hashed again" sh -c "cut -d, -f1 '$T/hidden2/manifest.csv' >/dev/null; for h in \$(grep -oE '\\b[0-9a-f]{16}\\b' '$T/hidden/manifest.csv'); do grep -q \$h '$T/hidden2/manifest.csv' || exit 1; done"
for c in "$T"/hidden/synth-* "$T"/hidden2/synth-*; do
  for s in t1 t1ce t2 flair; do ln -s "$T/real/${ids[0]}/${ids[0]}_$s.nii.gz" "$c/$(basename "$c")_$s.nii.gz"; done
done
expect_fail 3 'its sources are hashed' "$VOXGAN" mix "$T/real" "$T/hidden" --out "$T/x" --folds 3
expect_ok '6 synthetic cases' "$VOXGAN" mix "$T/real" "$T/hidden" --out "$T/raw" --name 504 --folds 3 --key "$T/key"
expect_ok '6 synthetic cases' "$VOXGAN" mix "$T/real" "$T/hidden2" --out "$T/raw" --name 505 --folds 3 --key "$T/key"
for name in 504 505; do
  expect "$name: each of 3 folds trains on the cases of 4 of 6 persons" [ "$(grep -o 'synth_' "$T/raw/Dataset${name}_Synthetic/splits_final.json" | wc -l)" = 12 ]
done
expect_fail 3 'hidden: an anonymous data set' "$VOXGAN" mix "$T/hidden" "$T/second" --out "$T/x" --folds 3
rm "$T/hidden/dataset_description.json"
expect_fail 3 'its sources are hashed' "$VOXGAN" mix "$T/real" "$T/hidden" --out "$T/x" --folds 3

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
