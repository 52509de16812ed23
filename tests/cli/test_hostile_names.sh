# Names from data: none leads out of --out, reaches a terminal raw, or runs in a spreadsheet.
. tests/cli/lib.sh

mkdir -p "$T/a/b/data"
"$VOXGAN" phantom --out "$T/p" --subjects 2 --size 24 --anatomy --layout brats2021 2>/dev/null || bad phantom
one=BraTS2021_00001 two=BraTS2021_00002
for s in t1 seg anat; do
  cp "$T/p/$one/${one}_$s.nii.gz" "$T/a/b/data/one-$s.nii.gz"
  cp "$T/p/$two/${two}_$s.nii.gz" "$T/a/b/data/two-$s.nii.gz"
done
for f in t1 seg anat x evil; do echo precious >"$T/a/$f"; done
state() { (cd "$T" && find a -not -path 'a/b/out*' \( -type f -o -type l \) | LC_ALL=C sort | xargs -d '\n' sha256sum && find a -not -path 'a/b/out*' | LC_ALL=C sort) | sha256sum; }

esc=$(printf '\033]0;owned\007')
long=$(printf 'x%.0s' $(seq 300))
hostile=('..' '../evil' '../../evil' '/tmp/voxgan-evil' '.hidden' '-rf' 'a/b' 'a\b' '' "$esc" "$(printf 'a\nb')" "$(printf 'a\rb')" "$(printf 'a\tb')"
  "$(printf '\302\233[2J')" "$(printf 'a\377')" "$(printf 'a\342\200\256cod')" "$(printf '\300\256\300\256')" "$long")

