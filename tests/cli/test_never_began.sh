# needs torch
# A run that fails before its first step leaves nothing behind, and takes nothing away that was there.
. tests/cli/lib.sh
v() { "$VOXGAN" "$@"; }
v phantom --out "$T/p" --subjects 3 --size 32 --seed 1 2>/dev/null || bad phantom
tiny="--set net.ngf=4 --set net.ndf=4 --set net.d_layers=1 --set train.epochs=1 --set train.samples=2 --set data.val_share=0"

# never CODE PATTERN ARGUMENTS...: such a training leaves no folder, not even those around it.
never() {
  expect_fail "$1" "$2" v train --out "$T/runs/deep/r" "${@:3}"
  expect "nothing is left of the run ($2)" [ -z "$(find "$T/runs" ! -path "$T/runs" ! -path "$T/runs/deep" ! -path '*/voxgan-cache*' 2>/dev/null)" ]
}
never 2 'device gpu9' --data "$T/p" $tiny --device gpu9
expect "nor the folders around it" [ ! -e "$T/runs" ]
never 3 'no such file' --data "$T/nowhere" $tiny
never 3 'label value 2' --data "$T/p" $tiny --tumour-scheme 1=a
expect "what is prepared stays" [ -d "$T/runs/deep/voxgan-cache" ]
never 1 'cannot open' --data "$T/p" $tiny --init "$T/nowhere"
v train --data "$T/p" --out "$T/runs/deep/r" $tiny --device gpu9 --processes 2 2>/dev/null && bad processes
expect "nor of several processes" [ ! -e "$T/runs/deep/r" ]
expect_ok '2 processes' v train --data "$T/p" --out "$T/two/r" $tiny --dry-run --processes 2
expect "nor of a dry run of several processes" [ "$(ls -A "$T/two")" = voxgan-cache ]
v train --data "$T/p" --out "$T/dry/r/" $tiny --dry-run 2>/dev/null || bad dry
expect "a dry run leaves what is prepared, beside the run" [ "$(ls -A "$T/dry")" = voxgan-cache ]

# The first step itself: weights that are NaN.
expect_ok 'trained 2 steps' v train --data "$T/p" --out "$T/a" $tiny
/usr/bin/python3 - "$T/a/model.safetensors" "$T/nan.safetensors" <<'P'
import json, struct, sys
b = bytearray(open(sys.argv[1], 'rb').read())
n = struct.unpack('<Q', b[:8])[0]
for name, entry in json.loads(b[8:8 + n]).items():
    if name != '__metadata__':
        for i in range(8 + n + entry['data_offsets'][0], 8 + n + entry['data_offsets'][1], 4):
            b[i:i + 4] = struct.pack('<f', float('nan'))
open(sys.argv[2], 'wb').write(b)
P
never 1 'step 1: .*not finite' --data "$T/p" $tiny --init "$T/nan.safetensors"

# What was there stays: a folder of the user's, and a run.
mkdir -p "$T/mine/previews" "$T/mine/sub" && mkdir "$T/empty"
v train --data "$T/p" --out "$T/mine/sub" $tiny --device gpu9 2>/dev/null
v train --data "$T/nowhere" --out "$T/empty" $tiny 2>/dev/null
expect "folders stay" [ -d "$T/mine/sub" -a -d "$T/empty" -a -z "$(ls -A "$T/empty" "$T/mine/sub" | grep -v :)" ]
before=$(cd "$T/a" && find . | sort)
for how in --overwrite --resume; do
  expect_fail 2 'device gpu9' v train --data "$T/p" --out "$T/a" $tiny $how --device gpu9
  expect_fail 3 'no such file' v train --data "$T/nowhere" --out "$T/a" $tiny $how
  expect "the run stays ($how)" [ "$before" = "$(cd "$T/a" && find . | sort)" ]
done
expect_ok 'all epochs are done' v train --out "$T/a" --resume

# Nor does one that waited for a run that never began.
mkdir -p "$T/wait/r" && exec 9>"$T/wait/r/.lock" && flock 9
v train --data "$T/nowhere" --out "$T/wait/r" $tiny --resume 2>"$T/wait.log" 9>&- &
for _ in $(seq 100); do grep -q 'waiting for another' "$T/wait.log" && break; sleep 0.1; done
rm -r "$T/wait/r" && exec 9>&-
wait $!
expect "it waited" grep -q 'waiting for another' "$T/wait.log"
expect "nothing is left of what waited" [ -d "$T/wait" -a ! -e "$T/wait/r" ]

# A job of an experiment: the next try finds nothing in its way.
jobs="--real $T/p --rows real --augmentation off --seeds 1 --test-share 0.4 --set train.patch=16,16,16 --set train.epochs=1 --set net.ngf=4"
v experiment $jobs --out "$T/worth" --device gpu9 2>/dev/null && bad experiment
expect "nothing is left of a job" [ -z "$(ls -A "$T/worth/jobs")" ]
expect_ok 'WT dice|tumour dice' v experiment $jobs --out "$T/worth"
finish
