#!/bin/bash
# check_exports.sh LIB: compares what a libvoxgan.so exports with what the public headers declare. Prints every difference and
# exits 1 when there is one. check_exports.sh --declared prints what the headers declare, one name a line, sorted.
#
# A compiler finds the declarations here; exports.sh, which makes the export list, finds them by their spelling.
set -eu -o pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for header in include/voxgan/*.h; do echo "#include \"voxgan/$(basename "$header")\""; done >"$work/all.c"
gcc -std=c11 -Iinclude -c -aux-info "$work/aux" "$work/all.c" -o "$work/all.o"
{
  sed -nE 's/^\/\* include\/voxgan\/[^(]*[ *](vg_[a-z0-9_]+) \(.*/\1/p' "$work/aux"
  sed -nE 's/^VG_METRIC\(([a-z0-9_]+),.*/vg_metric_\1/p' include/voxgan/metrics.def
} | LC_ALL=C sort -u >"$work/declared"
if [ "${1:?LIB or --declared}" = --declared ]; then
  cat "$work/declared"
  exit
fi

nm -D --defined-only "$1" | awk '$2 != "A" { print $3 }' | LC_ALL=C sort >"$work/exported"
sed -n 's/@@VOXGAN_0$//p' "$work/exported" >"$work/public"
{
  LC_ALL=C comm -13 "$work/declared" "$work/public" | sed 's/$/ is public, but no header declares it/'
  LC_ALL=C comm -23 "$work/declared" "$work/public" | sed 's/$/ is declared, but not exported/'
  sed -nE '/@@VOXGAN_(0|PRIVATE)$/!s/$/ is exported without a version/p' "$work/exported"
  sed -n '/^vg_/!s/$/ is exported, but does not begin with vg_/p' "$work/exported"
} >"$work/faults"
cat "$work/faults"
[ ! -s "$work/faults" ]
