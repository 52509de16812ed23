#!/usr/bin/python3
"""draws_oracle.py DRAWN MEAN AGAIN: data sets of two cases a label map. Images of DRAWN differ, those of MEAN do not, and those
of AGAIN differ in the tumour and up to 4 mm around it only, which SciPy finds. Exit 77: skipped, no nibabel."""
import csv
import os
import sys

try:
    import nibabel
    import numpy as np
    from scipy import ndimage
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)


def pairs(root):
    """(images, tumour, voxel size) of each label map's two cases."""
    with open(os.path.join(root, "manifest.csv")) as f:
        rows = list(csv.DictReader(f))
    for source in sorted({r["source"] for r in rows}):
        two = [r for r in rows if r["source"] == source]
        assert len(two) == 2
        load = lambda row, column: nibabel.load(os.path.join(root, row[column]))
        images = [np.stack([load(r, s).get_fdata() for s in ("t1", "flair")]) for r in two]
        seg = load(two[0], "tumour")
        yield images, seg.get_fdata() > 0, seg.header.get_zooms()


drawn, mean, again = sys.argv[1:]
for (a, b), _, _ in pairs(drawn):
    brain = (a != a.min()) | (b != b.min())
    assert (a != b)[brain].mean() > 0.3, "draws are nearly equal"
for (a, b), _, _ in pairs(mean):
    assert (a == b).all(), "mean images differ"
for (a, b), tumour, mm in pairs(again):
    distance = ndimage.distance_transform_edt(~tumour, mm)
    assert tumour.any() and (a == b)[:, distance > 4 + 2 * max(mm)].all(), "the brain differs outside the tumour"
    assert (a != b)[:, tumour].mean() > 0.3, "the tumour is nearly equal"
print("draws are as they should be")
