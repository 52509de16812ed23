"""make bench-edit: exact distance transforms of a 240x240x155 mask, voxgan against SciPy, and the time of each edit.

Both sides transform the same masks of the phantom, in alternating rounds, each in its own process, allocation of the
result included; the results are compared. `signed` is one call of ours against SciPy's two. The figure of a side is the
median over rounds. Edits run on the phantom's maps of that size, their search for a place included.
"""
import json
import os
import statistics
import sys
import tempfile
import time

import numpy as np
from scipy.ndimage import distance_transform_edt

from ours import Ours

SHAPE, ROUNDS, EDIT_REPS, TARGET, COMPOSED_TARGET = (155, 240, 240), 5, 5, 5.0, 0.3
# What an edit is asked for; others run with their defaults.
PARAMS = {
    "scale": "ml=30", "move": "region=left-hemisphere,random", "rotate": "random", "grow": "ml=20",
    "deform": "amplitude=6", "multifocal": "n=3",
}
ON_HEALTHY = ("graft", "grow")  # the others are given a tumour to alter
MORE = ("deform:target=all", "scale:ml=30,mass=1", "grow:ml=20,mass=1")
COMPOSED = "graft;scale:ml=20;move:region=left-hemisphere,random"


def peer_distance(mask, kind, mm):
    start = time.perf_counter()
    d = distance_transform_edt(~mask, sampling=mm)
    if kind == "signed":
        d = np.where(mask, -distance_transform_edt(mask, sampling=mm), d)
    return time.perf_counter() - start, d


def bench_distance(ours, kind, folder):
    path, result, mm = os.path.join(folder, "mask"), os.path.join(folder, "distance"), [0.8] * 3
    ours.words("mask", kind, path)
    mask = np.fromfile(path, np.uint8).reshape(SHAPE) != 0
    ours.words("distance", kind, result)
    times = {"ours": [], "peer": []}
    for _ in range(ROUNDS):
        times["ours"].append(min(ours.numbers("distance", kind, "-")[0] for _ in range(3)))
        took, want = peer_distance(mask, kind, mm)
        times["peer"].append(took)
    got = np.fromfile(result, np.float32).reshape(SHAPE)
    if kind == "signed":
        got = np.where(mask, got - 0.4, got + 0.4)
    if np.abs(got - want).max() > 1e-4:
        sys.exit(f"{kind}: the two sides disagree")
    mine, theirs = (1e3 * statistics.median(times[side]) for side in ("ours", "peer"))
    return {"case": kind, "ours": round(mine, 2), "peer": round(theirs, 2), "ratio": round(theirs / mine, 1),
            "target": TARGET, "unit": "ms", "runs": ROUNDS}


def bench_edit(ours, chain):
    host = "healthy" if chain.split(":")[0].split(";")[0] in ON_HEALTHY else "tumour"
    answer = ours.words("edit", EDIT_REPS, host, chain)
    try:
        ms = [1e3 * float(t) for t in answer]
        return {"edit": chain, "ms": round(statistics.median(ms), 1), "worst": round(max(ms), 1)}
    except ValueError:
        return {"edit": chain, "refused": " ".join(answer)}


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build/release"
    ours = Ours(os.path.join(build, "bench", "bench_edit"))
    names = ours.words("edits")
    with tempfile.TemporaryDirectory(prefix="voxgan-bench-") as folder:
        results = [bench_distance(ours, kind, folder) for kind in ("tumour", "brain", "signed")]
    chains = [f"{n}:{PARAMS[n]}" if n in PARAMS else n for n in names]
    edits = [bench_edit(ours, chain) for chain in (*chains, *MORE, COMPOSED)]
    ours.close()
    print(f"{'distance to':<14}{'ours ms':>9}{'SciPy ms':>10}{'ratio':>8}{'target':>8}")
    for r in results:
        print(f"{r['case']:<14}{r['ours']:>9.1f}{r['peer']:>10.1f}{r['ratio']:>8.1f}{r['target']:>8.1f}")
    print(f"\n{'edit':<56}{'median ms':>10}{'worst ms':>10}")
    for e in edits:
        print(f"{e['edit']:<56}" + (e["refused"] if "refused" in e else f"{e['ms']:>10.1f}{e['worst']:>10.1f}"))
    if "ms" not in edits[-1]:
        sys.exit("the composed edit was refused")
    print(f"composed: {edits[-1]['ms'] / 1e3:.3f} s (target {COMPOSED_TARGET})")
    worst = min(results, key=lambda r: r["ratio"])
    os.makedirs("build/bench", exist_ok=True)
    with open("build/bench/edit.json", "w") as f:
        json.dump({**worst, "cases": results, "edits": edits}, f, indent=2)
        f.write("\n")
    print(f"edit ratio: {worst['ratio']:.1f} (target {TARGET:.1f})")


main()
