# needs torch
# The first training: what it warns of, clusters in place of anatomy maps, and resuming without arguments.
. tests/cli/lib.sh
v() { "$VOXGAN" "$@"; }
v phantom --out "$T/a" --subjects 3 --size 32 --seed 1 2>/dev/null || bad phantom
v phantom --out "$T/b" --subjects 2 --first 50 --size 32 --seed 2 2>/dev/null || bad phantom
tiny="--set net.ngf=4 --set net.ndf=4 --set net.levels=2 --set train.validate_every=0 --set data.series=t1,flair"

# One class, and no tumour class.
expect_ok 'warning: the brain is one class.*data.anatomy=clusters:6' v train --data "$T/a" --out "$T/dry" $tiny --dry-run
expect_ok 'classes of 3 tumour maps' v train --data "$T/a" --out "$T/dry" $tiny --dry-run
expect_fail 2 'data.tumour is require, but no class is tumour' v train --data "$T/a" --out "$T/dry" $tiny --dry-run \
  --set data.tumour=require --tumour-scheme 1=csf,2=gm,4=wm
expect_fail 2 'data.anatomy is "clusters:1".*clusters:K \(2 to 16\) or clusters:SERIES=K' v train --data "$T/a" --out "$T/dry" $tiny --set data.anatomy=clusters:1
expect_fail 2 'must be one of auto, map, mask, clusters:K, clusters:SERIES=K,... and predict:MODEL' v train --data "$T/a" --out "$T/dry" $tiny --set data.anatomy=msk

# What it will cost: steps, time and disk. 3 subjects, one held out, 7 epochs of 2 steps; accumulated, 1 step an epoch.
expect_ok 'for a first look within minutes: --set data.spacing=3' v train --data "$T/a" --out "$T/dry" $tiny --dry-run --set train.epochs=1000000 \
  --set train.samples=1000
expect "small samples stay as they are" grep -q 'data.spacing=3 --set net.ngf=8' "$T/stderr"
expect_ok 'data.spacing=3 --set train.patch=64,64,48 --set net.ngf=8' v train --data "$T/a" --out "$T/dry" $tiny --dry-run --set train.epochs=1000000 \
  --set train.samples=1000 --set train.patch=96,64,32
expect_ok '14 steps; one takes about [0-9.e-]+ s here: about .*, and 1 validation beside' v train --data "$T/a" --out "$T/dry" $tiny --dry-run --set train.epochs=7
expect "no first look where the training is short" sh -c "! grep -q 'first look' '$T/stderr'"
expect_ok '7 steps; one' v train --data "$T/a" --out "$T/dry" $tiny --dry-run --set train.epochs=7 --set train.accumulate=2 --set data.cache="$T/shared"
bytes=$(cat "$T"/shared/*.case | wc -c)
expect "the cache is as large as said" grep -q "prepared volumes take $(/usr/bin/python3 -c "print('%.1f kB' % ($bytes / 1000))") (3 subjects" "$T/stderr"

# A step of minutes is not waited for: smaller samples are timed.
began=$(date +%s)
expect_ok 'one takes about [0-9.e+]+ s here \(an estimate, from samples of [0-9]+x[0-9]+x[0-9]+ voxels\): about' v train --data "$T/a" --out "$T/dry" \
  --dry-run --threads 1 --set train.patch=96,96,96 --set train.samples=64 --set train.accumulate=64 --set net.ngf=32 --set net.levels=3 --set data.series=t1
expect "a quick answer" [ $(($(date +%s) - began)) -le 45 ]

# Clusters: trained on, and found again in other subjects; the maps are written, and serve a second time.
expect_ok 'classes: t1_cluster1, t1_cluster2, t1_cluster3, necrosis' v train --data "$T/a" --out "$T/r" $tiny --set data.anatomy=clusters:3 --set train.epochs=2
expect "the next command" grep -q "next: voxgan synth $T/r --labels DIR --out synthetic" "$T/stderr"
expect_fail 3 'lacks swi; 2 more subjects are also incomplete; the data have t1,t1c,t2,flair: --set data.series=t1,t1c,t2,flair$' v train --data "$T/a" \
  --out "$T/dry" $tiny --set data.series=swi
v train --data "$T/a" --out "$T/r" $tiny --set data.anatomy=clusters:3 --resume >"$T/stdout" 2>&1
expect "no warning of one class" sh -c "! grep -q 'one class' '$T/stdout'"
expect_ok '2 cases made' v synth "$T/r" --labels "$T/b" --out "$T/s" --format bids --sheet 0
expect "how to compare them" grep -q "next: voxgan eval --real DIR --synth $T/s --out scores" "$T/stderr"
expect_ok 'e/report.html begins with the findings in words' v eval --real "$T/b" --synth "$T/s" --out "$T/e"
expect "the description says that they copy anatomy" grep -q "clusters.*copy" "$T/s/dataset_description.json"
expect "no case has the id of a person" [ "$(cut -d, -f1 "$T/s/manifest.csv" | grep -c 'synth')" = 2 ]
expect_ok 't1_cluster3' v inspect "$T/s"
expect_ok '2 cases made' v synth "$T/r" --labels "$T/s" --out "$T/s2" --sheet 0
rm -rf "$T/c" && mkdir "$T/c" && cp -r "$T/b/." "$T/c" && find "$T/c" -name '*_t1.nii.gz' -delete
expect_fail 3 'has no series t1, in which its anatomy classes \(clusters\) are found' v synth "$T/r" --labels "$T/c" --out "$T/s3" --sheet 0

# Clusters of two series: the class is a pair, and both are found again.
expect_ok 'classes: t1-flair_cluster1-1, t1-flair_cluster1-2, t1-flair_cluster2-1, .*-2, t1-flair_cluster3-1, .*, necrosis' \
  v train --data "$T/a" --out "$T/p" $tiny --set data.anatomy=clusters:t1=3,flair=2 --set train.epochs=1
expect_ok '2 cases made' v synth "$T/p" --labels "$T/b" --out "$T/ps" --format bids --sheet 0
expect_ok 't1-flair_cluster3-2' v inspect "$T/ps"
rm -rf "$T/d" && mkdir "$T/d" && cp -r "$T/b/." "$T/d" && find "$T/d" -name '*_flair.nii.gz' -delete
expect_fail 3 'has no series flair, in which its anatomy classes \(clusters\) are found' v synth "$T/p" --labels "$T/d" --out "$T/ps3" --sheet 0
expect_fail 3 'no series swi, which data.anatomy names' v train --data "$T/a" --out "$T/dry" $tiny --dry-run --set data.anatomy=clusters:t1=3,swi=2

# A scheme for each data set.
expect_ok 'classes: brain, core, rim, ring, necrosis, oedema, enhancing' v train --data "$T/a" --tumour-scheme 1=core,2=rim,4=ring \
  --data "$T/b" --tumour-scheme brats --out "$T/dry" $tiny --dry-run

# --resume needs nothing but the run.
v train --data "$T/a" --layout brats2021 --out "$T/k" $tiny --set train.epochs=1 2>/dev/null || bad train
expect_ok 'all epochs are done \(1\)' v train --out "$T/k" --resume
expect_ok 'trained 9 steps|trained 6 steps' v train --out "$T/k" --resume --set train.epochs=3
expect_ok '"ngf": 4' v train --out "$T/k" --resume --print-config
rm "$T/k/data.json"
expect_fail 2 '--data DIR is missing: an earlier version' v train --out "$T/k" --resume
expect_fail 2 '--data DIR is missing$' v train --out "$T/none" --resume

finish
