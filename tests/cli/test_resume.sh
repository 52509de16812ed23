# needs torch
# Runs that are stopped, killed, damaged or out of space: the saved files, the messages, and that a resumed run ends in the same bytes.
. tests/cli/lib.sh
RANDOM=20

"$VOXGAN" phantom --out "$T/p" --subjects 4 --size 16 --seed 1 --anatomy 2>/dev/null || bad phantom
tiny="--data $T/p --layout brats2021 --threads 1 --set net.ngf=4 --set net.ndf=4 --set net.d_layers=1 --set data.val_share=0.25"
# All that a run may carry from step to step: dropout, running statistics, singular vectors, a moving average, a penalty of every
# third step, augmentation, parts of a step, an epoch that ends between checkpoints.
run="$tiny --set net.norm=batch --set train.jitter=0.1 --set train.tumour_weight=3 --set train.samples=9 --set train.accumulate=2
  --set run.loader_threads=2 --set train.ema=0.9 --set net.d_spectral=true --set net.d_scales=2 --set train.w_feature=10
  --set train.w_r1=1 --set train.r1_every=3 --set train.epochs=24 --set train.validate_every=4 --set train.checkpoint_steps=7
  --set run.tensorboard=true"
train() { "$VOXGAN" train $run "$@" >>"$T/log" 2>&1; }

expect_ok 'trained 120 steps' "$VOXGAN" train $run --out "$T/whole"
untimed() { sed 's/"seconds":.*//' "$1/log.jsonl"; }
same() { # RUN: it ended as the one that was never stopped
  local file
  for file in model.safetensors model-last.safetensors previews/epoch-00024.png; do
    cmp -s "$T/whole/$file" "$1/$file" || { echo "$file differs"; return 1; }
  done
  diff <(untimed "$T/whole") <(untimed "$1") | cut -c1-120 | head -6
  cmp -s <(untimed "$T/whole") <(untimed "$1") && [ -z "$(find "$1" -name '*.tmp*')" ]
}
events() { /usr/bin/python3 tests/oracle/tfevents_reader.py "$1/tensorboard" | grep -vE ' train/(seconds|volumes_per_s|loader_wait_s|peak_bytes) '; }
newest() { find "$1/checkpoints" -name 'step-*' | sort | tail -1; }
expect "TensorBoard's events are those of the log" /usr/bin/python3 -c "
import json, struct, subprocess, sys
seen = [l.split() for l in subprocess.check_output(['/usr/bin/python3', 'tests/oracle/tfevents_reader.py', '$T/whole/tensorboard'], text=True).splitlines()]
want = []
single = lambda v: repr(struct.unpack('f', struct.pack('f', v))[0])
for l in map(json.loads, open('$T/whole/log.jsonl')):
    if l['kind'] == 'epoch':
        want += [[str(l['step']), 'train/' + k, single(v)] for k, v in l.items() if k not in ('kind', 'step', 'time')]
    else:
        want += [[str(l['step']), f'validation/{s}/{k}', single(v)] for s, m in l['scores'].items() for k, v in m.items()]
pictures = [e for e in seen if e[1] == 'preview']
sys.exit(not ([e for e in seen if e[1] != 'preview'] == want and len(pictures) == 6))"
expect "the last two checkpoints and the best are kept" [ "$(find "$T/whole/checkpoints" -type f | wc -l)" -le 3 ]
cp -r "$T/whole" "$T/k"
expect_ok 'all epochs are done \(24\)' "$VOXGAN" train $run --out "$T/k" --resume
expect "a finished run stays as it is" same "$T/k"

# Killed at twenty random moments: every other time during start-up or early training, else a little after the next
# checkpoint, however fast the machine is just now.
rm -rf "$T/k"
began=$(date +%s%N)
"$VOXGAN" train $run --out "$T/k" --dry-run >/dev/null 2>&1
start_ms=$((($(date +%s%N) - began) / 1000000))
for kill in $(seq 20); do
  before=$(newest "$T/k" 2>/dev/null)
  "$VOXGAN" train $run --out "$T/k" --resume >>"$T/log" 2>&1 &
  pid=$!
  ms=$((start_ms * (30 + RANDOM % 130) / 100))
  if [ $((kill % 2)) = 0 ]; then
    for _ in $(seq 600); do [ "$(newest "$T/k" 2>/dev/null)" != "$before" ] && break; sleep 0.05; done
    ms=$((RANDOM % 150))
  fi
  sleep "$(printf %d.%03d $((ms / 1000)) $((ms % 1000)))"
  kill -KILL $pid 2>/dev/null
  wait $pid 2>/dev/null && { expect "killed and resumed, it ends the same" same "$T/k"; rm -rf "$T/k"; }
