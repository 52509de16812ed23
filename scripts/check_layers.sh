#!/bin/bash
# check_layers.sh [BUILD]: checks the shape of the source that docs/ARCHITECTURE.md describes. Prints every breach and exits 1
# when there is one.
#
#   1. An include points downwards: a room includes only itself and the rooms before it in `rooms`. Public headers count
#      as members of the room that implements them.
#   2. No circle of files. Headers are checked by their includes. Sources are checked by their symbols, in the object
#      files of BUILD (default: the newest build/*): a.c needs b.c when it uses a symbol that b.c defines.
#   3. No folder of src holds more than 20 files, and no two files share a name.
#   4. Only one place knows each library.
#   5. No function has more than 80 lines (check_lengths.sh).
set -u
cd "$(dirname "$0")/.."
bad=0
breach() { echo "$*"; bad=1; }

# Every room of src, the lowest first.
rooms="base/text base base/index base/signal base/task base/file base/lock base/number base/limit io io/raw io/nifti io/format picture registry settings label grid dataset dataset/layout prep/randomise prep prep/pack prep/cache prep/census prep/redraw sample phantom
  edit/brain edit/displace edit/lesion edit edit/kind study output/format output/sheet output report run_page
  eval/metric eval/model eval/set eval/read eval/feature eval/compare eval/radiomics eval/shape eval/frd eval/detect eval/readers eval/privacy eval/page eval/suite eval jobs experiment/plan experiment experiment/result mix
  tensor tensor/cuda tensor/conv/kernel tensor/conv tensor/conv/direct tensor/conv/gradient tensor/conv/dispatch tensor/distributed tensor/op nn nn/layer nn/network nn/loss nn/term nn/gan run run/synth run/export run/group run/score run/train cli cli/command"
declare -A rank
n=0
for room in $rooms; do rank[$room]=$((n++)); done

