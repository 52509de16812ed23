#!/bin/bash
# exports.sh: prints every function and object that the public headers declare, one a line as "NAME;", sorted.
#
# It reads the headers after the preprocessor, because registries declare objects from their rows. A declaration is a name
# with a parenthesis right behind it (clang-format keeps it there); a member or a type that points to a function has a
# blank between. A type of functions begins with typedef.
set -eu -o pipefail
cd "$(dirname "$0")/.."
for header in include/voxgan/*.h; do echo "#include \"voxgan/$(basename "$header")\""; done |
  ${CC:-cc} -std=c11 -Iinclude -E -P -x c - |
  sed '/^ *typedef/d' |
  grep -oE '\bvg_[a-z0-9_]+\(|^ *extern [a-z0-9_ ]+ \*?vg_[a-z0-9_]+;' |
  sed -E 's/\($/;/; s/.*[ *](vg_[a-z0-9_]+;)$/\1/' | LC_ALL=C sort -u
