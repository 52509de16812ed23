# needs torch
# Suite distribution with a network that the user supplies.
. tests/cli/lib.sh

/usr/bin/python3 tests/oracle/script_oracle.py "$T" 2>/dev/null || { echo "skipped: /usr/bin/python3 has no torch"; exit 77; }
for seed in 3 4; do
  "$VOXGAN" phantom --out "$T/$seed" --subjects 2 --size 32 --seed $seed 2>/dev/null || bad phantom
done
# libtorch 2 multiplies matrices by Intel MKL, whose sums depend on the threads unless this is set.
export MKL_CBWR=COMPATIBLE
both="--real $T/3 --synth $T/4 --layout brats2021 --synth-layout brats2021"
features() { "$VOXGAN" eval $both --suite distribution --features "$@"; }

expect_ok '^network +frechet' features "$T/volumes.pt" --features-input 3d,1,20 --out "$T/e" --threads 1
expect_ok '' features "$T/volumes.pt" --features-input 3d,1,20 --out "$T/e2" --threads 2
expect "the same bytes by any number of threads" cmp -s "$T/e/metrics.csv" "$T/e2/metrics.csv"
expect_ok 'takes inputs 2d,3,224 and gives 6 features' features "$T/slices.pt" --out "$T/e3"
expect "every distance" [ "$(grep -c '^,network,' "$T/e3/metrics.csv")" = 7 ]

expect_fail 3 'not a TorchScript module' features "$T/text.pt" --out "$T/e4"
expect_fail 3 'no such file' features "$T/none.pt" --out "$T/e4"
expect_fail 3 'with input 3d,1,20' features "$T/slices.pt" --features-input 3d,1,20 --out "$T/e4"
expect_fail 2 'is not 2d or 3d' features "$T/slices.pt" --features-input 224 --out "$T/e4"
expect_fail 2 'for suite distribution' "$VOXGAN" eval $both --features "$T/slices.pt" --out "$T/e4"
expect "nothing written" [ ! -e "$T/e4" ]
finish
