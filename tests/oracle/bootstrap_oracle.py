"""bootstrap_oracle.py FILE: a line each of seeds and subjects of both sides, their values, then what we found: n, mean, low,
high, and of the first side mean, SD over subjects, SD of the seeds' means. The crossed bootstrap again, with NumPy's numbers."""
import sys

import numpy as np

rows = [np.array(line.split(), float) for line in open(sys.argv[1])]
(n_a, n_b, subjects), a, b, found, mean = rows
n_a, n_b, subjects = int(n_a), int(n_b), int(subjects)
a, b = a.reshape(n_a, subjects), b.reshape(n_b, subjects)
a, b = np.where(np.isfinite(a), a, np.nan), np.where(np.isfinite(b), b, np.nan)


def close(x, y, tolerance, what):
    assert (np.isnan(x) and np.isnan(y)) or abs(x - y) <= tolerance, (what, x, y)


with np.errstate(all="ignore"):
    import warnings

    warnings.simplefilter("ignore")
    each = np.nanmean(a, 0) - np.nanmean(b, 0)
    close(found[0], np.isfinite(each).sum(), 0, "n")
    close(found[1], np.nanmean(each), 1e-12, "difference")
    own = np.nanmean(a, 0)
    close(mean[0], np.nanmean(own), 1e-12, "mean")
    close(mean[1], np.nanstd(own, ddof=1), 1e-12, "SD")
    close(mean[2], np.nanstd(np.nanmean(a, 1), ddof=1) if n_a > 1 else np.nan, 1e-12, "SD of the seeds")
    rng = np.random.default_rng(1)
    means = np.empty(10000)
    for k in range(len(means)):
        who, of_a, of_b = (rng.integers(0, n, max(n - 1, 1)) for n in (subjects, n_a, n_b))
        d = np.nanmean(a[of_a][:, who], 0) - np.nanmean(b[of_b][:, who], 0)
        means[k] = np.nanmean(d)
    low, high = np.nanquantile(means, [0.025, 0.975])
# The ends of 10000 resamples are known to about 2 % of the width.
close(found[2], low, 0.04 * (high - low), "low")
close(found[3], high, 0.04 * (high - low), "high")
