"""make bench-io: one 240x240x155 int16 .nii.gz to float and back, voxgan against nibabel.

Both sides are timed inside their own process, in small alternating rounds on the same files, from
a warm page cache. Reading: path to a float32 array in memory. Writing: a float32 array in memory to
a whole int16 .nii.gz, at each side's default compression (nibabel: zlib level 1). The figure of a
side is the median over rounds of its best in a round.
"""
import gc
import glob
import json
import os
import statistics
import sys
import tempfile
import time

import nibabel as nib
import numpy as np

from ours import Ours

ROUNDS, OURS_REPS, PEER_REPS = 12, 3, 2
TARGET = {"read": 0.5, "write": 1 / 3}


def peer_read(path):
    start = time.perf_counter()
    np.asarray(nib.load(path).dataobj, dtype=np.float32)
    return time.perf_counter() - start


def peer_write(path, data, affine):
    start = time.perf_counter()
    nib.save(nib.Nifti1Image(data.astype(np.int16), affine), path)
    return time.perf_counter() - start


def real_t1():
    root = os.environ.get("VOXGAN_REAL_DATA", "../shared/real")
    for path in sorted(glob.glob(f"{root}/**/*t1*.nii.gz", recursive=True)):
        img = nib.load(path)
        if img.shape == (240, 240, 155) and img.get_data_dtype() == np.int16:
            return os.path.abspath(path)


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build/release"
    ours = Ours(os.path.join(build, "bench", "bench_io"))
    results = []
    with tempfile.TemporaryDirectory(prefix="voxgan-bench-") as folder:
        generated = os.path.join(folder, "generated.nii.gz")
        ours.words("make", generated)
        for name, path in (("generated", generated), ("real t1", real_t1())):
            if not path:
                continue
            img = nib.load(path)
            data, affine = np.asarray(img.dataobj, dtype=np.float32), img.affine
            outs = [os.path.join(folder, f"{side}.nii.gz") for side in ("ours", "peer")]
            times = {(job, side): [] for job in TARGET for side in ("ours", "peer")}
            ours.words("load", path)
            peer_read(path)
            for _ in range(ROUNDS):
                times["read", "ours"].append(min(ours.numbers("read", path, OURS_REPS)))
                times["read", "peer"].append(min(peer_read(path) for _ in range(PEER_REPS)))
                times["write", "ours"].append(min(ours.numbers("write", outs[0], OURS_REPS)))
                times["write", "peer"].append(min(peer_write(outs[1], data, affine) for _ in range(PEER_REPS)))
                gc.collect()
            same = np.array_equal(np.asarray(nib.load(outs[0]).dataobj), np.asarray(nib.load(outs[1]).dataobj))
            if not same:
                sys.exit("the two sides wrote different voxels")
            for job, target in TARGET.items():
                mine, theirs = (1e3 * statistics.median(times[job, side]) for side in ("ours", "peer"))
                results.append({
                    "case": f"{job} {name}", "ours": round(mine, 2), "peer": round(theirs, 2),
                    "ratio": round(mine / theirs, 3), "target": round(target, 3), "unit": "ms", "runs": ROUNDS,
                    "file_bytes": [os.path.getsize(p) for p in (outs if job == "write" else [path])],
                })
    ours.close()
    print(f"{'case':<16}{'ours ms':>9}{'nibabel ms':>12}{'ratio':>8}{'target':>8}   bytes")
    for r in results:
        sizes = " against ".join(str(b) for b in r["file_bytes"])
        print(f"{r['case']:<16}{r['ours']:>9.2f}{r['peer']:>12.2f}{r['ratio']:>8.3f}{r['target']:>8.3f}   {sizes}")
    worst = {job: max((r for r in results if r["case"].startswith(job)), key=lambda r: r["ratio"]) for job in TARGET}
    os.makedirs("build/bench", exist_ok=True)
    last = max(worst.values(), key=lambda r: r["ratio"] / r["target"])
    with open("build/bench/io.json", "w") as f:
        json.dump({**last, **worst, "cases": results}, f, indent=2)
        f.write("\n")
    for r in sorted(worst.values(), key=lambda r: r["ratio"] / r["target"]):
        print(f"worst {r['case'].split()[0]}: {r['case']}")
        print(f"io ratio: {r['ratio']:.3f} (target {r['target']:.3f})")


main()
