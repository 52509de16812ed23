#!/bin/bash
# run_tests.sh: runs every test of one build (make sets BUILD and TORCH), then prints "N passed, N failed, N skipped".
# ONLY_TORCH: only tests that need libtorch. ONLY_TENSORS: of these, only the programs that use a GPU if there is one.
# Unit programs count their cases, scripts count as one; exit 77 means skipped. Logs are in BUILD/test-logs.
set -u
cd "$(dirname "$0")/.."
logs=$BUILD/test-logs
rm -rf "$logs"
mkdir -p "$logs"
export VOXGAN=$PWD/$BUILD/voxgan BUILD TORCH
[ -n "${VOXGAN_REAL_DATA:-}" ] || { [ -d ../shared/real ] && export VOXGAN_REAL_DATA=$PWD/../shared/real; }
[ -n "${VOXGAN_REAL_DATA:-}" ] || echo "no real volumes (VOXGAN_REAL_DATA): tests on them are skipped"

# run_one NAME COMMAND...: writes NAME.log and NAME.rc
run_one() {
  local name=$1 log=$logs/${1//\//_}
  shift
  local began=$SECONDS
  timeout 900 "$@" >"$log.log" 2>&1 </dev/null
  echo $? >"$log.rc"
  echo "$name" >"$log.name"
  echo $((SECONDS - began)) >"$log.seconds"
}
export -f run_one
export logs

programs() {
  local bin
  for bin in "$@"; do
    [ -x "$bin" ] && [ ! -d "$bin" ] && echo "${bin#"$BUILD"/tests/} $bin"
  done
}
list() {
  programs "$BUILD"/tests/unit/torch/test_*
  [ -z "${ONLY_TENSORS:-}" ] || return
  [ -n "${ONLY_TORCH:-}" ] || list_others
  for script in $(grep -l '^# needs torch' tests/cli/test_*.sh); do
    [ "$TORCH" = 0 ] || echo "${script#tests/} bash $script"
  done
  [ "$TORCH" = 0 ] || echo "oracle/gan_parity /usr/bin/python3 tests/oracle/gan_parity.py $BUILD"
  [ "$TORCH" = 0 ] || echo "oracle/export_oracle /usr/bin/python3 tests/oracle/export_oracle.py $BUILD"
}
list_others() {
  programs "$BUILD"/tests/unit/test_*
  for target in "$BUILD"/tests/fuzz/replay_*; do
    [[ $target == *.* ]] || echo "fuzz/${target##*_} $target tests/fuzz/corpus/${target##*_}/*"
  done
  for script in $(grep -L '^# needs torch' tests/cli/test_*.sh); do
    echo "${script#tests/} bash $script"
  done
}
list | xargs -P "$(nproc)" -I{} bash -c 'run_one {}'

passed=0 failed=0 skipped=0
for rc_file in "$logs"/*.rc; do
  base=${rc_file%.rc} rc=$(cat "$rc_file") name=$(cat "${rc_file%.rc}.name")
  # cmocka's closing lines count the cases.
  p=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$base.log" | awk '{s+=$1} END {print s+0}')
  f=$(sed -n 's/^ *\([0-9]*\) FAILED TEST.*/\1/p' "$base.log" | awk '{s+=$1} END {print s+0}')
  s=$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) test.*/\1/p' "$base.log" | awk '{s+=$1} END {print s+0}')
  if [ "$rc" = 77 ]; then
    s=1 p=0 f=0
  elif [ $((p + f + s)) = 0 ] || { [ "$rc" != 0 ] && [ "$f" = 0 ]; }; then
    [ "$rc" = 0 ] && p=$((p + 1)) || f=1
  fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  printf '%-34s %3d passed %3d failed %3d skipped  %4s s\n' "$name" "$p" "$f" "$s" "$(cat "$base.seconds")"
  [ "$f" = 0 ] || { echo "---- $base.log"; grep -vE '^\[ (RUN|      OK)' "$base.log" | tail -40; echo "----"; }
  grep -hiE '^skipped|: skipped|SKIP:' "$base.log" | sort -u | head -3
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
