#!/bin/bash
# Every command says within two seconds what it does, on a file system where looking at a file takes a fifth of a second.
source "$(dirname "$0")/lib.sh"
cc -std=c11 -O1 -shared -fPIC -o "$T/faults.so" tests/torture/faults.c -ldl || bad "faults.c does not compile"

"$VOXGAN" phantom --out "$T/d" --subjects 5 --size 24 --anatomy --quiet >/dev/null || bad "phantom"
"$VOXGAN" phantom --out "$T/d2" --subjects 5 --first 50 --size 24 --layout brats2023 --quiet >/dev/null || bad "phantom"
"$VOXGAN" edit --labels "$T/d" --out "$T/edited" --edit remove --sheet 0 --quiet >/dev/null || bad "edit"

# slow NAME FAULT PATTERN COMMAND...: starts the command with that delay. settle: within 2 seconds the pattern of each is on its
# stderr; a loaded machine may take longer, and loads libtorch first.
declare -A process pattern
slow() {
  local name=$1 delay=$2
  pattern[$name]=$3
  shift 3
  DELAY="$delay" LD_PRELOAD="$T/faults.so" "$@" >"$T/$name.out" 2>"$T/$name.err" &
  process[$name]=$!
}
settle() {
  local name i
  for name in "${!process[@]}"; do
    for i in $(seq 40); do
      grep -q "${pattern[$name]}" "$T/$name.err" && break
      sleep 0.5
    done
    expect "$name shows its progress within two seconds" grep -q "${pattern[$name]}" "$T/$name.err"
  done
  kill -9 "${process[@]}" 2>/dev/null
  wait "${process[@]}" 2>/dev/null
  process=() pattern=()
}
listing='listing files: [0-9]* found\|opening files: [0-9]* of 5 subjects\|working'
stat="stat 200 $T/"
slow inspect "$stat" "$listing" "$VOXGAN" inspect "$T/d"
slow split "$stat" "$listing" "$VOXGAN" split "$T/d" --out "$T/parts" --share 0.4
slow edit "$stat" "$listing" "$VOXGAN" edit --labels "$T/d" --out "$T/again" --edit remove
slow eval "$stat" "$listing" "$VOXGAN" eval --real "$T/d" --synth "$T/d" --out "$T/e"
slow verify "$stat" 'manifest: [0-9]* of [0-9]* files\|listing\|working' "$VOXGAN" synth --verify "$T/edited"
slow join "$stat" 'listing files\|surveying\|working' "$VOXGAN" join --tumour "$T/d" --anatomy "$T/d" --out "$T/joined"
slow mix "$stat" "$listing" "$VOXGAN" mix "$T/d" "$T/d2" --unchecked --out "$T/mixed" --name 501_Mix --folds 2
settle
# A file system that is slow to open a file, to read, and to make links: each command, one step of which is slow.
slow phantom "open 300 $T/p" 'phantoms: [0-9]* of 5 subjects\|working' "$VOXGAN" phantom --out "$T/p" --subjects 5 --size 24
slow reading "read 300 $T/d" "$listing\|counting labels" "$VOXGAN" inspect "$T/d"
slow linking "link 100 parts" 'linking the parts: [0-9]* links, ' "$VOXGAN" split "$T/d" --out "$T/parts" --share 0.4
slow sheet "open 300 $T/d" "$listing\|making" "$VOXGAN" edit --labels "$T/d" --out "$T/again2" --edit remove --threads 1
slow mixing "rename 1000 $T/mixed" 'mixing: [0-9]* of 10 cases' "$VOXGAN" mix "$T/d" "$T/d2" --unchecked --out "$T/mixed" --name 501_Mix --folds 2
slow scores "read 300 $T/d" 'eval: [0-9]* of 5 subjects\|opening\|working' "$VOXGAN" eval --real "$T/d" --synth "$T/d" --out "$T/e2"
slow experiment "open 300 $T/d" "$listing" "$VOXGAN" experiment --real "$T/d" --synth "$T/d" --unchecked --out "$T/x" --dry-run
if [ -f "$BUILD/voxgan-torch.so" ]; then
  tiny="--set net.ngf=4 --set net.ndf=4 --set net.levels=2 --set data.series=t1 --set train.epochs=1 --threads 1"
  "$VOXGAN" train --data "$T/d" --out "$T/run" $tiny --quiet >/dev/null || bad "train"
  slow train "read 300 $T/d" 'preparing: [0-9]* of 5 subjects\|opening\|working' "$VOXGAN" train --data "$T/d" --out "$T/run2" $tiny
  slow model "read 1500 model.safetensors" 'opening the model: working, ' "$VOXGAN" synth "$T/run" --labels "$T/d" --out "$T/s" --dry-run
  slow checkpoint "read 1500 checkpoints/" 'reading the checkpoint: working, ' "$VOXGAN" train --out "$T/run" --resume
  slow report "read 800 $T/run/" 'report: working, ' "$VOXGAN" report "$T/run"
  slow libraries "open 2500 voxgan-torch.so" 'loading libtorch: working, \|working' "$VOXGAN" synth "$T/run" --labels "$T/d" --out "$T/s"
fi
settle

# Quick work prints no progress.
"$VOXGAN" inspect "$T/d" >/dev/null 2>"$T/quick.err"
expect "quick work prints no progress" bash -c "! grep -q 'working\|opening' '$T/quick.err'"
finish
