"""make bench-eval: metrics on 240x240x155, voxgan against scikit-image, SciPy and, where it is installed, MONAI.

SSIM: the whole volume, Gaussian window, in 3-D. Overlap: Dice, 95 % Hausdorff distance and average symmetric surface
distance of one tumour mask; SciPy's way is MONAI's: cut out the box around both masks, take the surfaces by erosion, one
distance transform each. All sides are timed inside their own process, in alternating rounds on the same arrays, and must
agree to 1e-4. The figure of a side is the median over rounds of its best in a round. A single core is enough for the peers'
code; voxgan and PyTorch use all that there are.
"""
import json
import os
import statistics
import sys
import tempfile
import time

import nibabel as nib
import numpy as np
from scipy import ndimage
from skimage.metrics import structural_similarity

from ours import Ours

try:
    import torch
    from monai.metrics import SSIMMetric, compute_average_surface_distance, compute_dice, compute_hausdorff_distance
except ImportError:
    torch = None

ROUNDS, OURS_REPS = 5, 3
# ours / peer: five times as fast, and twenty times for MONAI's SSIM.
TARGET = {("ssim", "scikit-image"): 0.2, ("ssim", "monai"): 0.05, ("overlap", "scipy"): 0.2, ("overlap", "monai"): 0.2}


def scikit_image_ssim(a, b, *_):
    return [structural_similarity(a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=2,
                                  full=True)[1].mean(dtype=np.float64)]


def scipy_overlap(_a, _b, la, lb):
    dice = 2 * np.count_nonzero(la & lb) / (np.count_nonzero(la) + np.count_nonzero(lb))
    box = tuple(slice(max(s.start - 1, 0), s.stop + 1) for s in ndimage.find_objects((la | lb).astype(np.uint8))[0])
    ea, eb = (m & ~ndimage.binary_erosion(m) for m in (la[box], lb[box]))
    ab, ba = ndimage.distance_transform_edt(~eb)[ea], ndimage.distance_transform_edt(~ea)[eb]
    return [dice, max(np.percentile(ab, 95), np.percentile(ba, 95)), np.concatenate([ab, ba]).mean()]


def monai_ssim(a, b, *_):
    a, b = (torch.from_numpy(v)[None, None] for v in (a, b))
    return [float(SSIMMetric(spatial_dims=3, data_range=2.0)(a, b))]


def monai_overlap(_a, _b, la, lb):
    la, lb = (torch.from_numpy(np.stack([~m, m])[None]) for m in (la, lb))
    args = dict(include_background=False)
    return [float(compute_dice(lb, la, **args)), float(compute_hausdorff_distance(lb, la, percentile=95, **args)),
            float(compute_average_surface_distance(lb, la, symmetric=True, **args))]


def timed(peer, arrays):
    start = time.perf_counter()
    values = peer(*arrays)
    return values, time.perf_counter() - start


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build/release"
    ours = Ours(os.path.join(build, "bench", "bench_eval"))
    peers = [("ssim", "scikit-image", scikit_image_ssim), ("overlap", "scipy", scipy_overlap)]
    if torch:
        peers += [("ssim", "monai", monai_ssim), ("overlap", "monai", monai_overlap)]
    else:
        print("MONAI is not installed: left out")
    with tempfile.TemporaryDirectory(prefix="voxgan-bench-") as folder:
        ours.words("make", folder)
        ours.words("load", folder)
        read = lambda name, dtype: np.ascontiguousarray(np.asarray(nib.load(f"{folder}/{name}.nii.gz").dataobj, dtype).T)
        arrays = [read("real", np.float32), read("synth", np.float32), read("real_seg", bool), read("synth_seg", bool)]
    results = []
    for job, name, peer in peers:
        count = 1 if job == "ssim" else 3
        mine, theirs = [], []
        rounds = 1 if (job, name) == ("ssim", "monai") else ROUNDS  # it takes most of a minute
        for _ in range(rounds):
            answer = ours.numbers(job, OURS_REPS)
            mine.append(min(answer[count:]))
            values, seconds = timed(peer, arrays)
            theirs.append(seconds)
        # MONAI's SSIM averages over the volume's inside only.
        gap = max(abs(a - b) for a, b in zip(answer[:count], values))
        if gap > 1e-4 and (job, name) != ("ssim", "monai"):
            sys.exit(f"{job}: ours {answer[:count]}, {name} {values}")
        a, b = statistics.median(mine), statistics.median(theirs)
        results.append({"case": f"{job} {name}", "ours": round(1e3 * a, 2), "peer": round(1e3 * b, 2),
                        "ratio": round(a / b, 4), "target": TARGET[job, name], "unit": "ms", "runs": rounds,
                        "difference": gap})
    ours.close()
    print(f"{'case':<20}{'ours ms':>9}{'peer ms':>10}{'ratio':>8}{'target':>8}   difference")
    for r in results:
        print(f"{r['case']:<20}{r['ours']:>9.1f}{r['peer']:>10.1f}{r['ratio']:>8.3f}{r['target']:>8.3f}   {r['difference']:.1e}")
    worst = max(results, key=lambda r: r["ratio"] / r["target"])
    os.makedirs("build/bench", exist_ok=True)
    with open("build/bench/eval.json", "w") as f:
        json.dump({**worst, "cases": results}, f, indent=2)
        f.write("\n")
    print(f"worst: {worst['case']}")
    print(f"eval ratio: {worst['ratio']:.3f} (target {worst['target']:.3f})")


main()
