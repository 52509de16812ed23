"""make bench-randomise: synthetic images from label maps, voxgan against the operations of lab2im in NumPy and SciPy.

Both sides make samples of 96^3 voxels from a map of 40 kinds, each in one thread of its own process, in alternating rounds. SciPy's half
calls the function that each step has there: map_coordinates, zoom, gaussian_filter1d, numpy.random. The figure of a side is the median;
the last row is one sample of all steps, of which thick slices happen in half.
"""
import json
import os
import statistics
import sys
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np
from scipy import ndimage

from ours import Ours

ROUNDS, REPS, TARGET, MAP, KINDS = 3, 5, 10.0, 160, 40


class Peer:
    """The same steps on the same shapes. All arrays are float32, as lab2im's tensors are."""

    def __init__(self, side):
        self.side, self.rng = side, np.random.default_rng(1)
        z, y, x = np.indices((MAP,) * 3, dtype=np.int32) // 8
        self.map = ((z * 7 + y * 3 + x) % (KINDS + 1)).astype(np.uint8)
        self.grid = np.indices((side,) * 3, dtype=np.float32)
        self.deform()
        self.contrast()

    def field(self, cell, sd=1.0):
        nodes = self.side // cell + 2
        coarse = self.rng.standard_normal((nodes,) * 3, np.float32) * np.float32(sd)
        return ndimage.zoom(coarse, self.side / nodes, order=1)

    def deform(self):
        angle = self.rng.uniform(-0.25, 0.25)
        turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]], np.float32)
        at = np.einsum("ij,jzyx->izyx", turn * np.float32(0.9), self.grid - (self.side - 1) / 2) + MAP / 2
        for axis in range(3):
            at[axis] += self.field(25, 3)
        self.kinds = ndimage.map_coordinates(self.map, at, order=0, mode="constant")

    def contrast(self):
        mean = self.rng.uniform(0.05, 1, (3, KINDS + 1)).astype(np.float32)
        sd = self.rng.uniform(0.01, 0.1, (3, KINDS + 1)).astype(np.float32)
        part = np.digitize(self.field(20), [-0.43, 0.43])
        self.v = mean[part, self.kinds] + sd[part, self.kinds] * self.rng.standard_normal(self.kinds.shape, np.float32)

    def bias(self):
        self.v *= np.exp(self.field(50, 0.3))

    def blur(self):
        self.v = ndimage.gaussian_filter(self.v, 0.5, mode="nearest", truncate=3)

    def slices(self):
        thick = ndimage.gaussian_filter1d(self.v, 5 / 2.3548, axis=0, mode="nearest", truncate=3)
        low = ndimage.zoom(thick, (0.2, 1, 1), order=1)
        self.v = ndimage.zoom(low, (self.side / low.shape[0], 1, 1), order=1)

    def noise(self):
        self.v = self.v + np.float32(0.05) * self.rng.standard_normal(self.v.shape, np.float32)

    def rician(self):
        real = self.v + np.float32(0.05) * self.rng.standard_normal(self.v.shape, np.float32)
        self.v = np.hypot(real, np.float32(0.05) * self.rng.standard_normal(self.v.shape, np.float32))

    def gamma(self):
        lo, hi = np.percentile(self.v[self.kinds > 0], (0.5, 99.5))
        self.v = 2 * np.clip((self.v - lo) / (hi - lo), 1e-6, 1) ** np.float32(1.1) - 1


def main(build):
    ours = Ours(f"{build}/bench/bench_randomise")
    peer = Peer(int(ours.numbers("size")[0]))
    steps = ("deform", "contrast", "bias", "blur", "slices", "noise", "rician", "gamma")
    times = {step: ([], []) for step in steps}
    sample = []
    for _ in range(ROUNDS):
        for step in steps:
            times[step][0].extend(ours.numbers("step", step, REPS))
            began = time.perf_counter()
            getattr(peer, step)()
            times[step][1].append(time.perf_counter() - began)
        sample.extend(ours.numbers("sample", 4 * REPS))
    ours.close()
    median = {step: [1e3 * statistics.median(side) for side in sides] for step, sides in times.items()}
    rows = [(step, *median[step]) for step in steps]
    # Both kinds of noise, and thick slices, happen in half of the samples.
    whole = sum(median[s][1] * (0.5 if s in ("slices", "noise", "rician") else 1) for s in steps)
    rows.append(("sample", 1e3 * statistics.median(sample), whole))
    for name, mine, theirs in rows:
        print(json.dumps({"case": name, "ours": round(mine, 2), "peer": round(theirs, 2), "ratio": round(theirs / mine, 1),
                          "target": TARGET if name == "sample" else None, "unit": "ms", "runs": ROUNDS}))
    return 0 if rows[-1][2] >= TARGET * rows[-1][1] else 1


sys.exit(main(sys.argv[1]))
