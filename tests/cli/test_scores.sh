# needs torch
# The scores of a training log are those of eval, for the same subjects and model.
. tests/cli/lib.sh
v() { "$VOXGAN" "$@"; }
v phantom --out "$T/a" --subjects 4 --size 36 --anatomy --quiet || bad phantom
tiny="--set net.ngf=4 --set net.ndf=4 --set net.levels=2 --set train.epochs=1 --set data.series=t1,flair --set data.val_share=0.5 --set run.device=cpu"
v train --data "$T/a" --out "$T/r" $tiny 2>"$T/log" || bad train
expect "no voxel size is named at the scans' own" grep -q 'held-out subjects: MAE' "$T/log"
mkdir "$T/held"
for s in $(sed -n 's/.*"val": \[\(.*\)\].*/\1/p' "$T/r/split.json" | tr -d '",'); do ln -s "$T/a/$s" "$T/held/$s"; done
expect "two subjects are held out" [ "$(ls "$T/held" | wc -l)" = 2 ]
v synth "$T/r" --labels "$T/held" --out "$T/s" --sheet 0 --quiet || bad synth
v eval --real "$T/held" --synth "$T/s" --suite image --out "$T/e" --no-gallery --quiet >"$T/stdout" 2>&1 || bad eval
# Synthetic files are rounded to whole numbers, so the last digits differ.
cat >"$T/same.py" <<'EOF'
import csv, json, sys
run, scores = sys.argv[1:]
rows = list(csv.DictReader(open(scores + "/metrics.csv")))
log = [l for l in map(json.loads, open(run + "/log.jsonl")) if l["kind"] == "validation"][-1]["scores"]
bad = []
for series in ("t1", "flair"):
    for name, region, metric in (("mae", "brain", "mae"), ("psnr", "brain", "psnr"), ("ssim", "brain", "ssim"),
                                 ("tumour_mae", "tumour", "mae")):
        v = [float(r["value"]) for r in rows if (r["series"], r["region"], r["metric"]) == (series, region, metric)]
        assert len(v) == 2, (series, region, metric, len(v))
        mean = sum(v) / len(v)
        print(series, name, log[series][name], mean)
        if abs(log[series][name] - mean) > 1e-4 * max(1, abs(mean)): bad.append((series, name, log[series][name], mean))
sys.exit(str(bad) if bad else 0)
EOF
expect_ok '' /usr/bin/python3 "$T/same.py" "$T/r" "$T/e"
v train --data "$T/a" --out "$T/c" $tiny --set data.spacing=6 2>"$T/log" || bad train
expect "a coarser grid is named" grep -q 'held-out subjects at 6 mm: MAE' "$T/log"

finish
