#!/usr/bin/python3
"""score_brain.py MODEL REAL [--colin DIR] [--cases N]: the scores of models/brain.md, as its table.

MODEL segments csf, gm and wm in series "any". REAL holds folders of subjects that it never saw: healthy and neonate (BIDS names, dseg 1 csf, 2 gm,
3 wm), brats2021. DIR holds ch2.nii.gz and ch2bet.nii.gz (Colin27, package mricron-data). A folder that is not there has no row.
  --voxgan PROGRAM   build/release/voxgan
  --pictures DIR     also writes a PNG of each case: the scan, what was found, and the truth
"""
import argparse
import glob
import os
import re
import subprocess
import sys
import tempfile

import nibabel as nib
import numpy as np

TISSUES = ("CSF", "GM", "WM")
COLOURS = np.array([[0, 0, 0], [230, 159, 0], [86, 180, 233], [0, 158, 115]], np.uint8)


def read(path):
    return np.asarray(nib.as_closest_canonical(nib.load(path)).dataobj)


def dice(a, b):
    return 2 * (a & b).sum() / max(1, a.sum() + b.sum())


def segment(args, scans, work, part="seg-anatomy_dseg", options=()):
    """scans: {id: path of one series}. Returns {id: the volume whose file name has this part}; None without them."""
    with open(os.path.join(work, "scans.csv"), "w") as f:
        f.write("id,t1\n" + "".join(f"{name},{os.path.abspath(path)}\n" for name, path in sorted(scans.items())))
    out = os.path.join(work, "out")
    subprocess.run([args.voxgan, "synth", args.model, "--images", f"{work}/scans.csv", "--out", out, "--format", "bids",
                    "--threads", str(args.threads), *options], check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    label = lambda name: re.sub("[^A-Za-z0-9]", "", name.removeprefix("sub-"))  # as in the file names of BIDS
    maps = {name: glob.glob(f"{out}/**/sub-{label(name)}_*{part}.nii*", recursive=True) for name in scans}
    return {name: read(files[0]) for name, files in maps.items()} if all(maps.values()) else None


def picture(args, name, scan, *maps):
    if not args.pictures:
        return
    from PIL import Image

    volume, tiles = read(scan).astype(float), []
    inside = np.argwhere(maps[0] > 0) if (maps[0] > 0).any() else np.argwhere(volume > 0)
    middle, hi = (inside.min(0) + inside.max(0)) // 2, np.percentile(volume[volume > volume.min()], 99.5)
    for axis in (2, 1, 0):
        cut = lambda v: np.rot90(np.take(v, int(middle[axis]), axis))
        grey = (np.clip(cut(volume) / hi, 0, 1) * 255).astype(np.uint8)
        tiles += [np.stack([grey] * 3, -1)] + [COLOURS[np.clip(cut(m), 0, 3).astype(int)] for m in maps]
    high = max(t.shape[0] for t in tiles)
    os.makedirs(args.pictures, exist_ok=True)
    Image.fromarray(np.hstack([np.pad(t, ((0, high - t.shape[0]), (0, 4), (0, 0))) for t in tiles])).save(f"{args.pictures}/{name}.png")


def tissues(args, title, scans, truth):
    with tempfile.TemporaryDirectory() as work:
        found = segment(args, scans, work)
    rows = []
    for name, path in scans.items():
        real = read(truth(path)).reshape(found[name].shape)
        rows.append([dice(found[name] == k, real == k) for k in (1, 2, 3)] + [dice(found[name] > 0, real > 0)])
        picture(args, f"{title.replace(' ', '-')}-{name}", path, found[name], real)
    mean = np.mean(rows, 0)
    print(f"| {title} ({len(rows)}) | " + ", ".join(f"{t} {v:.2f}" for t, v in zip(TISSUES, mean)) + f"; mean {mean[:3].mean():.2f} | {mean[3]:.2f} |", flush=True)


def agreement(args, title, folders):
    """Dice between the labels found in each pair of series, outside the tumour."""
    values = []
    for folder in folders:
        name = os.path.basename(folder)
        scans = {s: f"{folder}/{name}_{s}.nii.gz" for s in ("t1", "t1ce", "t2", "flair")}
        tumour = read(f"{folder}/{name}_seg.nii.gz") > 0
        with tempfile.TemporaryDirectory() as work:
            found = segment(args, scans, work)
        for a in scans:
            picture(args, f"{name}-{a}", scans[a], found[a])
            for b in scans:
                if a < b:
                    values.append([dice((found[a] == k) & ~tumour, (found[b] == k) & ~tumour) for k in (1, 2, 3)])
    mean = np.mean(values, 0)
    print(f"| {title} ({len(folders)}) | " + ", ".join(f"{t} {v:.2f}" for t, v in zip(TISSUES, mean)) + f"; mean {mean.mean():.2f} | |", flush=True)


def tumours(args, folders):
    """Dice of the whole tumour, for a model that has such a class (configs/tumour.json)."""
    for title, series in (("FLAIR", "flair"), ("T2", "t2"), ("T1c", "t1ce"), ("T1", "t1")):
        scans = {os.path.basename(f): f"{f}/{os.path.basename(f)}_{series}.nii.gz" for f in folders}
        with tempfile.TemporaryDirectory() as work:
            found = segment(args, scans, work, "seg-tumour_dseg")
        if found is None:
            return
        values = []
        for folder in folders:
            name = os.path.basename(folder)
            real = read(f"{folder}/{name}_seg.nii.gz").reshape(found[name].shape) > 0
            values.append(dice(found[name] > 0, real))
            picture(args, f"tumour-{series}-{name}", scans[name], (found[name] > 0).astype(int), real.astype(int))
        print(f"| whole tumour from {title} ({len(folders)}) | {np.mean(values):.2f} ({', '.join(f'{v:.2f}' for v in values)}) | |", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model")
    p.add_argument("real")
    p.add_argument("--colin")
    p.add_argument("--cases", type=int, default=1000)
    p.add_argument("--voxgan", default="build/release/voxgan")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--pictures")
    args = p.parse_args()
    files = lambda pattern: sorted(glob.glob(f"{args.real}/{pattern}"))[: args.cases]
    ids = lambda paths: {os.path.basename(f).split("_")[0]: f for f in paths}
    print("| test | Dice | brain mask |\n| --- | --- | --- |", flush=True)
    for title, suffix, folder in (("adults, T1w", "T1w", "healthy"), ("newborns, T1w", "T1w", "neonate"), ("newborns, T2w", "T2w", "neonate")):
        scans = ids(files(f"{folder}/*/anat/*_{suffix}.nii.gz"))
        if scans:
            tissues(args, title, scans, lambda f: f.replace(suffix + ".nii.gz", "dseg.nii.gz"))
    folders = [f for f in files("brats2021/BraTS2021_*") if os.path.isdir(f)]
    if folders:
        tumours(args, folders)
        agreement(args, "gliomas, between T1, T1c, T2 and FLAIR, outside the tumour", folders)
    if args.colin:
        with tempfile.TemporaryDirectory() as work:
            found = segment(args, {"colin": f"{args.colin}/ch2.nii.gz"}, work)["colin"]
        with tempfile.TemporaryDirectory() as work:
            stripped = segment(args, {"colin": f"{args.colin}/ch2.nii.gz"}, work, "T1w", ("--skull-strip", "--no-csf"))["colin"]
        bet = read(f"{args.colin}/ch2bet.nii.gz")
        picture(args, "colin", f"{args.colin}/ch2.nii.gz", found, (bet > 0).astype(int))
        print(f"| whole head, Colin27 | | {dice(found > 0, bet > 0):.2f} |", flush=True)
        print(f"| the same, by `--skull-strip --no-csf` | | {dice(stripped > 0, bet > 0):.2f} |", flush=True)


sys.exit(main())
