"""Independent values of features and of distances between sets, by NumPy, SciPy and scikit-image: sets_oracle.py FOLDER

Of each case K: K.case (line 1: x y z; 2: mm; 3, 4: lower corner and extent of the brain's box; 5: anatomy and tumour classes),
K.image (float32, x fastest), K.brain, K.anatomy, K.tumour (uint8). Prints "K space index value" lines.
Of each cloud K: K.cloud (real and synthetic points, dimensions, whether units differ), K.real, K.synth, K.directions
(float32). Prints "K metric 0 value" lines. Thumbnails have many voxels; one in 101 is printed.
"""
import sys
from pathlib import Path

try:
    import numpy as np
    from scipy import interpolate, linalg, ndimage, stats
    from scipy.spatial import SphericalVoronoi
    from scipy.spatial.distance import cdist, pdist
    from skimage.measure import label, marching_cubes, mesh_surface_area
except ImportError as e:
    print(f"missing: {e.name}")
    sys.exit(77)


def patches(image, brain, mm, lo, extent):
    """Axes z, y, x throughout."""
    inner = ndimage.binary_erosion(brain)
    gradient = np.sqrt(sum(g ** 2 for g in np.gradient(image, *mm)))
    edge = np.maximum(1, np.floor(4 / mm + 0.5)).astype(int)
    out = []
    for scale in range(4):
        size = edge * 2 ** scale
        rows = []
        for z in range(0, extent[0], size[0]):
            for y in range(0, extent[1], size[1]):
                for x in range(0, extent[2], size[2]):
                    at = tuple(slice(l + c, min(l + c + s, l + e)) for l, c, s, e in zip(lo, (z, y, x), size, extent))
                    v, g = image[at][brain[at]], gradient[at][inner[at]]
                    whole = np.prod(np.minimum(size, extent)) if scale == 0 else \
                        np.prod([min(s, e) if e <= ed else s for s, e, ed in zip(size, extent, edge)])
                    if v.size == 0 or 2 * v.size < whole:
                        continue
                    flat = v.std() < 1e-3
                    rows.append([v.mean(), v.std(), g.mean() if g.size else 0, 0 if flat else stats.skew(v),
                                 0 if flat else stats.kurtosis(v)])
        rows = np.array(rows).reshape(-1, 5)
        for k in range(5):
            out += [rows[:, k].mean(), rows[:, k].std()] if len(rows) else [0, 0]
    return out


def intensity(image, brain, anatomy, tumour, n_anatomy, n_tumour):
    regions = [(anatomy == k + 1) & (tumour == 0) for k in range(n_anatomy)] or [brain & (tumour == 0)]
    regions += [tumour == k + 1 for k in range(n_tumour)]
    out = []
    for r in regions:
        h = np.histogram(image[r], bins=16, range=(-1, 1))[0]
        out += list(np.sqrt(h / max(h.sum(), 1)))
    return out


def spectrum(image, brain, anatomy, tumour, n_anatomy, n_tumour, mm):
    """The covariance by Fourier transform, over all distances at once; then a sum with the window."""
    regions = [(anatomy == k + 1) & brain & (tumour == 0) for k in range(n_anatomy)] or [brain & (tumour == 0)]
    regions += [(tumour == k + 1) & brain for k in range(n_tumour)]
    wavelengths = 16 / np.sqrt(2) ** np.arange(7)
    parzen = interpolate.BSpline.basis_element([-2, -1, 0, 1, 2], extrapolate=False)
    out = []
    for r in regions:
        power = np.full((3, 7), np.nan)
        d = np.where(r, image - (image[r].mean() if r.any() else 0), 0)
        for axis in range(3):
            n, h = image.shape[axis], mm[axis]
            pairs = lambda a: np.fft.ifft(np.abs(np.fft.fft(a, 2 * n, axis)) ** 2, axis=axis).real.sum(
                tuple(k for k in range(3) if k != axis))[:n]
            count = np.round(pairs(r.astype(float)))
            covariance = np.where(count > 0, pairs(d) / np.maximum(count, 1), 0)
            lag = np.arange(n) * h
            weight = np.nan_to_num(parzen(2 * lag / 16)) / parzen(0)
            for b, wavelength in enumerate(wavelengths):
                if 2 * h <= wavelength * (1 + 1e-6):
                    power[axis, b] = h * (covariance[0] * weight[0] +
                                          2 * (covariance * weight * np.cos(2 * np.pi * lag / wavelength))[1:].sum())
        known = r.sum() >= 64
        for b in range(7):
            p = np.nanmean(power[:, b]) if known and not np.isnan(power[:, b]).all() else 0
            out.append(np.log10(p) if p > 1e-6 else -6)
    return out


def axis_matrix(n, m):
    w = np.zeros((m, n))
    for k in range(m):
        a, b = k * n / m, (k + 1) * n / m
        if n > m:
            for j in range(n):
                w[k, j] = max(0, min(b, j + 1) - max(a, j)) / (b - a)
        else:
            for j in range(n):
                w[k, j] = max(0, 1 - abs((a + b) / 2 - 0.5 - j))
    return w


def thumbnail(image, lo, extent, edge):
    v = image[tuple(slice(l, l + e) for l, e in zip(lo, extent))] + 1
    for axis in range(3):
        v = np.moveaxis(np.tensordot(axis_matrix(v.shape[axis], edge), v, (1, axis)), 0, axis)
    return v - 1


