"""Independent values of the metrics, by scikit-image and SciPy: metrics_oracle.py FOLDER

FOLDER holds, for each case K, K.txt (line 1: x y z range; then a line a region: name, cells...), K.real and K.synth
(float32, x fastest), K.cells, K.real_labels and K.synth_labels (uint8). Prints "case region metric value" lines.
"""
import sys
from pathlib import Path

try:
    import numpy as np
    from scipy.ndimage import gaussian_filter
    from scipy.spatial.distance import dice
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


folder = Path(sys.argv[1])
for spec in sorted(folder.glob("*.txt")):
    lines = spec.read_text().splitlines()
    x, y, z, rng = lines[0].split()
    shape, rng = (int(z), int(y), int(x)), float(rng)
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
        ra, rb = np.isin(la, members).ravel(), np.isin(lb, members).ravel()
        if ra.any() or rb.any():
            values["dice"] = 1 - dice(ra, rb)
        for metric, value in values.items():
            print(spec.stem, name, metric, repr(float(value)))
