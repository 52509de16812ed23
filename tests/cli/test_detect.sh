# needs torch
# Suite detect from end to end, with small phantoms.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/real" --subjects 6 --size 16 --seed 4 --layout brats2021 2>/dev/null || bad phantom
"$VOXGAN" phantom --out "$T/synth" --subjects 6 --first 50 --size 16 --seed 5 --layout brats2021 2>/dev/null || bad phantom
both="--real $T/real --synth $T/synth --layout brats2021 --synth-layout brats2021 --suite detect"

expect_fail 2 'detect-mm is -1' "$VOXGAN" eval $both --detect-mm -1 --out "$T/e"

expect_ok 'patches: (found|none found|inconclusive): small networks' "$VOXGAN" eval $both --out "$T/e" --threads 2
expect "patches and volumes of three comparisons" [ "$(grep -c ',detect_' "$T/e/metrics.csv")" = 6 ]
expect "patches of both sides" [ "$(cut -d, -f2 "$T/e/detect.csv" | sort -u | wc -l)" = 3 ]
expect "the gallery" grep -q 'synthetic patches, the most telling first' "$T/e/report.html"
expect_fail 3 'six real and four synthetic' "$VOXGAN" eval --real "$T/real" --layout brats2021 --synth "$T/synth/BraTS2021_00050" --synth-layout brats2021 --suite detect --out "$T/e2"
finish
