# needs torch
# Several processes: convolutions in bf16, steps that are not finite, and spectral norms.
. tests/cli/distributed.sh
short="$base --set train.patch=8,8,8 --set train.samples=20 --set train.tumour_share=0 --set train.epochs=2"

# alike NAME SETTINGS...: two processes against one that accumulates two batches.
alike() {
  local name=$1
  shift
  "$VOXGAN" train $short --out "$T/$name-one" --set train.accumulate=2 "$@" >"$T/log" 2>&1 || cat "$T/log"
  "$VOXGAN" train $short --out "$T/$name-all" --processes 2 "$@" >"$T/log" 2>&1 || cat "$T/log"
  expect "two processes compute what one does: $name" close "$T/$name-one" "$T/$name-all"
}
alike bf16 --set train.precision=bf16

# The discriminator's weights for one class are so large that it bursts where that class is: all processes skip such a step.
"$VOXGAN" train $short --out "$T/n" --set train.epochs=1 >"$T/log" 2>&1 || cat "$T/log"
/usr/bin/python3 tests/oracle/poison.py "$(find "$T/n/checkpoints" -name 'step-*' | sort | tail -1)" "$T/rare.safetensors" d.conv.0.weight 5 3e38
alike skipped --init "$T/rare.safetensors" --set train.nonfinite=skip
expect "some steps are skipped" grep -q '"skipped":[1-9]' "$T/skipped-all/log.jsonl"
"$VOXGAN" train $short --out "$T/stops" --init "$T/rare.safetensors" --processes 2 >"$T/log" 2>&1
expect "or all stop" [ $? = 1 ]
expect "and say which loss" grep -qE '^voxgan train: rank [01] \(.*\): epoch 1, step [0-9]+: the loss d_real is not finite' "$T/log"

# Statistics of spectral norms follow rank 0.
for k in 1 2; do "$VOXGAN" train $short --out "$T/spectral$k" --processes 2 --set net.d_spectral=true >"$T/log" 2>&1 || cat "$T/log"; done
expect "spectral norms: the same bytes again" [ "$(weights "$T/spectral1")" = "$(weights "$T/spectral2")" ]
finish
