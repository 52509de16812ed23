# The tree itself: headers that stand alone in C11 and C++17, an install that works, configs that hold.
. tests/cli/lib.sh

for header in include/voxgan/*.h; do
  name=voxgan/$(basename "$header")
  echo "#include \"$name\"" >"$T/h.c"
  expect "$name in C11" gcc -std=c11 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only "$T/h.c"
  cp "$T/h.c" "$T/h.cpp"
  expect "$name in C++17" g++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only "$T/h.cpp"
done

# Installed under a prefix, the program runs, and a program of one's own builds by pkg-config.
make -s install PREFIX=/usr DESTDIR="$T/root" TORCH="$TORCH" >"$T/install.log" 2>&1 || { bad "make install"; cat "$T/install.log"; }
expect_ok '^voxgan' "$T/root/usr/bin/voxgan" --version
export PKG_CONFIG_SYSROOT_DIR=$T/root PKG_CONFIG_PATH=$T/root/usr/lib/pkgconfig
cat >"$T/own.c" <<'C'
#include <stdio.h>
#include <voxgan/voxgan.h>
int main(void) { return puts(vg_version()) < 0; }
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
