# needs torch
# One model trained by several processes: what they compute is what one process with train.accumulate computes, however they are
# started, stopped and resumed.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/p" --subjects 6 --size 16 --seed 1 --anatomy 2>/dev/null || bad phantom
mkdir "$T/cache"
base="--data $T/p --layout brats2021 --threads 1 --set net.ngf=4 --set net.ndf=4 --set net.d_layers=1 --set data.val_share=0.34
  --set data.cache=$T/cache --set train.epochs=5 --set train.validate_every=0 --set train.decay_from=1 --set train.jitter=0.1"
"$VOXGAN" train $base --out "$T/w" --processes 2 >"$T/log" 2>&1
case $? in
0) ;;
4) if grep -q 'need Gloo' "$T/log"; then echo "this libtorch has no Gloo: skipped"; exit 77; fi; cat "$T/log" ;;
*) cat "$T/log" ;;
esac

# close RUN RUN [TOLERANCE]: the same losses and scores in every line of the log; volumes count alike.
close() {
  /usr/bin/python3 - "$@" <<'END'
import json, sys
def lines(run):
    skip = {"seconds", "volumes_per_s", "loader_wait_s", "peak_bytes", "time", "processes", "wait_share", "step_bytes"}
    flat = lambda d, at="": [x for k, v in d.items() if k not in skip for x in (flat(v, at + k + ".") if isinstance(v, dict) else [(at + k, v)])]
    return [flat(json.loads(l)) for l in open(run + "/log.jsonl")]
a, b, limit = lines(sys.argv[1]), lines(sys.argv[2]), float((sys.argv[3:] or ["1e-5"])[0])
bad = len(a) != len(b)
for x, y in zip(a, b):
    for (k, v), (l, w) in zip(x, y):
        if k != l or (isinstance(v, str) and v != w) or (not isinstance(v, str) and abs(v - w) > limit * max(abs(v), 1e-3)):
            bad = True
            print(sys.argv[1:3], k, v, l, w)
sys.exit(bad)
END
}
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
# Batch norms take the statistics of all processes, so they are those of one process with the whole batch; also in a step in which a
# process has no batch, and for the gradient penalty, which differentiates them twice.
for at in 3d 2d ends; do
  case $at in
  3d) set -- --set net.dropout=0 --set train.samples=4 --set train.w_r1=1 --set train.r1_every=2 ;;
  2d) set -- --set net.dropout=0 --set train.samples=4 --set train.patch=16,16,1 --set net.generator=resnet ;;
  ends) set -- --set train.samples=3 --set train.w_r1=1 --set train.r1_every=3 --set train.recompute=true ;;
  esac
  batch=2
  [ $at = ends ] && batch=1
  "$VOXGAN" train $base --out "$T/batch-$at-one" --set net.norm=batch "$@" --set train.batch=$batch >"$T/log" 2>&1 || cat "$T/log"
  n=2
  [ $at = ends ] && n=4 && set -- "$@" --set train.accumulate=1
  "$VOXGAN" train $base --out "$T/batch-$at-all" --set net.norm=batch "$@" --processes $n >"$T/log" 2>&1 || cat "$T/log"
  [ $at = ends ] || expect "batch norm over processes: $at" close "$T/batch-$at-one" "$T/batch-$at-all"
  [ $at = ends ] && expect "batch norm where a process has no batch" grep -q '"epoch":5,"step":5' "$T/batch-$at-all/log.jsonl"
done

expect "the log says how many train" grep -q '"processes":2,"wait_share":0' "$T/3d-all/log.jsonl"
expect "a single process's log stays as it was" bash -c "! grep -q processes '$T/3d-one/log.jsonl'"

# bf16 on the way: near, but not the same.
"$VOXGAN" train $base --out "$T/bf16" --processes 2 --set train.gradients=bf16 >"$T/log" 2>&1 || cat "$T/log"
"$VOXGAN" train $base --out "$T/fp32" --set train.accumulate=2 >"$T/log" 2>&1 || cat "$T/log"
expect "gradients in bf16 are near" close "$T/fp32" "$T/bf16" 1e-2
expect "gradients in bf16 differ" bash -c "! cmp -s '$T/w/model-last.safetensors' '$T/bf16/model-last.safetensors'"

# The same bytes again, and after a stop; with another number, it goes on and says so.
weights() { # RUN: without the metadata
  /usr/bin/python3 -c "
import struct, sys, hashlib
b = open('$1/model-last.safetensors', 'rb').read()
print(hashlib.sha256(b[8 + struct.unpack('<Q', b[:8])[0]:]).hexdigest())"
}
"$VOXGAN" train $base --out "$T/again" --processes 2 --set train.epochs=2 >"$T/log" 2>&1 || cat "$T/log"
"$VOXGAN" train $base --out "$T/again" --processes 2 --resume >"$T/log" 2>&1 || cat "$T/log"
expect "resumed to the same weights" [ "$(weights "$T/w")" = "$(weights "$T/again")" ]
expect_ok 'had 2 processes and has 3 from here on' "$VOXGAN" train $base --out "$T/again" --processes 3 --resume --set train.epochs=6

finish
