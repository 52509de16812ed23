# lib.sh: for the command-line tests. $VOXGAN is the program, $T a folder that goes away. Each `ok` is one passed test; the
# closing lines are cmocka's, which run_tests.sh counts.
set -u
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
passed=0 failed=0

ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAILED: $*"; }

# expect_fail CODE PATTERN COMMAND...: that exit code, and exactly one line on stderr (beside log lines and the usage hint)
# that matches the pattern.
expect_fail() {
  local code=$1 pattern=$2 rc
  shift 2
  "$@" >"$T/stdout" 2>"$T/stderr"
  rc=$?
  if [ $rc != "$code" ]; then
    bad "exit $rc, wanted $code: $*"
    cat "$T/stderr"
    return 1
  fi
  local lines
  lines=$(grep -c "^voxgan[ a-z]*: " "$T/stderr")
  if [ "$lines" != 1 ] || ! grep "^voxgan[ a-z]*: " "$T/stderr" | grep -qE -- "$pattern"; then
    bad "message does not match /$pattern/: $*"
    cat "$T/stderr"
    return 1
  fi
  ok
}

# expect_ok PATTERN COMMAND...: exit 0, and stdout or stderr matches (an empty pattern: whatever it says).
expect_ok() {
  local pattern=$1 rc
  shift
  "$@" >"$T/stdout" 2>"$T/stderr"
  rc=$?
  if [ $rc != 0 ]; then
    bad "exit $rc: $*"
    cat "$T/stderr"
  elif [ -n "$pattern" ] && ! cat "$T/stdout" "$T/stderr" | grep -qE -- "$pattern"; then
    bad "output does not match /$pattern/: $*"
    cat "$T/stdout" "$T/stderr"
  else
    ok
  fi
}

# expect WHAT COMMAND...: the command (a test) succeeds.
expect() {
  local what=$1
  shift
  if "$@"; then ok; else bad "$what: $*"; fi
}

finish() {
  echo "[  PASSED  ] $passed test(s)."
  [ $failed = 0 ] || echo " $failed FAILED TEST(S)"
  exit $((failed > 0))
}