def crofton(mask, mm):
    steps = np.array([(z, y, x) for z in (-1, 0, 1) for y in (-1, 0, 1) for x in (-1, 0, 1) if (z, y, x) != (0, 0, 0)])
    lengths = np.linalg.norm(steps * mm, axis=1)
    shares = SphericalVoronoi(steps * mm / lengths[:, None]).calculate_areas() / (4 * np.pi)
    padded = np.pad(mask, 1)
    area = 0
    for s, length, share in zip(steps, lengths, shares):
        entries = np.count_nonzero(padded & ~np.roll(padded, s, (0, 1, 2)))
        area += 4 * share * entries * np.prod(mm) / length
    return area


def tumour_shape(tumour, n_classes, mm, lo, extent):
    mask = tumour > 0
    volume, surface = mask.sum() * np.prod(mm) / 1000, crofton(mask, mm)
    vertices, faces = marching_cubes(np.pad(mask, 1).astype(float), 0.5, spacing=tuple(mm))[:2]
    # A mesh through the corners of voxels is rougher than what they were cut from.
    assert 0.95 < mesh_surface_area(vertices, faces) / surface < 1.2
    points = np.argwhere(mask)
    eigen = np.linalg.eigvalsh(np.cov(points.T * mm[:, None], bias=True))[::-1]
    centre = (np.array(ndimage.center_of_mass(mask)) + 0.5 - lo) / extent
    out = [volume, surface / 100, np.pi ** (1 / 3) * (6 * volume * 1000) ** (2 / 3) / surface, surface / volume / 1000]
    out += list(2 * np.sqrt(5 * np.maximum(eigen, 0))) + list(centre[::-1])
    out += [label(mask, connectivity=3).max()]
    return out + [np.count_nonzero(tumour == k + 1) * np.prod(mm) / 1000 for k in range(n_classes)]


def mmd(x, y):
    both = np.vstack([x, y])
    s = np.median(pdist(both))
    k = lambda a, b: np.exp(-cdist(a, b) ** 2 / (2 * s * s))
    off = lambda a: (k(a, a).sum() - len(a)) / (len(a) * (len(a) - 1))
    return off(x) + off(y) - 2 * k(x, y).mean()


def frechet(x, y):
    s1, s2 = np.cov(x.T).reshape(x.shape[1], -1), np.cov(y.T).reshape(x.shape[1], -1)
    if min(len(x), len(y)) > x.shape[1]:
        root = linalg.sqrtm(s1 @ s2).real
    else:  # sqrtm needs a matrix of full rank; this root of S1 is exact, and has the same trace in the end
        values, vectors = linalg.eigh(s1)
        half = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
        root = np.diag(np.sqrt(np.maximum(linalg.eigvalsh(half @ s2 @ half), 0)))
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(s1 + s2 - 2 * root)


def neighbours(x, y):
    """As in the programs of Naeem et al.: radii to the 5th nearest of the same set."""
    radius = lambda a: np.sort(cdist(a, a), 1)[:, min(5, len(a) - 1)]
    apart = cdist(x, y)
    within = apart < radius(x)[:, None]
    return {"knn_precision": within.any(0).mean(), "knn_recall": (apart < radius(y)[None, :]).any(1).mean(),
            "density": within.sum(0).mean() / min(5, len(x) - 1), "coverage": (apart.min(1) < radius(x)).mean()}


def scaled(x, y, by):
    sd = np.maximum(by.std(0, ddof=1), 0.1 * np.vstack([x, y]).std(0, ddof=1))
    sd = np.where(sd > 0, sd, np.inf)
    return (x - by.mean(0)) / sd, (y - by.mean(0)) / sd


def report(name, space, values, every=1):
    values = np.ravel(values)
    for i in range(0, values.size, every):
        print(name, space, i, repr(float(values[i])))


for path in sorted(Path(sys.argv[1]).glob("*.case")):
    dim, mm, lo, extent, classes = (np.array([float(w) for w in line.split()]) for line in path.read_text().splitlines())
    shape = dim.astype(int)[::-1]
    mm, lo, extent = mm[::-1], lo.astype(int)[::-1], extent.astype(int)[::-1]
    n_anatomy, n_tumour = classes.astype(int)
    load = lambda what, t: np.fromfile(path.with_suffix("." + what), t).reshape(shape)
    image = load("image", np.float32).astype(np.float64)
    brain, anatomy, tumour = load("brain", np.uint8) > 0, load("anatomy", np.uint8), load("tumour", np.uint8)
    report(path.stem, "patches", patches(image, brain, mm, lo, extent))
    report(path.stem, "intensity", intensity(image, brain, anatomy, tumour, n_anatomy, n_tumour))
    report(path.stem, "spectrum", spectrum(image, brain, anatomy, tumour, n_anatomy, n_tumour, mm))
    report(path.stem, "thumbnail", thumbnail(image, lo, extent, 32), every=101)
    report(path.stem, "volume", thumbnail(image, lo, extent, 48), every=101)
    report(path.stem, "tumour", tumour_shape(tumour, n_tumour, mm, lo, extent) if tumour.any() else [np.nan])

for path in sorted(Path(sys.argv[1]).glob("*.cloud")):
    n, m, dims, differ = (int(w) for w in path.read_text().split())
    load = lambda what: np.fromfile(path.with_suffix("." + what), np.float32).reshape(-1, dims).astype(np.float64)
    x, y, directions = load("real"), load("synth"), load("directions")
    report(path.stem, "mmd", mmd(*(scaled(x, y, np.vstack([x, y])) if differ else (x, y))))
    if differ:
        x, y = scaled(x, y, x)
    report(path.stem, "frechet", frechet(x, y))
    for name, value in neighbours(x, y).items():
        report(path.stem, name, value)
    report(path.stem, "sliced_wasserstein",
           np.mean([stats.wasserstein_distance(x @ d, y @ d) for d in directions]))
