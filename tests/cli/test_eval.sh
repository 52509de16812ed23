# eval on phantoms: the suites, and a baseline that is part of the source (tests/cli/eval_baseline.json).
# After an intended change of a metric, write it again with the first command below and --write-baseline.
. tests/cli/lib.sh

for seed in 11 12; do
  "$VOXGAN" phantom --out "$T/$seed" --subjects 2 --size 80 --seed $seed 2>/dev/null || bad phantom
done
both="--real $T/11 --synth $T/12 --layout brats2021 --synth-layout brats2021"
baseline=tests/cli/eval_baseline.json

# The committed baseline: figures that moved, by whatever change, show here.
expect_ok 'nothing moved beyond its tolerance' \
  "$VOXGAN" eval $both --out "$T/e" --suite all --frd v1,v0 --baseline $baseline --tolerance 0.001 --threads 1
# Others need more than these data: a training set and a model (test_privacy.sh), six persons (test_detect.sh), subjects that
# share a label map (test_sets.c).
for metric in $("$VOXGAN" list metrics | sed 1d | awk '$2 != "privacy," && $2 != "detect," && $1 != "draws" {print $1}'); do
  expect "a figure of every metric" grep -q ",$metric," "$T/e/metrics.csv"
  expect "and in the baseline" grep -q "\"metric\":\"$metric\"" $baseline
done
expect_ok '' "$VOXGAN" eval $both --out "$T/e2" --suite all --frd v1,v0 --write-baseline "$T/b.json" --threads 2
expect "the same bytes by any number of threads" cmp -s "$T/e/metrics.csv" "$T/e2/metrics.csv"
expect "a baseline is a line a metric" [ "$(grep -c '"metric"' "$T/b.json")" = "$(grep -c '"metric"' $baseline)" ]

# One scheme for the real set; the synthetic one says its own.
expect_ok "" "$VOXGAN" eval $both --tumour-scheme brats --tumour-scheme "" --out "$T/own" --suite overlap
expect_fail 2 "no label scheme" "$VOXGAN" eval $both --tumour-scheme brats --tumour-scheme auto --out "$T/own2" --suite overlap

# The page begins with what was found, in words, each figure beside its reference. The shares are those of the means.
expect "a page in words" /usr/bin/python3 - "$T/e" <<'PY'
import csv, re, sys
page = open(sys.argv[1] + "/report.html").read()
found = re.search(r"Image by image, the synthetic images are ([^.]*)\. Inside the brain .*?: (t1 [^.]*\.\d %[^;]*?)\. For comparison: "
                  r"a copy of the real image with noise of 5 % is off by 4\.0 %", page)
assert found and page.index("Image by image") < page.index("Real data set"), page[:3000]
rows = [r for r in csv.DictReader(open(sys.argv[1] + "/metrics.csv")) if (r["region"], r["metric"]) == ("brain", "mae")]
for series, share in re.findall(r"(\w+) ([\d.]+) %", found.group(2)):
    values = [float(r["value"]) for r in rows if r["series"] == series]
    assert abs(50 * sum(values) / len(values) - float(share)) < 0.06, (series, share, values)
assert "Only 2 cases" in page
assert "cannot judge how close the sets are: 2 real subjects are too few" in page
PY
"$VOXGAN" eval --real "$T/11" --synth "$T/11" --layout brats2021 --synth-layout brats2021 --suite image --out "$T/same" >/dev/null 2>&1
expect "equal images" grep -q 'Image by image, the synthetic images are close to the real ones' "$T/same/report.html"

# The galleries of all series begin with the same case, the worst of all, though another is worse on t1.
cp -r "$T/11" "$T/noisy"
/usr/bin/python3 - "$T/noisy" <<'PY' || bad "noise"
import glob, nibabel, numpy, sys
rng = numpy.random.default_rng(3)
for series, sd in (("t1", (0.02, 0.2)), ("flair", (2.0, 0.02))):
    for file, share in zip(sorted(glob.glob(sys.argv[1] + f"/**/*_{series}.nii.gz", recursive=True)), sd):
        m = nibabel.load(file)
        v = numpy.asarray(m.dataobj).astype(float)
        v += rng.normal(0, share * v.max(), v.shape) * (v > 0)
        nibabel.save(nibabel.Nifti1Image(numpy.clip(numpy.rint(v), 0, 32000).astype("int16"), m.affine), file)
