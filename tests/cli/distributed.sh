# distributed.sh: for the tests of several processes: phantoms, settings, and the run $T/w of two processes. Skips where they can neither
# share memory nor use Gloo.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/p" --subjects 6 --size 16 --seed 1 --anatomy 2>/dev/null || bad phantom
mkdir "$T/cache"
base="--data $T/p --layout brats2021 --threads 1 --set net.ngf=4 --set net.ndf=4 --set net.d_layers=1 --set data.val_share=0.34
  --set data.cache=$T/cache --set train.epochs=5 --set train.validate_every=0 --set train.decay_from=1 --set train.jitter=0.1"
"$VOXGAN" train $base --out "$T/w" --processes 2 >"$T/log" 2>&1
case $? in
0) ;;
4) if grep -q 'need Gloo' "$T/log"; then echo "this libtorch has no Gloo: skipped"; exit 77; fi; cat "$T/log" ;;
*) cat "$T/log" ;;
esac

# close RUN RUN [TOLERANCE]: the same losses and scores in every line of the log; volumes count alike.
close() {
  /usr/bin/python3 - "$@" <<'END'
import json, sys
def lines(run):
    skip = {"seconds", "volumes_per_s", "loader_wait_s", "peak_bytes", "time", "processes", "wait_share", "step_bytes"}
    flat = lambda d, at="": [x for k, v in d.items() if k not in skip for x in (flat(v, at + k + ".") if isinstance(v, dict) else [(at + k, v)])]
    return [flat(json.loads(l)) for l in open(run + "/log.jsonl")]
a, b, limit = lines(sys.argv[1]), lines(sys.argv[2]), float((sys.argv[3:] or ["1e-5"])[0])
bad = len(a) != len(b)
for x, y in zip(a, b):
    for (k, v), (l, w) in zip(x, y):
        if k != l or (isinstance(v, str) and v != w) or (not isinstance(v, str) and abs(v - w) > limit * max(abs(v), 1e-3)):
            bad = True
            print(sys.argv[1:3], k, v, l, w)
sys.exit(bad)
END
}
# Whether processes can use Gloo. Its tests are skipped where this libtorch has none.
gloo_is_here() { "$VOXGAN" train $base --out "$T/gloo_is_here" --processes 2 --set run.shared_memory=false --set train.epochs=1 --overwrite 2>&1 | grep -q 'need Gloo' && { echo "this libtorch has no Gloo: its tests are skipped"; return 1; }; return 0; }
# weights RUN: a hash of the last model, without the metadata.
weights() {
  /usr/bin/python3 -c "
import struct, sys, hashlib
b = open('$1/model-last.safetensors', 'rb').read()
print(hashlib.sha256(b[8 + struct.unpack('<Q', b[:8])[0]:]).hexdigest())"
}
