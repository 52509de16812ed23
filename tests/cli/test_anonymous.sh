# An anonymous data set gives no source away, and experiment checks it with its key or not at all.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/ph" --subjects 4 --size 24 --anatomy --layout brats2021 2>/dev/null || bad phantom
ids="4837261 90125 7700113 31415926"
set -- $ids
for i in 1 2 3 4; do
  mkdir -p "$T/in/$1"
  for f in "$T/ph/BraTS2021_0000$i"/*; do cp "$f" "$T/in/$1/$(basename "$f" | sed "s/BraTS2021_0000$i/$1/")"; done
  shift
done
# A fixed key, so that the bytes, and chance finds among them, are the same in every run.
printf 'a key of thirty-two bytes, fixed' >"$T/key"
printf 'another key of the same length..' >"$T/wrong"
chmod 600 "$T/key" "$T/wrong"
hosts="--labels $T/in --layout brats2021"
check() { /usr/bin/python3 tests/oracle/anonymous_check.py "$1" "$T/key" "$T/in" $ids; }

"$VOXGAN" edit $hosts --edit scale:factor=1.2 --out "$T/open" --prefix synth --sheet 4 >/dev/null 2>&1
expect "the search finds ids where they are" sh -c "! /usr/bin/python3 tests/oracle/anonymous_check.py '$T/open' '$T/key' '$T/in' $ids >/dev/null"
for format in brats2021 brats2023 bids nnunet; do
  expect_ok '12 cases made' "$VOXGAN" edit $hosts --edit scale:factor=1.2 --per-case 3 --format $format --out "$T/$format" \
    --anonymous "$T/key" --sheet 12
  expect "$format gives no id away" check "$T/$format"
done
expect_ok '8 cases made' "$VOXGAN" edit $hosts --edit graft:donor=random --per-case 2 --out "$T/graft" --anonymous "$T/key" --sheet 4
expect "nor do donors" check "$T/graft"
for i in 1 2; do
  expect_ok '2 cases made' "$VOXGAN" edit $hosts --edit scale:factor=1.2 --out "$T/parts" --anonymous "$T/key" --shard $i/2
done
expect_ok '' "$VOXGAN" synth --finish "$T/parts"
expect "nor do shards" check "$T/parts"
"$VOXGAN" edit $hosts --edit scale:ml=900,fit=0.99 --redraws 1 --out "$T/fail" --anonymous "$T/key" >/dev/null 2>&1
expect "nor do failures" sh -c "! grep -rqE '$(echo $ids | tr ' ' '|')' '$T/fail'"
cat >"$T/plan.json" <<'JSON'
{"cohorts": [{"name": "all", "count": 6, "edits": ["scale:factor=1.2"]}]}
JSON
expect_ok '6 cases made' "$VOXGAN" edit $hosts --plan "$T/plan.json" --out "$T/planned" --anonymous "$T/key"
expect "nor do plans" sh -c "! grep -rqE '$(echo $ids | tr ' ' '|')' '$T/planned'"
expect_ok '4 cases, seed 1' "$VOXGAN" edit $hosts --edit scale:factor=1.2 --anonymous "$T/key" --dry-run

# The key.
printf 'fifteen letters' >"$T/short"
expect_fail 2 'short: has 15 bytes, but must have at least 16' "$VOXGAN" edit $hosts --edit scale:factor=1.2 --out "$T/x" --anonymous "$T/short"
expect "nothing was begun" [ ! -e "$T/x" ]
cp "$T/key" "$T/seen"
chmod 640 "$T/seen"
expect_ok 'seen: other users can read it' "$VOXGAN" edit $hosts --edit scale:factor=1.2 --out "$T/seen_out" --anonymous "$T/seen"
expect_ok '0 cases made, 12 kept' "$VOXGAN" edit $hosts --edit scale:factor=1.2 --per-case 3 --format bids --out "$T/bids" --anonymous "$T/key" --sheet 12
expect "no warning for a key of one's own" sh -c "! grep -q 'can read it' '$T/stderr'"
expect_fail 2 'another study' "$VOXGAN" edit $hosts --edit scale:factor=1.2 --per-case 3 --format bids --out "$T/bids" --anonymous "$T/wrong" --sheet 12

# Experiment. Cases follow keyed hashes, and get any images.
"$VOXGAN" split "$T/in" --out "$T/p" --share 0.5 --layout brats2021 >/dev/null 2>&1
"$VOXGAN" edit $hosts --edit scale:factor=1.2 --out "$T/an" --anonymous "$T/key" --sheet 0 >/dev/null 2>&1
for c in "$T"/an/synth-*; do
  for s in t1 t1ce t2 flair; do cp "$T/in/90125/90125_$s.nii.gz" "$c/$(basename "$c")_$s.nii.gz"; done
done
try() { "$VOXGAN" experiment --real "$T/p/train" --test "$T/p/test" --layout brats2021 --test-layout brats2021 --synth-layout brats2021 \
  --synth "$T/an" --out "$T/x" --dry-run --set train.patch=16,16,16 "$@"; }
expect_fail 3 'an: its sources are hashed; give the key file' try
expect_fail 2 'key file: .*wrong: is not the key of .*an' try --key "$T/wrong"
expect_ok '2 to test on, 2 synthetic; 2 excluded' try --key "$T/key"
expect_ok 'not checked: whether synthetic cases were made from test subjects' try --unchecked
expect "on stdout too" grep -q 'not checked' "$T/stdout"
cp "$T/an/manifest.csv" "$T/an.csv"
/usr/bin/python3 -c "
import csv, sys
csv.writer(open(sys.argv[2], 'w'), delimiter=';').writerows(
    [c.replace('.', ',') for c in r] for r in csv.reader(open(sys.argv[1])))" "$T/an.csv" "$T/an/manifest.csv"
expect_ok '2 to test on, 2 synthetic; 2 excluded' try --key "$T/key"
cp "$T/an.csv" "$T/an/manifest.csv"
mv "$T/an/dataset_description.json" "$T/an.json"
expect_fail 3 'its sources are hashed' try
expect_fail 3 'no hashed source is a subject of the real data' try --key "$T/wrong"
expect_ok '2 excluded' try --key "$T/key"
cp "$T/an.json" "$T/p/test/dataset_description.json"
expect_fail 3 'test: an anonymous data set' try --key "$T/key"
finish
