"""Distances and components against SciPy: grid_oracle.py FOLDER

FOLDER holds, for each case K, K.txt (x y z and the voxel's edges), K.mask (uint8), K.distance, K.signed (float32),
K.nearest (uint32) and K.components6, 18, 26 (uint32), x fastest. Prints what disagrees; exits 1 where anything does.
"""
import sys
from pathlib import Path

import numpy as np
from scipy import ndimage

folder, bad = Path(sys.argv[1]), 0


def check(ok, case, what):
    global bad
    if not ok:
        print(f"{case}: {what}")
        bad = 1


cases = sorted(folder.glob("*.txt"))
for spec in cases:
    words = spec.read_text().split()
    shape = tuple(int(w) for w in words[2::-1])
    mm = np.array([float(w) for w in words[:2:-1]])
    read = lambda kind, dtype: np.fromfile(folder / f"{spec.stem}.{kind}", dtype).reshape(shape)
    mask = read("mask", np.uint8) != 0
    outward = ndimage.distance_transform_edt(~mask, sampling=mm)
    inward = ndimage.distance_transform_edt(mask, sampling=mm)
    half = mm.min() / 2
    signed = np.where(mask, half - inward, outward - half)
    near = lambda got, want: np.allclose(got, want, rtol=1e-6, atol=1e-6 * mm.max())
    check(near(read("distance", np.float32), outward), spec.stem, "distance")
    check(near(read("signed", np.float32), signed), spec.stem, "signed distance")
    nearest = read("nearest", np.uint32)
    check(mask.flat[nearest.ravel()].all(), spec.stem, "the nearest voxel is outside the mask")
    to = np.stack(np.unravel_index(nearest, shape)) - np.indices(shape)
    check(near(np.sqrt(((to * mm[:, None, None, None]) ** 2).sum(0)), outward), spec.stem, "nearest voxel")
    for rank, neighbours in ((1, 6), (2, 18), (3, 26)):
        want, n = ndimage.label(mask, ndimage.generate_binary_structure(3, rank))
        got = read(f"components{neighbours}", np.uint32)
        pairs = np.unique(np.stack([want.ravel(), got.ravel()]), axis=1)
        check(pairs.shape[1] == len(np.unique(want)) and got.max() == n, spec.stem, f"components by {neighbours}")
sys.exit(bad or not cases)
