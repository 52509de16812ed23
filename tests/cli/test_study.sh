# A study of edited label maps: the same files for every way to make it, failures, and how other programs see it.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/src/hosts" --subjects 3 --size 40 --seed 1 --anatomy --layout brats2021 2>/dev/null || bad phantom
"$VOXGAN" phantom --out "$T/src/healthy" --subjects 2 --size 36 --seed 2 --layout bids 2>/dev/null || bad phantom
cat >"$T/plan.json" <<'PLAN'
{
  "about": "twenty cases in two cohorts",
  "cohorts": [
    {"name": "resized", "count": 12, "hosts": {"path": "src/hosts", "layout": "brats2021"},
     "edits": ["scale:factor=uniform(0.5,1.2)", "rotate:random"]},
    {"name": "implanted", "count": 8, "hosts": {"path": "src/healthy", "layout": "bids"},
     "donors": {"path": "src/hosts", "layout": "brats2021"},
     "edits": ["graft:donor=random"], "balance": {"volume_ml": [2, 6, 12]}}
  ]
}
PLAN
edit() { "$VOXGAN" edit --plan "$T/plan.json" --seed 3 --sheet 4 "$@"; }

expect_ok 'implanted' edit --dry-run
expect_ok '20 cases made, 0 kept' edit --out "$T/one"
expect "a summary by cohort" grep -q '^resized ' "$T/stdout"
expect "a manifest row a case" [ "$(wc -l <"$T/one/manifest.csv")" = 21 ]
expect "contact sheet" [ -s "$T/one/contact-sheet-01.png" ]
expect "nothing half written" [ -z "$(find "$T/one" -name '*.tmp*')" ]
expect "no source path" sh -c "! grep -rqF '$T' '$T/one' --include='*.json' --include='*.csv'"
expect_ok 'all as the manifest says' "$VOXGAN" synth --verify "$T/one"

expect_ok '20 cases, 0 faults' /usr/bin/python3 tests/oracle/study_oracle.py "$T/one" "$T/src" "$T/src/hosts"

# Again: nothing is redone.
find "$T/one" -name '*.nii.gz' -exec stat -c '%n %y' {} + | sort >"$T/before"
expect_ok '0 cases made, 20 kept' edit --out "$T/one"
find "$T/one" -name '*.nii.gz' -exec stat -c '%n %y' {} + | sort >"$T/after"
expect "finished cases are left alone" cmp -s "$T/before" "$T/after"

# Four shards at once into one folder, then closed.
for i in 1 2 3 4; do
  if [ $i = 2 ]; then
    SLURM_ARRAY_TASK_ID=20 SLURM_ARRAY_TASK_MIN=10 SLURM_ARRAY_TASK_STEP=10 SLURM_ARRAY_TASK_COUNT=4 \
      edit --out "$T/four" --shard slurm >/dev/null 2>"$T/shard$i" &
  else
    edit --out "$T/four" --shard $i/4 >/dev/null 2>"$T/shard$i" &
  fi
  shards="${shards:-} $!"
done
for pid in $shards; do wait "$pid" || bad "a shard failed: $(cat "$T"/shard*)"; done
expect_ok 'all as the manifest says' "$VOXGAN" synth --finish "$T/four" --sheet 4
expect "shards give the same files" diff -r "$T/one" "$T/four"

# Killed ten times at random moments, then run to the end.
RANDOM=11
for _ in $(seq 10); do
  edit --out "$T/killed" >/dev/null 2>&1 &
  pid=$!
  sleep "0.$(printf %03d $((RANDOM % 350)))"
  kill -KILL $pid 2>/dev/null
  wait $pid 2>/dev/null
done
expect_ok 'cases made' edit --out "$T/killed"
expect "killing changes nothing" diff -r "$T/one" "$T/killed"

# Other threads, another seed.
expect_ok '20 cases made' edit --out "$T/threads" --threads 1
expect "threads change nothing" diff -r "$T/one" "$T/threads"
expect_ok '20 cases made' "$VOXGAN" edit --plan "$T/plan.json" --seed 4 --sheet 0 --out "$T/seed4"
expect "another seed makes others" sh -c "! cmp -s '$T/one/manifest.csv' '$T/seed4/manifest.csv'"
expect_fail 2 'another study, model or settings' edit --out "$T/seed4"

# Every format is read back.
for format in brats2021 brats2023 brats2013 bids nnunet; do
  expect_ok '3 cases made' "$VOXGAN" edit --labels "$T/src/hosts" --layout brats2021 --edit scale:factor=0.8 --format $format --out "$T/f_$format" --sheet 2
  expect_ok '3 subjects|necrosis' "$VOXGAN" inspect "$T/f_$format"
  expect_ok 'all as the manifest says' "$VOXGAN" synth --verify "$T/f_$format"
done

# Who the sources were stays a secret.
head -c 32 /dev/urandom >"$T/key"
expect_ok '4 cases made' "$VOXGAN" edit --labels "$T/src/healthy" --layout bids --donors "$T/src/hosts" --donor-layout brats2021 --per-case 2 \
  --edit graft:donor=random --out "$T/anon" --anonymous "$T/key" --sheet 0
expect "there are sources" grep -qE '[0-9a-f]{16}' "$T/anon/manifest.csv"
expect "no source's id" sh -c "! grep -rqE 'sub-0|BraTS2021_0' '$T/anon/manifest.csv' '$T/anon/.voxgan'"

