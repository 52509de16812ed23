"""Time and peak memory of every command that works without a model, at growing numbers of tiny subjects.

usage: bench_scale.py BUILD [N ...]      default: 1000 3000; 10000 takes minutes
       bench_scale.py BUILD N ... --only eval,split

The subjects are hard links to eight phantoms of 16^3 voxels, so making them takes seconds. The last line of each command is the
exponent of time between the first and the last number: 1 is linear, and at most 1.1 passes. Exit code 1: an exponent is higher,
or a peak is above 2 GiB.
"""
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time

args = [a for a in sys.argv[1:] if not a.startswith("--")]
only = None
if "--only" in sys.argv:
    only = sys.argv[sys.argv.index("--only") + 1].split(",")
    args.remove(sys.argv[sys.argv.index("--only") + 1])
voxgan = os.path.abspath(os.path.join(args[0], "voxgan"))
counts = [int(a) for a in args[1:]] or [1000, 3000]
MOST = 1.1
PEAK = 2.0  # GiB
KINDS = 8


def run(*command):
    """Seconds and peak GiB of a command, which must succeed."""
    began = time.monotonic()
    with open("log", "wb") as log:
        process = subprocess.Popen([voxgan, *command, "--quiet"], stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"voxgan {' '.join(command)}: exit {os.waitstatus_to_exitcode(status)}\n{open('log').read()}")
    return time.monotonic() - began, usage.ru_maxrss / 2**20


def multiply(source, target, n):
    """n subjects as hard links to those of source."""
    subjects = sorted(os.listdir(source))
    for i in range(n):
        name = subjects[i % len(subjects)]
        to = f"BraTS2021_{i + 1:05d}"
        os.makedirs(os.path.join(target, to))
        for file in os.listdir(os.path.join(source, name)):
            os.link(os.path.join(source, name, file), os.path.join(target, to, file.replace(name, to)))


def measure(n):
    """{command: (seconds, GiB)} for n subjects."""
    made = {}
    multiply("real-kinds", "real", n)
    multiply("synth-kinds", "synth", n)
    multiply("anatomy-kinds", "anatomy", n)
    steps = {
        "inspect": ["inspect", "real"],
        "split": ["split", "real", "--out", "parts", "--share", "0.3"],
        "edit": ["edit", "--labels", "real", "--edit", "mirror", "--out", "edited", "--sheet", "0"],
        "verify": ["synth", "--verify", "edited"],
        "join": ["join", "--tumour", "real", "--anatomy", "anatomy", "--out", "joined", "--sheet", "0"],
        "eval": ["eval", "--real", "real", "--synth", "synth", "--suite", "image,distribution", "--out", "eval",
                 "--no-gallery"],
    }
    for name, command in steps.items():
        if only and name not in only and not (name == "edit" and "verify" in only):
            continue
        made[name] = run(*command)
        print(f"{name:8} {n:6} subjects  {made[name][0]:8.2f} s  {made[name][1]:6.2f} GiB", flush=True)
    for folder in ["real", "synth", "anatomy", "parts", "edited", "joined", "eval"]:
        shutil.rmtree(folder, ignore_errors=True)
    return made


def main():
    here = tempfile.mkdtemp(prefix="voxgan-scale-")
    os.chdir(here)
    bad = False
    try:
        for name, seed, more in [("real", 1, []), ("synth", 2, []), ("anatomy", 1, ["--anatomy"])]:
            run("phantom", "--out", f"{name}-kinds", "--subjects", str(KINDS), "--size", "16", "--seed", str(seed), *more)
        made = [measure(n) for n in counts]
        for name in made[0]:
            (t0, _), (t1, peak) = made[0][name], made[-1][name]
            exponent = math.log(t1 / t0) / math.log(counts[-1] / counts[0]) if len(counts) > 1 else 0
            verdict = "" if exponent <= MOST and peak <= PEAK else "  TOO MUCH"
            bad |= bool(verdict)
            print(f"{name:8} exponent {exponent:5.2f}  peak {peak:5.2f} GiB{verdict}")
    finally:
        os.chdir("/")
        shutil.rmtree(here, ignore_errors=True)
    sys.exit(bad)


main()
