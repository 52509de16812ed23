# Whose folder is it? Nothing is written over that the command did not make, and two commands never mix in one folder.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/p" --subjects 3 --size 16 --seed 1 --anatomy 2>/dev/null || bad phantom
edit() { "$VOXGAN" edit --labels "$T/p" --layout brats2021 --sheet 0 --threads 1 --per-case 3 --edit scale:factor="$@"; }
tree() { (cd "$1" && find . | sort && find . -type f -exec sha256sum {} + | sort); }
unchanged() { # WHAT COMMAND...: refused, with the folder D as it was
  local what=$1
  shift
  tree "$T/D" >"$T/before"
  expect_fail 2 'holds [^ ]+, which is not of this data set|lie within one another|was made by another command' "$@"
  tree "$T/D" >"$T/after"
  expect "$what leaves all as it was" cmp -s "$T/before" "$T/after"
}

# A data set of a person's own.
cp -r "$T/p" "$T/D" && rm -r "$T/D/.voxgan"
for overwrite in "" --overwrite; do
  unchanged "edit in another data set" "$VOXGAN" edit --labels "$T/p" --layout brats2021 --out "$T/D" --sheet 0 $overwrite
  unchanged "edit of itself" "$VOXGAN" edit --labels "$T/D" --layout brats2021 --out "$T/D" --sheet 0 $overwrite
  unchanged "join" "$VOXGAN" join --tumour "$T/p" --anatomy "$T/p" --layout brats2021 --anatomy-layout brats2021 --out "$T/D" $overwrite
done
unchanged "phantom" "$VOXGAN" phantom --out "$T/D" --subjects 1 --size 16
unchanged "split" "$VOXGAN" split "$T/p" --out "$T/D" --layout brats2021
for odd in .hidden notes.txt sub/deep/file.nii.gz; do
  rm -rf "$T/D" && mkdir -p "$T/D/$(dirname $odd)" && echo mine >"$T/D/$odd"
  unchanged "edit beside $odd" edit 0.5 --out "$T/D"
  expect "it names $odd" grep -qF "$odd" "$T/stderr"
done
rm -rf "$T/D" && mkdir "$T/D" && ln -s "$T/nowhere" "$T/D/link"
unchanged "edit beside a dead link" edit 0.5 --out "$T/D"
rm -rf "$T/D" && mkdir "$T/D" && mkfifo "$T/D/pipe"
expect_fail 2 'holds pipe' edit 0.5 --out "$T/D"

# A file that was put into a finished data set; a file and a folder of it that became links.
rm -rf "$T/D"
expect_ok '9 cases made' edit 0.5 --out "$T/D"
expect_ok '0 cases made, 9 kept' edit 0.5 --out "$T/D"
echo mine >"$T/D/notes.txt"
unchanged "edit beside a note" edit 0.5 --out "$T/D"
unchanged "overwriting beside a note" edit 0.6 --out "$T/D" --overwrite
rm "$T/D/notes.txt"
map=$(cd "$T/D" && find . -name '*seg.nii.gz' | sort | head -1)
mv "$T/D/$map" "$T/precious.nii.gz" && ln -s "$T/precious.nii.gz" "$T/D/$map"
sum=$(sha256sum <"$T/precious.nii.gz")
unchanged "overwriting a link" edit 0.6 --out "$T/D" --overwrite
mv "$T/precious.nii.gz" "$T/D/$map"
case=$(dirname "$map")
mv "$T/D/$case" "$T/elsewhere" && ln -s "$T/elsewhere" "$T/D/$case"
unchanged "overwriting through a linked folder" edit 0.6 --out "$T/D" --overwrite
rm "$T/D/$case" && mv "$T/elsewhere" "$T/D/$case"
expect "the map is unchanged" [ "$sum" = "$(sha256sum <"$T/D/$map")" ]

# Other kinds of folders of ours.
unchanged "phantom in a study" "$VOXGAN" phantom --out "$T/D" --subjects 1 --size 16
cp -r "$T/p" "$T/q"
expect_fail 2 'was made by another command' edit 0.5 --out "$T/q"
expect_fail 2 'with other settings' "$VOXGAN" phantom --out "$T/q" --subjects 3 --size 16 --seed 2 --anatomy
expect_ok '' "$VOXGAN" phantom --out "$T/q" --subjects 4 --size 16 --seed 1 --anatomy

