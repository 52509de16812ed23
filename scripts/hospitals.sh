#!/bin/sh
# hospitals.sh A B OUT | hospitals.sh --phantom OUT
#
# Two hospitals: A has many patients and shares synthetic cases only; B has a few. What are A's cases worth to B?
# Learns images from A's patients, whose anatomy is found as classes of intensity, so whole heads will do. Makes two
# studies: of the labels as they are, and of tumours scaled, moved and bent. Then trains segmentation for B on 2, 4 and 8 of its
# patients; on these and the synthetic cases; on synthetic cases and then these; and, as the ceiling, on these and A's real ones.
#
# Each network is tested on patients of B that no step before has seen. Prints each command (+ voxgan ...). A rerun continues
# where the last one stopped. The results are OUT/table.txt and OUT/experiment-N/report.html.
#
# Environment variables:
#   VOXGAN                              the program (build/release/voxgan)
#   SCHEME                              tumour scheme of both, if the layout's is wrong: "1=tumour:tumour"
#   GAN EXPERIMENT                      config files (hospital_gan, hospital_experiment)
#   GAN_SET EXPERIMENT_SET              further settings: "train.epochs=50 net.ngf=32"
#   AMOUNTS ("2 4 8") SHARE (0.5)       patients of B to train on, as far as there are as many; share of B's patients to test on
#   STUDIES ("unedited edited")         COUNT: edited cases (as many as A has patients, twice)
#   MIX (0.5) SEEDS (5) SEED (1)        share of synthetic samples; trainings of each row; seed
#   DEVICE (cpu) THREADS (0)
#   QUICK=1                             a short trial, to see that everything works
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
voxgan=${VOXGAN:-$root/build/release/voxgan}
device=${DEVICE:-cpu} threads=${THREADS:-0} seed=${SEED:-1} seeds=${SEEDS:-5} quick=${QUICK:-0}

