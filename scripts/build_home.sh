#!/bin/sh
# build_home.sh [TARBALLS [PREFIX]]: builds voxgan without root and without apt, and installs it below PREFIX ($HOME/.local).
#
# It needs gcc, g++, make and pkg-config, and the libraries below. Those that pkg-config does not find are built from their source
# archives in the folder TARBALLS, into the program itself, so nothing else has to be installed. libtorch is that of the PyTorch of
# python3, as in an active virtual environment; TORCH=DIR names another one, and TORCH=0 builds without.
set -eu
cd "$(dirname "$0")/.."
tarballs=${1:-.} prefix=${2:-$HOME/.local}
deps=$PWD/build/home work=$PWD/build/home/work
mkdir -p "$deps/lib/pkgconfig" "$deps/include" "$work"
export PKG_CONFIG_PATH="$deps/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
cc=${CC:-gcc}

for tool in "$cc" "${CXX:-g++}" make pkg-config; do
  command -v "$tool" >/dev/null || { echo "build_home.sh: $tool is missing" >&2; exit 1; }
done

# Name for pkg-config, least version, start of the archive's name, where it is from.
libraries="zlib 1.2.11 zlib https://zlib.net
libpng 1.6.37 libpng https://download.sourceforge.net/libpng
libdeflate 1.14 libdeflate https://github.com/ebiggers/libdeflate/releases
libcjson 1.7.15 cjson https://github.com/DaveGamble/cJSON/releases
libmd 1.0.3 libmd https://archive.hadrons.org/software/libmd
nifti 3.0.0 nifti https://github.com/NIFTI-Imaging/nifti_clib/releases"

# Signatures and sums lie beside archives.
archive_of() { find "$tarballs" -maxdepth 1 -iname "$1*.tar*" ! -name '*.asc' ! -name '*.sig' ! -name '*sum*' ! -name '*.sha*' 2>/dev/null | sort | tail -n 1; }
# niftilib has no file of pkg-config.
has() {
  if [ "$1" = nifti ]; then
    echo '#include <nifti2_io.h>' | $cc ${CPPFLAGS:-} -I"$deps/include/nifti" -I/usr/include/nifti -E -x c - >/dev/null 2>&1
  else
    pkg-config --exists "$1 >= $2"
  fi
}

missing=
while read -r name least start from; do
  has "$name" "$least" || [ -n "$(archive_of "$start")" ] || missing="$missing
  $name $least or later: $start*.tar.gz, from $from"
done <<LIST
$libraries
LIST
[ -z "$missing" ] || {
  echo "build_home.sh: pkg-config does not find these libraries, nor has $tarballs their source archives:$missing" >&2
  exit 1
}

# archive LIB FLAG... -- FILE...: a static library of these sources.
archive() {
  lib=$1 flags=
  shift
  while [ "$1" != -- ]; do flags="$flags $1"; shift; done
  shift
  mkdir objects
  for file in "$@"; do # two folders may have a file of one name
    # shellcheck disable=SC2086
    $cc -O2 -fPIC -w $flags -c "$file" -o "objects/$(printf %s "$file" | tr / _).o" || return 1
  done
  rm -f "$deps/lib/lib$lib.a"
  ar rcs "$deps/lib/lib$lib.a" objects/*.o
  rm -r objects
}
describe() { # NAME LIB VERSION [REQUIRES]
  printf 'Name: %s\nDescription: %s\nVersion: %s\nRequires: %s\nLibs: -L%s/lib -l%s\nCflags: -I%s/include\n' "$1" "$1" "$3" "${4:-}" \
    "$deps" "$2" "$deps" >"$deps/lib/pkgconfig/$1.pc"
}
build() { # NAME VERSION, in the folder of the sources
  case $1 in
  zlib) archive z -D_LARGEFILE64_SOURCE=1 -DHAVE_UNISTD_H -- *.c && cp zlib.h zconf.h "$deps/include/" && describe zlib z "$2" ;;
  libpng)
    cp scripts/pnglibconf.h.prebuilt pnglibconf.h
    rm -f example.c pngtest.c
    archive png -DPNG_INTEL_SSE_OPT=0 -DPNG_ARM_NEON_OPT=0 -I"$deps/include" -- *.c
    cp png.h pngconf.h pnglibconf.h "$deps/include/"
    describe libpng png "$2" zlib ;;
  libdeflate) archive deflate -I. -- $(find lib -name '*.c') && cp libdeflate.h "$deps/include/" && describe libdeflate deflate "$2" ;;
  libcjson)
    archive cjson -- cJSON.c
    mkdir -p "$deps/include/cjson"
    cp cJSON.h "$deps/include/cjson/"
    describe libcjson cjson "$2" ;;
  libmd) ./configure --quiet --prefix="$deps" --libdir="$deps/lib" --disable-shared --with-pic CC="$cc" >/dev/null && make -s install >/dev/null 2>&1 ;;
  nifti)
    mkdir -p "$deps/include/nifti"
    cp niftilib/nifti1.h znzlib/*.h "$deps/include/nifti/"
    cp nifti2/*.h "$deps/include/nifti/"
    # voxgan reads and inflates files itself, so znz needs no zlib.
    archive znz -Iznzlib -- znzlib/znzlib.c
    archive nifti2 -Inifti2 -Iniftilib -Iznzlib -- nifti2/nifti2_io.c ;;
  esac
}
while read -r name least start from; do
  if has "$name" "$least"; then continue; fi
  source=$(archive_of "$start")
  echo "building $name from $(basename "$source")"
  rm -rf "$work/$name"
  mkdir "$work/$name"
  tar xf "$source" -C "$work/$name" --strip-components 1
  version=$(basename "$source" | sed 's/^[^0-9]*//; s/^[0-9.]*_//; s/\(\.orig\)\{0,1\}\.tar.*//')
  (cd "$work/$name" && build "$name" "${version:-$least}")
done <<LIST
$libraries
LIST

torch=${TORCH:-$(python3 -c 'import os, torch; print(os.path.dirname(torch.__file__))' 2>/dev/null || true)}
[ -n "$torch" ] || { echo "build_home.sh: python3 has no PyTorch; activate an environment that has it, or set TORCH=0" >&2; exit 1; }
export CPPFLAGS="${CPPFLAGS:-} -I$deps/include/nifti" LDFLAGS="${LDFLAGS:-} -L$deps/lib"
make -s -j"${JOBS:-$(nproc)}" TORCH="$torch" PREFIX="$prefix" CC="$cc" CXX="${CXX:-g++}"
make -s TORCH="$torch" PREFIX="$prefix" CC="$cc" CXX="${CXX:-g++}" install
echo "installed $prefix/bin/voxgan; man -M $prefix/share/man voxgan; with $prefix/bin in PATH: voxgan --help"
