# needs torch
# Dry runs end as the runs do: the same exit code, and the same message.
. tests/cli/lib.sh
v() { "$VOXGAN" "$@"; }
v phantom --out "$T/b" --subjects 2 --size 32 --seed 2 2>/dev/null || bad phantom
tiny="--set net.ngf=4 --set net.ndf=4 --set net.levels=2 --set train.validate_every=0 --set data.series=t1,flair"
v train --data "$T/b" --out "$T/r" $tiny --set data.anatomy=clusters:3 --set data.val_share=0 --set train.epochs=1 2>/dev/null || bad train
mkdir "$T/c" && cp -r "$T/b/." "$T/c" && find "$T/c" -name '*_t1.nii.gz' -delete

same() {
  "$@" --dry-run >/dev/null 2>"$T/dry.err"; local dry=$?
  "$@" >/dev/null 2>"$T/run.err"; local run=$?
  if [ $dry = $run ] && [ "$(grep '^voxgan' "$T/dry.err")" = "$(grep '^voxgan' "$T/run.err")" ]; then ok; else
    bad "the dry run ends otherwise ($dry, $run): $*"; cat "$T/dry.err" "$T/run.err"; fi
}
same v synth "$T/nowhere" --labels "$T/b" --out "$T/d1"
same v synth "$T/r" --labels "$T/c" --out "$T/d2"
same v synth "$T/r" --images "$T/b" --out "$T/d3"
same v synth "$T/r" --labels "$T/b" --out "$T/d4" --format nothing
same v synth "$T/r" --labels "$T/b" --out "$T/d5" --tumour-scheme 1=core,2=rim,4=ring
same v synth "$T/r" --labels "$T/nowhere" --out "$T/d6"
same v edit --labels "$T/b" --out "$T/d7" --tumour-scheme 1=core
same v edit --labels "$T/b" --out "$T/d8" --edit nothing
same v train --data "$T/b" --out "$T/d9" $tiny --set data.tumour=require --tumour-scheme 1=csf,2=gm,4=wm
same v train --data "$T/b" --out "$T/d10" $tiny --init "$T/nowhere"
same v train --data "$T/b" --out "$T/d11" $tiny --set data.series=t9
finish
