# needs torch
# experiment: segmentation trained on real and synthetic data. tests/unit/test_experiment.c checks the statistics.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/real" --subjects 5 --size 32 --seed 3 --layout brats2021 2>/dev/null || bad phantom
"$VOXGAN" phantom --out "$T/test" --subjects 2 --first 101 --size 32 --seed 4 --layout brats2021 2>/dev/null || bad phantom
# Stands for a synthetic data set: other phantoms, with a manifest that says whom they were made from.
"$VOXGAN" phantom --out "$T/synth" --subjects 4 --first 201 --size 32 --seed 5 --layout brats2021 2>/dev/null || bad phantom
{
  echo id,source,donors
  echo BraTS2021_00201,BraTS2021_00001,
  echo BraTS2021_00202,BraTS2021_00002,
  echo BraTS2021_00203,somebody,BraTS2021_00101
  echo BraTS2021_00204,BraTS2021_00003,
} >"$T/synth/manifest.csv"
cat >"$T/config.json" <<'JSON'
{"net": {"ngf": 4, "input_skip": true, "dropout": 0},
 "train": {"patch": [32, 32, 32], "epochs": 4, "samples": 6, "lr_g": 4e-3}}
JSON
real="--real $T/real --layout brats2021 --config $T/config.json --threads 1"
sides="$real --synth $T/synth --synth-layout brats2021"
given="$sides --test $T/test --test-layout brats2021"
short="$given --rows real,fine-tuned --augmentation on --seeds 2"

expect_ok '24 jobs of 24 steps each' "$VOXGAN" experiment $given --dry-run
expect "the number of leaking cases is printed" grep -q '1 of 4 synthetic cases was made from test subjects' "$T/stderr"
expect_ok '5 real subjects to train on, 2 to test on, 3 synthetic; 1 excluded' "$VOXGAN" experiment $given --dry-run

expect_ok 'fine-tuned, augmented: WT dice is .* that of real' "$VOXGAN" experiment $short --out "$T/whole"
expect "pictures say what they show, in the words of the tables" grep -q 'real, augmentation on, seed 1, from left to right: real labels, predicted labels, outlines of both, image' "$T/whole/report.html"
expect "folders' names are in the list of jobs alone" [ "$(grep -c 'figcaption>[^<]*-seed1' "$T/whole/report.html")" = 0 ]
expect "what a region counts that nobody has" grep -q 'counts as a Dice of 1 and a distance of 0' "$T/whole/report.html"
expect "charts and tables use the words of --augmentation" sh -c "grep -q '>augmentation on<' '$T/whole/report.html' && ! grep -q '>augmented<' '$T/whole/report.html'"
expect "no failure" sh -c "! grep -q failed '$T/stderr'"
expect "all files" [ -s "$T/whole/report.html" -a -s "$T/whole/results.csv" -a -s "$T/whole/summary.json" -a -s "$T/whole/experiment.json" ]
# Two test subjects: the sheet has a row each, of the tumour's labels, the prediction and their outlines.
expect "predictions beside the truth" sh -c "[ -s '$T/whole/jobs/real-augmented-seed1/predicted.png' ] &&
  [ \$(grep -o 'Predictions</h2>' '$T/whole/report.html' | wc -l) = 1 ] && [ \$(grep -o '<img[^>]*alt=.fine-tuned' '$T/whole/report.html' | wc -l) = 1 ]"
# Classes that no BraTS edition has a value for.
expect_ok 'tumour dice' "$VOXGAN" experiment $real --rows real --augmentation off --seeds 1 --test-share 0.4 --set train.epochs=1 --out "$T/one" \
  --tumour-scheme '1=tumour:tumour,2=tumour:tumour,4=tumour:tumour'
# Predictions without stray pieces (tests/unit/test_maps.c has the pieces).
expect_ok 'tumour dice' "$VOXGAN" experiment $real --rows real --augmentation off --seeds 1 --test-share 0.4 --set train.epochs=1 --out "$T/kept" \
  --tumour-scheme '1=tumour:tumour,2=tumour:tumour,4=tumour:tumour' --keep-largest whole-tumour
