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
    from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity
except ImportError as e:
    print(f"missing: {e.name}")
    sys.exit(77)


def ssim_map(a, b, rng):
    a, b = np.squeeze(a).astype(np.float64), np.squeeze(b).astype(np.float64)
    if min(a.shape, default=1) >= 11:
        return structural_similarity(a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
                                     data_range=rng, full=True)[1]
    # scikit-image refuses what is smaller than its window; the same formula over SciPy's filter does not.
    f = lambda v: gaussian_filter(v, 1.5, truncate=3.5, mode="reflect") if v.ndim else v
    ux, uy = f(a), f(b)
    vx, vy, vxy = f(a * a) - ux * ux, f(b * b) - uy * uy, f(a * b) - ux * uy
    c1, c2 = (0.01 * rng) ** 2, (0.03 * rng) ** 2
    return ((2 * ux * uy + c1) * (2 * vxy + c2)) / ((ux ** 2 + uy ** 2 + c1) * (vx + vy + c2))


folder = Path(sys.argv[1])
for spec in sorted(folder.glob("*.txt")):
    lines = spec.read_text().splitlines()
    x, y, z, rng = lines[0].split()
    shape, rng = (int(z), int(y), int(x)), float(rng)
    read = lambda kind, dtype: np.fromfile(folder / f"{spec.stem}.{kind}", dtype).reshape(shape)
    a, b = read("real", np.float32), read("synth", np.float32)
    cells, la, lb = read("cells", np.uint8), read("real_labels", np.uint8), read("synth_labels", np.uint8)
    ssim = ssim_map(a, b, rng).reshape(shape)
    a, b = a.astype(np.float64), b.astype(np.float64)
    for line in lines[1:]:
        name, *members = line.split()
        members = [int(m) for m in members]
        m = np.isin(cells, members)
        values = {}
        if m.any():
            values["mae"] = np.abs(a[m] - b[m]).mean()
            values["mse"] = mean_squared_error(a[m], b[m])
            values["psnr"] = peak_signal_noise_ratio(a[m], b[m], data_range=rng)
            values["ssim"] = ssim[m].mean()
        ra, rb = np.isin(la, members).ravel(), np.isin(lb, members).ravel()
        if ra.any() or rb.any():
            values["dice"] = 1 - dice(ra, rb)
        for metric, value in values.items():
            print(spec.stem, name, metric, repr(float(value)))
