# needs torch
# Several processes with batch norm, whose statistics are those of all.
. tests/cli/distributed.sh

# Batch norms take the statistics of all processes, so they are those of one process with the whole batch; also in a step in which a
# process has no batch, and for the gradient penalty, which differentiates them twice.
for at in 3d 2d ends; do
  case $at in
  3d) set -- --set net.dropout=0 --set train.samples=4 --set train.w_r1=1 --set train.r1_every=2 ;;
  2d) set -- --set net.dropout=0 --set train.samples=4 --set train.patch=16,16,1 --set net.generator=resnet ;;
  ends) set -- --set train.samples=3 --set train.w_r1=1 --set train.r1_every=3 --set train.recompute=true ;;
  esac
  batch=2
  [ $at = ends ] && batch=1
  "$VOXGAN" train $base --out "$T/batch-$at-one" --set net.norm=batch "$@" --set train.batch=$batch >"$T/log" 2>&1 || cat "$T/log"
  n=2
  [ $at = ends ] && n=4 && set -- "$@" --set train.accumulate=1
  "$VOXGAN" train $base --out "$T/batch-$at-all" --set net.norm=batch "$@" --processes $n >"$T/log" 2>&1 || cat "$T/log"
  [ $at = ends ] || expect "batch norm over processes: $at" close "$T/batch-$at-one" "$T/batch-$at-all"
  [ $at = ends ] && expect "batch norm where a process has no batch" grep -q '"epoch":5,"step":5' "$T/batch-$at-all/log.jsonl"
done

finish
