# needs torch
# The cache of prepared volumes: runs share it, `voxgan cache` shows and prunes it, and a file that is shortened ends a training
# with one line.
. tests/cli/lib.sh
v() { "$VOXGAN" "$@"; }
v phantom --out "$T/a" --subjects 4 --size 24 --anatomy --layout brats2021 --quiet >/dev/null || bad phantom
v phantom --out "$T/b" --subjects 2 --first 50 --size 24 --layout brats2021 --quiet >/dev/null || bad phantom
tiny="--layout brats2021 --set net.ngf=4 --set net.ndf=4 --set net.levels=2 --set train.validate_every=0 --set data.series=t1,flair --threads 1"
mkdir "$T/runs"
v train --data "$T/a" --out "$T/runs/one" $tiny --set train.epochs=1 --quiet 2>/dev/null || bad train
before=$(ls "$T"/runs/voxgan-cache/*.case)
v train --data "$T/a" --out "$T/runs/two" $tiny --set train.epochs=1 --set net.ngf=5 --quiet 2>/dev/null || bad train
expect "runs share their prepared volumes" [ "$before" = "$(ls "$T"/runs/voxgan-cache/*.case)" ]
expect "a run leads to them" [ "$(readlink "$T/runs/two/cache")" = ../voxgan-cache -a "$(ls "$T"/runs/two/cache/*.case | wc -l)" = 4 ]
expect "none lies in a run" sh -c "! find '$T'/runs/one '$T'/runs/two -name '*.case' | grep -q ."
v train --data "$T/b" --out "$T/runs/three" $tiny --set train.epochs=1 --set data.spacing=2 --quiet || bad train

expect_ok "voxgan-cache: 6 prepared subjects, .*B\$" v cache "$T/runs"
expect "by data set" grep -qE "^$T/a +own +t1,flair +6 +4 " "$T/stdout"
expect "and way of preparing" grep -qE "^$T/b +2 mm +t1,flair +4 +2 " "$T/stdout"
expect_ok 'voxgan-cache: 6 prepared subjects' v cache "$T/runs/one"
expect_ok 'voxgan-cache: 6 prepared subjects' v cache "$T/runs/voxgan-cache"
(cd "$T/runs" && expect_ok 'voxgan-cache: 6 prepared subjects' v cache)
expect_fail 3 'neither it nor voxgan-cache in it is a cache' v cache "$T/a"
expect_fail 2 'must be an age .* or a size' v cache "$T/runs" --prune 30
expect_fail 2 'must be an age' v cache "$T/runs" --prune -3d
expect_fail 2 'needs --prune' v cache "$T/runs" --dry-run

# A run that has a cache of its own keeps it, and so does a setting. $VOXGAN_CACHE names one for all.
mkdir -p "$T/old/cache"
v train --data "$T/b" --out "$T/old" $tiny --set train.epochs=1 --quiet --dry-run 2>/dev/null || bad train
expect "in the run" [ "$(ls "$T"/old/cache/*.case | wc -l)" = 2 ]
VOXGAN_CACHE="$T/named" v train --data "$T/b" --out "$T/runs/four" $tiny --quiet --dry-run 2>/dev/null || bad train
expect "as the variable says" [ "$(ls "$T"/named/*.case | wc -l)" = 2 ]

expect "a look makes no link" [ ! -e "$T/runs/four" -o ! -L "$T/runs/four/cache" ]

# A run that starts again with another cache leads to that one, and the volumes of the others stay. The link of a moved run leads
# nowhere, and is made again. A link of the user's stays.
v train --data "$T/b" --out "$T/runs/two" $tiny --set train.epochs=1 --overwrite --quiet --set data.cache="$T/named" 2>/dev/null || bad train
expect "a link to the new cache" [ "$(readlink "$T/runs/two/cache")" = ../../named ]
expect "the others' volumes stay" [ "$before" = "$(ls $before)" ]
expect_ok "^$T/named: 2 prepared subjects" v cache "$T/runs/two"
mkdir -p "$T/moved/here"
v train --data "$T/b" --out "$T/runs/five" $tiny --set data.spacing=2 --set train.epochs=1 --quiet 2>/dev/null || bad train
mv "$T/runs/five" "$T/moved/here/five"
expect_ok 'resuming after' v train --data "$T/b" --out "$T/moved/here/five" $tiny --set data.spacing=2 --set train.epochs=2 --resume
expect "found from the moved run" [ "$(ls "$T"/moved/here/five/cache/*.case)" != "" -a "$(ls "$T"/moved/here/voxgan-cache/*.case | wc -l)" = 2 ]
mkdir "$T/mine" && rm "$T/moved/here/five/cache" && ln -s "$T/mine" "$T/moved/here/five/cache"
expect_ok . v train --data "$T/b" --out "$T/moved/here/five" $tiny --set train.epochs=1 --overwrite
expect "a link of the user's" [ "$(readlink "$T/moved/here/five/cache")" = "$T/mine" -a "$(ls "$T"/mine/*.case | wc -l)" = 2 ]

# Pruning by age and by size. What is no prepared volume stays.
echo mine >"$T/runs/voxgan-cache/notes.txt"
printf x >"$T/runs/voxgan-cache/$(printf '%064d' 7).case"
touch -d '40 days ago' $before
expect_ok 'would remove 4 of 6' v cache "$T/runs" --prune 30d --dry-run
expect "and did not" ls $before >/dev/null
expect_ok 'removed 4 of 6' v cache "$T/runs" --prune 30d
expect_ok 'voxgan-cache: 2 prepared subjects' v cache "$T/runs"
expect_ok 'removed 0 of 2' v cache "$T/runs" --prune 1GB
expect_ok 'removed 2 of 2' v cache "$T/runs" --prune 0kB
expect "other files stay" [ -e "$T/runs/voxgan-cache/notes.txt" -a -e "$T/runs/voxgan-cache/$(printf '%064d' 7).case" ]

# A training that runs: what it uses stays, whatever the rule; what it does not use goes.
v train --data "$T/b" --out "$T/runs/three" $tiny --set data.spacing=2 --overwrite --set train.epochs=1 --quiet 2>/dev/null || bad train
touch -d '40 days ago' "$T"/runs/voxgan-cache/*.case
v train --data "$T/a" --out "$T/runs/long" $tiny --set train.epochs=100000 2>"$T/long.err" &
pid=$!
for _ in $(seq 200); do grep -q 'subjects to train on' "$T/long.err" 2>/dev/null && break; sleep 0.1; done
expect_ok 'removed 2 of 6' v cache "$T/runs" --prune 0kB
expect_ok '4 prepared subjects, .*; in use by 1 process$' v cache "$T/runs"
expect "it says so" grep -qE "^$T/a .* in use\$" "$T/stdout"
expect "the training continues" kill -0 $pid

# Somebody shortens its files.
for f in "$T"/runs/voxgan-cache/*.case; do [ -s "$f" ] && truncate -s 100 "$f"; done
for _ in $(seq 100); do kill -0 $pid 2>/dev/null || break; sleep 0.1; done
wait $pid
rc=$?
expect "exit code 1" [ $rc = 1 ]
expect "one line" [ "$(grep -c '^voxgan train: .*\.case: was shortened while it was in use, or its disk failed' "$T/long.err")" = 1 ]
expect_ok 'is prepared again' v train --data "$T/a" --out "$T/runs/long" $tiny --resume --set train.epochs=100000 --dry-run
finish
