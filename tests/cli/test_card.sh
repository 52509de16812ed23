# Every data set says what it is: the mark in the headers of synthetic files, the licence, the card.
. tests/cli/lib.sh
/usr/bin/python3 -c 'import nibabel' 2>/dev/null || { echo "skipped: no nibabel for Python"; exit 77; }
"$VOXGAN" phantom --out "$T/p" --subjects 2 --size 32 --seed 1 --anatomy 2>/dev/null || bad phantom
version=$("$VOXGAN" --version | sed -n 's/^voxgan \([0-9.]*\).*/\1/p')
# marks FOLDER: the distinct descriptions of its volumes.
marks() {
  /usr/bin/python3 -c '
import glob, sys, nibabel
files = glob.glob(sys.argv[1] + "/**/*.nii.gz", recursive=True)
print(sorted({bytes(nibabel.load(f).header["descrip"]).rstrip(b"\0").decode() for f in files}))' "$1"
}
is_marked() { [ "$(marks "$1")" = "['synthetic: voxgan $version']" ]; }
is_bare() { [ "$(marks "$1")" = "['']" ]; }

expect "phantoms are not marked" is_bare "$T/p"
expect_ok '2 cases made' "$VOXGAN" edit --labels "$T/p" --edit scale:factor=0.8 --out "$T/edited" --licence 'CC BY 4.0 | own' --sheet 0
expect "edited maps are marked" is_marked "$T/edited"
expect_ok '2 cases made' "$VOXGAN" edit --labels "$T/p" --edit scale:factor=0.8 --out "$T/unmarked" --unmarked --sheet 0
expect "--unmarked leaves it out" is_bare "$T/unmarked"
expect_fail 2 'another study, model or settings' "$VOXGAN" edit --labels "$T/p" --edit scale:factor=0.8 --out "$T/unmarked" --sheet 0
expect_ok '2 cases made' "$VOXGAN" edit --labels "$T/p" --out "$T/same" --sheet 0
expect "maps that no edit changed are not marked" is_bare "$T/same"
expect_ok '2 cases made' "$VOXGAN" join --tumour "$T/p" --anatomy "$T/p" --out "$T/joined" --copy --licence 'see LICENCE.txt' --sheet 0
expect "joined scans are not marked" is_bare "$T/joined"
expect "no identifiers are seen in the mark" sh -c "'$VOXGAN' eval --real '$T/p' --synth '$T/edited' --suite privacy --out '$T/e' >/dev/null 2>&1; grep -q . '$T/e/identifiers.csv' && ! grep -q descrip '$T/e/identifiers.csv'"

# The licence: BIDS's word, nnU-Net's word, and the card.
field() { /usr/bin/python3 -c 'import json, sys; print(json.load(open(sys.argv[1])).get(sys.argv[2]))' "$1" "$2"; }
expect "BIDS License" [ "$(field "$T/edited/dataset_description.json" License)" = 'CC BY 4.0 | own' ]
expect "none where none was named" [ "$(field "$T/same/dataset_description.json" License)" = None ]
expect "of joined scans" [ "$(field "$T/joined/dataset_description.json" License)" = 'see LICENCE.txt' ]
expect_ok '2 cases made' "$VOXGAN" edit --labels "$T/p" --edit scale:factor=0.8 --format nnunet --name 501_S --out "$T/nn" --licence CC0 --sheet 0
expect "nnU-Net licence" [ "$(field "$T/nn/Dataset501_S/dataset.json" licence)" = CC0 ]
rm "$T/nn/README.md" "$T/nn/Dataset501_S/dataset.json"
expect_ok 'all as the manifest says' "$VOXGAN" synth --finish "$T/nn" --sheet 0
expect "--finish keeps the licence" [ "$(field "$T/nn/Dataset501_S/dataset.json" licence)" = CC0 ]
expect "the card names it" grep -q '^- \*\*Licence\*\*: CC0$' "$T/nn/README.md"
expect_fail 2 'longer than 255 bytes' "$VOXGAN" edit --labels "$T/p" --out "$T/long" --licence "$(printf 'a%.0s' $(seq 256))"

# The card.
expect "what it holds" grep -q '^2 cases, made by voxgan .*: label maps, edited by program\.$' "$T/edited/README.md"
expect "its classes" grep -q '^- \*\*Classes\*\*: .*oedema' "$T/edited/README.md"
expect "that it was not scored" grep -q '^Not evaluated' "$T/edited/README.md"
expect "scans of persons" grep -q 'scans of persons' "$T/joined/README.md"
expect "no sources" sh -c "! grep -q 'BraTS2021_\|$T' '$T/edited/README.md'"
expect_ok '' "$VOXGAN" eval --real "$T/p" --synth "$T/edited" --train "$T/p" --suite privacy --out "$T/scores"
expect_ok 'all as the manifest says' "$VOXGAN" synth --finish "$T/edited" --sheet 0 --scores "$T/scores"
/usr/bin/python3 - "$T/scores/summary.json" "$T/edited/README.md" <<'P' && ok || bad "the card repeats the means and verdicts"
import json, sys
summary, card = json.load(open(sys.argv[1])), open(sys.argv[2]).read()
assert summary["verdicts"] and summary["sets"]
for v in summary["verdicts"]:
    assert f"- **{v['suite']}, {v['check']}**: {v['verdict']}. {v['text']}\n" in card, v
for s in summary["sets"]:
    if s["value"] is not None:
        assert f"| {s['space']} | {s['metric']} | {s['value']:.4g} |" in card, s
P
expect_fail 1 'summary.json' "$VOXGAN" synth --finish "$T/edited" --scores "$T/p"
expect_fail 2 'needs --finish' "$VOXGAN" synth --verify "$T/edited" --scores "$T/scores"
finish
