#!/bin/sh
# paper.sh DATA_HEALTHY|- DATA_TUMOUR OUT | paper.sh --phantom OUT
#
# Repeats Shin et al. 2018 (arXiv 1807.10225). Learns brain labels from healthy scans, and adds them to the tumour scans. Trains
# images on both kinds of labels together. Scales and moves tumours, and grafts them into healthy brains, to make a synthetic data
# set. Then compares segmentation trained on it with segmentation trained on real scans. DATA_HEALTHY may be -: the model `brain` that comes
# with voxgan then finds the labels, and no tumour is grafted.
#
# Splits the tumour data first, so that no step before the last test sees a test subject. Prints each command (+ voxgan ...). A
# rerun continues where the last one stopped and repeats nothing. The result is OUT/index.html.
#
# Environment variables:
#   VOXGAN                               the program (build/release/voxgan)
#   HEALTHY_LAYOUT TUMOUR_LAYOUT         layouts of the data; default: guess them
#   TISSUES GAN EXPERIMENT               config files of the three trainings
#   TISSUES_SET GAN_SET EXPERIMENT_SET   further settings: "train.epochs=50 net.ngf=32"
#   PLAN                                 plan of the synthetic data set; replaces the one made here
#   TISSUE_IMAGES                        scans that get brain labels, if the tumour data have no T1: a manifest id,t1 of other scans
#   SERIES                               of the tumour data (t1,t1c,t2,flair); ANATOMY_SCHEME: of the healthy data's labels
#   SHARE (0.3) COUNT SEEDS (3) SEED (1) share for testing, synthetic cases (twice the training scans), runs of each row, seed
#   DEVICE (cpu) THREADS (0)             JOBS: processes that share the experiment (1; of phantoms one a processor)
#   SUBJECTS HEALTHY SIZE (26 12 48)     of --phantom
#   QUICK=1                              a short trial, to see that everything works: takes minutes and gives no useful result
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
voxgan=${VOXGAN:-$root/build/release/voxgan}
device=${DEVICE:-cpu} threads=${THREADS:-0} seed=${SEED:-1} quick=${QUICK:-0} jobs=${JOBS:-1}

