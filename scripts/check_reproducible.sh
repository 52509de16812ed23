#!/bin/bash
# check_reproducible.sh [TORCH=0|DIR] [FILE...]: builds the tree in two folders, and compares the bytes of all that `make` makes, or
# of these files below the build folder. A compiler cache would give both builds the same object, so there is none.
set -eu
cd "$(dirname "$0")/.."
torch=0 files=
for word in "$@"; do
  case $word in
  TORCH=*) torch=${word#TORCH=} ;;
  *) files="$files $word" ;;
  esac
done
folders=$(mktemp -d)
trap 'rm -rf "$folders"' EXIT
# Both are copies of the same moment, so that the tree may change while they are built.
mkdir -p "$folders/a" "$folders/another/folder"
git ls-files -z 2>/dev/null | xargs -0 tar c | tar x -C "$folders/a"
cp -a "$folders/a/." "$folders/another/folder/"
for place in a another/folder; do
  flavour=$(cd "$folders/$place" && make -s --no-print-directory TORCH="$torch" print-build)
  # shellcheck disable=SC2086
  (cd "$folders/$place" && CCACHE_DISABLE=1 make -s -j"$(nproc)" TORCH="$torch" $(for f in $files; do echo "$flavour/$f"; done))
done
[ -n "$files" ] || files=$(cd "$folders/a/$flavour" && ls -p | grep -v / | grep -v '^\.flags$')
bad=0
for file in $files; do
  cmp "$folders/a/$flavour/$file" "$folders/another/folder/$flavour/$file" || bad=1
done
[ $bad = 0 ] && echo "reproducible:" $files
exit $bad
