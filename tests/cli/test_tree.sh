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
# A compiler finds the declarations here; scripts/exports.sh, which made the export list, finds them by their spelling.
for header in include/voxgan/*.h; do echo "#include \"voxgan/$(basename "$header")\""; done >"$T/all.c"
gcc -std=c11 -Iinclude -c -aux-info "$T/aux" "$T/all.c" -o "$T/all.o"
{
  sed -nE 's/^\/\* include\/voxgan\/[^(]*[ *](vg_[a-z0-9_]+) \(.*/\1/p' "$T/aux"
  sed -nE 's/^VG_METRIC\(([a-z0-9_]+),.*/vg_metric_\1/p' include/voxgan/metrics.def
} | LC_ALL=C sort -u >"$T/declared"
nm -D --defined-only "$BUILD/libvoxgan.so" | awk '$2 != "A" { print $3 }' >"$T/exported"
expect "headers declare more than 100 functions" [ "$(wc -l <"$T/declared")" -gt 100 ]
sed -n 's/@@VOXGAN_0$//p' "$T/exported" | LC_ALL=C sort >"$T/public"
expect "VOXGAN_0 is what the headers declare: $(diff "$T/declared" "$T/public" | grep '^[<>]' | tr '\n' ' ')" cmp -s "$T/declared" "$T/public"
expect "nothing is exported without a version: $(grep -vE '@@VOXGAN_(0|PRIVATE)$' "$T/exported" | tr '\n' ' ')" \
  [ -z "$(grep -vE '@@VOXGAN_(0|PRIVATE)$' "$T/exported")" ]
expect "only vg_ names are exported" [ -z "$(grep -v '^vg_' "$T/exported")" ]
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
make -s uninstall PREFIX=/usr DESTDIR="$T/root" TORCH="$TORCH"
expect "uninstall leaves nothing" [ -z "$(find "$T/root" -type f -o -type l)" ]
finish
