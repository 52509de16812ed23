"""Independent values of the metrics, by scikit-image and SciPy: metrics_oracle.py FOLDER

FOLDER holds, for each case K, K.txt (line 1: x y z range, spacing along x y z, dilations and least volume of lesions; then
a line a region: name, cells...), K.real and K.synth (float32, x fastest), K.cells, K.real_labels and K.synth_labels
(uint8). Prints "case region metric value" lines.
"""
import sys
from pathlib import Path

try:
    import numpy as np
    from scipy import ndimage
    from scipy.ndimage import gaussian_filter
    from scipy.spatial.distance import dice, jaccard
    from skimage.metrics import (mean_squared_error, normalized_mutual_information, peak_signal_noise_ratio,
                                 structural_similarity)
except ImportError as e:
    print(f"missing: {e.name}")
    sys.exit(77)


def similarity_maps(a, b, rng):
    """SSIM and its contrast-structure part."""
    shape = a.shape
    a, b = np.squeeze(a).astype(np.float64), np.squeeze(b).astype(np.float64)
    # scikit-image refuses what is smaller than its window; the same formula over SciPy's filter does not.
    f = lambda v: gaussian_filter(v, 1.5, truncate=3.5, mode="reflect") if v.ndim else v
    ux, uy = f(a), f(b)
    vx, vy, vxy = f(a * a) - ux * ux, f(b * b) - uy * uy, f(a * b) - ux * uy
    c1, c2 = (0.01 * rng) ** 2, (0.03 * rng) ** 2
    cs = (2 * vxy + c2) / (vx + vy + c2)
    ssim = cs * (2 * ux * uy + c1) / (ux ** 2 + uy ** 2 + c1)
    if min(a.shape, default=1) >= 11:
        ssim = structural_similarity(a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
                                     data_range=rng, full=True)[1]
    return ssim.reshape(shape), cs.reshape(shape)