expect "they are cleaned" grep -q '"cleaning": *"keep-largest:whole-tumour"' "$T/kept/jobs/real-plain-seed1/predicted/dataset_description.json"
expect "and are not by default" sh -c "! grep -q cleaning '$T/one/jobs/real-plain-seed1/predicted/dataset_description.json'"
expect "the page says so" grep -q 'Largest component kept of' "$T/kept/report.html"
expect_fail 2 'another experiment|differs' "$VOXGAN" experiment $real --rows real --augmentation off --seeds 1 --test-share 0.4 --set train.epochs=1 --out "$T/kept" \
  --tumour-scheme '1=tumour:tumour,2=tumour:tumour,4=tumour:tumour'
expect_ok '16 jobs|real.synthetic:2' "$VOXGAN" experiment $given --dry-run --mix 0.5 --rows real,real+synthetic:1,real+synthetic:2,synthetic --seeds 2
expect_fail 2 'train.mix is 1.5' "$VOXGAN" experiment $given --dry-run --mix 1.5
expect "4 jobs and their steps" [ "$(grep -c ',finished,24,' "$T/whole/jobs.csv")" = 4 ]
expect "every job reports the planned steps" /usr/bin/python3 -c "
import json, sys
def steps(run): return [json.loads(l) for l in open(f'$T/whole/jobs/{run}/log.jsonl') if 'epoch' in l][-1]['step']
sys.exit(not (steps('real-augmented-seed1/run') == 24 == steps('fine-tuned-augmented-seed1/pretrained') + steps('fine-tuned-augmented-seed1/run')))"
expect "a fine-tuned network trains on synthetic, then on one real subject" /usr/bin/python3 -c "
import json, sys
a, b = (json.load(open(f'$T/whole/jobs/fine-tuned-augmented-seed2/{r}/split.json'))['train'] for r in ('pretrained', 'run'))
sys.exit(not (a == ['BraTS2021_00201', 'BraTS2021_00202', 'BraTS2021_00204'] and len(b) == 1 and b[0] < 'BraTS2021_00006'))"
expect "checkpoints are dropped" [ -z "$(find "$T/whole/jobs" -path '*checkpoints/*' -type f)" ]
expect_ok 'WT dice' "$VOXGAN" experiment $short --out "$T/whole"
expect "finished jobs are skipped" sh -c "! grep -q 'job 1 of' '$T/stderr'"

# In parts, by whom and in what order: the same results.
for i in 2 1; do
  expect_ok "shard $i of 2 is finished" "$VOXGAN" experiment $short --out "$T/parts" --shard $i/2
  [ $i = 1 ] || expect_fail 1 '2 of 4 jobs are missing, the first is real-augmented-seed1' "$VOXGAN" experiment --finish "$T/parts"
done
expect_ok 'WT dice' "$VOXGAN" experiment --finish "$T/parts"
same() { cmp -s "$T/whole/$1" "$T/$2/$1"; }
expect "shards give the same results" same results.csv parts
expect "and the same summary" same summary.json parts

# Killed in the middle of a job, and resumed.
"$VOXGAN" experiment $short --out "$T/killed" --set train.checkpoint_steps=2 >/dev/null 2>&1 &
pid=$!
for _ in $(seq 200); do
  [ -n "$(find "$T/killed/jobs" -name 'step-*.safetensors' 2>/dev/null)" ] && break
  sleep 0.02
done
kill -9 $pid
wait $pid 2>/dev/null
expect "there is a job half done" [ "$(ls "$T/killed"/jobs/*/job.json 2>/dev/null | wc -l)" -lt 4 ]
expect_ok 'WT dice' "$VOXGAN" experiment $short --out "$T/killed" --set train.checkpoint_steps=2
expect "a killed experiment ends in the same results" same results.csv killed
# Side by side without shards.
"$VOXGAN" experiment $short --out "$T/both" >/dev/null 2>&1 &
expect_ok '' "$VOXGAN" experiment $short --out "$T/both"
wait $!
expect_ok 'WT dice' "$VOXGAN" experiment --finish "$T/both"
expect "two processes give the same results" same results.csv both

