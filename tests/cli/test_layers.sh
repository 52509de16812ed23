# scripts/check_layers.sh passes on the tree and fails on a planted breach of each kind.
. tests/cli/lib.sh

expect "the tree" scripts/check_layers.sh "$BUILD"

# A copy of the tree without object files, and a fresh one for each breach.
plant() {
  rm -rf "$T/tree"
  mkdir -p "$T/tree/build"
  cp -r src include scripts tests "$T/tree/"
}
# caught WHAT PATTERN: the script exits 1 on the copy and prints a line that matches the pattern.
caught() {
  local out rc
  out=$("$T/tree/scripts/check_layers.sh" "${3:-}" 2>&1)
  rc=$?
  if [ $rc = 1 ] && grep -qE "$2" <<<"$out"; then ok; else bad "$1: exit $rc: $out"; fi
}

plant
expect "the copy" "$T/tree/scripts/check_layers.sh"
echo '#include "cli/cli.h"' >>"$T/tree/src/base/mem.c"
caught "an include upwards" 'src/base/mem.c: .*lies above'

plant
echo '#include "voxgan/experiment.h"' >>"$T/tree/include/voxgan/status.h"
caught "a public header that includes upwards" 'include/voxgan/status.h: .*lies above'

plant
echo '#include "base/mem.h"' >>"$T/tree/include/voxgan/labels.h"
caught "a public header that includes an internal one" 'labels.h: .*not public'

plant
echo '#include "study/plan.h"' >>"$T/tree/src/report/page.c"
caught "a report that knows studies" 'src/report/page.c: report'

plant
echo 'char *fault(int e) { return strerror(e); }' >>"$T/tree/src/base/mem.c"
caught "a call that is not thread-safe" 'strerror.*: src/base/mem.c'

plant
echo '#include "base/second.h"' >"$T/tree/src/base/first.h"
echo '#include "base/first.h"' >"$T/tree/src/base/second.h"
caught "a circle of headers" 'headers that need each other: .*base/first.h'

plant
mkdir -p "$T/tree/build/x/src/base"
echo 'int vg_b(void); int vg_a(void) { return vg_b(); }' >"$T/tree/src/base/alpha.c"
echo 'int vg_a(void); int vg_b(void) { return vg_a(); }' >"$T/tree/src/base/beta.c"
for name in alpha beta; do gcc -c "$T/tree/src/base/$name.c" -o "$T/tree/build/x/src/base/$name.o"; done
caught "a circle of sources" 'files that need each other: .*src/base/alpha.o' build/x

plant
for i in $(seq 21); do : >"$T/tree/src/base/crowd_$i.c"; done
caught "a crowded folder" 'src/base: .*more than 20'

plant
echo '#include <nifti2_io.h>' >>"$T/tree/src/grid/runs.c"
caught "a library outside its place" 'niftilib is included outside'

plant
cp "$T/tree/src/base/mem.c" "$T/tree/src/grid/mem.c"
caught "a name that occurs twice" 'occur twice: mem.c'

# long N: the body of a function that has N lines with its first and last one.
long() { for i in $(seq $(($1 - 3))); do echo "${2:-}  vg_step($i);"; done; }
function_of() { echo 'int vg_long(int a,'; echo '            int b) {'; long "$1"; echo '}'; }
method_of() { echo 'template <class T> struct Long {'; echo '  int run(int a,'; echo '          int b) {'; long "$1" '  '; printf '  }\n};\n'; }
plant
function_of 80 >>"$T/tree/src/base/mem.c"
method_of 80 >>"$T/tree/src/tensor/state.cpp"
expect "functions of 80 lines" "$T/tree/scripts/check_lengths.sh"
method_of 81 >>"$T/tree/src/tensor/state.cpp"
expect_fail_with() { ! "$T/tree/scripts/check_lengths.sh" >"$T/long" && grep -qE "$1" "$T/long"; }
expect "a method of 81 lines" expect_fail_with 'src/tensor/state.cpp:[0-9]*: 81 lines, .*run'

plant
function_of 81 >>"$T/tree/src/base/mem.c"
caught "a function of 81 lines" 'src/base/mem.c:[0-9]*: 81 lines, .*vg_long'
finish