usage() { sed -n '2,27s/^# \{0,1\}//p' "$0" >&2; exit 2; }
phantom=0
if [ "${1:-}" = --phantom ]; then
  [ $# = 2 ] || usage
  phantom=1 out=$2 jobs=${JOBS:-$(nproc)}
else
  [ $# = 3 ] || usage
  healthy=$1 tumour=$2 out=$3
fi
. "$root/scripts/steps.sh"
# Prints a data set's manifest if it is a table, else its folder.
data_of() { if [ -e "$1/manifest.csv" ] && [ -z "$(find "$1" -maxdepth 1 -name '*_*' -o -maxdepth 1 -name 'sub-*' | head -1)" ]; then echo "$1/manifest.csv"; else echo "$1"; fi; }

if [ $phantom = 1 ]; then
  subjects=${SUBJECTS:-26} n_healthy=${HEALTHY:-12} size=${SIZE:-48} share=${SHARE:-0.77}
  tissues=$root/configs/phantom_tissues.json gan=$root/configs/phantom_gan.json experiment=$root/configs/phantom_experiment.json
  count=${COUNT:-40}
  [ "$quick" = 0 ] || subjects=${SUBJECTS:-5} n_healthy=${HEALTHY:-4} size=${SIZE:-32} share=${SHARE:-0.4}
  healthy=$out/phantom/healthy tumour=$out/phantom/tumour
  title "phantoms in place of scans"
  step phantom-healthy phantom --out "$healthy" --layout bids --subjects "$n_healthy" --size "$size" --seed $((seed + 100)) --threads "$threads"
  step phantom-tumour phantom --out "$tumour" --layout brats2021 --subjects "$subjects" --size "$size" --seed "$seed" --threads "$threads"
else
  share=${SHARE:-0.3} count=${COUNT:-}
  tissues=$root/configs/healthy_t1_labels.json gan=$root/configs/brats2021.json experiment=$root/configs/experiment.json
  [ "$healthy" = - ] || healthy=$(cd "$(dirname "$healthy")" && pwd)/$(basename "$healthy")
fi
tissues=${TISSUES:-$tissues} gan=${GAN:-$gan} experiment=${EXPERIMENT:-$experiment} seeds=${SEEDS:-3}
tissues_set=${TISSUES_SET:-} gan_set=${GAN_SET:-} experiment_set=${EXPERIMENT_SET:-}
if [ "$quick" != 0 ]; then
  small="net.ngf=4 net.ndf=4 net.d_layers=1"
  patch=$(if [ $phantom = 1 ]; then echo "$size,$size,$size"; else echo 48,48,48; fi)
  spacing=$(if [ $phantom = 1 ]; then echo 0; else echo 4; fi)
  tissues_set="$small data.spacing=$spacing train.epochs=4 train.samples=8 $tissues_set"
  gan_set="$small data.spacing=$spacing train.patch=0,0,0 train.epochs=2 train.samples=4 $gan_set"
  experiment_set="net.ngf=4 data.spacing=$spacing train.patch=$patch train.epochs=2 train.samples=4 $experiment_set"
  count=${COUNT:-6} seeds=${SEEDS:-1}
fi
if [ -n "${SERIES:-}" ]; then gan_set="$gan_set data.series=$SERIES" experiment_set="$experiment_set data.series=$SERIES"; fi
[ -z "${ANATOMY_SCHEME:-}" ] || tissues_set="$tissues_set data.anatomy_scheme=$ANATOMY_SCHEME"
healthy_layout=${HEALTHY_LAYOUT:-auto} tumour_layout=${TUMOUR_LAYOUT:-auto}

title "1/8 split: $share of the persons with a tumour are tested on, and seen by nothing before"
step split split "$tumour" --out "$out/parts" --share "$share" --seed "$seed" --layout "$tumour_layout"
train=$(data_of "$out/parts/train") test=$(data_of "$out/parts/test")
part_layout=$(if [ "$tumour_layout" = csv ]; then echo auto; else echo "$tumour_layout"; fi)
format=$(case $train in *.csv) echo "--format brats2021" ;; esac)

finder=$out/tissues
if [ "$healthy" = - ]; then
  title "2/8 labels of brains: the model that comes with voxgan"
  finder=brain
else
  title "2/8 labels of brains, learned from healthy scans"
  step tissues train "$tissues" --data "$healthy" --layout "$healthy_layout" --out "$out/tissues" --resume --seed "$seed" --device "$device" --threads "$threads" $(sets "$tissues_set")
  step tissues-report report "$out/tissues"
fi

title "3/8 these labels of the tumour scans"
step anatomy synth "$finder" --images "${TISSUE_IMAGES:-$train}" --layout "$(if [ -n "${TISSUE_IMAGES:-}" ]; then echo auto; else echo "$part_layout"; fi)" --out "$out/anatomy" --fill-holes all --device "$device" --threads "$threads" ${format:-$([ -z "${TISSUE_IMAGES:-}" ] || echo --format brats2021)}

title "4/8 both kinds of labels joined"
step join join --tumour "$train" --layout "$part_layout" --anatomy "$out/anatomy" --out "$out/joined" --threads "$threads" $format

title "5/8 images, learned from the joined labels"
step gan train "$gan" --data "$out/joined" --out "$out/gan" --resume --seed "$seed" --device "$device" --threads "$threads" --set data.anatomy=map --set data.tumour=require $(sets "$gan_set")

step gan-report report "$out/gan"

title "6/8 synthetic images of altered labels: tumours scaled, moved, and in healthy brains"
if [ -z "${PLAN:-}" ]; then
  PLAN=$out/plan.json
  [ -n "$count" ] || count=$((2 * $(grep -c . "$out/joined/manifest.csv") - 2))
  third=$(((count + 2) / 3))
  scheme=$([ -z "${ANATOMY_SCHEME:-}" ] || printf ', "anatomy_scheme": "%s"' "$ANATOMY_SCHEME")
  grafted=",
   {\"name\": \"grafted\", \"count\": $third, \"hosts\": {\"path\": \"$healthy\", \"layout\": \"$healthy_layout\"$scheme},
    \"edits\": [\"graft:donor=random\", \"rotate:random\", \"deform\"]}"
  [ "$healthy" != - ] || grafted=
  cat >"$PLAN.new" <<JSON
{"hosts": {"path": "$out/joined"}, "donors": {"path": "$out/joined"},
 "cohorts": [
   {"name": "scaled", "count": $third, "edits": ["scale:factor=lognormal(1,0.5,0.3,3)", "deform"]},
   {"name": "moved", "count": $third, "edits": ["rotate:random", "move:random"]}$grafted]}
JSON
  if cmp -s "$PLAN.new" "$PLAN"; then rm "$PLAN.new"; else mv "$PLAN.new" "$PLAN"; fi
fi
step synthetic synth "$out/gan" --plan "$PLAN" --out "$out/synthetic" --seed "$seed" --device "$device" --threads "$threads" $format

title "7/8 synthetic images beside the real ones they were learned from"
step eval eval --real "$out/joined" --synth "$out/synthetic" --out "$out/eval" --suite all --threads "$threads"
step privacy eval --real "$test" --layout "$part_layout" --train "$out/joined" --synth "$out/synthetic" --out "$out/privacy" --suite privacy --threads "$threads"

title "8/8 segmentation learned from real and from synthetic scans"
[ "$jobs" = 1 ] || [ -n "${THREADS:-}" ] || threads=$((($(nproc) + jobs - 1) / jobs))
set -- experiment --real "$train" --layout "$part_layout" --test "$test" --test-layout "$part_layout" --synth "$out/synthetic" --gan "$out/gan" --config "$experiment" --out "$out/experiment" --seeds "$seeds" --seed "$seed" --device "$device" --threads "$threads" $(sets "$experiment_set")
# Other processes take free jobs. Their output repeats that of the first.
while [ "$jobs" -gt 1 ] && ! is_done experiment "$@"; do
  "$voxgan" "$@" >/dev/null 2>&1 &
  jobs=$((jobs - 1))
done
step experiment "$@"
wait

title "report"
link() { [ ! -e "$out/$1" ] || printf '<li><a href="%s">%s</a>\n' "$1" "$2"; }
show() { for picture in "$out"/$1; do [ ! -e "$picture" ] || last=$picture; done; [ -z "${last:-}" ] || printf '<figure><figcaption>%s</figcaption><img src="%s" alt="%s"></figure>\n' "$2" "${last#"$out"/}" "$2"; last=; }
{
  cat <<'HTML'
<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Real and synthetic tumours</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}img{max-width:100%}pre{overflow-x:auto;font-size:.8rem}figure{margin:1rem 0}</style>
<h1>Real and synthetic tumours</h1>
<p>Labels of healthy brains, given to scans with tumours; images learned from both; a synthetic data set of altered tumours; and what it is
worth for segmentation. The subjects of the last test were split off before the first step.</p><ul>
HTML
  link experiment/report.html "The experiment: segmentation learned from real and from synthetic scans"
  link eval/report.html "The synthetic images beside the real ones"
  link privacy/report.html "Whether synthetic images are copies of those learned from"
  link gan/report.html "The training of the images"
  link tissues/report.html "The training of the brain labels"
  link experiment/results.csv "All scores of the experiment"
  link synthetic/manifest.csv "What each synthetic case was made from"
  echo "</ul><h2>Brain labels, found in healthy scans that were held out</h2>"
  show 'tissues/previews/*.png' "images, real labels, labels found"
  echo "<h2>Brain labels of the tumour scans</h2>"
  show 'joined/contact-sheet-01.png' "scans with the joined labels"
  echo "<h2>Images made of labels</h2>"
  show 'gan/previews/*.png' "labels, real and synthetic images"
  show 'synthetic/contact-sheet-01.png' "the synthetic data set"
  echo "<h2>The experiment</h2><pre>"
  "$voxgan" experiment --finish "$out/experiment" 2>/dev/null | sed 's/&/\&amp;/g; s/</\&lt;/g'
  echo "</pre><h2>Commands</h2><pre>"
  for name in phantom-healthy phantom-tumour split tissues tissues-report anatomy join gan gan-report synthetic eval experiment; do
    [ ! -e "$out/.done/$name" ] || sed 's/&/\&amp;/g; s/</\&lt;/g; s/^/voxgan /; s/$/\n/' "$out/.done/$name"
  done
  echo "</pre></html>"
} >"$out/index.html.new"
mv "$out/index.html.new" "$out/index.html"
echo "all results: $out/index.html"
