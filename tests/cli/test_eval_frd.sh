# Suite frd by the versions of its distance.
. tests/cli/lib.sh

for seed in 3 4; do
  "$VOXGAN" phantom --out "$T/$seed" --subjects 3 --size 32 --seed $seed 2>/dev/null || bad phantom
done
both="--real $T/3 --synth $T/4 --layout brats2021 --synth-layout brats2021"
frd() { "$VOXGAN" eval $both --suite frd "$@"; }
rows() { grep -c ",$2," "$T/$1/metrics.csv"; } # FOLDER METRIC

expect_ok '^t1 brain +frd ' frd --out "$T/default" --threads 1
expect "version 1 alone is the default" [ "$(rows default frd_v0)" = 0 ]
expect_ok '' frd --out "$T/v1" --frd v1
expect "naming version 1 changes no value" cmp -s "$T/default/metrics.csv" "$T/v1/metrics.csv"
expect_ok '^t1 brain +frd_v0 .* of 107 features' frd --out "$T/v0" --frd v0 --threads 1 --write-baseline "$T/before.json"
expect "version 0 alone" [ "$(rows v0 frd)" = 0 ]
expect_ok '' frd --out "$T/v0b" --frd v0 --threads 2 --baseline "$T/before.json"
expect "the same bytes by any number of threads" cmp -s "$T/v0/metrics.csv" "$T/v0b/metrics.csv"
expect_ok '' frd --out "$T/both" --frd v1,v0
expect "both versions" [ "$(cat "$T/both/metrics.csv")" = "$(cat "$T/v1/metrics.csv"; tail -n +2 "$T/v0/metrics.csv")" ]
expect_ok '107 features' "$VOXGAN" list frd

expect_fail 2 'no version .v2.' frd --out "$T/e" --frd v2
expect_fail 2 'no version of suite frd named' frd --out "$T/e" --frd ''
expect_fail 2 'frd is for suite frd' "$VOXGAN" eval $both --frd v0 --out "$T/e"
finish