# Files of a person's own under the names that eval and report write.
eval() { "$VOXGAN" eval --real "$T/p" --synth "$T/q2" --suite overlap "$@"; }
"$VOXGAN" phantom --out "$T/q2" --subjects 3 --size 16 --seed 9 --anatomy 2>/dev/null || bad phantom
for name in metrics.csv summary.json report.html neighbours.csv; do
  rm -rf "$T/e" && mkdir "$T/e" && echo mine >"$T/e/$name"
  expect_fail 2 "$name: already exists, and this command did not make it" eval --out "$T/e"
  expect "$name stays" [ "$(cat "$T/e/$name")" = mine ]
done
rm -rf "$T/e" && echo mine >"$T/mine.json"
expect_fail 2 'mine.json: already exists' eval --out "$T/e" --write-baseline "$T/mine.json"
expect_ok '' eval --out "$T/e" --write-baseline "$T/b.json"
expect_ok '' eval --out "$T/e" --write-baseline "$T/b.json"
unset -f eval

# Another study takes its place only when asked, and nothing of the old one stays.
expect_fail 2 'another study, model or settings' edit 0.6 --out "$T/D"
expect_ok '6 cases made' "$VOXGAN" edit --labels "$T/p" --layout brats2021 --sheet 0 --threads 1 --per-case 2 --edit scale:factor=0.7 --out "$T/D" --overwrite --format bids
"$VOXGAN" edit --labels "$T/p" --layout brats2021 --sheet 0 --threads 1 --per-case 2 --edit scale:factor=0.7 --out "$T/fresh" --format bids >/dev/null 2>&1
expect "it is as if the first had never been" diff -r "$T/fresh" "$T/D"

# Killed half-way through that, at every file that is removed: it is the old study or the new one, and never whole.
shim=
cat >"$T/shim.c" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>
static void count(void) {
  static int n;
  const char *at = getenv("KILL_AT");
  if (at && ++n == atoi(at)) raise(SIGKILL);
}
int unlink(const char *path) {
  count();
  return ((int (*)(const char *))dlsym(RTLD_NEXT, "unlink"))(path);
}
int unlinkat(int dir, const char *path, int how) {
  count();
  return ((int (*)(int, const char *, int))dlsym(RTLD_NEXT, "unlinkat"))(dir, path, how);
}
int flock(int fd, int how) {
  if (!getenv("NO_LOCKS")) return ((int (*)(int, int))dlsym(RTLD_NEXT, "flock"))(fd, how);
  errno = atoi(getenv("NO_LOCKS"));
  return -1;
}
C
gcc -shared -fPIC -O1 -o "$T/shim.so" "$T/shim.c" -ldl 2>/dev/null && shim=$T/shim.so
if [ -n "$shim" ]; then
  edit 0.5 --out "$T/old" >/dev/null 2>&1
  edit 1.5 --out "$T/new" >/dev/null 2>&1
  done_at=0
  for at in 1 2 3 4 5 8 11 14 20 28 40 400; do
    rm -rf "$T/o" && cp -r "$T/old" "$T/o"
    KILL_AT=$at LD_PRELOAD=$shim bash -c 'exec "$0" "$@"' "$VOXGAN" edit --labels "$T/p" --layout brats2021 --sheet 0 --threads 1 --per-case 3 \
      --edit scale:factor=1.5 --out "$T/o" --overwrite >/dev/null 2>&1 && { done_at=$at; break; }
    "$VOXGAN" synth --verify "$T/o" >/dev/null 2>&1 && ! cmp -s "$T/o/manifest.csv" "$T/old/manifest.csv" && bad "killed at $at, it verifies"
    cp -r "$T/o" "$T/o2"
    edit 0.5 --out "$T/o" >/dev/null 2>&1
    old=$?
    edit 1.5 --out "$T/o2" >/dev/null 2>&1
    new=$?
    expect "killed at $at, one study goes on" [ "$((old + new))" = 2 ]
    [ $old = 0 ] && expect "killed at $at, the old one is whole again" diff -r "$T/old" "$T/o"
    [ $new = 0 ] && expect "killed at $at, the new one is whole" diff -r "$T/new" "$T/o2"
    rm -rf "$T/o2"
    [ $old = 0 ] && { edit 1.5 --out "$T/o" --overwrite >/dev/null 2>&1; expect "killed at $at, the new one can replace it" diff -r "$T/new" "$T/o"; }
  done
  expect "the last one was not killed" [ $done_at != 0 ]
else
  echo "skipped: kills while a data set is replaced (no compiler)"
fi

