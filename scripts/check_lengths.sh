#!/bin/bash
# check_lengths.sh: prints every function of src with more than 80 lines, and exits 1 when it finds one. It reads the text as
# clang-format leaves it: a function begins with a line that is not indented and ends with a line that is only "}". Methods of a
# C++ struct or class are indented by two blanks.
set -u
cd "$(dirname "$0")/.."
find src -name '*.[ch]' -o -name '*.[ch]pp' -o -name '*.cu' | LC_ALL=C sort | xargs awk -v most=80 '
  function check(start, head) {
    if (FNR - start + 1 <= most) return
    sub(/^ +/, "", head)
    print FILENAME ":" start ": " FNR - start + 1 " lines, more than " most ": " head
    bad = 1
  }
  /^[A-Za-z_]/ && !/^[A-Za-z_0-9]+:$/ { start = FNR; head = $0; method = head ~ /^(template.*> )?(struct|class|union) / } # a label begins nothing
  /^  [A-Za-z_~]/ { inner = FNR; inner_head = $0 }
  /^}$/ { check(start, head) }
  /^  }$/ { if (method) check(inner, inner_head) }
  END { exit bad }' || exit 1
