# report.html of eval on phantoms: well formed, with nothing loaded and all text escaped, and in headless Chromium without a
# complaint at the widths of a desk and of a phone.
. tests/cli/lib.sh

well_formed() { /usr/bin/python3 tests/oracle/page_oracle.py "$@"; }
in_browser() {
  /usr/bin/python3 tests/oracle/browser_check.py "$@"
  case $? in
  0) ok ;;
  77) browser=missing ;;
  *) bad "in the browser: $*" ;;
  esac
}
browser=there

for seed in 11 12; do
  "$VOXGAN" phantom --out "$T/$seed" --subjects 3 --size 64 --seed $seed 2>/dev/null || bad phantom
done
both="--layout brats2021 --synth-layout brats2021"

# What the check must not let pass.
cat >"$T/broken.html" <<'HTML'
<!DOCTYPE html><html><body><main><div style="width:2000px">wide</div></main><script>throw new Error("no")</script></body></html>
HTML
/usr/bin/python3 tests/oracle/browser_check.py "$T/broken.html" >"$T/broken.txt"
if [ $? = 1 ]; then
  expect "what is too wide" grep -q 'wider than the window' "$T/broken.txt"
  expect "and the message on the console" grep -q Uncaught "$T/broken.txt"
fi

# A subject whose name is markup, by way of manifests.
csv() {
  echo 'id,t1,tumour'
  for k in 1 2 3; do
    at=$T/$1/BraTS2021_0000$k/BraTS2021_0000$k
    [ $k = 3 ] && id='"<script>alert(1) & ""x"""' || id=s$k
    echo "$id,${at}_t1.nii.gz,${at}_seg.nii.gz"
  done
}
csv 11 >"$T/real.csv"
csv 12 >"$T/synth.csv"
expect_ok '' "$VOXGAN" eval --real "$T/real.csv" --synth "$T/synth.csv" --tumour-scheme brats --suite all \
  --out "$T/e" --write-baseline "$T/b.json"
expect "well formed" well_formed "$T/e/report.html"
expect "the name is text" grep -q '&lt;script&gt;alert(1) &amp; &quot;x&quot;' "$T/e/report.html"
expect "and nothing else" [ "$(grep -c '<script>alert' "$T/e/report.html")" = 0 ]
expect "slices of both kinds" [ "$(grep -c 'class="gallery"' "$T/e/report.html")" = 2 ]
expect "a few MB" [ "$(stat -c %s "$T/e/report.html")" -lt 12000000 ]
in_browser "$T/e/report.html"

# Every suite, every series, a baseline that nothing reaches; the same bytes by any number of threads.
sed 's/"mean":/"mean":1/' "$T/b.json" >"$T/better.json"
expect_fail 5 'worse than in the baseline' "$VOXGAN" eval --real "$T/11" --synth "$T/12" $both --suite all --threads 1 \
  --out "$T/e2" --baseline "$T/better.json"
expect_fail 5 'worse than in the baseline' "$VOXGAN" eval --real "$T/11" --synth "$T/12" $both --suite all --threads 2 \
  --out "$T/e3" --baseline "$T/better.json"
expect "well formed" well_formed "$T/e2/report.html"
expect "what moved" grep -q 'Against the baseline' "$T/e2/report.html"
expect "the same bytes" cmp -s "$T/e2/report.html" "$T/e3/report.html"
in_browser "$T/e2/report.html"

# Without slices; without pairs.
expect_ok '' "$VOXGAN" eval --real "$T/11" --synth "$T/11" $both --out "$T/e4" --no-gallery
expect "well formed" well_formed "$T/e4/report.html"
expect "no picture" [ "$(grep -c '<img' "$T/e4/report.html")" = 0 ]
expect "the skipped suite" grep -q 'Left out, suite overlap' "$T/e4/report.html"
"$VOXGAN" phantom --out "$T/others" --subjects 1 --first 7 --size 64 --seed 12 2>/dev/null || bad phantom
expect_ok '' "$VOXGAN" eval --real "$T/11" --synth "$T/others" $both --suite boundary --out "$T/e5"
expect "well formed" well_formed "$T/e5/report.html"
expect "two pictures a slice" [ "$(grep -o '<figcaption>synthetic<' "$T/e5/report.html" | wc -l)" = \
  "$(grep -o '<figcaption>labels<' "$T/e5/report.html" | wc -l)" ]
expect "none of them real" [ "$(grep -c '<figcaption>real<' "$T/e5/report.html")" = 0 ]

[ $browser = there ] || echo "skipped: reports in a browser (chromium is missing)"
finish
