# needs torch
# What cannot be opened is not absent: data behind dead links or closed folders, and a file system that fails for once.
. tests/cli/lib.sh
cc -std=c11 -O1 -shared -fPIC -o "$T/faults.so" tests/torture/faults.c -ldl || bad "faults.c does not compile"

"$VOXGAN" phantom --out "$T/p" --subjects 6 --size 16 --anatomy --seed 1 --layout brats2021 2>/dev/null || bad phantom
"$VOXGAN" split "$T/p" --layout brats2021 --out "$T/s" --share 0.34 >/dev/null 2>&1 || bad split
tiny="--layout brats2021 --threads 1 --set net.ngf=4 --set net.ndf=4 --set net.d_layers=1 --set data.val_share=0.3 --set train.validate_every=1 --set train.keep=50"

# ---- links to nowhere: one file of a subject, all of another, a link to a folder ----
some=$(ls "$T/s/train" | head -1) all=$(ls "$T/s/train" | sed -n 2p)
ln -sfn /nowhere/x.nii.gz "$T/s/train/$some/${some}_flair.nii.gz"
mv "$T/p/$all" "$T/gone"
for command in "train --data $T/s/train $tiny --out $T/r --dry-run" "split $T/s/train --out $T/s2" \
    "eval --real $T/s/train --synth $T/p --out $T/e" "eval --real $T/p --synth $T/s/train --out $T/e" \
    "edit --labels $T/s/train --out $T/ed --edit grow:ml=2" "experiment --real $T/s/train --synth $T/p --unchecked --out $T/x --dry-run" \
    "join --tumour $T/s/train --anatomy $T/p --out $T/j"; do
  expect_fail 3 'cannot open: No such file or directory \(it is a link to .*; 6 more .*--skip-incomplete' "$VOXGAN" $command
done
expect "nothing was written" [ ! -e "$T/s2" ]
expect_ok "$some.*flair.nii.gz: cannot open: .*it counts as missing" "$VOXGAN" inspect "$T/s/train"
expect_ok '^n: 3' "$VOXGAN" inspect "$T/s/train"
expect_ok '7 files or folders cannot be opened; 1 subject is left' "$VOXGAN" train --data "$T/s/train" $tiny --out "$T/r" --dry-run --skip-incomplete
expect "the incomplete one is named" grep -q "skipped subject $some (.*): it lacks flair" "$T/stderr"
expect_ok '' "$VOXGAN" train --data "$T/s/train" $tiny --set data.series=t1 --out "$T/r" --dry-run --skip-incomplete
expect "a series that is not wanted does not matter" [ "$(grep -c "skipped subject" "$T/stderr")" = 0 ]
expect_ok 'cases in' "$VOXGAN" split "$T/s/train" --out "$T/s3" --share 0.4 --skip-incomplete
ln -s /nowhere "$T/s/test/BraTS2021_00009"
expect_fail 3 'BraTS2021_00009: cannot open folder: .*it is a link to /nowhere' "$VOXGAN" split "$T/s/test" --out "$T/s4" --share 0.4
rm "$T/s/test/BraTS2021_00009"
ln -s /nowhere/LICENSE.txt "$T/s/test/LICENSE.txt"
expect_ok '2 subjects' "$VOXGAN" inspect "$T/s/test"

# ---- a folder that may not be opened (root may open any) ----
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
  as="setpriv --reuid=65534 --regid=65534 --clear-groups"
  chmod 755 "$T"
  mkdir -m 700 "$T/s/test/lost+found"
  expect_ok 'lost\+found: cannot open folder: Permission denied' $as "$VOXGAN" inspect "$T/s/test"
  expect_ok '^n: 2' $as "$VOXGAN" inspect "$T/s/test"
  mkdir -m 700 "$T/p/lost+found" # a data set that no voxgan-data.json describes
  expect_ok '^n: ' $as "$VOXGAN" inspect "$T/p"
  mkdir -m 777 "$T/parts"
  expect_ok 'cases in' $as "$VOXGAN" split "$T/p" --out "$T/parts/p" --share 0.5 --skip-incomplete
  rmdir "$T/p/lost+found"
  expect_fail 3 'lost\+found: cannot open folder: Permission denied; --skip-incomplete' $as "$VOXGAN" edit --labels "$T/s/test" --out "$T/nobody" --edit grow:ml=2
fi
mv "$T/gone" "$T/p/$all"

