#!/usr/bin/python3
"""redraw_oracle.py REAL MADE DRAWN OTHER: MADE has the images of the scans in REAL, DRAWN two a scan with the parts of the tumour
drawn again, OTHER the same with another seed. Exit 77: skipped, no nibabel."""
import csv
import glob
import os
import sys

try:
    import nibabel
    import numpy as np
    from scipy import ndimage
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)

real, made, drawn, other = sys.argv[1:]


def read(path):
    image = nibabel.load(path)
    return np.asarray(image.dataobj, dtype=float), image.header.get_zooms()


def cases(root, source):
    """(flair, tumour, anatomy) of each case of a scan."""
    with open(os.path.join(root, "manifest.csv")) as f:
        rows = [r for r in csv.DictReader(f) if r["source"] == source]
    return [[read(os.path.join(root, r[c]))[0] for c in ("flair", "tumour", "anatomy")] for r in rows]


alike, depths = [], []
for folder in sorted(glob.glob(os.path.join(real, "*_0*"))):
    source = os.path.basename(folder)
    scan, mm = read(glob.glob(folder + "/*_flair.nii.gz")[0])
    (flair, tumour, anatomy), = cases(made, source)
    inside = tumour > 0
    far = ndimage.distance_transform_edt(~inside, mm) > 4 + 2 * max(mm)
    middle = flair[inside].mean()
    images = cases(drawn, source) + cases(other, source)
    assert len(images) == 4
    for k, (image, seg, tissue) in enumerate(images):
        assert (seg == tumour).all() and (tissue == anatomy).all(), "maps differ"
        assert (image == flair)[far].all(), "the brain differs outside the tumour"
        share, was = (image[inside] > middle).mean(), (flair[inside] > middle).mean()
        assert abs(share - was) < 0.15, f"{source}: {share} of the tumour is bright, {was} before"
        for before in images[:k]:
            alike.append(np.corrcoef(image[inside], before[0][inside])[0, 1])
        alike.append(np.corrcoef(image[inside], scan[inside])[0, 1])
    assert np.corrcoef(flair[inside], scan[inside])[0, 1] > 0.7
print(f"{inside.sum()} voxels; correlation of two draws, and with the scan: mean {np.mean(alike):.2f}, at most {np.max(alike):.2f}")
assert np.mean(alike) < 0.3 and np.max(alike) < 0.9
print("cases are like the case, and differ")