done
train --out "$T/k" --resume
expect "after twenty kills" same "$T/k"
expect "and TensorBoard sees no step twice" diff <(events "$T/whole") <(events "$T/k")
expect "kills fell after checkpoints too" [ "$(grep -c 'resuming after' "$T/log")" -ge 3 ]

# Asked to stop, three ways in one run: saved, 130, and the same command continues.
for signal in INT TERM USR1; do
  before=$(newest "$T/s" 2>/dev/null)
  "$VOXGAN" train $run --out "$T/s" --resume >"$T/out" 2>"$T/err" &
  pid=$!
  for _ in $(seq 300); do [ "$(newest "$T/s" 2>/dev/null)" != "$before" ] && break; sleep 0.05; done
  kill -$signal $pid
  wait $pid
  expect "SIG$signal exits 130" [ $? = 130 ]
  expect "SIG$signal says how to go on" grep -q 'all is saved, --resume continues' "$T/err"
done
expect "a second process waits for the first" bash -c "
  exec 9>'$T/s/.lock'; flock 9
  timeout -s INT 2 '$VOXGAN' train $(echo $run) --out '$T/s' --resume 2>&1 9>&- | grep -q 'waiting for another voxgan'"
cp -r "$T/s" "$T/torn"
cp -r "$T/s" "$T/full"
expect_fail 2 'holds a run already; --resume continues it' "$VOXGAN" train $run --out "$T/s"
train --out "$T/s" --resume
expect "after three signals" same "$T/s"
expect "every start is noted" [ "$(wc -l <"$T/s/sessions.jsonl")" = 4 ]
expect_ok '' "$VOXGAN" report "$T/s"
expect "its page is whole, and shows them" sh -c "/usr/bin/python3 tests/oracle/page_oracle.py '$T/s/report.html' && grep -q 'all epochs are done (24)' '$T/s/report.html' \
  && [ \$(grep -c 'cpu (1 thread)' '$T/s/report.html') = 4 ]"

# The place within an epoch means nothing in an epoch of another length.
train --out "$T/mid" --set train.epochs=2
rm "$(newest "$T/mid")"
expect_fail 2 'stopped after 4 of an epoch.s 9 batches, and an epoch has 11 now' "$VOXGAN" train $run --out "$T/mid" --resume --set train.samples=11

# Stopped while it validates, which is from the log's line of an epoch to that of its validation, ten cases of many windows: the
# checkpoint knows that, and the validation is made up for.
"$VOXGAN" phantom --out "$T/many" --subjects 12 --size 48 --seed 1 --anatomy 2>/dev/null || bad phantom
held="--data $T/many --layout brats2021 --threads 1 --set net.ngf=4 --set net.ndf=4 --set net.d_layers=1 --set data.val_share=0.8
  --set train.patch=16,16,16 --set train.validate_every=1 --set train.epochs=8"
expect_ok 'trained 16 steps' "$VOXGAN" train $held --out "$T/v1"
pending=0
for epoch in 1 2 3 4 5 6; do
  "$VOXGAN" train $held --out "$T/v2" --resume >>"$T/log" 2>&1 &
  pid=$!
  for _ in $(seq 1500); do tail -n 1 "$T/v2/log.jsonl" 2>/dev/null | grep -q "\"epoch\":$epoch," && break; sleep 0.01; done
  kill -INT $pid 2>/dev/null
  wait $pid
  grep -aq '"validate":"1"' "$(newest "$T/v2")" && pending=$((pending + 1))
done
expect "stopped within a validation" [ $pending -ge 1 ]
expect_ok 'trained 16 steps' "$VOXGAN" train $held --out "$T/v2" --resume
expect "validated as if never stopped" cmp -s <(untimed "$T/v1") <(untimed "$T/v2")
expect "and of the same model" cmp -s "$T/v1/model.safetensors" "$T/v2/model.safetensors"

# A process that waits for the cache's lock stops at the first Ctrl-C.
rm "$T"/voxgan-cache/*.case
(
  fds=() close=
  for lock in "$T"/voxgan-cache/locks/*; do exec {fd}>"$lock"; flock $fd; fds+=($fd); done
  for fd in "${fds[@]}"; do close+=" $fd>&-"; done
  eval "'$VOXGAN' train $(echo $run) --out '$T/s' --overwrite 2>'$T/err' $close &"
  pid=$!
  for _ in $(seq 100); do grep -q preparing "$T/err" && break; sleep 0.1; done
  sleep 0.5
  kill -INT $pid
  wait $pid
  echo $? >"$T/rc"
)
expect "waiting for the cache, it exits 130" [ "$(cat "$T/rc")" = 130 ]
expect "and says what it waited for" grep -q 'interrupted while waiting for .*/voxgan-cache/locks/' "$T/err"

