"""metric_peers.py VOXGAN: overlap metrics of `voxgan eval` against those of MONAI and panoptica, on phantoms of two seeds.

Prints a line a peer and metric with the largest difference; exits 1 where one is above 1e-4 of its value. Empty masks are not
compared: peers answer NaN or nothing, ours is in `voxgan list metrics` and tested there. Nor is panoptica's surface distance,
which is another: the mean of the two directed means, not the mean over the surface voxels of both sides (Heimann et al. 2009).
"""
import json
import os
import subprocess
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")
import nibabel as nib
import numpy as np
import torch
from monai.metrics import compute_average_surface_distance, compute_dice, compute_hausdorff_distance, compute_surface_dice
from panoptica import InputType, Panoptica_Evaluator
from panoptica.metrics import Metric

LIMIT = 1e-4
WHOLE = {"WT": (1, 2, 4), "TC": (1, 4), "ET": (4,)} # BraTS 2021's values
SIZE = (50, 61, 47)


def by_monai(a, b, mm):
    a, b = (torch.from_numpy(np.stack([~m, m])[None]) for m in (a, b))
    args = dict(include_background=False, spacing=mm)
    return {"dice": float(compute_dice(b, a, include_background=False)),
            "hd95": float(compute_hausdorff_distance(b, a, percentile=95, **args)),
            "nsd": float(compute_surface_dice(b, a, [1.0], spacing=mm)),
            "assd": float(compute_average_surface_distance(b, a, symmetric=True, **args))}


def by_panoptica(a, b, mm):
    evaluator = Panoptica_Evaluator(expected_input=InputType.MATCHED_INSTANCE, instance_metrics=[Metric.DSC, Metric.IOU],
                                    verbose=False, log_times=False)
    found = evaluator.evaluate(b.astype(np.uint8), a.astype(np.uint8), voxelspacing=mm, verbose=False)["ungrouped"]
    return {"dice": float(found.sq_dsc), "jaccard": float(found.sq)}


def load(folder, subject):
    image = nib.load(os.path.join(folder, subject, f"{subject}_seg.nii.gz"))
    return np.asarray(image.dataobj), [float(m) for m in image.header.get_zooms()]


def main():
    voxgan, worst = sys.argv[1], {}
    with tempfile.TemporaryDirectory() as work:
        sides = [os.path.join(work, side) for side in ("real", "synth")]
        for seed, side in enumerate(sides):
            subprocess.run([voxgan, "phantom", "--out", side, "--subjects", "4", "--size", ",".join(map(str, SIZE)), "--seed",
                            str(seed + 1), "--quiet"], check=True)
        out = os.path.join(work, "eval")
        subprocess.run([voxgan, "eval", "--real", sides[0], "--synth", sides[1], "--suite", "overlap", "--out", out, "--quiet"],
                       check=True, stdout=subprocess.DEVNULL)
        ours = {}
        with open(os.path.join(out, "metrics.csv")) as f:
            for line in f.read().splitlines()[1:]:
                subject, _, region, metric, value = line.split(",")
                ours[subject, region, metric] = float(value)
        for subject in sorted({key[0] for key in ours}):
            (a, mm), (b, _) = (load(side, subject) for side in sides)
            for region, values in WHOLE.items():
                masks = [np.isin(v, values) for v in (a, b)]
                if not all(m.any() for m in masks):
                    continue
                for peer, ask in (("MONAI", by_monai), ("panoptica", by_panoptica)):
                    for metric, value in ask(*masks, mm).items():
                        off = abs(ours[subject, region, metric] - value) / max(1, abs(value))
                        worst[peer, metric] = max(worst.get((peer, metric), 0), off)
    for (peer, metric), off in sorted(worst.items()):
        print(f"{peer:10} {metric:8} differs by {off:.1e} at most")
    if len(worst) != 6 or max(worst.values()) > LIMIT or not all(np.isfinite(list(worst.values()))):
        sys.exit("FAILED: not all agree")


main()
