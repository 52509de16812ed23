# The tree itself: headers that stand alone in C11 and C++17, an install that works, configs that hold.
. tests/cli/lib.sh

for header in include/voxgan/*.h; do
  name=voxgan/$(basename "$header")
  echo "#include \"$name\"" >"$T/h.c"
  expect "$name in C11" gcc -std=c11 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only "$T/h.c"
  cp "$T/h.c" "$T/h.cpp"
  expect "$name in C++17" g++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only "$T/h.cpp"
done

# libvoxgan.so exports what the public headers declare and, for the program and the module, internals in a node of their own.
scripts/check_exports.sh --declared >"$T/declared"
expect "headers declare more than 100 functions" [ "$(wc -l <"$T/declared")" -gt 100 ]
faults=$(scripts/check_exports.sh "$BUILD/libvoxgan.so")
expect "exports: $faults" [ -z "$faults" ]

# The check finds what is planted: here is a library of stubs, right at first, and then with one fault each.
{ sed 's/.*/void &(void) {}/' "$T/declared"; echo 'void vg_planted(void) {} void planted(void) {}'; } >"$T/stubs.c"
# stubs DECLARED... : a library whose public names are the first argument's file, with more lines for its map
stubs() {
  { echo 'VOXGAN_0 { global:'; sed 's/$/;/' "$1"; echo "$2 local: *; };"; echo "${3:-}"; } >"$T/stubs.map"
  gcc -shared -fPIC -w "$T/stubs.c" -o "$T/stubs.so" -Wl,--version-script="$T/stubs.map"
}
# finds WHAT FAULT: the check prints that line and no other, and fails
finds() {
  local found
  found=$(scripts/check_exports.sh "$T/stubs.so") && bad "$1: the check passes"
  expect "$1: ${found:-nothing}" [ "$found" = "$2" ]
}
stubs "$T/declared" ""
expect "stubs of what is declared pass" scripts/check_exports.sh "$T/stubs.so"
stubs "$T/declared" "" 'VOXGAN_PRIVATE { global: vg_planted; } VOXGAN_0;'
expect "so does a private name" scripts/check_exports.sh "$T/stubs.so"
stubs "$T/declared" "vg_planted;"
finds "an extra public name" "vg_planted is public, but no header declares it"
grep -v '^vg_volume_read$' "$T/declared" >"$T/fewer"
stubs "$T/fewer" ""
finds "a lost name" "vg_volume_read is declared, but not exported"
stubs "$T/declared" "" 'VOXGAN_1 { global: vg_planted; } VOXGAN_0;'
finds "a name of another version" "vg_planted@@VOXGAN_1 is exported without a version"
stubs "$T/declared" "" 'VOXGAN_PRIVATE { global: planted; } VOXGAN_0;'
finds "a name of no prefix" "planted@@VOXGAN_PRIVATE is exported, but does not begin with vg_"

for header in include/voxgan/*.h; do echo "#include \"voxgan/$(basename "$header")\""; done >"$T/all.c"
{
  cat "$T/all.c"
  echo 'typedef void (*any)(void);'
  echo 'extern const any all[]; const any all[] = {'
  grep -vxFf <(sed -nE 's/^VG_METRIC\(([a-z0-9_]+),.*/vg_metric_\1/p' include/voxgan/metrics.def) "$T/declared" | sed 's/.*/  (any)&,/'
  echo '}; int main(void) { return all[0] == 0; }'
} >"$T/every.c"
expect "every declared function links" gcc -std=c11 ${SANITIZE:+-fsanitize=$SANITIZE} -Iinclude "$T/every.c" -o "$T/every" -L"$BUILD" -lvoxgan -Wl,-rpath,"$PWD/$BUILD"
expect "and is found when it is loaded" env LD_BIND_NOW=1 "$T/every"
echo 'extern int vg_not_there(void); int main(void) { return vg_not_there(); }' >"$T/none.c"
expect "what is not declared does not link" eval '! gcc "$T/none.c" -o "$T/none" -L"$BUILD" -lvoxgan 2>/dev/null'
printf '%s\n' '#include <voxgan/voxgan.h>' 'const char *v = VOXGAN_VERSION;' '#if VOXGAN_VERSION_MAJOR * 10000 + VOXGAN_VERSION_MINOR * 100 + VOXGAN_VERSION_PATCH != VOXGAN_VERSION_NUMBER' '#error number' '#endif' >"$T/v.c"
expect "VOXGAN_VERSION in C" gcc -std=c11 -Iinclude -fsyntax-only "$T/v.c"