# The order of writes: the log that a checkpoint refers to is on the disk before the checkpoint, and the folder is synced after the rename.
if command -v strace >/dev/null; then
  strace -f -qq -y -e trace=fsync,rename,renameat,renameat2 -o "$T/trace" "$VOXGAN" train $tiny --out "$T/traced" --set train.epochs=2 2>/dev/null
  expect "the log, then the checkpoint, then its folder reach the disk" /usr/bin/python3 -c "
import re, sys
lines = [l for l in open('$T/trace') if 'fsync(' in l or 'rename' in l]
of = lambda p: [i for i, l in enumerate(lines) if re.search(p, l)]
logs, folders = of(r'fsync\(\d+<[^>]*/log\.jsonl>'), of(r'fsync\(\d+<[^>]*/checkpoints>')
files, names = of(r'fsync\(\d+<[^>]*/step-\d+\.safetensors\.tmp'), of(r'rename.*step-\d+\.safetensors')
sys.exit(not (names and logs and all(any(l < n for l in logs) and any(f < n for f in files) and any(f > n for f in folders) for n in names)))"
else
  echo "skipped: the order of writes on the disk (no strace)"
fi

# A checkpoint that is damaged is named, and the one before is used.
last=$(newest "$T/torn")
printf '\377' | dd of="$last" bs=1 seek=$(($(stat -c %s "$last") / 2)) conv=notrunc 2>/dev/null
cp -r "$T/torn" "$T/cut"
cp -r "$T/torn" "$T/lost"
expect_ok "warning: $last: its checksum does not match" "$VOXGAN" train $run --out "$T/torn" --resume
expect "after a flipped byte" same "$T/torn"
last=$(newest "$T/cut")
truncate -s -100 "$last"
expect_ok "warning: $last: .*continuing from the one before" "$VOXGAN" train $run --out "$T/cut" --resume
expect "after a cut" same "$T/cut"
for file in "$T/lost/checkpoints"/*; do truncate -s 1000 "$file"; done
expect_fail 3 'has no checkpoint that is whole' "$VOXGAN" train $run --out "$T/lost" --resume
echo torn >"$T/lost/checkpoints/step-000000007.safetensors"
expect_ok 'trained 5 steps' "$VOXGAN" train $run --out "$T/lost" --overwrite --set train.epochs=1
expect "and nothing of the run before is left" [ "$(find "$T/lost/checkpoints" "$T/lost/tensorboard" -type f | wc -l)" = 2 ]

# A full disk (a file-size limit stands in: both end a write early) stops the run; the saved files are unchanged.
before=$(newest "$T/full")
blocks=$(($(stat -c %s "$before") / 2048))
expect_fail 1 'checkpoints/step-[0-9]*.safetensors: cannot write [0-9]* bytes' \
  bash -c "trap '' XFSZ; ulimit -f $blocks; exec '$VOXGAN' train $(echo $run) --out '$T/full' --resume"
expect "the checkpoint of before is there" [ "$(newest "$T/full")" = "$before" ]
train --out "$T/full" --resume
expect "after a full disk" same "$T/full"

# In bf16 too, which the run's config says.
half="$tiny --set train.precision=bf16 --set train.epochs=8 --set train.checkpoint_steps=3"
expect_ok 'trained 24 steps' "$VOXGAN" train $half --out "$T/half"
expect "its precision is recorded" grep -q '"precision": *"bf16"' "$T/half/config.json"
"$VOXGAN" train $half --out "$T/half2" >>"$T/log" 2>&1 &
pid=$!
for _ in $(seq 600); do [ -n "$(newest "$T/half2" 2>/dev/null)" ] && break; sleep 0.05; done
kill -9 $pid
wait $pid 2>/dev/null
expect_ok 'trained 24 steps|are done' "$VOXGAN" train $half --out "$T/half2" --resume
expect "in bf16 a killed run ends in the same bytes" cmp -s "$T/half/model.safetensors" "$T/half2/model.safetensors"
expect "which are not fp32's" bash -c "'$VOXGAN' train $(echo $half) --set train.precision=fp32 --out '$T/single' >>'$T/log' 2>&1 &&
  ! cmp -s '$T/half/model-last.safetensors' '$T/single/model-last.safetensors'"

finish
