# needs torch
# scripts/paper.sh: all steps on small phantoms, and a rerun that does nothing.
. tests/cli/lib.sh

paper() { JOBS=2 VOXGAN=$VOXGAN QUICK=1 THREADS=1 SIZE=32 SUBJECTS=4 HEALTHY=3 COUNT=3 EXPERIMENT_SET="train.epochs=2" scripts/paper.sh "$@"; }
expect_ok 'all results: .*/index.html' paper --phantom "$T/out"
expect "every command is printed" [ "$(grep -c '^+ voxgan ' "$T/stdout")" = 13 ]
for page in experiment eval privacy gan tissues; do
  expect "a page of $page" grep -q "$page/report.html" "$T/out/index.html"
done
expect "what is tested was split off before all else" /usr/bin/python3 -c "
import csv, json, os, sys
ids = lambda p, *keys: {i for k in keys for i in json.load(open('$T/out/' + p))[k]}
test = ids('experiment/experiment.json', 'test')
made_from = {r[k] for r in csv.DictReader(open('$T/out/synthetic/manifest.csv')) for k in ('source', 'donors')}
seen = ids('gan/split.json', 'train', 'val') | made_from | set(os.listdir('$T/out/anatomy'))
sys.exit(not (len(test) == 2 and not test & seen and json.load(open('$T/out/experiment/experiment.json'))['left_out'] == []))"
expect "three kinds of synthetic cases" [ "$(cut -d, -f2 "$T/out/synthetic/manifest.csv" | sort -u | grep -c 'scaled\|moved\|grafted')" = 3 ]
find "$T/out" -type f ! -name 'index.html' ! -path '*/experiment/[jrs]*' -printf '%p %T@\n' | sort >"$T/before"
expect_ok "all results" paper --phantom "$T/out"
find "$T/out" -type f ! -name 'index.html' ! -path '*/experiment/[jrs]*' -printf '%p %T@\n' | sort >"$T/after"
expect "a rerun does nothing" [ "$(grep -c '^  done$' "$T/stdout")" = 13 ]
expect "and touches nothing" diff "$T/before" "$T/after"

# Stopped between two steps, it goes on with the next; scans take the place of phantoms.
rm "$T/out/.done/experiment" "$T/out/experiment/summary.json"
expect_ok "all results" paper --phantom "$T/out"
expect "the last step alone" [ "$(grep -c '^  done$' "$T/stdout")" = 12 -a -s "$T/out/experiment/summary.json" ]

# Without healthy scans, the model that comes with voxgan finds the labels, and nothing is grafted.
expect_ok "all results" paper - "$T/out/phantom/tumour" "$T/bare"
expect "labels of the model brain" grep -q '^synth brain ' "$T/bare/.done/anatomy"
expect "two kinds of synthetic cases" [ "$(cut -d, -f2 "$T/bare/synthetic/manifest.csv" | sort -u | grep -c 'scaled\|moved\|grafted')" = 2 ]
expect_fail_text() { "$@" >"$T/stdout" 2>&1 && bad "no failure: $*"; grep -q "$wanted" "$T/stdout" && ok || bad "no '$wanted': $*"; }
wanted='no such file' expect_fail_text paper "$T/nowhere" "$T/nowhere" "$T/x"
wanted='DATA_HEALTHY|- DATA_TUMOUR OUT' expect_fail_text paper "$T/out"
finish