# What else is closed: the column without tensors never sees the other one, and a report knows no metric.
closed() { # room included
  case $1:$2 in
  tensor*:tensor* | tensor*:base*) ;;
  tensor*:*) return 0 ;;
  nn*:nn* | nn*:tensor* | nn*:base* | nn*:io | nn*:settings | nn*:registry) ;;
  nn*:*) return 0 ;;
  run*:* | cli:run_page) ;;
  *:tensor* | *:nn* | *:run | *:run/*) return 0 ;;
  report:base* | report:io | report:picture | report:report) ;;
  report:*) return 0 ;;
  esac
  return 1
}

# The room that implements each public header.
declare -A of=(
  [status]=base [log]=base [version]=base [rng]=base
  [volume]=io [registry]=registry [config]=settings
  [labels]=label [dataset]=dataset [maps]=prep [phantom]=phantom
  [edit]=edit/brain [study]=study [output]=output
  [metric]=eval/metric [evaluate]=eval/model [run]=jobs [experiment]=experiment/plan [voxgan]=cli
)

check_include() { # file room path
  local to=$3
  case $to in
  *.def) return ;;
  voxgan/*.h)
    to=${to#voxgan/}
    to=${to%.h}
    [ -n "${of[$to]:-}" ] || { breach "$1: scripts/check_layers.sh knows no room for $3"; return; }
    to=${of[$to]} ;;
  */*) to=${to%/*} ;;
  *) breach "$1: an include starts at src: \"$3\""; return ;;
  esac
  [ "$to" = "$2" ] && return
  [ -n "${rank[$to]:-}" ] || { breach "$1: scripts/check_layers.sh knows no room $to"; return; }
  [ "${rank[$to]}" -lt "${rank[$2]}" ] || { breach "$1: $2 includes $3 of $to, which lies above it"; return; }
  closed "$2" "$to" && breach "$1: $2 may not include $to ($3)"
}

sources=$(find src -name '*.[ch]' -o -name '*.[ch]pp' -o -name '*.cu' | sort)
includes() { sed -n 's/^ *# *include "\(.*\)".*/\1/p' "$1"; }
for file in $sources; do
  room=${file#src/}
  room=${room%/*}
  [ -n "${rank[$room]:-}" ] || { breach "$file: scripts/check_layers.sh knows no room $room"; continue; }
  while read -r path; do check_include "$file" "$room" "$path"; done < <(includes "$file")
done
for file in include/voxgan/*.h; do
  name=$(basename "$file" .h)
  [ "$name" = voxgan ] && continue
  [ -n "${of[$name]:-}" ] || { breach "$file: scripts/check_layers.sh knows no room for it"; continue; }
  while read -r path; do
    case $path in
    voxgan/*) check_include "$file" "${of[$name]}" "$path" ;;
    *) breach "$file: a public header includes $path, which is not public" ;;
    esac
  done < <(includes "$file")
done

# Circles: tsort names the members of each one.
circles() { # what; pairs on stdin
  local found
  found=$(tsort 2>&1 >/dev/null | sed 's/^tsort: //; s/^-: //' | grep -v 'input contains a loop' | sort -u)
  [ -z "$found" ] || breach "$1 that need each other: $(tr '\n' ' ' <<<"$found")"
}
circles "headers" < <(
  for file in $(find src include -name '*.h' -o -name '*.hpp'); do
    while read -r path; do echo "${file#*/} $path"; done < <(includes "$file" | grep -v '\.def$')
  done
)

build=${1:-$(ls -td build/*/src 2>/dev/null | head -1)}
build=${build%/src}
symbols=$(find "$build/src" -name '*.o' ! -name '*.cu.o' 2>/dev/null)
if [ -n "$symbols" ]; then
  existing=$(for o in $symbols; do
    s=${o#"$build/"}
    s=${s%.o}
    [ -e "$s.c" ] || [ -e "$s.cpp" ] && echo "$o"
  done)
  # The table of a registry is allowed to name its rows, which are data: a row may then call the look-up beside the table.
  tables=$(grep -lE '^ *# *include ".*\.def"' $sources | sed 's/\.[a-z]*$/.o/' | tr '\n' ' ')
  circles "files" < <(nm -A -P $existing | awk -v build="$build/" -v tables="$tables" '
    BEGIN { n = split(tables, t, " "); for (i = 1; i <= n; i++) table[t[i]] = 1 }
    { file = $1; sub(/:$/, "", file); sub("^" build, "", file)
      if ($3 ~ /[TDRBVWu]/) { defined[$2] = file; data[$2] = $3 ~ /[DR]/ }
      else if ($3 == "U") used[file, $2] = 1 }
    END { for (k in used) {
            split(k, p, SUBSEP); to = defined[p[2]]
            if (to != "" && to != p[1] && !(p[1] in table && data[p[2]])) print p[1], to } }' | sort -u)
fi

# Crowded folders.
while read -r folder; do
  count=$(find "$folder" -maxdepth 1 -type f | wc -l)
  [ "$count" -le 20 ] || breach "$folder: $count files, more than 20"
done < <(find src -type d)

only() { # pattern, allowed files, what
  local found
  found=$(grep -lE "$1" $sources include/voxgan/*.h | grep -vE "$2")
  [ -z "$found" ] || breach "$3 is included outside its place: $found"
}
only '#include <(ATen|torch|c10)/' '^src/tensor/.*\.(cpp|hpp)$' ATen
only '#include <nifti' '^src/io/(volume_)?nifti' niftilib
only '#include <(cjson/)?cJSON' '^src/io/json\.c$' cJSON
# strerror() is not thread-safe; vg_errno_text() is.
unsafe=$(grep -nw 'strerror' $sources)
[ -z "$unsafe" ] || breach "strerror() in place of vg_errno_text(): $unsafe"

twice=$(find src tests -name '*.[ch]' -o -name '*.[ch]pp' | xargs -n1 basename | sort | uniq -d)
[ -z "$twice" ] || breach "file names that occur twice: $twice"

scripts/check_lengths.sh || bad=1
exit $bad
