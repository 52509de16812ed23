# build_home.sh: its calls of make, its choice of archives, and its message when libraries are missing. `make` is a script here that prints its
# call.
. tests/cli/lib.sh

mkdir -p "$T/bin" "$T/none" "$T/tree/scripts"
cp scripts/build_home.sh "$T/tree/scripts/"
printf '#!/bin/sh\necho "make: $*"\n' >"$T/bin/make"
chmod +x "$T/bin/make"
refused() { # PATTERN COMMAND...: exit 1, and stderr matches
  local pattern=$1 rc=0
  shift
  "$@" >/dev/null 2>"$T/stderr" || rc=$?
  expect "refused: $pattern" sh -c "[ $rc = 1 ] && grep -qE -- '$pattern' '$T/stderr'"
}
build_home() { env PATH="$T/bin:$PATH" TORCH=0 "$@" "$T/tree/scripts/build_home.sh" "$T/none" "$T/prefix"; }

if ! build_home JOBS=1 >/dev/null 2>&1; then
  echo "skipped: pkg-config does not find all libraries"
  finish
fi
# conda names the build machine in BUILD and HOST.
expect_ok 'make: .* TORCH=0 PREFIX=[^ ]*/prefix CC=' build_home JOBS=1 BUILD=x86_64-conda-linux-gnu HOST=x86_64-conda-linux-gnu
expect "BUILD of conda is no folder" sh -c "! grep -q conda '$T/stdout'"
expect "it is installed" grep -q 'make: .*install$' "$T/stdout"
refused 'libmd 1.0.3 or later: libmd\*.tar.gz, from' build_home PKG_CONFIG_LIBDIR="$T/none" PKG_CONFIG_PATH=
refused 'python3 has no PyTorch' env PATH="$T/bin:$PATH" TORCH= PYTHONPATH="$T/none" PYTHONNOUSERSITE=1 sh -c "printf 'raise ImportError\n' >'$T/none/torch.py'; '$T/tree/scripts/build_home.sh' '$T/none' '$T/prefix'"
refused 'no-such-compiler is missing' build_home CC=no-such-compiler
# A signature beside an archive is none. (These archives are empty, so building ends with the first.)
for lib in zlib libpng libdeflate cjson libmd nifti; do
  for ending in '' .asc .sig .sha256 .sha256sum; do : >"$T/none/$lib-9.tar.gz$ending"; done
done
build_home PKG_CONFIG_LIBDIR="$T/prefix" PKG_CONFIG_PATH= >"$T/stdout" 2>/dev/null || true
expect "the archive, not its signature" grep -qx 'building zlib from zlib-9.tar.gz' "$T/stdout"
finish