# ---- a look at a link that fails once: the link is not absent ----
"$VOXGAN" split "$T/p" --layout brats2021 --out "$T/s5" --share 0.5 --seed 2 >/dev/null 2>&1 || bad split
"$VOXGAN" inspect "$T/s5/train" >"$T/whole" 2>/dev/null || bad inspect
for n in $(seq 1 80); do
  FAULT="stat $n 4 $T/s5/train" LD_PRELOAD="$T/faults.so" "$VOXGAN" inspect "$T/s5/train" >"$T/stdout" 2>"$T/stderr"
  rc=$?
  [ $rc != 0 ] || cmp -s "$T/stdout" "$T/whole" || grep -q 'counts as missing' "$T/stderr" || bad "look $n at a folder of links: something is missing without a word"
done

# ---- a look at the run that fails once: nothing is thrown away for it ----
run="train --data $T/p $tiny --set train.epochs=3 --out $T/run"
"$VOXGAN" $run >/dev/null 2>&1 || bad "training"
kept=$(cd "$T/run" && sha256sum checkpoints/* model*.safetensors log.jsonl split.json)
for name in config.json split.json checkpoints log.jsonl; do
  for n in 1 2 3 4; do
    for errno in 5 13 116; do
      FAULT="stat $n $errno run/$name" LD_PRELOAD="$T/faults.so" "$VOXGAN" $run --resume --set train.epochs=4 --dry-run >"$T/stdout" 2>"$T/stderr"
      rc=$?
      [ $rc = 0 ] || [ $rc = 1 ] || bad "$name, call $n, errno $errno: exit $rc"
      grep -q 'no checkpoint yet' "$T/stderr" && bad "$name, call $n, errno $errno: taken for a new run"
    done
  done
  expect "a failing look at $name loses nothing" [ "$kept" = "$(cd "$T/run" && sha256sum checkpoints/* model*.safetensors log.jsonl split.json)" ]
done
FAULT="stat 0 5 run/config.json" LD_PRELOAD="$T/faults.so" expect_fail 1 'run/config.json: cannot (look at it|read): Input/output error' "$VOXGAN" $run --resume
FAULT="stat 2 5 run/config.json" LD_PRELOAD="$T/faults.so" "$VOXGAN" $run --resume --set train.epochs=4 >"$T/stdout" 2>"$T/stderr"
expect "and where it goes on, it goes on from the checkpoint" [ "$(cd "$T/run" && sha256sum checkpoints/step-*[1-9]*.safetensors | head -1)" = "$(echo "$kept" | head -1)" ]

# An image that cannot be opened once: eval ends with an error, or its page is the same. Its folder has no trace of a failed unlink.
scores() { rm -rf "$T/scores"; "$VOXGAN" eval --real "$T/e" --synth "$T/f" --suite overlap,image --threads 1 --out "$T/scores"; }
"$VOXGAN" phantom --out "$T/e" --subjects 2 --size 16 --anatomy --seed 1 --quiet && "$VOXGAN" phantom --out "$T/f" --subjects 2 --size 16 --anatomy --seed 2 --quiet
scores >/dev/null 2>&1 && page=$(sha256sum <"$T/scores/report.html")
lost=0
for n in $(seq 40); do
  if FAULT="open $n 5 /e/BraTS2021_00001/BraTS2021_00001_t1." LD_PRELOAD="$T/faults.so" scores >/dev/null 2>&1; then
    expect "open $n of an image: the page is the same" [ "$(sha256sum <"$T/scores/report.html")" = "$page" ]
    [ "$lost" = 0 ] || break
  else
    lost=$n
  fi
done
expect "some opens of the image failed" [ "$lost" -gt 1 ]
FAULT="unlink 0 5" LD_PRELOAD="$T/faults.so" scores >/dev/null 2>&1
expect "nothing is left behind" [ -z "$(find "$T/scores" -name '*.tmp.*')" ]

# A description that is a link to nowhere, or cut off: voxgan does not guess its labels and sources in silence.
"$VOXGAN" edit --labels "$T/e" --edit scale:factor=0.9 --out "$T/made" --sheet 0 --format brats2013 >/dev/null 2>&1 || bad edit
cp -r "$T/made" "$T/cut"
head -c 300 "$T/made/dataset_description.json" >"$T/cut/dataset_description.json"
"$VOXGAN" inspect "$T/cut" >/dev/null 2>"$T/stderr"
expect "a description that is cut off is named" grep -q 'warning: .*dataset_description.json.* so it does not show what label values mean' "$T/stderr"
for file in dataset_description.json manifest.csv; do
  cp -r "$T/made" "$T/lost-${file%.*}"
  ln -sf /nowhere/annex "$T/lost-${file%.*}/$file"
  expect_fail 3 "$file: cannot open: it is a link to /nowhere/annex, which is not there" "$VOXGAN" inspect "$T/lost-${file%.*}"
  expect_fail 3 "$file: cannot open: it is a link to /nowhere/annex" "$VOXGAN" mix "$T/e" "$T/lost-${file%.*}" --out "$T/x" --folds 2
done
finish
