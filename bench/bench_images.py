#!/usr/bin/python3
"""Generators, discriminators and losses beside each other on one data set: can a network tell, how far off are the images?

    make bench-images DATA=DIR CONFIG=healthy_t1 ARGS="--rows unet,resize --seeds 2 --set train.epochs=100"

DATA is split by person (`voxgan split`, seed 1). Each row below trains on one side with the same number of steps. Each model then makes
the images of the other side, whose persons it never saw, and `voxgan eval` scores them. Prints a Markdown table: mean over the seeds and
the lowest and highest, and the time of the training. References: the AUC between two halves of the real persons, and between real and slightly
blurred real patches. OUT (build/bench/images) keeps runs, images and reports. A row that is complete there is not trained again.
"""
import argparse
import json
import os
import subprocess
import sys

RESIZE = ["net.upsample=resize"]
LOW = ["train.w_reconstruction=10", "train.w_l1_low=90"]
SPADE = ["net.generator=spade", *RESIZE]
NOISE = [*SPADE, "net.noise=true", *LOW]
ROWS = {
    "unet": [],
    "resize": RESIZE,
    "linear-noise": ["net.upsample=linear", "net.noise=true", *LOW],
    "low": [*RESIZE, *LOW],
    "spade": SPADE,
    "spade-conv": [*SPADE, "net.modulation=conv"],
    "spade-noise": NOISE,
    "spade-local": [*NOISE, "train.w_local=1"],
    "spade-oasis": [*NOISE, "net.discriminator=oasis"],
}


def run(*command):
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip().splitlines()[-1]}")


def scheme(args):
    """Options of every command that reads label maps."""
    return [w for option, value in (("--tumour-scheme", args.tumour_scheme), ("--anatomy-scheme", args.anatomy_scheme)) if value
            for w in (option, value)]


def row(args, name, seed, parts):
    at = f"{args.out}/{name}-{seed}"
    sets = [w for s in ROWS[name] + args.set for w in ("--set", s)]
    if not os.path.exists(f"{at}/done.json"):
        before = os.times().children_user
        run(args.voxgan, "train", args.config, "--data", f"{parts}/train", "--out", f"{at}/run", "--seed", str(seed), "--threads", str(args.threads),
            "--resume", *scheme(args), *sets)
        minutes = (os.times().children_user - before) / 60
        run(args.voxgan, "synth", f"{at}/run", "--labels", f"{parts}/test", "--format", "bids", "--out", f"{at}/synth", "--seed",
            str(seed), "--threads", str(args.threads), *scheme(args))
        run(args.voxgan, "eval", "--real", f"{parts}/test", "--synth", f"{at}/synth", "--out", f"{at}/eval", "--suite", args.suite, "--threads",
            str(args.threads), *scheme(args), *(["--detect-mm", args.detect_mm] if args.detect_mm else []))
        with open(f"{at}/done.json", "w") as f:
            json.dump({"minutes": minutes}, f)
    with open(f"{at}/done.json") as f:
        minutes = json.load(f)["minutes"]
    with open(f"{at}/eval/summary.json") as f:
        return minutes, json.load(f)


def mean(values):
    values = [v for v in values if v is not None]
    return sum(values) / len(values) if values else None


def scores(summary):
    """Means over the series: of metrics by region, of distances between the sets."""
    metric = lambda name, region: mean([m["mean"] for m in summary["metrics"] if m["metric"] == name and m["region"] == region])
    distance = lambda name, space: mean([s["value"] for s in summary["sets"] if s["metric"] == name and space in s["space"]])
    return {
        "MAE": metric("mae", "brain"),
        "SSIM": metric("ssim", "brain"),
        "edge of the tumour": metric("boundary_sharpness", "tumour"),
        "FRD, brain": distance("frd", "brain"),
        "AUC, patches": distance("detect_auc", "patch"),
        "AUC, real halves": distance("detect_halves", "patch"),
        "AUC, blurred real": distance("detect_blurred", "patch"),
    }


def spread(values, digits):
    values = [v for v in values if v is not None]
    if not values:
        return ""
    text = f"{mean(values):.{digits}f}"
    return text if len(values) == 1 else f"{text} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("voxgan")
    p.add_argument("data")
    p.add_argument("config")
    p.add_argument("--out", default="build/bench/images")
    p.add_argument("--rows", default=",".join(ROWS))
    p.add_argument("--seeds", type=int, default=2)
    p.add_argument("--share", default="0.25", help="of the persons that are scored")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--set", action="append", default=[], help="a setting of all rows, as of `voxgan train`")
    p.add_argument("--suite", default="image,boundary,frd,detect")
    p.add_argument("--tumour-scheme", help="of the data, where its layout's is wrong")
    p.add_argument("--anatomy-scheme", help="of the data, where its layout's is wrong")
    p.add_argument("--detect-mm", help="voxel size at which networks compare patches, as of `voxgan eval`; that of the model, if it is coarse")
    args = p.parse_args()
    parts = f"{args.out}/parts"
    if not os.path.exists(parts):
        run(args.voxgan, "split", args.data, "--out", parts, "--share", args.share, *scheme(args))
    head = None
    for name in args.rows.split(","):
        seeds = [row(args, name, seed, parts) for seed in range(1, args.seeds + 1)]
        table = [scores(summary) for _, summary in seeds]
        if not head:
            head = ["row", *(k for k in table[0] if any(t[k] is not None for t in table)), "minutes of CPU"]
            print("| " + " | ".join(head) + " |\n" + "| --- " * len(head) + "|", flush=True)
        cells = [spread([t[k] for t in table], 3 if k in ("MAE", "SSIM") or "AUC" in k else 2) for k in head[1:-1]]
        print("| " + " | ".join([name, *cells, spread([m for m, _ in seeds], 1)]) + " |", flush=True)


sys.exit(main())