# A split of its own, rows of one kind.
expect_ok '1 job of 24|real .*off' "$VOXGAN" experiment $real --rows real --augmentation off --seeds 1 --test-share 0.4 --out "$T/alone"
expect "no test subject is trained on" /usr/bin/python3 -c "
import json, sys
e = json.load(open('$T/alone/experiment.json'))
sys.exit(not (len(e['test']) == 2 and len(e['real']) == 3 and not set(e['test']) & set(e['real'])))"

expect_fail 2 '--real DIR is missing' "$VOXGAN" experiment --synth x --out "$T/x"
expect_fail 2 '--out DIR is missing' "$VOXGAN" experiment $given
expect_fail 2 'synth DIR is missing: a row trains on it' "$VOXGAN" experiment $real --out "$T/x"
expect_fail 2 '--rows: no reel; there are real, real\+synthetic' "$VOXGAN" experiment $given --out "$T/x" --rows reel
expect_fail 2 '--seeds is 0' "$VOXGAN" experiment $given --out "$T/x" --seeds 0
expect_fail 2 '--share is 1.5' "$VOXGAN" experiment $given --out "$T/x" --share 1.5
expect_fail 2 '--test-share is 0' "$VOXGAN" experiment $sides --out "$T/x" --test-share 0
expect_fail 2 'train.patch is 0' "$VOXGAN" experiment $given --out "$T/x" --set train.patch=0,0,0
expect_fail 2 'holds another experiment' "$VOXGAN" experiment $short --out "$T/whole" --set train.epochs=5
expect_fail 2 'must be I/N or slurm' "$VOXGAN" experiment $given --out "$T/x" --shard 3
expect_fail 3 'nowhere: no such' "$VOXGAN" experiment --real "$T/nowhere" --rows real --out "$T/x"
expect_fail 3 'no manifest.csv' "$VOXGAN" experiment $real --synth "$T/test" --synth-layout brats2021 --out "$T/x"
expect_fail 3 'experiment.json' "$VOXGAN" experiment --finish "$T/nowhere"
mkdir "$T/gan" && echo '{"train": ["BraTS2021_00101"], "val": []}' >"$T/gan/split.json"
expect_fail 3 'learned from test subject BraTS2021_00101' "$VOXGAN" experiment $given --out "$T/x" --gan "$T/gan"
for bad in '{}' '{"train": [], "val": []}' '{"train": "a", "val": []}' '{"train": ["a"]}'; do
  echo "$bad" >"$T/gan/split.json"
  expect_fail 3 "gan/split.json: has no list '(train|val)'" "$VOXGAN" experiment $given --out "$T/x" --gan "$T/gan"
done
# The run must be that of the model which made the images.
echo '{"train": ["somebody"], "val": []}' >"$T/gan/split.json"
cp "$T/synth/manifest.csv" "$T/manifest.csv"
sed -E '1s/$/,model_sha256/; 2,$s/$/,'"$(printf 'a model' | sha256sum | cut -d' ' -f1)/" "$T/manifest.csv" >"$T/synth/manifest.csv"
expect_ok 'not checked: whether .*gan is the run of the model' "$VOXGAN" experiment $given --out "$T/x" --dry-run --gan "$T/gan"
printf 'another model' >"$T/gan/model.safetensors"
expect_fail 3 'gan: no model in it made the images of .*--unchecked' "$VOXGAN" experiment $given --out "$T/x" --gan "$T/gan"
printf 'a model' >"$T/gan/model-last.safetensors"
expect_ok '' "$VOXGAN" experiment $given --out "$T/x" --dry-run --gan "$T/gan"
expect "that is checked" sh -c "! grep -q 'whether' '$T/stderr'"
cp "$T/manifest.csv" "$T/synth/manifest.csv"
expect "nothing was begun" [ ! -e "$T/x" ]
finish