PY
"$VOXGAN" eval --real "$T/11" --synth "$T/noisy" --layout brats2021 --synth-layout brats2021 --suite image --out "$T/order" >/dev/null 2>&1
expect "one order of cases for all series" /usr/bin/python3 - "$T/order" <<'PY'
import csv, re, sys
page = open(sys.argv[1] + "/report.html").read()
first = {}
for part in page.split('class="gallery"')[1:]:
    first[re.search(r"<h4[^>]*>(\w+)", part).group(1)] = re.search(r"(BraTS\w+): ssim", part).group(1)
ssim = {(r["subject"], r["series"]): float(r["value"]) for r in csv.DictReader(open(sys.argv[1] + "/metrics.csv"))
        if (r["region"], r["metric"]) == ("tumour", "ssim")}
a, b = sorted({s for s, _ in ssim})
assert ssim[b, "t1"] < ssim[a, "t1"] and ssim[a, "flair"] < ssim[b, "flair"], ssim
assert {first["t1"], first["flair"]} == {a}, first
PY

# A regression: exit 5, a table of what moved, and no baseline in its place.
sed '/"t1","region":"brain","metric":"ssim"/s/"mean":0/"mean":9/' "$T/b.json" >"$T/better.json"
expect_fail 5 '1 value worse than in the baseline' \
  "$VOXGAN" eval $both --out "$T/e3" --suite image --baseline "$T/better.json" --write-baseline "$T/no.json"
expect "the table names it" grep -qE '^t1 +brain +ssim .* worse' "$T/stdout"
expect "not written" [ ! -e "$T/no.json" ]
expect_ok '' "$VOXGAN" eval $both --out "$T/e3" --suite image --baseline "$T/better.json" --tolerance ssim=100,0.01
expect_fail 3 'band of 5 mm' "$VOXGAN" eval $both --out "$T/e3" --baseline $baseline --band 3
expect_fail 2 "did you mean 'hd95'" "$VOXGAN" eval $both --out "$T/e3" --baseline $baseline --tolerance hd96=1

# Suites: what the inputs do not allow is named, with the reason.
expect_ok 'suite overlap is skipped: label maps are equal' \
  "$VOXGAN" eval --real "$T/11" --synth "$T/11" --layout brats2021 --synth-layout brats2021 --out "$T/e4" --suite all
expect "and recorded" grep -q '"why"' "$T/e4/summary.json"
expect "profiles are in the summary" grep -q '"gradient_sd"' "$T/e4/summary.json"

# No subject on both sides: the suites boundary and distribution alone, and this for two subjects or more.
"$VOXGAN" phantom --out "$T/others" --subjects 2 --first 7 --size 80 --seed 12 2>/dev/null || bad phantom
"$VOXGAN" phantom --out "$T/lone" --subjects 1 --first 9 --size 80 --seed 12 2>/dev/null || bad phantom
apart="--real $T/11 --synth $T/others --layout brats2021 --synth-layout brats2021"
lone="--real $T/11 --synth $T/lone --layout brats2021 --synth-layout brats2021"
expect_fail 3 'no subject is on both sides' "$VOXGAN" eval $apart --out "$T/e6"
expect_ok 'suite image is skipped: no subject is on both sides' "$VOXGAN" eval $apart --out "$T/e6" --suite all
expect "figures of the synthetic subject" grep -q '^BraTS2021_00007,t1,tumour,boundary_sharpness,' "$T/e6/metrics.csv"
expect "and of the sets" grep -q '^,tumour,,mmd,' "$T/e6/metrics.csv"
expect_ok 'skipped: it needs two subjects' "$VOXGAN" eval $lone --out "$T/e7" --suite boundary,distribution
expect_fail 3 'nothing to compare: it needs two subjects' "$VOXGAN" eval $lone --out "$T/e7" --suite distribution
expect_ok 'reference' "$VOXGAN" eval $both --out "$T/e8" --suite distribution
expect "in the summary" grep -q '"floor"' "$T/e8/summary.json"
sed '/"space":"thumbnail","metric":"mmd"/s/"value":0/"value":-9/' $baseline >"$T/nearer.json"
expect_fail 5 '1 value worse' "$VOXGAN" eval $both --out "$T/e8" --suite distribution --baseline "$T/nearer.json"
expect "the table names the space" grep -qE '^thumbnail +mmd .* worse' "$T/stdout"

expect_fail 2 "did you mean 'boundary'" "$VOXGAN" eval $both --out "$T/e5" --suite boundry
expect_fail 2 'no challenge' "$VOXGAN" eval $both --out "$T/e5" --challenge GBM
expect_fail 2 'must be a width above 0' "$VOXGAN" eval $both --out "$T/e5" --band 0
expect_ok 'boundary, nearer to the ideal is better' "$VOXGAN" list metrics
finish
