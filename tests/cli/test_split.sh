# split: makes two data sets of links; all cases of a person are on one side.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/p" --subjects 5 --size 32 --seed 2 --layout brats2023 2>/dev/null || bad phantom
# The second of a person's scans.
first=$(ls "$T/p" | head -1)
second=${first%-*}-007
mkdir "$T/p/$second"
for f in "$T/p/$first"/*; do cp "$f" "$T/p/$second/$(basename "$f" | sed "s/$first/$second/")"; done

expect_ok '[0-9] cases in .*/train, [0-9] in .*/test' "$VOXGAN" split "$T/p/" --out "$T/s" --share 0.4
expect "six cases in all" [ "$(ls "$T/s/train" "$T/s/test" | grep -c BraTS)" = 6 ]
expect "a person is on one side" [ "$(ls -d "$T"/s/*/"${first%-*}"-* | xargs -n1 dirname | sort -u | wc -l)" = 1 ]
expect "links, and no copies" [ -z "$(find "$T/s/train" "$T/s/test" -type f ! -name voxgan-data.json)" ]
for side in train test; do
  expect_ok 'layout: brats2023' "$VOXGAN" inspect "$T/s/$side"
  expect_ok 't1, t1c, t2, flair, tumour map' "$VOXGAN" inspect "$T/s/$side"
done
expect_ok 'cases in' "$VOXGAN" split "$T/p" --out "$T/s" --share 0.4
expect_fail 2 'holds another split' "$VOXGAN" split "$T/p" --out "$T/s" --share 0.7
expect_fail 2 'lie within one another' "$VOXGAN" split "$T/p" --out "$T/p/s"
expect_fail 2 '--share is 1' "$VOXGAN" split "$T/p" --out "$T/x" --share 1
expect_fail 3 'no such file' "$VOXGAN" split "$T/nowhere" --out "$T/x"
mkdir "$T/one" && cp -r "$T/p/$first" "$T/p/$second" "$T/one"
expect_fail 3 'cases of one person' "$VOXGAN" split "$T/one" --out "$T/x"
expect "nothing was begun" [ ! -e "$T/x" ]

# The parts mean what the whole means: its layout, and the schemes that the user named.
one="--tumour-scheme 1=edge,2=rim,3=ring"
expect_ok 'cases in' "$VOXGAN" split "$T/p" --out "$T/named" $one --share 0.4
expect_ok 'classes of . tumour maps?: .*edge in .*, rim in .*, ring in ' "$VOXGAN" inspect "$T/named/test"
expect_ok 'layout brats2023, as its voxgan-data.json says' "$VOXGAN" edit --labels "$T/named/train" --dry-run
expect_ok 'classes: brain, edge, rim, ring' "$VOXGAN" edit --labels "$T/named/train" --dry-run
expect_ok 'classes: brain, core, tumour' "$VOXGAN" edit --labels "$T/named/train" --tumour-scheme 1=core,2-3=tumour --dry-run
expect_fail 2 'voxgan-data.json: this part was made with another layout or other label schemes' "$VOXGAN" split "$T/p" --out "$T/named" --share 0.4
expect_ok 'cases in' "$VOXGAN" split "$T/p" --out "$T/named" $one --share 0.4
expect "a scheme of the layout is left to it" sh -c "! grep -q labels '$T/s/train/voxgan-data.json'"
"$VOXGAN" phantom --out "$T/tissues" --subjects 3 --size 32 --layout bids 2>/dev/null || bad phantom
find "$T/tissues" -name '*.tsv' -delete
expect_ok 'cases in' "$VOXGAN" split "$T/tissues" --out "$T/scheme" --anatomy-scheme tissues
expect "a scheme with a name keeps it" grep -q '"anatomy_labels": "tissues"' "$T/scheme/test/voxgan-data.json"
cp -r "$T/s/train" "$T/noted" && echo '{"layout": "brats2032"}' >"$T/noted/voxgan-data.json"
expect_fail 3 "noted/voxgan-data.json: no layout 'brats2032'; did you mean brats2023" "$VOXGAN" inspect "$T/noted"
echo '{"tumour_labels": "1=core=2"}' >"$T/noted/voxgan-data.json"
expect_fail 3 'noted/voxgan-data.json: tumour_labels: ' "$VOXGAN" inspect "$T/noted"
echo '{"layout": ' >"$T/noted/voxgan-data.json"
expect_fail 3 'noted/voxgan-data.json' "$VOXGAN" inspect "$T/noted"

