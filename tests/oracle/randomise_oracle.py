"""Steps of synthetic images against SciPy: randomise_oracle.py STEP FOLDER

FOLDER holds what the step was given and what it made, as float32 (D, H, W). Prints what disagrees; exits 1 where anything does.
"""
import sys
from pathlib import Path

import numpy as np
from scipy import interpolate, ndimage, stats

SHAPE = (30, 25, 41)
step, folder = sys.argv[1], Path(sys.argv[2])
bad = 0


def read(name, shape=SHAPE, dtype=np.float32):
    return np.fromfile(folder / name, dtype).reshape(shape)


def check(ok, what):
    global bad
    if not ok:
        print(f"{step}: {what}")
        bad = 1


def blur():
    # The radius is three sigma, rounded up; SciPy rounds truncate * sigma to the nearest.
    want = read("blur.in").astype(float)
    for axis, sigma in ((0, 2.3), (2, 0.8)):
        want = ndimage.gaussian_filter1d(want, sigma, axis=axis, mode="nearest", truncate=np.ceil(3 * sigma) / sigma)
    check(np.abs(read("blur.out") - want).max() < 2e-6, "differs from gaussian_filter1d")


def scanner():
    rows = [line.split() for line in (folder / "scanner.txt").read_text().splitlines()]
    offset, size = np.array([float(r[0]) for r in rows]), np.array([float(r[1]) for r in rows])
    low = tuple(int(r[2]) for r in rows)
    given, coarse = read("scanner.in").astype(float), read("scanner.low", low)
    at = np.indices(low) * size[:, None, None, None] + offset[:, None, None, None]
    check(all((at[a].max() <= SHAPE[a] - 1) and at[a].max() + size[a] > SHAPE[a] - 1 for a in range(3)), "does not cover the volume")
    want = ndimage.map_coordinates(given, at, order=1, mode="nearest")
    check(np.abs(coarse - want).max() < 2e-6, "the coarse grid differs from map_coordinates")
    back = (np.indices(SHAPE) - offset[:, None, None, None]) / size[:, None, None, None]
    want = ndimage.map_coordinates(coarse.astype(float), back, order=1, mode="nearest")
    check(np.abs(read("scanner.out") - want).max() < 3e-6, "the way back differs from map_coordinates")


def field():
    want, cells = read("field.nodes", (8, 4, 7)).astype(float), (5, 1, 4)
    for axis in range(3):
        # Uniform knots; node k - 1 lies at k cells.
        knots = np.arange(-3, cells[axis] + 4, dtype=float)
        at = np.minimum(np.linspace(0, cells[axis], SHAPE[axis]), cells[axis] - 1e-12)
        want = interpolate.BSpline(knots, want, 3, axis=axis)(at)
    check(np.abs(read("field.out") - want).max() < 2e-6, "differs from BSpline")


def noise():
    z = read("noise.normal", -1).astype(float)
    n = len(z)
    check(abs(z.mean()) < 4 / np.sqrt(n) and abs(z.std() - 1) < 4 / np.sqrt(2 * n), "mean or standard deviation")
    check(abs(stats.skew(z)) < 4 * np.sqrt(6 / n) and abs(stats.kurtosis(z)) < 4 * np.sqrt(24 / n), "skewness or kurtosis")
    check(stats.kstest(z, "norm").pvalue > 1e-3, "not normal by Kolmogorov and Smirnov")
    lags = [abs(np.corrcoef(z[:-lag], z[lag:])[0, 1]) for lag in (1, 2, 41, 64, 128, 256)]
    check(max(lags) < 4.5 / np.sqrt(n), "correlated neighbours")
    g = read("noise.gaussian", -1).astype(float)
    check(stats.kstest(g, "norm", (0.3, 0.2)).pvalue > 1e-3, "Gaussian noise")
    r = read("noise.rician", -1).astype(float)
    check(stats.kstest(r, "rice", (1.5, 0, 0.2)).pvalue > 1e-3, "Rician noise")


def deform():
    maps, out = read("deform.map", (20, 33, 27), np.uint8), read("deform.out", SHAPE, np.uint8)
    shift, matrix = read("deform.shift", (3,) + SHAPE), read("deform.matrix", (3, 3), np.float64)
    column = lambda v: np.array(v, float)[:, None, None, None]
    o = (np.indices(SHAPE) - column([(n - 1) / 2 for n in SHAPE])) * column([1, 1.2, 0.7])
    at = column([9, 17, 12]) + (np.einsum("ij,jzyx->izyx", matrix, o) + shift) / column([1.5, 1, 0.8])
    nearest = np.floor(at + 0.5).astype(int)
    inside = np.all((nearest >= 0) & (nearest < column(maps.shape)), axis=0)
    want = np.where(inside, maps[tuple(np.clip(nearest[a], 0, maps.shape[a] - 1) for a in range(3))], 0)
    # Rounding decides where a place lies halfway between two voxels.
    halfway = (np.abs(at + 0.5 - np.round(at + 0.5)) < 1e-4).any(axis=0)
    check(((out == want) | halfway).all(), "a voxel is not the nearest one")
    check(inside.mean() > 0.3, "hardly a voxel lies inside")


globals()[step]()
sys.exit(bad)
