# A reader study from end to end: cases, form, key and seal, and the scores of two readers.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/real" --subjects 4 --size 16 --seed 4 --layout brats2021 2>/dev/null || bad phantom
"$VOXGAN" phantom --out "$T/synth" --subjects 4 --first 50 --size 16 --seed 5 --layout brats2021 2>/dev/null || bad phantom
both="--real $T/real --synth $T/synth --layout brats2021 --synth-layout brats2021"

expect_ok 'key.csv stays with you' "$VOXGAN" eval $both --reader-study 6 --reader-seed 3 --out "$T/s"
expect "six cases of four series" [ "$(ls "$T"/s/study/case_0*/*.nii.gz | wc -l)" = 24 ]
expect "a sheet each" [ "$(ls "$T"/s/study/sheets/*.png | wc -l)" = 6 ]
expect "the seal is the key's hash" [ "$(sha256sum <"$T/s/key.csv" | cut -c1-64)" = "$(cat "$T/s/study/seal.txt")" ]
expect "nothing in the study names a subject" [ -z "$(grep -rl BraTS2021 "$T/s/study")" ]
expect "instructions for readers" grep -q 'Write real or synthetic in the column answer' "$T/s/study/instructions.txt"
expect "half are synthetic" [ "$(grep -c ',synthetic,' "$T/s/key.csv")" = 3 ]
expect_ok '' "$VOXGAN" eval $both --reader-study 6 --reader-seed 3 --out "$T/again" --threads 1
expect "the same seed, the same study" diff -r "$T/s" "$T/again"
expect_fail 2 'holds' "$VOXGAN" eval $both --reader-study 6 --out "$T/s"
expect_fail 3 '4 subjects have every common series' "$VOXGAN" eval $both --reader-study 20 --out "$T/many"
expect_fail 2 'out DIR is missing' "$VOXGAN" eval $both --reader-study 6

sed 's/,synthetic,.*/,s,/; s/,real,.*/,r,/; 1s/.*/case,answer,confidence/' "$T/s/key.csv" >"$T/ann.csv"
sed 's/,$/,/; 2,$s/,[rs],/,real,/' "$T/ann.csv" >"$T/bert.csv"
expect_ok '^ann +6 +1' "$VOXGAN" eval --score-readers "$T/ann.csv" --score-readers "$T/bert.csv" --reader-key "$T/s/key.csv"
expect "a reader who always says real" grep -qE '^bert +6 +0.5' "$T/stdout"
expect "all readers" grep -q 'all readers: accuracy 0.750' "$T/stdout"
expect "their agreement" grep -q "kappa" "$T/stdout"
expect_fail 2 'reader-key FILE is missing' "$VOXGAN" eval --score-readers "$T/ann.csv"
cp "$T/s/key.csv" "$T/moved.csv"
expect_ok 'moved.csv: no study/seal.txt lies beside it' "$VOXGAN" eval --score-readers "$T/ann.csv" --reader-key "$T/moved.csv"
echo "case_01,real,x,0" >>"$T/s/key.csv"
expect_fail 3 'is not the key that' "$VOXGAN" eval --score-readers "$T/ann.csv" --reader-key "$T/s/key.csv"
finish