"$VOXGAN" edit --labels "$T/src/hosts" --layout brats2021 --edit scale:ml=900,fit=0.99 --redraws 1 --out "$T/anonfail" --anonymous "$T/key" >/dev/null 2>&1
expect "failures are kept" [ "$(find "$T/anonfail/.voxgan/failed" -name '*.txt' | wc -l)" = 3 ]
expect "and name nobody" sh -c "! grep -rq 'BraTS2021_0' '$T/anonfail'"

# A closed data set whose files were changed, or that has more or fewer.
victim=$(find "$T/f_bids" -name '*.nii.gz' | sort | head -1)
cp "$victim" "$T/kept.nii.gz"
printf x >>"$victim"
expect_fail 3 'does not agree with its manifest' "$VOXGAN" synth --verify "$T/f_bids"
rm "$victim"
expect_fail 3 'does not agree with its manifest' "$VOXGAN" synth --verify "$T/f_bids"
cp "$T/kept.nii.gz" "$victim"
expect_ok 'all as the manifest says' "$VOXGAN" synth --verify "$T/f_bids"
expect_fail 3 'no dataset_description.json' "$VOXGAN" synth --finish "$T/src/hosts"
expect_ok '10 cases made' edit --out "$T/half" --shard 1/2
expect_fail 1 '10 of 20 cases are missing' "$VOXGAN" synth --finish "$T/half"

# What cannot be done.
labels="--labels $T/src/hosts --layout brats2021"
expect_fail 2 'did you mean scale' "$VOXGAN" edit $labels --out "$T/x" --edit scael:factor=2
expect_fail 2 'did you mean factor' "$VOXGAN" edit $labels --out "$T/x" --edit scale:facto=2
expect_fail 2 'is not within' "$VOXGAN" edit $labels --out "$T/x" --edit 'scale:factor=uniform(0.5,1e9)'
expect_fail 2 'shard 5 of 4' edit --out "$T/x" --shard 5/4
expect_fail 2 'must be I/N or slurm' edit --out "$T/x" --shard half
expect_fail 2 'SLURM_ARRAY_TASK_ID' edit --out "$T/x" --shard slurm
expect_fail 2 'cannot be combined' edit --out "$T/x" --edit rotate:random
sed 's/"count"/"conut"/' "$T/plan.json" >"$T/typo.json"
expect_fail 2 'typo.json.*conut.*did you mean count' "$VOXGAN" edit --plan "$T/typo.json" --out "$T/x"
expect_fail 2 'did you mean bids' "$VOXGAN" edit $labels --out "$T/x" --format bisd
expect_fail 2 'key' "$VOXGAN" edit $labels --out "$T/x" --anonymous "$T/nokey"
# Every case fails: each is named, the exit code is 1, and nothing looks finished.
"$VOXGAN" edit $labels --out "$T/full" --edit scale:ml=900,fit=0.99 --redraws 2 >"$T/stdout" 2>"$T/stderr"
expect "no room exits 1" [ $? = 1 ]
expect "each case is named" [ "$(grep -c 'case .*: ' "$T/stderr")" -ge 3 ]
expect "and no file is there" [ -z "$(find "$T/full" -name '*.nii.gz')" ]
"$VOXGAN" edit --labels "$T/src/healthy" --layout bids --donors "$T/src/healthy" --donor-layout bids --out "$T/x" --edit graft >"$T/stdout" 2>"$T/stderr"
expect "donors without a tumour" [ $? != 0 ]
expect "are named" grep -qE 'tumour' "$T/stderr"

printf 'id,anatomy\nempty,%s\n' "$T/empty.nii.gz" >"$T/empty.csv"
/usr/bin/python3 -c "import nibabel, numpy, sys; nibabel.save(nibabel.Nifti1Image(numpy.zeros((20, 20, 20), 'u1'), numpy.eye(4)), sys.argv[1])" "$T/empty.nii.gz"
expect_fail 3 'host empty: .*no brain' "$VOXGAN" edit --labels "$T/empty.csv" --donors "$T/src/hosts" --donor-layout brats2021 --edit graft --out "$T/x6"
expect_fail 2 'no donor nobody' "$VOXGAN" edit $labels --edit graft:donor=nobody --out "$T/x6"
"$VOXGAN" edit $labels --edit move:x=500,y=0,z=0,tries=7 --redraws 3 --out "$T/x7" >"$T/stdout" 2>"$T/stderr"
expect "an impossible place exits 1" [ $? = 1 ]
expect "with the tries made" grep -q 'none of 3 draws .* 7 tried' "$T/stderr"

# A full disk stops with the path and the space wanted; with space again, the same command completes.
mkdir "$T/small"
if mount -t tmpfs -o size=200k tmpfs "$T/small" 2>/dev/null; then
  "$VOXGAN" edit $labels --edit scale:factor=0.9 --per-case 8 --sheet 0 --out "$T/small/set" >"$T/stdout" 2>"$T/stderr"
  expect "a full disk exits 1" [ $? = 1 ]
  expect "with the path and the space" grep -qE "$T/small/set/.*cannot write [0-9]+ bytes" "$T/stderr"
  expect "and no partial file" [ -z "$(find "$T/small" -name '*.tmp*')" ]
  mount -o remount,size=20m "$T/small"
  expect_ok '[0-9]+ cases made, [1-9][0-9]* kept' "$VOXGAN" edit $labels --edit scale:factor=0.9 --per-case 8 --sheet 0 --out "$T/small/set"
  expect_ok 'all as the manifest says' "$VOXGAN" synth --verify "$T/small/set"
  umount "$T/small"
else
  echo "skipped: a full disk (cannot mount a tmpfs)"
fi
finish
