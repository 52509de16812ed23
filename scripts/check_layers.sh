#!/bin/bash
# check_layers.sh: an #include points only downwards or leftwards (docs/ARCHITECTURE.md), and each library is known to one
# place. Prints every breach; exits 1 when there is one.
set -u
cd "$(dirname "$0")/.."
bad=0

# What each layer may include.
declare -A may=(
  [base]="base"
  [io]="base io"
  [data]="base io data"
  [edit]="base io data edit"
  [study]="base io data edit study"
  [report]="base io report"
  [eval]="base io data report eval"
  [experiment]="base io data study report eval experiment"
  [tensor]="base tensor"
  [nn]="base io tensor nn"
  [run]="base io data edit study report eval tensor nn run"
  [cli]="base io data edit study report eval experiment run cli"
)
# Which layer a public header belongs to.
declare -A of=(
  [status]=base [mem]=base [str]=base [log]=base [rng]=base [fs]=base [pool]=base [version]=base
  [volume]=io [nifti]=io [gzip]=io [json]=io [table]=io [png]=io [safetensors]=io [tfevents]=io [config]=io [registry]=io [run]=io
  [labels]=data [dataset]=data [maps]=data [grid]=data [prep]=data [loader]=data [membership]=data [phantom]=data
  [draw]=edit [edit]=edit [format]=study [study]=study [produce]=study [join]=study [manifest]=study [contact_sheet]=study
  [report]=report [run_report]=report [metric]=eval [evaluate]=eval [features]=eval [extractor]=data [experiment]=experiment [tensor]=tensor [nn]=nn [voxgan]=cli
)
check() { # file layer included
  case " ${may[$2]} " in
  *" $3 "*) ;;
  *) echo "$1: layer $2 includes layer $3"; bad=1 ;;
  esac
}
for file in src/*/*.[ch] src/*/*.[ch]pp; do
  [ -e "$file" ] || continue
  layer=$(cut -d/ -f2 <<<"$file")
  while read -r path; do
    case $path in
    voxgan/*.def) ;; # rows of text
    voxgan/*.h) name=${path#voxgan/} name=${name%.h}
      [ -n "${of[$name]:-}" ] || { echo "$file: $path belongs to no layer in scripts/check_layers.sh"; bad=1; continue; }
      check "$file" "$layer" "${of[$name]}" ;;
    base/*|io/*|data/*|edit/*|study/*|report/*|eval/*|experiment/*|tensor/*|nn/*|run/*|cli/*) check "$file" "$layer" "${path%%/*}" ;;
    esac
  done < <(sed -n 's/^#include "\(.*\)".*/\1/p' "$file")
done

only() { # pattern, allowed files, what
  local found
  found=$(grep -lE "$1" src/*/*.[ch]* include/voxgan/*.h | grep -vE "$2")
  [ -z "$found" ] || { echo "$3 is included outside its place: $found"; bad=1; }
}
only '#include <(ATen|torch|c10)/' '^src/tensor/.*\.(cpp|hpp)$' ATen
only '#include <nifti' '^src/io/nifti' niftilib
only '#include <(cjson/)?cJSON' '^src/io/json\.c$' cJSON

# File names are unique in the tree.
twice=$(git ls-files 'src/*.[ch]' 'src/*.cpp' 'tests/*.[ch]' | xargs -n1 basename | sort | uniq -d)
[ -z "$twice" ] || { echo "file names that stand twice: $twice"; bad=1; }
exit $bad
