#!/bin/bash
# fuzz.sh FOLDER SECONDS TARGET...: runs libFuzzer's targets FOLDER/TARGET for so many seconds each, and prints a table: runs, runs
# a second, and new crashes. FUZZ_JOBS run at once (default 2). What is found grows FOLDER/corpus_TARGET, crashes lie in
# FOLDER/crashes. Exit 1 where one crashed.
set -u
cd "$(dirname "$0")/.."
folder=$1 seconds=$2
shift 2
[ $# -gt 0 ] || { echo "fuzz.sh: no targets" >&2; exit 2; }
mkdir -p "$folder/crashes" "$folder/logs"
# An input may take 10 s and 1 GiB: more is a hang, or a bomb.
one() {
  local t=$1 length=4096
  [ "$t" = model ] && length=16384
  mkdir -p "$folder/corpus_$t"
  "$folder/$t" -max_total_time="$seconds" -max_len=$length -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=1024 -print_final_stats=1 \
    -artifact_prefix="$folder/crashes/$t-" "$folder/corpus_$t" "tests/fuzz/corpus/$t" >"$folder/logs/$t" 2>&1
  echo $? >"$folder/logs/$t.rc"
}
export -f one
export folder seconds
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0:allocator_may_return_null=1:malloc_context_size=4:quarantine_size_mb=16}
printf '%s\n' "$@" | xargs -P "${FUZZ_JOBS:-2}" -I{} bash -c 'one {}'
total=0 bad=0
printf '%-14s %12s %10s %s\n' target runs runs/s crashes
for t in "$@"; do
  log=$folder/logs/$t
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  speed=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
  # After a crash there are no statistics: the last line with a number tells.
  [ -n "$runs" ] || runs=$(sed -n 's/^#\([0-9]*\)[^0-9].*/\1/p' "$log" | tail -1)
  crash=$(sed -n 's/.*Test unit written to //p' "$log" | tr '\n' ' ')
  [ "$(cat "$log.rc")" = 0 ] || { bad=1; crash=${crash:-"see $log"}; }
  printf '%-14s %12s %10s %s\n' "$t" "${runs:-0}" "${speed:--}" "${crash:-0}"
  total=$((total + ${runs:-0}))
done
printf '%-14s %12s\n' all "$total"
exit $bad