def halve(v):
    v = np.pad(v, [(0, n % 2) for n in v.shape], mode="edge")
    z, y, x = (n // 2 for n in v.shape)
    return v.reshape(z, 2, y, 2, x, 2).mean(axis=(1, 3, 5))


def multi_scale(a, b, rng, masks):
    weights = np.array([.0448, .2856, .3001, .2363, .1333])
    least = min((n for n in a.shape if n > 1), default=0)
    n = max([1] + [k + 1 for k in range(5) if least // 2 ** k >= 11])
    values = {name: 1.0 for name in masks}
    for k, w in enumerate(weights[:n] / weights[:n].sum()):
        ssim, cs = similarity_maps(a, b, rng)
        full = ssim if k == n - 1 else cs
        for axis in range(3):
            full = np.repeat(full, 2 ** k, axis=axis)
        for name, m in masks.items():
            values[name] *= max(full[tuple(slice(s) for s in m.shape)][m].mean(), 0) ** w
        a, b = halve(a), halve(b)
    return values


def surface_distances(a, b, mm):
    """From each surface voxel of a mask to the nearest of the other, and back."""
    mm = [m for m, n in zip(mm, a.shape) if n > 1] or [mm[0]]
    edges = []
    for mask in (np.squeeze(a), np.squeeze(b)):
        mask = np.atleast_1d(mask)
        edges.append(mask & ~ndimage.binary_erosion(mask))
    to_a, to_b = (ndimage.distance_transform_edt(~edge, sampling=mm) for edge in edges)
    return to_b[edges[0]], to_a[edges[1]]


def hd95(a, b, mm):
    if not a.any() or not b.any():
        return np.inf if a.any() or b.any() else 0.0
    return max(np.percentile(d, 95) for d in surface_distances(a, b, mm))


def by_lesion(real, synth, mm, dilations, above):
    """The steps of the BraTS 2023 challenges' program, in their order."""
    grow = lambda m: ndimage.binary_dilation(m, ndimage.generate_binary_structure(3, 2), dilations)
    components = lambda m: ndimage.label(m, np.ones((3, 3, 3)))
    blobs, n_blobs = components(grow(real))
    parts, n_parts = components(synth)
    met, scores = set(), []
    for blob in range(1, n_blobs + 1):
        lesion = real & (blobs == blob)
        touching = set(np.unique(parts[grow(lesion)])) - {0}
        met |= touching
        group = np.isin(parts, list(touching))
        if lesion.sum() * np.prod(mm) > above:
            far = hd95(lesion, group, mm)
            scores.append((2 * (lesion & group).sum() / (lesion.sum() + group.sum()), 374 if np.isinf(far) else far))
    scores += [(0, 374)] * (n_parts - len(met))
    return np.mean(scores, axis=0) if scores else (1, 0)


def signed_distance(mask, mm):
    half = min(mm) / 2
    out = ndimage.distance_transform_edt(~mask, sampling=mm) - half
    return np.where(mask, half - ndimage.distance_transform_edt(mask, sampling=mm), out)


def profiles(image, brain, mask, mm):
    """Mean intensity and gradient by bin of signed distance, and the sharpness at the surface."""
    axes = [k for k, n in enumerate(image.shape) if n > 1]
    inside = ndimage.binary_erosion(brain, ndimage.generate_binary_structure(3, 1) if len(axes) == 3 else
                                    np.expand_dims(ndimage.generate_binary_structure(len(axes), 1),
                                                   tuple({0, 1, 2} - set(axes))))
    slope = np.sqrt(sum(np.gradient(image, mm[k], axis=k) ** 2 for k in axes))
    d = signed_distance(mask, mm)
    means = lambda v, where: v[where].mean() if where.any() else np.nan
    bins = [inside & (d >= b) & (d < b + 1) for b in range(-10, 10)]
    near, far = (means(slope, inside & (abs(d) >= lo) & (abs(d) <= hi)) for lo, hi in ((0, 1.5), (3, 8)))
    return np.array([means(image, b) for b in bins]), np.array([means(slope, b) for b in bins]), near / far


def boundary(a, b, brain, ra, rb, mm, rng):
    with np.errstate(divide="ignore", invalid="ignore"):
        (ia, ga, sa), (ib, gb, sb) = profiles(a, brain, ra, mm), profiles(b, brain, rb, mm)
        both = ~np.isnan(ia) & ~np.isnan(ib)
        values = {"boundary_sharpness": sb / sa}
        if both.any():
            values["profile_intensity"] = abs(ia - ib)[both].mean() / rng
            values["profile_gradient"] = abs(ga - gb)[both].mean() / ga[both].mean()
    return {metric: v for metric, v in values.items() if np.isfinite(v)}


folder = Path(sys.argv[1])
for spec in sorted(folder.glob("*.txt")):
    lines = spec.read_text().splitlines()
    x, y, z, rng, *mm, dilations, above = lines[0].split()
    shape, rng, mm = (int(z), int(y), int(x)), float(rng), [float(m) for m in reversed(mm)]
    read = lambda kind, dtype: np.fromfile(folder / f"{spec.stem}.{kind}", dtype).reshape(shape)
    a, b = read("real", np.float32), read("synth", np.float32)
    cells, la, lb = read("cells", np.uint8), read("real_labels", np.uint8), read("synth_labels", np.uint8)
    a, b = a.astype(np.float64), b.astype(np.float64)
    ssim = similarity_maps(a, b, rng)[0]
    regions = {line.split()[0]: [int(m) for m in line.split()[1:]] for line in lines[1:]}
    masks = {name: np.isin(cells, members) for name, members in regions.items()}
    ms_ssim = multi_scale(a, b, rng, {name: m for name, m in masks.items() if m.any()})
    for name, members in regions.items():
        m = masks[name]
        values = {}
        if m.any():
            values["mae"] = np.abs(a[m] - b[m]).mean()
            values["mse"] = mean_squared_error(a[m], b[m])
            values["psnr"] = peak_signal_noise_ratio(a[m], b[m], data_range=rng)
            values["ssim"] = ssim[m].mean()
            values["ms_ssim"] = ms_ssim[name]
            if m.sum() > 1:
                values["nmi"] = normalized_mutual_information(a[m], b[m])
        ra, rb = np.isin(la, members), np.isin(lb, members)
        if ra.any() or rb.any():
            values["dice"] = 1 - dice(ra.ravel(), rb.ravel())
            values["jaccard"] = 1 - jaccard(ra.ravel(), rb.ravel())
        if ra.any():
            values["sensitivity"] = rb[ra].mean()
            values["relative_volume_difference"] = abs(int(rb.sum()) - int(ra.sum())) / ra.sum()
        if rb.any():
            values["precision"] = ra[rb].mean()
        values["volume_difference"] = abs(int(rb.sum()) - int(ra.sum())) * np.prod(mm) / 1000
        if ra.any() and rb.any():
            values["hd95"] = hd95(ra, rb, mm)
            values["assd"] = np.concatenate(surface_distances(ra, rb, mm)).mean()
            values["nsd"] = (np.concatenate(surface_distances(ra, rb, mm)) <= 1 + 1e-9).mean()
        values["lesion_dice"], values["lesion_hd95"] = by_lesion(ra, rb, mm, int(dilations), float(above))
        if ra.any() and rb.any():
            values.update(boundary(a, b, cells > 0, ra, rb, mm, rng))
        for metric, value in values.items():
            print(spec.stem, name, metric, repr(float(value)))
