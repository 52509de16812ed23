#!/usr/bin/python3
"""bench_train.py BUILD_DIR: training steps per second, voxgan against plain PyTorch pix2pix.

The same 3-D network, loss and batch in both: 64^3 patch, ngf 16, 8 one-hot label channels to 4 series, fp32,
batch 1, instance norm, one full D+G step with Adam. Both are processes of their own that step on request and
use every core; rounds alternate. The peer is tests/oracle/pix2pix.py in eager mode, and should have a fast BLAS
(Debian: libopenblas0-pthread), for its transposed convolutions go through it; without one the peer is three times
slower, which the output says and train.json records as "fair": false."""
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "oracle"))
ROUNDS, WARM_UP, STEPS, TARGET = 7, 3, 5, 3.0
SIZE, CIN, COUT, NGF, LEVELS = 64, 8, 4, 16, 5


def peer(path):
    """Child: plain PyTorch, stepping on request like gan_steps --time."""
    import resource
    import numpy as np
    import torch
    import pix2pix

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.manual_seed(0)
    with np.load(path) as f:
        x, y = torch.from_numpy(f["x"]), torch.from_numpy(f["y"])
    model = pix2pix.Pix2Pix(3, CIN, COUT, NGF, NGF, LEVELS)
    for line in sys.stdin:
        seconds = pix2pix.clock(model, x, y, int(line))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"steps": int(line), "seconds": seconds, "peak_bytes": peak}), flush=True)


def blas():
    """The BLAS that PyTorch found, as a file's name."""
    import torch  # noqa: F401, maps it
    with open("/proc/self/maps") as f:
        names = {os.path.realpath(line.split()[-1]) for line in f if "blas" in line}
    fast = sorted(n for n in names if any(k in n for k in ("openblas", "blis", "mkl", "atlas")))
    return (fast or sorted(names) or ["none"])[0], bool(fast) or torch.backends.mkl.is_available()


def ask(process, steps):
    process.stdin.write(f"{steps}\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        sys.exit(f"bench_train: {process.args} ended with {process.wait()}")
    return json.loads(line)


def main(build):
    try:
        import numpy as np
        import torch
        import pix2pix
    except ImportError as e:
        print(f"bench_train: {e}: needs Debian's python3-torch", file=sys.stderr)
        return 77
    with tempfile.TemporaryDirectory() as folder:
        x, y = pix2pix.labels_and_images(np.random.default_rng(0), 1, CIN, COUT, (SIZE,) * 3)
        torch.manual_seed(0)
        arrays = pix2pix.Pix2Pix(3, CIN, COUT, NGF, NGF, LEVELS).state()
        arrays.update({"input.0": x, "target.0": y})
        ours_file, peer_file = os.path.join(folder, "a.safetensors"), os.path.join(folder, "b.npz")
        pix2pix.write_safetensors(ours_file, arrays, {
            "in_channels": CIN, "out_channels": COUT, "patch": f"{SIZE},{SIZE},{SIZE}", "ngf": NGF, "ndf": NGF,
            "levels": LEVELS, "d_layers": 3, "dropout": 0})
        np.savez(peer_file, x=x, y=y)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        ours = subprocess.Popen([os.path.join(build, "tests/parity/gan_steps"), "--time", ours_file], **pipes)
        theirs = subprocess.Popen([sys.executable, os.path.abspath(__file__), "--peer", peer_file], **pipes)
        for process in (ours, theirs):
            ask(process, WARM_UP)
        runs = []
        print(f"{'round':>5} {'voxgan s/step':>14} {'PyTorch s/step':>15}", flush=True)
        for i in range(ROUNDS):
            a, b = ask(ours, STEPS), ask(theirs, STEPS)
            runs.append({"ours": a["steps"] / a["seconds"], "peer": b["steps"] / b["seconds"]})
            print(f"{i + 1:5} {a['seconds'] / a['steps']:14.4f} {b['seconds'] / b['steps']:15.4f}", flush=True)
        for process in (ours, theirs):
            process.stdin.close()
            process.wait()
    speed = {k: statistics.median(r[k] for r in runs) for k in ("ours", "peer")}
    memory = {"ours": a["peak_bytes"], "peer": b["peak_bytes"]}
    ratio = speed["ours"] / speed["peer"]
    library, fair = blas()
    result = {"ours": speed["ours"], "peer": speed["peer"], "ratio": ratio, "target": TARGET, "unit": "steps/s",
              "runs": runs, "peak_bytes": memory, "threads": len(os.sched_getaffinity(0)),
              "peer_version": f"PyTorch {torch.__version__}", "peer_blas": library, "fair": fair}
    folder = os.path.join(build, "..", "bench")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "train.json"), "w") as f:
        json.dump(result, f, indent=2)
        f.write("\n")
    print(f"steps/s: voxgan {speed['ours']:.2f}, PyTorch {torch.__version__} {speed['peer']:.2f} (medians)")
    print(f"peak memory: voxgan {memory['ours'] / 2**20:.0f} MiB, PyTorch {memory['peer'] / 2**20:.0f} MiB "
          f"(target: no more)")
    if not fair:
        print(f"not a fair ratio: PyTorch runs on {library}; install libopenblas0-pthread")
    print(f"train ratio: {ratio:.2f} (target {TARGET})")
    return 0


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--peer":
        peer(sys.argv[2])
    elif len(sys.argv) == 2:
        sys.exit(main(sys.argv[1]))
    else:
        sys.exit(__doc__)