# A changed header reaches every object that includes it: tests, fuzz targets, oracles, benches.
for object in tests/unit/test_json tests/fuzz/fuzz_json tests/oracle/write_formats bench/bench_io; do
  header=$(sed -n 's/^#include "\(base\|io\|output\)\/\(.*\)"/src\/\1\/\2/p; s/^#include "voxgan\/\(.*\)"/include\/voxgan\/\1/p' "$object.c" | head -1)
  apart() { make "$@" TORCH=0 B="$T/b" "$T/b/$object.o" 2>&1; }
  apart -s >"$T/object.log" || { bad "make $object.o"; cat "$T/object.log"; }
  expect "$object.o is up to date" eval '! apart -n | grep -q -- " -c $object.c"'
  expect "a changed $header builds $object.o again" eval 'apart -n -W "$header" | grep -q -- " -c $object.c"'
done

# `make format` takes every source.
make -n format TORCH=0 B="$T/b" | tr ' ' '\n' | grep -E '\.(c|h|cpp|hpp|cu)$' | LC_ALL=C sort >"$T/formatted"
find src include tests bench -name '*.[ch]' -o -name '*.[ch]pp' -o -name '*.cu' | LC_ALL=C sort >"$T/sources"
expect "make format takes all sources: $(diff "$T/formatted" "$T/sources" | grep '^[<>]' | tr '\n' ' ')" cmp -s "$T/formatted" "$T/sources"

# The peer of a benchmark is the PyTorch of $PYTHON.
for bench in train synth distributed; do
  expect "bench-$bench takes PYTHON" eval "make -n bench-$bench PYTHON=/opt/other/python TORCH='$TORCH' B='$BUILD' | grep -q '^/opt/other/python bench/bench_$bench.py'"
done

# Installed under a prefix, the program runs, and a program of one's own builds by pkg-config.
make -s install PREFIX=/usr DESTDIR="$T/root" TORCH="$TORCH" >"$T/install.log" 2>&1 || { bad "make install"; cat "$T/install.log"; }
expect_ok '^voxgan' "$T/root/usr/bin/voxgan" --version
export PKG_CONFIG_SYSROOT_DIR=$T/root PKG_CONFIG_PATH=$T/root/usr/lib/pkgconfig
cat >"$T/own.c" <<'C'
#include <stdio.h>
#include <voxgan/voxgan.h>
#include <string.h>
int main(void) { return puts(vg_version()) < 0 || strcmp(vg_version(), VOXGAN_VERSION) != 0; }
C
expect "builds by voxgan.pc" gcc ${SANITIZE:+-fsanitize=$SANITIZE} "$T/own.c" -o "$T/own" -I"$T/root/usr/include" -L"$T/root/usr/lib" $(pkg-config --libs-only-l voxgan) -Wl,-rpath,"$T/root/usr/lib"
expect_ok '^[0-9]' "$T/own"
expect "builds statically" gcc ${SANITIZE:+-fsanitize=$SANITIZE} "$T/own.c" -o "$T/own_static" -I"$T/root/usr/include" "$T/root/usr/lib/libvoxgan.a" $(PKG_CONFIG_SYSROOT_DIR= pkg-config --libs-only-l libcjson libdeflate zlib libpng libmd) -lnifti2 -lznz -lm -pthread
if [ "$TORCH" != 0 ]; then
  expect_ok '' "$VOXGAN" phantom --out "$T/p" --subjects 2 --size 32
  expect_ok 'a step' "$T/root/usr/bin/voxgan" train --data "$T/p" --layout brats2021 --out "$T/r" --set net.ngf=4 --dry-run
fi
unset PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_PATH # other flags would make the next `make` build everything again
make -s uninstall PREFIX=/usr DESTDIR="$T/root" TORCH="$TORCH"
expect "uninstall leaves nothing" [ -z "$(find "$T/root" -type f -o -type l)" ]
finish