# Two studies begun at once: one is refused. Twice the same one: both are content. With locks and without.
for locks in "" "NO_LOCKS=38 LD_PRELOAD=$shim"; do
  [ -n "$locks" ] && [ -z "$shim" ] && continue
  for i in 1 2 3 4 5; do
    rm -rf "$T/o"
    env $locks "$VOXGAN" edit --labels "$T/p" --layout brats2021 --sheet 0 --threads 1 --edit scale:factor=0.5 --out "$T/o" >/dev/null 2>&1 &
    a=$!
    env $locks "$VOXGAN" edit --labels "$T/p" --layout brats2021 --sheet 0 --threads 1 --edit scale:factor=1.5 --out "$T/o" >/dev/null 2>&1 &
    b=$!
    wait $a
    ra=$?
    wait $b
    expect "of two studies one is refused${locks:+ without locks}" [ $((ra + $?)) = 2 ]
    expect_ok 'all as the manifest says' "$VOXGAN" synth --verify "$T/o"
  done
  rm -rf "$T/o"
  pids=
  for i in 1 2 3 4; do
    env $locks "$VOXGAN" edit --labels "$T/p" --layout brats2021 --sheet 0 --threads 1 --per-case 3 --edit scale:factor=0.5 --out "$T/o" >/dev/null 2>"$T/err$i" &
    pids="$pids $!"
  done
  for pid in $pids; do wait $pid || bad "one of four equal commands failed: $(cat "$T"/err?)"; done
  rm -rf "$T/again"
  edit 0.5 --out "$T/again" >/dev/null 2>&1
  expect "four at once make what one makes${locks:+ without locks}" diff -r "$T/again" "$T/o"
done
if [ -n "$shim" ]; then
  rm -rf "$T/o"
  NO_LOCKS=37 LD_PRELOAD=$shim bash -c 'exec "$0" "$@"' "$VOXGAN" edit --labels "$T/p" --layout brats2021 --sheet 0 --threads 1 --per-case 900 --edit scale:factor=0.5 --out "$T/o" >/dev/null 2>"$T/err" &
  pid=$!
  for _ in $(seq 100); do [ -d "$T/o/.voxgan/cases" ] && break; sleep 0.05; done
  expect "one line says that there are no locks" [ "$(grep -c 'has no locks' "$T/err")" = 1 ]
  expect_fail 2 'another voxgan is writing there' env NO_LOCKS=37 LD_PRELOAD=$shim "$VOXGAN" edit --labels "$T/p" --layout brats2021 --sheet 0 --edit scale:factor=1.5 --out "$T/o" --overwrite
  kill -KILL $pid
  wait $pid 2>/dev/null
  expect_ok '3 cases made' env NO_LOCKS=37 LD_PRELOAD=$shim "$VOXGAN" edit --labels "$T/p" --layout brats2021 --sheet 0 --edit scale:factor=1.5 --out "$T/o" --overwrite
  expect "a killed process leaves no claim for good" [ -z "$(find "$T/o" -name '*.claim.*' -o -name '*.tmp.*')" ]
fi

# Processes of the same number, as in containers; shards of two studies.
if unshare -p -f true 2>/dev/null; then
  rm -rf "$T/o"
  pids=
  for k in 1 2 3 4; do
    unshare -p -f "$VOXGAN" edit --labels "$T/p" --layout brats2021 --sheet 0 --threads 1 --per-case 3 --edit scale:factor=0.5 --out "$T/o" --shard $k/4 >/dev/null 2>"$T/err$k" &
    pids="$pids $!"
  done
  for pid in $pids; do wait $pid || bad "a shard failed: $(cat "$T"/err?)"; done
  expect_ok 'all as the manifest says' "$VOXGAN" synth --finish "$T/o" --sheet 0
else
  echo "skipped: equal process numbers (cannot unshare)"
fi
edit 0.5 --out "$T/s1" --shard 1/2 >/dev/null 2>&1
edit 0.9 --out "$T/s2" --shard 2/2 >/dev/null 2>&1
expect_fail 2 'another study' edit 0.9 --out "$T/s1" --shard 2/2
cp -r "$T/s2/." "$T/mix" && cp -rn "$T/s1/." "$T/mix"
expect_fail 3 'was made by another study' "$VOXGAN" synth --finish "$T/mix" --sheet 0
expect_ok '4 cases made' edit 0.5 --out "$T/s1" --shard 2/2
expect_ok 'all as the manifest says' "$VOXGAN" synth --finish "$T/s1" --sheet 0

# Planted links of any process number lead nowhere.
rm -rf "$T/D" && mkdir "$T/D" && echo precious >"$T/victim"
bash -c "for k in 0 1 2 3; do ln -s '$T/victim' '$T/D/dataset_description.json.tmp.\$\$.\$k'; done
  exec '$VOXGAN' edit --labels '$T/p' --layout brats2021 --out '$T/D' --sheet 0" >/dev/null 2>&1
expect "a planted link is refused" [ $? = 2 ]
expect "and what it leads to stays" [ "$(cat "$T/victim")" = precious ]
finish
