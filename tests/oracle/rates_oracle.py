"""rates_oracle.py FILE: shares, areas under curves and prediction limits of rates.c against SciPy.

FILE has a line a case: "share k n value low high", "auc n m scores... value low high", "t p df value" or
"limit alpha n values... value"."""
import sys

import numpy as np
from scipy import optimize, stats


def newcombe(theta, n, m):
    both = (n + m) / 2 - 1

    def off(at, z):
        variance = at * (1 - at) * (1 + both * (1 - at) / (2 - at) + both * at / (1 + at)) / (n * m)
        return abs(theta - at) - z * np.sqrt(variance)

    z = stats.norm.ppf(0.975)
    low = 0 if theta == 0 else optimize.brentq(off, 1e-15, theta - 1e-15, args=(z,))
    high = 1 if theta == 1 else optimize.brentq(off, theta + 1e-15, 1 - 1e-15, args=(z,))
    return low, high


def near(got, wanted, what):
    if not np.allclose(got, wanted, rtol=1e-6, atol=1e-8):
        sys.exit(f"{what}: {got}, SciPy has {wanted}")


seen = set()
for line in open(sys.argv[1]):
    kind, *text = line.split()
    v = [float(x) for x in text]
    seen.add(kind)
    if kind == "share":
        k, n = int(v[0]), int(v[1])
        ci = stats.binomtest(k, n).proportion_ci(method="wilson")
        near(v[2:], [k / n, ci.low, ci.high], line)
    elif kind == "auc":
        n, m = int(v[0]), int(v[1])
        a, b = v[2 : 2 + n], v[2 + n : 2 + n + m]
        theta = stats.mannwhitneyu(a, b).statistic / (n * m)
        near(v[2 + n + m :], [theta, *newcombe(theta, n, m)], line)
    elif kind == "t":
        near(v[2], stats.t.ppf(v[0], int(v[1])), line)
    elif kind == "limit":
        alpha, n = v[0], int(v[1])
        x = np.array(v[2 : 2 + n])
        near(v[2 + n], x.mean() - stats.t.ppf(1 - alpha, n - 1) * x.std(ddof=1) * np.sqrt(1 + 1 / n), line)
    else:
        sys.exit(f"unknown: {line}")
if seen != {"share", "auc", "t", "limit"}:
    sys.exit(f"only {seen}")
