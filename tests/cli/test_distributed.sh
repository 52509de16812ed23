# needs torch
# One model trained by several processes: what they compute is what one process with train.accumulate computes, however they are
# started, stopped and resumed.
. tests/cli/distributed.sh

# alike N NAME SETTINGS...: N processes against one that accumulates N batches.
alike() {
  local n=$1 name=$2
  shift 2
  "$VOXGAN" train $base --out "$T/$name-one" --set train.accumulate=$n "$@" >"$T/log" 2>&1 || cat "$T/log"
  "$VOXGAN" train $base --out "$T/$name-all" --processes $n "$@" >"$T/log" 2>&1 || cat "$T/log"
  expect "$n processes compute what one does: $name" close "$T/$name-one" "$T/$name-all"
}
# Four samples of training; of seven, three processes leave two without a batch in the last step.
alike 2 3d --set train.ema=0.9 --set train.w_feature=10 --set train.w_r1=1 --set train.r1_every=2
alike 3 ends --set train.samples=7 --set net.dropout=0.5 --set train.recompute=true --set train.epochs=2
alike 2 2d --set train.patch=16,16,1 --set train.batch=2 --set train.samples=8
alike 2 labels --set train.direction=image2label --set net.norm=none
expect "the log says how many train" grep -q '"processes":2,"wait_share":0' "$T/3d-all/log.jsonl"
expect "a single process's log stays as it was" bash -c "! grep -q processes '$T/3d-one/log.jsonl'"

# bf16 on the way: near, but not the same.
"$VOXGAN" train $base --out "$T/bf16" --processes 2 --set train.gradients=bf16 >"$T/log" 2>&1 || cat "$T/log"
"$VOXGAN" train $base --out "$T/fp32" --set train.accumulate=2 >"$T/log" 2>&1 || cat "$T/log"
expect "gradients in bf16 are near" close "$T/fp32" "$T/bf16" 1e-2
if gloo_is_here; then
  expect_ok 'processes use Gloo and not shared memory: rank 0: it is turned off' "$VOXGAN" train $base --out "$T/gloo" --processes 2 --set run.shared_memory=false --verbose
  expect "over Gloo: the same weights" [ "$(weights "$T/w")" = "$(weights "$T/gloo")" ]
  "$VOXGAN" train $base --out "$T/bf16-gloo" --processes 2 --set train.gradients=bf16 --set run.shared_memory=false >"$T/log" 2>&1 || cat "$T/log"
  expect "over Gloo in bf16: the same weights" [ "$(weights "$T/bf16")" = "$(weights "$T/bf16-gloo")" ]
  alike 3 gloo --set run.shared_memory=false
  # As in two containers of one machine: processes that do not see each other.
  apart="unshare --pid --fork --mount-proc"
  if $apart true 2>/dev/null; then
    for rank in 1 0; do
      env RANK=$rank WORLD_SIZE=2 LOCAL_RANK=$rank MASTER_ADDR=127.0.0.1 MASTER_PORT=$((10000 + $$ % 2000)) \
        $apart "$VOXGAN" train $base --out "$T/apart" --verbose >"$T/log.$rank" 2>&1 &
      pids[rank]=$!
    done
    wait ${pids[0]} && wait ${pids[1]} || cat "$T"/log.?
    expect "processes that do not see each other use Gloo" grep -q 'rank 0: rank 1 shares no memory with this process' "$T/log.0"
    expect "they make the same weights" [ "$(weights "$T/w")" = "$(weights "$T/apart")" ]
  else
    echo "no namespaces of processes here: skipped"
  fi
fi
expect "gradients in bf16 differ" bash -c "! cmp -s '$T/w/model-last.safetensors' '$T/bf16/model-last.safetensors'"

# The same bytes again, and after a stop; with another number, it goes on and says so.
"$VOXGAN" train $base --out "$T/again" --processes 2 --set train.epochs=2 >"$T/log" 2>&1 || cat "$T/log"
"$VOXGAN" train $base --out "$T/again" --processes 2 --resume >"$T/log" 2>&1 || cat "$T/log"
expect "resumed to the same weights" [ "$(weights "$T/w")" = "$(weights "$T/again")" ]
expect_ok 'had 2 processes and has 3 from here on' "$VOXGAN" train $base --out "$T/again" --processes 3 --resume --set train.epochs=6

finish
