# needs torch
# Every way in which a terminal, a pipe or a batch system ends a job: what was done is saved first, and the exit code is documented.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/p" --subjects 3 --size 16 --seed 1 --anatomy 2>/dev/null || bad phantom
run="--data $T/p --layout brats2021 --threads 1 --set net.ngf=4 --set net.ndf=4 --set net.d_layers=1 --set train.epochs=100000
  --set train.validate_every=0 --set train.checkpoint_minutes=1000"
saved() { find "$1/checkpoints" -name 'step-*' 2>/dev/null | grep -q .; }
began() { for _ in $(seq 300); do [ -s "$1" ] && return; sleep 0.05; done; }

# Twice where that comes twice by itself: the closing terminal and its shell, a batch system that repeats its warning.
for signal in INT TERM QUIT HUP USR1 USR2 XCPU; do
  (
    # A shell ignores SIGINT and SIGQUIT for its background jobs; python puts them back.
    exec /usr/bin/python3 -c "
import os, signal, sys
for s in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP): signal.signal(s, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])" "$VOXGAN" train $run --out "$T/$signal"
  ) >/dev/null 2>"$T/err" &
  pid=$!
  began "$T/$signal/log.jsonl"
  kill -$signal $pid
  case $signal in HUP | USR1 | USR2 | XCPU) kill -$signal $pid 2>/dev/null ;; esac
  wait $pid
  expect "SIG$signal exits 130" [ $? = 130 ]
  expect "SIG$signal saves" saved "$T/$signal"
  expect "SIG$signal says how to go on" grep -q 'all is saved, --resume continues' "$T/err"
done

# nohup means it.
(trap '' HUP; exec "$VOXGAN" train $run --out "$T/nohup") >/dev/null 2>&1 &
pid=$!
began "$T/nohup/log.jsonl"
kill -HUP $pid
sleep 1
expect "an ignored SIGHUP stays ignored" kill -0 $pid
kill -TERM $pid
wait $pid

# A reader that goes first, as tee does at Ctrl-C; one that is stopped, with the pipe full; a stream that is closed.
mkfifo "$T/fifo"
"$VOXGAN" train $run --out "$T/gone" 2>"$T/fifo" >/dev/null &
pid=$!
head -c 1 "$T/fifo" >/dev/null
began "$T/gone/log.jsonl"
kill -TERM $pid
wait $pid
expect "without a reader it exits 130" [ $? = 130 ]
expect "without a reader it saves" saved "$T/gone"
exec 8<>"$T/fifo"
"$VOXGAN" train $run --out "$T/full" 2>"$T/fifo" >/dev/null &
pid=$!
began "$T/full/log.jsonl"
/usr/bin/python3 -c "
import os
fd = os.open('$T/fifo', os.O_WRONLY | os.O_NONBLOCK)
try:
    while True: os.write(fd, b'x' * 4096)
except BlockingIOError: pass"
sleep 0.5
kill -TERM $pid
for _ in $(seq 100); do saved "$T/full" && break; sleep 0.1; done
expect "with a pipe that nobody empties it saves" saved "$T/full"
timeout 5 cat <&8 >/dev/null
wait $pid
expect "and exits 130" [ $? = 130 ]
exec 8>&-
"$VOXGAN" train $run --set train.epochs=2 --out "$T/closed" <&- >&- 2>&-
expect "closed streams are no fault" [ $? = 0 ]
expect "and no message gets into a file" sh -c "! grep -rlE 'layout taken|^[0-9]* subjects to train' '$T/closed'"

# The program reports results that it cannot write, and is not killed for them.
"$VOXGAN" list settings 2>"$T/err" | true
expect "a closed pipe is a fault of writing" [ "${PIPESTATUS[0]}" != 141 ]
sh -c "'$VOXGAN' list settings 2>'$T/err' >&-"
expect "a closed stdout exits 1" [ $? = 1 ]
expect "and is named" grep -q '^voxgan list: stdout: cannot write' "$T/err"

# A file size limit stops with the file's name; what was there stays.
(ulimit -f 20; exec "$VOXGAN" train $run --out "$T/limit") >/dev/null 2>"$T/err"
expect "a file size limit exits 1" [ $? = 1 ]
expect "and names the file" grep -q 'cannot write [0-9]* bytes: File too large' "$T/err"
expect "no half-written file" [ -z "$(find "$T/limit" -name '*.tmp.*')" ]
(ulimit -S -t 3; exec "$VOXGAN" train $run --out "$T/time") >/dev/null 2>"$T/err"
expect "a processor time limit exits 130" [ $? = 130 ]
expect "and saves" saved "$T/time"

# The commands without a network.
for command in "edit --labels $T/p --layout brats2021 --per-case 4000 --edit scale:factor=0.9 --sheet 0 --threads 1" "phantom --subjects 9000 --size 16 --threads 1"; do
  rm -rf "$T/o"
  "$VOXGAN" $command --out "$T/o" >/dev/null 2>"$T/err" &
  pid=$!
  for _ in $(seq 200); do [ -n "$(find "$T/o" -name '*.nii.gz' 2>/dev/null | head -1)" ] && break; sleep 0.05; done
  kill -HUP $pid
  wait $pid
  expect "${command%% *} exits 130 at SIGHUP" [ $? = 130 ]
  expect "${command%% *} says that it was interrupted" grep -q '^voxgan [a-z]*: .*interrupted' "$T/err"
  expect "${command%% *} leaves no half-written file" [ -z "$(find "$T/o" -name '*.tmp.*')" ]
done
finish