# A manifest.
{
  echo id,person,t1,tumour,remark
  for id in a b c; do
    map=$(find "$T/p" -name '*seg.nii.gz' | sort | sed -n "$(($(printf %d "'$id") - 96))p")
    echo "$id,$id,${map%seg.nii.gz}t1n.nii.gz,$map,none"
  done
} >"$T/m.csv"
expect_ok '2 cases in .*/train, 1 in .*/test' "$VOXGAN" split "$T/m.csv" --out "$T/c"
expect_ok '2 subjects, t1, tumour map' "$VOXGAN" inspect "$T/c/train/manifest.csv"
expect_ok '2 subjects, t1, tumour map' "$VOXGAN" inspect "$T/c/train"
expect_ok '2 in .*/train, 1 in|2 cases in' "$VOXGAN" split "$T/m.csv" --out "$T/c2" --tumour-scheme 1=edge,2=rim,3=ring
for part in "$T/c2/train" "$T/c2/train/manifest.csv"; do
  expect_ok 'classes of 2 tumour maps: .*edge in .*, rim in .*, ring in ' "$VOXGAN" inspect "$part"
done
# Several scans of a patient in a list that calls them so.
{
  echo id,patient_id,t1,tumour
  for i in 1 2 3 4 5 6; do echo "scan$i,patient$(((i + 1) / 2)),$T/phm/$i-t1.nii.gz,$T/phm/$i-seg.nii.gz"; done
} >"$T/scans.csv"
mkdir "$T/phm"
"$VOXGAN" phantom --out "$T/single" --subjects 1 --size 24 2>/dev/null || bad phantom
for i in 1 2 3 4 5 6; do
  cp "$T"/single/*/*_t1.nii.gz "$T/phm/$i-t1.nii.gz" && cp "$T"/single/*/*_seg.nii.gz "$T/phm/$i-seg.nii.gz"
done
for seed in 1 2 3 4; do
  expect_ok '4 cases in .*/train, 2 in .*/test' "$VOXGAN" split "$T/scans.csv" --out "$T/scans$seed" --seed $seed
  expect "they say who is a person" grep -q "takes persons from column 'patient_id'" "$T/stderr"
  expect "both scans of a patient are in test" [ "$(cut -d, -f2 "$T/scans$seed/test/manifest.csv" | tail -n +2 | sort -u | wc -l)" = 1 ]
done
# A slip of copying in a list.
{
  echo id,t1,t2,tumour
  echo "a,$T/phm/1-t1.nii.gz,$T/phm/2-t1.nii.gz,$T/phm/1-seg.nii.gz"
  echo "b,$T/phm/3-t1.nii.gz,$T/phm/3-t1.nii.gz,$T/phm/1-seg.nii.gz"
  echo "c,$T/phm/1-t1.nii.gz,,$T/phm/1-seg.nii.gz"
} >"$T/slips.csv"
expect_ok 'slips.csv:3: column t2: .*3-t1.nii.gz is already t1 of line 3' "$VOXGAN" inspect "$T/slips.csv"
expect "all are counted" grep -q 'slips.csv: 2 cells name an image' "$T/stderr"
expect_ok '' "$VOXGAN" inspect "$T/scans.csv"
expect "no warning without a slip" sh -c "! grep -q 'already' '$T/stderr'"
finish
