#!/bin/bash
# stubs.sh OUT.c OBJECT...: writes a function that traps for every vg_ function that the objects need and do not have. So the
# fuzz targets link what describes a network without what computes it.
set -eu
out=$1
shift
needed=$(nm -u --format=posix "$@" 2>/dev/null | awk '$1 ~ /^vg_/ {print $1}' | sort -u)
have=$(nm --defined-only --format=posix "$@" 2>/dev/null | awk '$1 ~ /^vg_/ {print $1}' | sort -u)
comm -23 <(echo "$needed") <(echo "$have") | sed 's/.*/void &(void);\nvoid &(void) { __builtin_trap(); }/' >"$out"
