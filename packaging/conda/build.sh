#!/bin/sh
# build.sh: what recipe.yaml runs in a copy of the sources. conda names the compilers (CC, CXX), and PREFIX has the libraries.
set -eu
export PKG_CONFIG_PATH="$PREFIX/lib/pkgconfig:$PREFIX/share/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
export CPPFLAGS="${CPPFLAGS:-} -I$PREFIX/include" LDFLAGS="${LDFLAGS:-} -L$PREFIX/lib"
TORCH=${TORCH:-$PREFIX} JOBS=${CPU_COUNT:-1} scripts/build_home.sh tarballs "$PREFIX"
