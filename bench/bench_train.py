#!/usr/bin/python3
"""bench_train.py BUILD_DIR [--full | --size N --ngf N] [--rounds N] [--generator unet|spade]: training steps per second, voxgan against plain
PyTorch pix2pix, in fp32 and bf16.

The same 3-D network, loss and batch in all: a patch of N^3 (64), ngf N (16), 8 one-hot label channels to 4 series, batch 1,
instance norm, one full D+G step with Adam; --full runs 64^3 and 128^3 with ngf 16 and 32, some minutes. Four processes step
on request with every core, in turns: voxgan and PyTorch (tests/oracle/pix2pix.py, eager), each in fp32 and in bf16 (PyTorch's
autocast). With --generator spade the peer is tests/oracle/spade.py: class modulation, resizing, noise. PyTorch is that of the
Python that runs this, PYTHON=... of `make bench-train`. It should have a fast BLAS (Debian: libopenblas0-pthread), for its
transposed convolutions go through it; without one it is three times slower, which the output says and train.json records as
"fair": false."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "oracle"))
WARM_UP, CIN, COUT = 2, 8, 4
FULL = ((64, 16), (64, 32), (128, 16), (128, 32))


def targets(generator, torch_version):
    """(ours, PyTorch's, how many times as many steps a second), and the share of its memory."""
    if generator == "spade":
        return (("fp32", "fp32", 4.0 if torch_version.startswith("1.") else 3.0), ("bf16", "bf16", 2.5)), 0.7
    return (("fp32", "fp32", 4.0), ("bf16", "fp32", 8.0), ("bf16", "bf16", 4.0)), 0.8


def levels(size):
    return size.bit_length() - 2  # 64: 5


def cores():
    return len(os.sched_getaffinity(0))


SPADE = {"generator": "spade", "modulation": "class", "upsample": "resize", "noise": 1}


def peer(path, ngf, precision, generator):
    """Child: plain PyTorch, stepping on request like gan_steps --time."""
    import numpy as np
    import torch
    import pix2pix
    import spade

    torch.set_num_threads(cores())
    torch.manual_seed(0)
    with np.load(path) as f:
        x, y = torch.from_numpy(f["x"]), torch.from_numpy(f["y"])
    arguments = (3, CIN, COUT, ngf, ngf, levels(x.shape[-1]))
    if generator == "spade":
        model = spade.SpadeGan(*arguments, autocast=precision == "bf16", resize=True, noise=True, seed=None)
    else:
        model = pix2pix.Pix2Pix(*arguments, autocast=precision == "bf16")
    for line in sys.stdin:
        seconds = pix2pix.clock(model, x, y, int(line))
        print(json.dumps({"steps": int(line), "seconds": seconds, "peak_bytes": pix2pix.peak_bytes()}), flush=True)


def blas():
    """The BLAS that PyTorch found, as a file's name."""
    import torch  # noqa: F401, maps it
    with open("/proc/self/maps") as f:
        names = {os.path.realpath(line.split()[-1]) for line in f if "blas" in line}
    fast = sorted(n for n in names if any(k in n for k in ("openblas", "blis", "mkl", "atlas")))
    return (fast or sorted(names) or ["none"])[0], bool(fast) or torch.backends.mkl.is_available()


def openblas_knows_processor():
    """An OpenBLAS older than the processor takes it for a Pentium 4: five times slower. False where it does."""
    program = ("import ctypes; blas = ctypes.CDLL('libopenblas.so.0'); name = blas.openblas_get_corename; "
               "name.restype = ctypes.c_char_p; print(name().decode())")
    name = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False).stdout
    with open("/proc/cpuinfo") as f:
        return name.strip().lower() != "prescott" or " avx512dq " not in f.read()


def product_rate(precision):
    """flop/s of PyTorch's product of large matrices."""
    import torch

    torch.set_num_threads(cores())
    n, best = 1536, 0
    a = torch.ones(n, n, dtype=torch.bfloat16 if precision == "bf16" else torch.float32)
    for _ in range(4):
        start = time.perf_counter()
        a @ a
        best = max(best, 2 * n ** 3 / (time.perf_counter() - start))
    return best


def ask(process, steps):
    process.stdin.write(f"{steps}\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        sys.exit(f"bench_train: {process.args} ended with {process.wait()}")
    return json.loads(line)


def start(build, folder, size, ngf, generator):
    """The four processes, by (name, precision)."""
    import numpy as np
    import pix2pix

    x, y = pix2pix.labels_and_images(np.random.default_rng(0), 1, CIN, COUT, (size,) * 3)
    # What weights are takes no time, but a file with them would lie in our memory and in no one else's.
    arrays = {"input.0": x, "target.0": y}
    np.savez(os.path.join(folder, "peer.npz"), x=x, y=y)
    pipes, running = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}, {}
    for precision in ("fp32", "bf16"):
        ours = os.path.join(folder, precision + ".safetensors")
        pix2pix.write_safetensors(ours, arrays, {
            "in_channels": CIN, "out_channels": COUT, "patch": f"{size},{size},{size}", "ngf": ngf, "ndf": ngf,
            "levels": levels(size), "d_layers": 3, "dropout": 0, "precision": precision,
            "draw_weights": 1, **(SPADE if generator == "spade" else {})})
        running["voxgan", precision] = subprocess.Popen(
            [os.path.join(build, "tests/parity/gan_steps"), "--time", ours], **pipes)
        running["PyTorch", precision] = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), "--peer", os.path.join(folder, "peer.npz"), str(ngf), precision,
             generator],
            **pipes)
    return running