# Every command that reads a manifest, and writes.
commands() {
  cat <<'C'
split M --out out --share 0.5
edit --labels M --edit scale:factor=1.2 --out out --sheet 2
edit --labels M --out out --sheet 2
edit --labels M --donors M --edit graft:donor=random --out out --format bids --sheet 2
join --tumour M --anatomy M --out out
eval --real M --synth M --out out
experiment --real M --synth M --out out --set train.patch=16,16,16
inspect M
C
}
# printable FILE: no byte that a terminal may act on.
printable() { ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]|[\xc0\xff]' "$1"; }
cell() { printf '"%s"' "${1//\"/\"\"}"; }
for bad in "${hostile[@]}"; do
  for where in id person column; do
    [ -n "$bad" ] || [ $where = id ] || continue
    id=q person=q column=t1
    printf -v $where '%s' "$bad"
    {
      printf 'id,person,%s,tumour,anatomy\n' "$(cell "$column")"
      printf '%s,%s,one-t1.nii.gz,one-seg.nii.gz,one-anat.nii.gz\n' "$(cell "$id")" "$(cell "$person")"
      printf 'r,r,two-t1.nii.gz,two-seg.nii.gz,two-anat.nii.gz\n'
    } >"$T/m.csv"
    cp "$T/m.csv" "$T/a/b/data/m.csv"
    before=$(state)
    while read -r line; do
      rm -rf "$T/a/b/out"
      (cd "$T/a/b" && "$VOXGAN" ${line//M/data/m.csv}) >"$T/stdout" 2>"$T/stderr"
      rc=$?
      expect "$where '$bad' is refused by: $line" [ $rc = 3 ]
      expect "in a line that names the file: $line" grep -q '^voxgan [a-z]*: .*m.csv.*cannot be part of a file' "$T/stderr"
      cat "$T/stdout" "$T/stderr" >"$T/said"
      expect "without raw bytes: $line" printable "$T/said"
      expect "and changes nothing: $line" [ "$(state)" = "$before" ]
      expect "nor writes: $line" [ -z "$(find "$T/a/b/out" -type f 2>/dev/null)" ]
    done < <(commands)
  done
done
expect "nothing in /tmp" [ ! -e /tmp/voxgan-evil ]

# Other ways in: prefixes, series of a config, cohorts, and records and descriptions that were altered.
labels="--labels $T/p --layout brats2021"
for bad in .. ../x /x .x -x "$esc"; do
  expect_fail 2 'prefix.*cannot be part of a file|takes a value|prefix' "$VOXGAN" edit $labels --edit scale:factor=1.2 --out "$T/x" --prefix "$bad"
done
for bad in .. -x .x ../x; do
  printf '{"cohorts": [{"name": "%s", "count": 2, "edits": ["scale:factor=1.2"]}]}' "$bad" >"$T/plan.json"
  expect_fail 2 'plan.json: .*name' "$VOXGAN" edit $labels --plan "$T/plan.json" --out "$T/x"
done
expect "nothing was begun" [ ! -e "$T/x" ]
expect_ok '2 cases made' "$VOXGAN" edit $labels --edit scale:factor=1.2 --out "$T/e" --sheet 0
cp -r "$T/e" "$T/e2"
sed -i 's|synth-00001/synth-00001_seg|../a/seg/../x|' "$T/e2/.voxgan/cases/synth-00001.json"
expect_fail 3 'not the record of a case' "$VOXGAN" synth --finish "$T/e2" --sheet 0
sed -i 's|,synth-00001/synth-00001_seg.nii.gz|,synth-00001/../../a/t1|' "$T/e/manifest.csv"
expect_fail 3 'is no file of a data set' "$VOXGAN" synth --verify "$T/e"
sed -i 's|"series":[^]]*\]|"series": ["../../x"]|' "$T/e2/dataset_description.json"
expect_fail 3 'series' "$VOXGAN" synth --finish "$T/e2" --sheet 0

# A folder whose names do not print.
mkdir "$T/s"
touch "$T/s/A_1${esc}_t1.nii" "$T/s/A_2_t1.nii"
"$VOXGAN" inspect "$T/s" >"$T/said" 2>&1
expect "a file's name is escaped" grep -q '\\u001b]0;owned\\u0007' "$T/said"
expect "and not raw" sh -c "! grep -q '$(printf '\033')' '$T/said'"
"$VOXGAN" inspect "$T/$esc" >"$T/said" 2>&1
expect "an argument is escaped too" sh -c "grep -q 'u001b' '$T/said' && ! grep -q '$(printf '\033')' '$T/said'"

# A model's metadata, as text and as JSON.
/usr/bin/python3 - "$T" <<'P'
import json, struct, sys
h = json.dumps({"__metadata__": {"note": "\x1b]0;owned\x07\u009b2J \u202e"}}, ensure_ascii=False).encode()
open(sys.argv[1] + '/m.safetensors', 'wb').write(struct.pack('<Q', len(h)) + h)
P
if [ -e "$T/m.safetensors" ]; then
  expect_ok 'note: \\u001b]0;owned\\u0007\\u009b2J \\u202e' "$VOXGAN" inspect "$T/m.safetensors"
  "$VOXGAN" inspect --json "$T/m.safetensors" >"$T/json"
  expect "JSON stays valid and equal" /usr/bin/python3 -c "
import json, sys
sys.exit(json.load(open('$T/json'))['note'] != '\x1b]0;owned\x07\u009b2J \u202e')"
fi

# Formulas: ids are text to a spreadsheet, and read back by voxgan.
for lead in '=' '+' '@'; do
  printf 'id,t1\n"%sHYPERLINK(""http:evil"",""x"")",one-t1.nii.gz\nr,two-t1.nii.gz\n' "$lead" >"$T/a/b/data/m.csv"
  expect_ok '' "$VOXGAN" eval --real "$T/a/b/data/m.csv" --synth "$T/a/b/data/m.csv" --out "$T/ev"
  expect "no cell begins with $lead" sh -c "! grep -rqE '(^|,|\")\\$lead' '$T/ev/metrics.csv'"
  expect "it is marked" grep -q "^\"'${lead}HYPERLINK" "$T/ev/metrics.csv"
  expect_ok '' "$VOXGAN" split "$T/a/b/data/m.csv" --out "$T/sp$lead" --share 0.5
  expect_ok "id: \\${lead}HYPERLINK" sh -c "'$VOXGAN' inspect '$T/sp$lead/train/manifest.csv'; '$VOXGAN' inspect '$T/sp$lead/test/manifest.csv'"
done
finish