usage() { sed -n '2,24s/^# \{0,1\}//p' "$0" >&2; exit 2; }
phantom=0
if [ "${1:-}" = --phantom ]; then
  [ $# = 2 ] || usage
  phantom=1 out=$2
else
  [ $# = 3 ] || usage
  a=$(cd "$1" && pwd) b=$(cd "$2" && pwd) out=$3
fi
. "$root/scripts/steps.sh"

gan=${GAN:-hospital_gan} experiment=${EXPERIMENT:-hospital_experiment} gan_set=${GAN_SET:-} experiment_set=${EXPERIMENT_SET:-}
amounts=${AMOUNTS:-2 4 8} share=${SHARE:-0.5} mix=${MIX:-0.5} studies=${STUDIES:-unedited edited}
if [ "$quick" != 0 ]; then
  gan_set="net.ngf=4 net.ndf=4 net.d_layers=1 train.w_local=0 train.patch=64,64,1 train.epochs=1 train.samples=8 $gan_set"
  experiment_set="net.ngf=4 train.patch=64,64,1 train.epochs=2 train.samples=8 $experiment_set"
  seeds=${SEEDS:-1} amounts=${AMOUNTS:-2} COUNT=${COUNT:-4}
fi
if [ $phantom = 1 ]; then
  title "phantoms in place of patients"
  a=$out/phantom/a b=$out/phantom/b
  step phantom-a phantom --out "$a" --layout brats2021 --subjects "${SUBJECTS:-6}" --size 48 --seed "$seed" --threads "$threads"
  step phantom-b phantom --out "$b" --layout brats2021 --subjects "${SUBJECTS:-6}" --first 101 --size 48 --seed $((seed + 100)) --threads "$threads"
fi
scheme() { [ -z "${SCHEME:-}" ] || printf -- '--tumour-scheme %s' "$SCHEME"; }
people() { find -L "$1" -mindepth 1 -maxdepth 1 -type d | wc -l; }
run="--device $device --threads $threads"

title "1/5 patients of B to test on: $share of them"
step split split "$b" --out "$out/parts" --share "$share" --seed "$seed" $(scheme)
pool=$out/parts/train test=$out/parts/test

title "2/5 images, learned from A's patients"
step gan train "$gan" --data "$a" --out "$out/gan" --resume --seed "$seed" $run $(scheme) $(sets "$gan_set")

title "3/5 synthetic cases"
# Only A has the key. The script lends it to the experiment, which uses it to see that no test patient is among the sources.
[ -e "$out/key" ] || (umask 077 && od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$out/key.new" && mv "$out/key.new" "$out/key")
json_scheme=$([ -z "${SCHEME:-}" ] || printf ', "tumour_scheme": "%s"' "$SCHEME")
cat >"$out/edited.json" <<JSON
{"hosts": {"path": "$a"$json_scheme},
 "cohorts": [{"name": "edited", "count": ${COUNT:-$((2 * $(people "$a")))}, "edits": ["scale:factor=lognormal(1,0.3,0.5,2)", "rotate:random", "deform"]}]}
JSON
for study in $studies; do
  case $study in
  unedited) step "study-$study" synth "$out/gan" --labels "$a" --out "$out/study-$study" --format bids --anonymous "$out/key" --seed "$seed" $run $(scheme) ;;
  edited) step "study-$study" synth "$out/gan" --plan "$out/edited.json" --out "$out/study-$study" --format bids --anonymous "$out/key" --seed "$seed" $run ;;
  esac
done

title "4/5 privacy of what A shares"
for study in $studies; do
  step "privacy-$study" eval --real "$pool" --train "$a" --synth "$out/study-$study" --model "$out/gan" --suite privacy --out "$out/privacy-$study" $run $(scheme)
done

title "5/5 segmentation for B"
: >"$out/names"
for n in $amounts; do
  all=$(people "$pool")
  [ "$n" -le "$all" ] || { echo "B has only $all patients to train on: no row of $n"; continue; }
  few=$pool
  if [ "$n" -lt "$all" ]; then
    step "few-$n" split "$pool" --out "$out/few-$n" --share "$(awk "BEGIN { print $n / $all }")" --seed "$seed" $(scheme)
    few=$out/few-$n/test
  fi
  rm -rf "$out/both-$n" # links alone, perhaps to the patients of another seed
  mkdir "$out/both-$n"
  for one in "$few"/*/ "$a"/*/; do ln -sfn "${one%/}" "$out/both-$n/$(basename "$one")"; done
  common="--test $test --config $experiment --augmentation on --seeds $seeds --seed $seed $run $(scheme)"
  rows=real,real+synthetic,fine-tuned
  for study in $studies; do
    step "experiment-$n-$study" experiment --real "$few" --synth "$out/study-$study" --key "$out/key" --gan "$out/gan" $common --rows $rows --mix "$mix" --share 1 \
      --out "$out/experiment-$n-$study" $(sets "$experiment_set")
    echo "$n $study experiment-$n-$study" >>"$out/names"
    rows=real+synthetic,fine-tuned # row real is the same for every study
  done
  step "ceiling-$n" experiment --real "$out/both-$n" $common --rows real --out "$out/ceiling-$n" $(sets "$experiment_set")
  echo "$n A's_real ceiling-$n" >>"$out/names"
done

# Means over the test patients, each of which counts with its mean over seeds. A missed tumour has no HD95; these are counted.
{
  printf '%-9s %-10s %-16s %8s %8s %7s\n' "B's real" added row Dice HD95 missed
  while read -r n study name; do
    awk -F, -v n="$n" -v study="$study" '
      NR > 1 && ($6 == "dice" || $6 == "hd95") {
        if (!($1 in rows)) { rows[$1] = 1; order[++k] = $1 }
        if (!whole || $5 == "WT") whole = $5 # of one class, its region is the whole tumour
        if ($7 == "inf") { missed[$1, $5]++; next }
        sum[$1, $5, $6, $4] += $7; seen[$1, $5, $6, $4]++; subjects[$4] = 1
      }
      END {
        for (i = 1; i <= k; i++) {
          row = order[i]
          for (m = 1; m <= 2; m++) {
            metric = m == 1 ? "dice" : "hd95"; total[m] = 0; count[m] = 0
            for (s in subjects) if (seen[row, whole, metric, s]) { total[m] += sum[row, whole, metric, s] / seen[row, whole, metric, s]; count[m]++ }
          }
          printf "%-9s %-10s %-16s %8.3f %8.1f %7d\n", n, row == "real" && study !~ /real/ ? "-" : study, row, total[1] / (count[1] ? count[1] : 1), total[2] / (count[2] ? count[2] : 1), missed[row, whole]
        }
      }' "$out/$name/results.csv"
  done <"$out/names"
} >"$out/table.txt.new"
mv "$out/table.txt.new" "$out/table.txt"
title "whole tumour, patients of B that nothing was trained on"
cat "$out/table.txt"
