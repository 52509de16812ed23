#!/usr/bin/python3
"""bench_precision.py BUILD_DIR DATA OUT [--config FILE] [--epochs N] [--seeds N]: whether bf16 trains to the quality of fp32.

    make bench-precision DATA=OASIS

DATA is split once, by subject; the same config then trains on one part in both precisions from seeds 1 to N (3), makes the
other part's images from their labels, and `voxgan eval` scores these. The table has each training's mean error and SSIM over
the held-out subjects, and the last lines how far the precisions' means lie apart beside the spread of seeds: the standard
deviation within a precision, pooled. What is there is not trained again."""
import argparse
import json
import os
import statistics
import subprocess
import sys

PRECISIONS, METRICS = ("fp32", "bf16"), ("mae", "ssim")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench_precision: {' '.join(command)}\n{done.stderr}")


def scores(path):
    """Per metric the mean over held-out cases and series, in the brain."""
    import csv
    found = {m: [] for m in METRICS}
    with open(path) as f:
        for row in csv.DictReader(f):
            if row["metric"] in found and row["region"] == "brain":
                found[row["metric"]].append(float(row["value"]))
    return {m: statistics.mean(v) for m, v in found.items()}


def train(voxgan, out, config, epochs, precision, seed):
    name = os.path.join(out, f"{precision}-{seed}")
    if not os.path.exists(name + "/scores/metrics.csv"):
        test = os.path.join(out, "parts/test")
        run(voxgan, "train", config, "--data", os.path.join(out, "parts/train"), "--out", name + "/run", "--resume", "--seed",
            str(seed), "--set", f"train.epochs={epochs}", "--set", f"train.validate_every={epochs}", "--set", "data.val_share=0",
            "--set", f"train.precision={precision}")
        run(voxgan, "synth", name + "/run/model-last.safetensors", "--labels", test, "--out", name + "/made", "--overwrite")
        run(voxgan, "eval", "--real", test, "--synth", name + "/made", "--out", name + "/scores", "--suite", "image",
            "--no-gallery")
    return scores(name + "/scores/metrics.csv")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("data")
    parser.add_argument("out")
    parser.add_argument("--config", default="configs/healthy_t1.json")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=3)
    a = parser.parse_args()
    voxgan = os.path.join(a.build, "voxgan")
    os.makedirs(a.out, exist_ok=True)
    if not os.path.exists(os.path.join(a.out, "parts/test")):
        run(voxgan, "split", a.data, "--out", os.path.join(a.out, "parts"), "--share", "0.3")
    found = {p: [] for p in PRECISIONS}
    print(f"{'precision':9} {'seed':>4} " + " ".join(f"{m:>8}" for m in METRICS), flush=True)
    for seed in range(1, a.seeds + 1):
        for p in PRECISIONS:
            found[p].append(train(voxgan, a.out, a.config, a.epochs, p, seed))
            print(f"{p:9} {seed:4} " + " ".join(f"{found[p][-1][m]:8.4f}" for m in METRICS), flush=True)
    result = {"epochs": a.epochs, "scores": found, "differences": {}}
    for m in METRICS:
        mean = {p: statistics.mean(s[m] for s in found[p]) for p in PRECISIONS}
        spread = statistics.mean(statistics.variance([s[m] for s in found[p]]) for p in PRECISIONS) ** 0.5
        apart = mean["bf16"] - mean["fp32"]
        result["differences"][m] = {"bf16_less_fp32": apart, "spread": spread}
        print(f"{m}: fp32 {mean['fp32']:.4f}, bf16 {mean['bf16']:.4f}: {apart:+.4f} apart, {spread:.4f} the spread of seeds")
    folder = os.path.join(a.build, "..", "bench")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "precision.json"), "w") as f:
        json.dump(result, f, indent=2)
        f.write("\n")


if __name__ == "__main__":
    main()
