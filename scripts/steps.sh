# steps.sh: for scripts of several commands that continue where they stopped. Sourced, with $voxgan and $out set.

mkdir -p "$out/.done"
out=$(cd "$out" && pwd)

is_done() {
  mark=$out/.done/$1
  shift
  [ $again = 0 ] && [ "$(cat "$mark" 2>/dev/null)" = "$*" ]
}
# step NAME COMMAND...: runs the command, unless it is done and no earlier step was repeated.
again=0
step() {
  step_name=$1
  shift
  printf '+ voxgan %s\n' "$*"
  if is_done "$step_name" "$@"; then
    echo "  done"
    return 0
  fi
  again=1
  "$voxgan" "$@"
  printf '%s' "$*" >"$out/.done/$step_name.new" && mv "$out/.done/$step_name.new" "$out/.done/$step_name"
}
title() { printf '\n== %s\n' "$*"; }
sets() { for one in $1; do printf -- '--set %s ' "$one"; done; }
