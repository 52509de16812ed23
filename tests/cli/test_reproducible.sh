# The same sources give the same bytes in any folder; make check-reproducible compares all that make makes. And what make says.
. tests/cli/lib.sh
unset MAKEFLAGS MFLAGS # of the make that runs the tests, which may be silent
git rev-parse --git-dir >/dev/null 2>&1 || { echo "skipped: not a git checkout"; exit 77; }
expect_ok '^reproducible: src/base/version.o src/base/str.o' scripts/check_reproducible.sh src/base/version.o src/base/str.o
expect_ok '^  cc   src/base/version.o$' make --no-print-directory TORCH=0 -B B="$T/b" "$T/b/src/base/version.o"
expect_ok '-c src/base/version.c' make --no-print-directory TORCH=0 V=1 -B B="$T/b" "$T/b/src/base/version.o"
make -s TORCH=0 -B B="$T/b" "$T/b/src/base/version.o" >"$T/silent" 2>&1
expect "make -s is silent" [ ! -s "$T/silent" ]
expect_ok "'call  .*voxgan --help'" make -n TORCH=0 B="$T/b" all
finish
