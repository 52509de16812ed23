# needs torch
# Suite privacy from end to end: a model that has learned its few subjects by heart, its synthetic set, and a shared folder that
# tells who they are.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/train" --subjects 6 --size 16 --seed 4 --layout brats2021 2>/dev/null || bad phantom
"$VOXGAN" phantom --out "$T/test" --subjects 4 --first 50 --size 16 --seed 4 --layout brats2021 2>/dev/null || bad phantom
expect_ok 'the model is' "$VOXGAN" train --data "$T/train" --layout brats2021 --out "$T/run" --threads 1 --set data.series=t1 \
  --set data.val_share=0.34 --set data.margin=0 --set net.ngf=16 --set net.ndf=8 --set net.d_layers=1 --set net.dropout=0 \
  --set train.flip=false --set train.decay_from=1 --set train.lr_g=0.003 --set train.beta1=0.9 --set train.epochs=100 \
  --set train.w_adversarial=0.01 --set train.validate_every=0
expect_ok '' "$VOXGAN" synth "$T/run" --labels "$T/train" --layout brats2021 --out "$T/synth" --format brats2021 --threads 1

both="--real $T/test --layout brats2021 --train $T/train --train-layout brats2021 --suite privacy --threads 1"
expect_ok 'membership: found: reconstruction error' "$VOXGAN" eval $both --synth "$T/synth" --model "$T/run" --out "$T/e"
expect "4 of 6 were trained on, by the run's split" grep -q '4 trained on, 6 held out' "$T/stdout"
expect "both attacks have a figure" [ "$(grep -c ',membership_auc,' "$T/e/metrics.csv")" = 2 ]
expect "the subjects' scores are written" [ "$(grep -c ',1,' "$T/e/membership.csv")" -ge 4 ]
expect "synthetic subjects bear real ones' ids" grep -q '^manifest.csv,column source,id of a real subject,6$' "$T/e/identifiers.csv"
expect "their label maps are those of the training set" grep -qE 'near-copies of labels: found: .* made of that very subject' "$T/stdout"

# A model that has hardly learned anything knows nobody.
expect_ok 'the model is' "$VOXGAN" train --data "$T/train" --layout brats2021 --out "$T/young" --threads 1 --set data.series=t1 \
  --set data.val_share=0.34 --set net.ngf=8 --set net.ndf=8 --set net.d_layers=1 --set train.epochs=1
expect_ok 'membership: none found: .*does not show that no other would' "$VOXGAN" eval $both --synth "$T/synth" --model "$T/young" \
  --out "$T/e5"

# Hidden sources: nothing is found in names and tables.
printf 'a key of thirty-two bytes, fixed' >"$T/key"
chmod 600 "$T/key"
expect_ok '' "$VOXGAN" synth "$T/run" --labels "$T/train" --layout brats2021 --out "$T/hidden" --format brats2021 --threads 1 \
  --anonymous "$T/key"
expect_ok 'identifiers: none found' "$VOXGAN" eval $both --synth "$T/hidden" --out "$T/e2"
expect "said why a check was not made" grep -q '^membership: not tested: it needs --train and --model' "$T/stdout"
expect "and in the summary" grep -q '"not tested"' "$T/e2/summary.json"
expect_fail 1 'nowhere: cannot open' "$VOXGAN" eval $both --synth "$T/hidden" --out "$T/e3" --model "$T/nowhere"
expect_fail 3 'nothing|no such' "$VOXGAN" eval $both --synth "$T/hidden" --out "$T/e4" --train "$T/nowhere"
ids=$(ls "$T/train")
expect "no byte gives an id away" /usr/bin/python3 tests/oracle/anonymous_check.py "$T/hidden" "$T/key" "$T/train" $ids

# An experiment on it, whose results are shown to others: two cases are those of test subjects, and nothing says whose.
"$VOXGAN" split "$T/train" --out "$T/parts" --share 0.34 --layout brats2021 >/dev/null 2>&1
expect_ok 'real' "$VOXGAN" experiment --real "$T/parts/train" --test "$T/parts/test" --layout brats2021 --test-layout brats2021 \
  --synth "$T/hidden" --synth-layout brats2021 --key "$T/key" --out "$T/x" --threads 1 --rows synthetic --augmentation off --seeds 1 \
  --set data.series=t1 --set net.ngf=4 --set train.epochs=1 --set train.samples=2 --set train.patch=16,16,16
expect "two cases are excluded" grep -q '2 of 6 synthetic cases were made from test subjects' "$T/stderr"
expect "nothing says who the cases are of" /usr/bin/python3 tests/oracle/anonymous_links.py "$T/x" "$T/hidden" $ids
finish
