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
#   SPLITS (1)                          so many draws of who is tested on; a patient counts with the mean over the draws
#   STUDIES ("unedited edited")         COUNT: edited cases (as many as A has patients, twice)
#   MIX (0.5) SEEDS (5) SEED (1)        share of synthetic samples; trainings of each row; seed
#   KEEP (whole-tumour)                 predicted classes of which only the largest component is scored; "": nothing is removed
#   DEVICE (cpu) THREADS (0)
#   QUICK=1                             a short trial, to see that everything works
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
voxgan=${VOXGAN:-$root/build/release/voxgan}
device=${DEVICE:-cpu} threads=${THREADS:-0} seed=${SEED:-1} seeds=${SEEDS:-5} quick=${QUICK:-0}

usage() { sed -n '2,26s/^# \{0,1\}//p' "$0" >&2; exit 2; }
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
amounts=${AMOUNTS:-2 4 8} share=${SHARE:-0.5} splits=${SPLITS:-1} mix=${MIX:-0.5} studies=${STUDIES:-unedited edited}
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

# The folder of a draw; the first is OUT.
draw() { if [ "$1" = 1 ]; then echo "$out"; else echo "$out/draw-$1"; fi; }
tag() { [ "$1" = 1 ] || echo "-draw-$1"; }

title "1/5 patients of B to test on: $share of them"
split_patients() { step "split$(tag "$1")" split "$b" --out "$(draw "$1")/parts" --share "$share" --seed $((seed + $1 - 1)) $(scheme); }
split_patients 1 # the other draws come last, so that one more draw repeats no other step

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
  step "privacy-$study" eval --real "$out/parts/train" --train "$a" --synth "$out/study-$study" --model "$out/gan" --suite privacy --out "$out/privacy-$study" $run $(scheme)
done

title "5/5 segmentation for B"
: >"$out/names"
keep=$([ -z "${KEEP-x}" ] || printf -- '--keep-largest %s' "${KEEP-whole-tumour}")
for k in $(seq "$splits"); do
  at=$(draw "$k") tag=$(tag "$k") drawn=$((seed + k - 1))
  pool=$at/parts/train test=$at/parts/test
  [ "$k" = 1 ] || { mkdir -p "$at" && split_patients "$k"; }
  for n in $amounts; do
    all=$(people "$pool")
    [ "$n" -le "$all" ] || { echo "B has only $all patients to train on: no row of $n"; continue; }
    few=$pool
    if [ "$n" -lt "$all" ]; then
      step "few-$n$tag" split "$pool" --out "$at/few-$n" --share "$(awk "BEGIN { print $n / $all }")" --seed "$drawn" $(scheme)
      few=$at/few-$n/test
    fi
    rm -rf "$at/both-$n" # links alone, perhaps to the patients of another seed
    mkdir "$at/both-$n"
    for one in "$few"/*/ "$a"/*/; do ln -sfn "${one%/}" "$at/both-$n/$(basename "$one")"; done
    common="--test $test --config $experiment --augmentation on --seeds $seeds --seed $drawn $run $(scheme) $keep"
    rows=real,real+synthetic,fine-tuned
    for study in $studies; do
      step "experiment-$n-$study$tag" experiment --real "$few" --synth "$out/study-$study" --key "$out/key" --gan "$out/gan" $common --rows $rows --mix "$mix" --share 1 \
        --out "$at/experiment-$n-$study" $(sets "$experiment_set")
      echo "$n $study $at/experiment-$n-$study" >>"$out/names"
      rows=real+synthetic,fine-tuned # row real is the same for every study
    done
    step "ceiling-$n$tag" experiment --real "$at/both-$n" $common --rows real --out "$at/ceiling-$n" $(sets "$experiment_set")
    echo "$n A's_real $at/ceiling-$n" >>"$out/names"
  done
done

# Of each row, Dice and HD95 of the whole tumour by patient of B, as means over seeds and draws: "N ADDED ROW PATIENT DICE HD95
# MISSED". A missed tumour has no HD95; these are counted.
while read -r n study name; do
  awk -F, -v n="$n" -v study="$study" '
    NR > 1 && ($6 == "dice" || $6 == "hd95") {
      if (!whole || $5 == "WT") whole = $5 # of one class, its region is the whole tumour
      value[++lines] = $1 SUBSEP $4 SUBSEP $5 SUBSEP $6; figure[lines] = $7
    }
    END {
      for (i = 1; i <= lines; i++) {
        split(value[i], of, SUBSEP)
        if (of[3] == whole) print n, of[1] == "real" && study !~ /real/ ? "-" : study, of[1], of[2], of[4], figure[i]
      }
    }' "$name/results.csv"
done <"$out/names" >"$out/patients.txt.new"
mv "$out/patients.txt.new" "$out/patients.txt"

# The mean over the patients, and its difference to row real with a 95 % interval: 5,000 draws of patients with replacement.
{
  printf '%-9s %-10s %-16s %6s %-26s %7s %-26s %7s\n' "B's real" added row Dice "more than real alone" HD95 "more than real alone" missed
  awk '
    { key = $1 " " $2 " " $3 }
    !(key in known) { known[key] = 1; order[++rows] = key; amount[key] = $1; if ($2 == "-") base[$1] = key }
    $6 == "inf" { missed[key]++; next }
    { sum[key, $4, $5] += $6; seen[key, $4, $5]++; patient[$4] = 1 }
    function mean_of(key, metric,    p, n, total) {
      for (p in patient) if (seen[key, p, metric]) { total += sum[key, p, metric] / seen[key, p, metric]; n++ }
      return n ? total / n : 0
    }
    # Sorts the means of the draws where they lie.
    function sort(v, n,    gap, i, k, t) {
      for (gap = int(n / 2); gap; gap = int(gap / 2))
        for (i = gap + 1; i <= n; i++)
          for (k = i - gap; k > 0 && v[k] > v[k + gap]; k -= gap) { t = v[k]; v[k] = v[k + gap]; v[k + gap] = t }
    }
    function difference(key, metric, digits,    p, n, d, i, k, total, all, means, b) {
      b = base[amount[key]]
      if (key == b || b == "") return "-"
      for (p in patient) if (seen[key, p, metric] && seen[b, p, metric]) {
        d[++n] = sum[key, p, metric] / seen[key, p, metric] - sum[b, p, metric] / seen[b, p, metric]
        all += d[n]
      }
      if (n < 2) return "-"
      srand(1)
      for (i = 1; i <= 5000; i++) {
        total = 0
        for (k = 1; k <= n; k++) total += d[int(rand() * n) + 1]
        means[i] = total / n
      }
      sort(means, 5000)
      return sprintf("%+." digits "f (%+." digits "f to %+." digits "f)", all / n, means[125], means[4875])
    }
    END {
      for (i = 1; i <= rows; i++) {
        split(order[i], of, " ")
        printf "%-9s %-10s %-16s %6.3f %-26s %7.1f %-26s %7d\n", of[1], of[2], of[3], mean_of(order[i], "dice"), difference(order[i], "dice", 3),
          mean_of(order[i], "hd95"), difference(order[i], "hd95", 1), missed[order[i]]
      }
    }' "$out/patients.txt"
} >"$out/table.txt.new"
mv "$out/table.txt.new" "$out/table.txt"
title "whole tumour, patients of B that nothing was trained on"
cat "$out/table.txt"
