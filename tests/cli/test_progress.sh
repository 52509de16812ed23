#!/bin/bash
# Every command says within two seconds what it does, on a file system where looking at a file takes a fifth of a second.
source "$(dirname "$0")/lib.sh"
cc -std=c11 -O1 -shared -fPIC -o "$T/faults.so" tests/torture/faults.c -ldl || bad "faults.c does not compile"

"$VOXGAN" phantom --out "$T/d" --subjects 5 --size 24 --anatomy --quiet >/dev/null || bad "phantom"
"$VOXGAN" edit --labels "$T/d" --out "$T/edited" --edit remove --sheet 0 --quiet >/dev/null || bad "edit"

# slow NAME PATTERN COMMAND...: the pattern must be on stderr within 2 seconds; a loaded machine may take 5.
slow() {
  local name=$1 pattern=$2
  shift 2
  DELAY="stat 200 $T/" LD_PRELOAD="$T/faults.so" "$@" >"$T/$name.out" 2>"$T/$name.err" &
  local process=$!
  local i
  for i in 1 2 3 4 5 6 7 8 9 10; do
    sleep 0.5
    grep -q "$pattern" "$T/$name.err" && break
  done
  expect "$name shows its progress within two seconds" grep -q "$pattern" "$T/$name.err"
  kill -9 $process 2>/dev/null
  wait $process 2>/dev/null
}
slow inspect 'listing files: [0-9]* found\|opening files: [0-9]* of 5 subjects\|working' "$VOXGAN" inspect "$T/d"
slow split 'listing files: [0-9]* found\|opening files: [0-9]* of 5 subjects\|working' "$VOXGAN" split "$T/d" --out "$T/parts" --share 0.4
slow edit 'listing files: [0-9]* found\|opening files: [0-9]* of 5 subjects\|working' "$VOXGAN" edit --labels "$T/d" --out "$T/again" --edit remove
slow eval 'listing files: [0-9]* found\|opening files: [0-9]* of 5 subjects\|working' "$VOXGAN" eval --real "$T/d" --synth "$T/d" --out "$T/e"
slow verify 'manifest: [0-9]* of [0-9]* files\|listing\|working' "$VOXGAN" synth --verify "$T/edited"
slow join 'listing files\|surveying\|working' "$VOXGAN" join --tumour "$T/d" --anatomy "$T/d" --out "$T/joined"

# Quick work prints no progress.
"$VOXGAN" inspect "$T/d" >/dev/null 2>"$T/quick.err"
expect "quick work prints no progress" bash -c "! grep -q 'working\|opening' '$T/quick.err'"
finish
