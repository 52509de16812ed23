# needs torch
# scripts/hospitals.sh: all steps on small phantoms, and a rerun that does nothing.
. tests/cli/lib.sh

hospitals() { VOXGAN=$VOXGAN QUICK=1 THREADS=1 SUBJECTS=4 AMOUNTS="2 9" COUNT=3 STUDIES=edited scripts/hospitals.sh "$@"; }
expect_ok 'patients of B that nothing was trained on' hospitals --phantom "$T/out"
expect "every command is printed" [ "$(grep -c '^+ voxgan ' "$T/stdout")" = 8 ]
expect "an amount that B does not have" grep -q 'B has only 2 patients to train on: no row of 9' "$T/stdout"
expect "four rows" [ "$(grep -cE '^2 +(-|edited|A.s_real) +(real|real.synthetic|fine-tuned) +[01]\.[0-9]{3} ' "$T/out/table.txt")" = 4 ]
expect "the table has the scores of the experiment" /usr/bin/python3 -c "
import json
rows = {(r['row'], r['metric'], r['region']): r['mean'] for r in json.load(open('$T/out/experiment-2-edited/summary.json'))['rows']}
table = {line.split()[2]: float(line.split()[3]) for line in open('$T/out/table.txt') if line.split()[1] in ('-', 'edited')}
assert len(table) == 3 and all(abs(rows[row, 'dice', 'WT'] - dice) < 0.001 for row, dice in table.items()), (rows, table)"
expect "no step has seen a test patient" /usr/bin/python3 -c "
import json
plans = [json.load(open('$T/out/%s/experiment.json' % name)) for name in ('experiment-2-edited', 'ceiling-2')]
gan = json.load(open('$T/out/gan/split.json'))
seen = {i for p in plans for i in p['real']} | set(gan['train'] + gan['val'])
assert all(len(p['test']) == 2 and not seen & set(p['test']) for p in plans)
assert len(plans[0]['real']) == 2 and len(plans[1]['real']) == 6"
expect "no id of A in what it shares" sh -c "! grep -rqa BraTS2021_0000 '$T/out/study-edited' && ! find '$T/out/study-edited' | grep -q BraTS2021_0000"
expect_ok 'patients of B that nothing was trained on' hospitals --phantom "$T/out"
expect "a rerun does nothing" [ "$(grep -c '^  done$' "$T/stdout")" = 8 ]
# Another draw of test patients: of all steps only its own are done, and each patient counts once.
expect_ok 'patients of B that nothing was trained on' env SPLITS=2 VOXGAN="$VOXGAN" QUICK=1 THREADS=1 SUBJECTS=4 AMOUNTS="2 9" COUNT=3 STUDIES=edited \
  scripts/hospitals.sh --phantom "$T/out"
expect "the first draw is kept" [ "$(grep -c '^  done$' "$T/stdout")" = 8 ]
expect "the second is there" [ "$(grep -c '^+ voxgan ' "$T/stdout")" = 11 -a -s "$T/out/draw-2/ceiling-2/results.csv" ]
expect "intervals stand beside the differences" grep -qE '^2 +edited +fine-tuned +[01]\.[0-9]{3} [+-]0\.[0-9]{3} \([+-]0\.[0-9]{3} to [+-]0\.[0-9]{3}\)' "$T/out/table.txt"
expect "a mean over patients" /usr/bin/python3 -c "
import collections, csv
values = collections.defaultdict(list)
for at in ('', 'draw-2/'):
    for r in csv.DictReader(open('$T/out/' + at + 'experiment-2-edited/results.csv')):
        if (r['row'], r['region'], r['metric']) == ('real', 'WT', 'dice'):
            values[r['subject']].append(float(r['value']))
mean = sum(sum(v) / len(v) for v in values.values()) / len(values)
table = [line.split() for line in open('$T/out/table.txt')]
assert len(values) >= 2 and abs(mean - next(float(t[3]) for t in table if t[1:3] == ['-', 'real'])) < 0.001, (mean, table)"
expect "usage" sh -c "! scripts/hospitals.sh '$T/out' 2>'$T/usage' && grep -q 'hospitals.sh A B OUT' '$T/usage'"
finish
