# The page of a run: finished, in progress, stopped, just begun; and a folder that is not a run.
. tests/cli/lib.sh

"$VOXGAN" train --print-config --set train.epochs=8 --set net.ngf=16 --set train.patch=16,16,16 >"$T/config.json" || bad config
# make_run RUN EPOCHS: a folder as train leaves it after so many of 8 epochs, with names that HTML must not swallow.
make_run() {
  mkdir -p "$1/previews"
  cp "$T/config.json" "$1/config.json"
  /usr/bin/python3 - "$1" "$2" <<'EOF'
import json, struct, sys, zlib
run, n = sys.argv[1], int(sys.argv[2])
chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(bytes(25 * 8))) + chunk(b"IEND", b"")
json.dump({"train": ["a<b>&\"1\"", "p2"], "val": ["held'3"]}, open(run + "/split.json", "w"))
with open(run + "/sessions.jsonl", "w") as f:
    f.write(json.dumps({"time": 1.7e9, "step": 0, "voxgan": "0.1.0", "libtorch": "1.13.0", "device": "cpu (2 threads)"}) + "\n")
with open(run + "/log.jsonl", "w") as f:
    f.write(json.dumps({"kind": "init", "model": "x<y.safetensors", "sha256": "0123456789abcdef" * 4, "matched": 7}) + "\n")
    for e in range(1, n + 1):
        f.write(json.dumps({"kind": "epoch", "epoch": e, "step": 10 * e, "d_real": 0.7, "d_fake": 0.6, "d_r1": 0, "d_x": e, "g_adversarial": 1 + e, "g_reconstruction": 1 / e,
          "g_new_one": e, "skipped": int(e == 2), "lr_g": 2e-4, "lr_d": 1e-4, "seconds": 4, "volumes_per_s": 2, "loader_wait_s": 1, "peak_bytes": 1 << 30, "time": 1.7e9 + e}) + "\n")
        if e % 2 == 0:
            scores = {"t1": {"mae": 1 / e, "s_<m>": e}, "odd<one>": {"mae": 0.5}, "mean": {"mae": 1 / e}}
            f.write(json.dumps({"kind": "validation", "epoch": e, "step": 10 * e, "held_out": True, "scores": scores, "best": e < 6}) + "\n")
            open(run + "/previews/epoch-%05d.png" % e, "wb").write(png)
EOF
}
# has TEXT...: the page is well formed and has each.
has() {
  /usr/bin/python3 tests/oracle/page_oracle.py "$T/r/report.html" >"$T/faults" 2>&1 || { cat "$T/faults"; return 1; }
  local text
  for text in "$@"; do grep -qF -- "$text" "$T/report" || { echo "no: $text"; return 1; }; done
}
report() { "$VOXGAN" report "$T/r" 2>"$T/err" && cp "$T/r/report.html" "$T/report"; }

make_run "$T/r" 8
expect_ok "wrote $T/r/report.html" "$VOXGAN" report "$T/r"
report
expect "a finished run" has 'Training run r' 'Finished: all epochs are done (8)' '<dd>4: mean mae 0.25</dd>' '1 step was skipped, because a loss or gradient' \
  'x&lt;y.safetensors (sha256 0123456789ab' '2 to train on, 1 held out' '<dd>80</dd>' '<dd>32 s</dd>'
expect "its curves" has 'Discriminator&#39;s losses' 'Generator&#39;s loss: adversarial' 'loss: reconstruction' 'Generator&#39;s loss: new one' 'Discriminator&#39;s loss: x' '>Learning rate<' \
  'Rate, volumes' 'Peak memory' 's &lt;m&gt;' 'odd&lt;one&gt;' 'best epoch'
expect "a line for each loss and score that there is" [ "$(grep -c '<path class="line"' "$T/report")" = 16 ]
expect "its previews, of which the last shows first" [ "$(grep -c 'data:image/png' "$T/report")/$(grep -c 'data-first><p>epoch 8<' "$T/report")" = 4/1 ]
expect "its settings, and what was changed" has '<td>16</td><td>64</td>' '[16,16,16]' 'badge' 'train.w_reconstruction'
expect "defaults are not changed by being resolved" [ "$(grep -c '>changed<' "$T/report")" = 3 ]
expect "subjects and machine" has 'a&lt;b&gt;&amp;&quot;1&quot;, p2' 'held&#39;3' 'cpu (2 threads)' '2023-11-14 22:13 UTC'

/usr/bin/python3 tests/oracle/browser_check.py "$T/r/report.html"
case $? in
0) ok ;;
77) echo "skipped: the page of a run in a browser (chromium is missing)" ;;
*) bad "in the browser" ;;
esac

# Elsewhere; and over an earlier page.
expect_ok '' "$VOXGAN" report "$T/r" --out "$T/page.html"
expect "the same page" cmp -s "$T/page.html" "$T/r/report.html"
expect_fail 1 'no/such/page.html' "$VOXGAN" report "$T/r" --out "$T/no/such/page.html"

# Stopped; and while a process has the run's lock.
rm -rf "$T/r"
make_run "$T/r" 3
: >"$T/r/.lock"
report
expect "a run that stopped" has 'Not finished, and not training now: 3 of 8 epochs are done'
exec 9>"$T/r/.lock"
flock 9
report
exec 9>&-
expect "a run in progress" has 'Training now: 3 of 8 epochs are done, about 20 s remain'
# The line that is being written, or was when the machine went down.
printf '{"kind": "epoch", "epoch": 4, "st' >>"$T/r/log.jsonl"
report
expect "a torn last line is ignored" has '3 of 8 epochs are done'
printf '\n{"kind": "epoch"}\n' >>"$T/r/log.jsonl"
expect_fail 3 "$T/r/log.jsonl: line 6 is not valid JSON" "$VOXGAN" report "$T/r"

# Just begun: no log yet, no previews, no split.
rm -rf "$T/r"
make_run "$T/r" 0
rm -r "$T/r/log.jsonl" "$T/r/split.json" "$T/r/sessions.jsonl" "$T/r/previews"
report
expect "a run that has just begun" has 'No epoch is finished yet' 'All settings'
# A preview that someone threw away, and one that is no picture.
make_run "$T/r" 4
rm "$T/r/previews/epoch-00002.png"
report
expect "without a preview" [ "$(grep -c 'data:image/png' "$T/report")" = 1 ]
echo none >"$T/r/previews/epoch-00004.png"
expect_fail 3 'previews/epoch-00004.png' "$VOXGAN" report "$T/r"

# What is no run.
mkdir "$T/empty"
expect_fail 3 'nowhere: no such folder' "$VOXGAN" report "$T/nowhere"
expect_fail 3 'empty: holds no run of voxgan train' "$VOXGAN" report "$T/empty"
expect_fail 2 'too few arguments; expected RUN' "$VOXGAN" report
echo '{' >"$T/empty/config.json"
expect_fail 3 'empty/config.json:.*not valid JSON' "$VOXGAN" report "$T/empty"
finish