def measure(build, size, ngf, rounds, rates, generator, version):
    aims, memory_target = targets(generator, version)
    steps = max(1, round(5 * (64 / size) ** 3 * (16 / ngf)))
    print(f"{generator}, {size}^3, ngf {ngf}: {rounds} rounds of {steps} steps; s/step", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        running = start(build, folder, size, ngf, generator)
        for process in running.values():
            ask(process, WARM_UP)
        print("round " + " ".join(f"{' '.join(who):>13}" for who in running), flush=True)
        runs, last = [], {}
        for i in range(rounds):
            for who, process in running.items():
                last[who] = ask(process, steps)
            runs.append({who: a["seconds"] / a["steps"] for who, a in last.items()})
            print(f"{i + 1:5} " + " ".join(f"{s:13.4f}" for s in runs[-1].values()), flush=True)
        for process in running.values():
            process.stdin.close()
            process.wait()
    seconds = {who: statistics.median(r[who] for r in runs) for who in running}
    ratios = []
    for ours, theirs, target in aims:
        # of the same round, so that what else the machine does is the same for both
        ratio = statistics.median(r["PyTorch", theirs] / r["voxgan", ours] for r in runs)
        ratios.append({"ours": ours, "peer": theirs, "ratio": ratio, "target": target})
        print(f"train ratio, {size}^3, ngf {ngf}, {ours} to PyTorch's {theirs}: {ratio:.2f} (target {target:g})")
    case = {"generator": generator, "size": size, "ngf": ngf, "ratios": ratios, "memory_target": memory_target, "precisions": {}}
    for precision in ("fp32", "bf16"):
        ours, theirs = last["voxgan", precision], last["PyTorch", precision]
        share = ours["flops"] / rates[precision] / seconds["voxgan", precision]
        memory = ours["peak_bytes"] / theirs["peak_bytes"]
        case["precisions"][precision] = {
            "ours": 1 / seconds["voxgan", precision], "peer": 1 / seconds["PyTorch", precision],
            "peak_bytes": {"ours": ours["peak_bytes"], "peer": theirs["peak_bytes"]}, "memory_ratio": memory,
            "flops": ours["flops"], "share_of_product_rate": share}
        print(f"  {precision}: steps/s voxgan {1 / seconds['voxgan', precision]:.2f}, PyTorch "
              f"{1 / seconds['PyTorch', precision]:.2f}; peak memory {ours['peak_bytes'] / 2**20:.0f} MiB to "
              f"{theirs['peak_bytes'] / 2**20:.0f} MiB, {memory:.2f} (target {memory_target}); convolutions at the "
              f"matrix product's rate ({rates[precision] * 1e-9:.0f} GF/s) would take {100 * share:.0f} % of the step")
    return case


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--ngf", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--generator", choices=("unet", "spade"), default="unet")
    arguments = parser.parse_args()
    if not openblas_knows_processor():
        os.environ.setdefault("OPENBLAS_CORETYPE", "SKYLAKEX")
    try:
        import numpy  # noqa: F401
        import torch
        import pix2pix  # noqa: F401
    except ImportError as e:
        print(f"bench_train: {sys.executable}: {e}; Debian has python3-torch, and PYTHON=... names another Python", file=sys.stderr)
        return 77
    rates = {p: product_rate(p) for p in ("fp32", "bf16")}
    cases = [measure(arguments.build, size, ngf, arguments.rounds, rates, arguments.generator, torch.__version__)
             for size, ngf in (FULL if arguments.full else ((arguments.size, arguments.ngf),))]
    library, fair = blas()
    result = {"cases": cases, "unit": "steps/s", "threads": cores(),
              "product_flops": rates, "peer_version": f"PyTorch {torch.__version__}", "peer_blas": library, "fair": fair}
    folder = os.path.join(arguments.build, "..", "bench")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "train.json"), "w") as f:
        json.dump(result, f, indent=2)
        f.write("\n")
    if not fair:
        print(f"not a fair ratio: PyTorch runs on {library}; install libopenblas0-pthread")
    return 0


if __name__ == "__main__":
    if len(sys.argv) == 6 and sys.argv[1] == "--peer":
        peer(sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
    else:
        sys.exit(main())
