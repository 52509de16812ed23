#!/usr/bin/python3
"""study_oracle.py DATASET HOSTS DONORS: a data set of edited label maps measured by nibabel and SciPy.

For each row of DATASET/manifest.csv: volumes by class and the tumour's centre are what the manifest says; a volume asked by
a closing `scale:ml=` is met within 5%; no tumour voxel lies outside the host's brain (HOSTS/**/ID_dseg or ID_anat), whose
outline is unchanged; the tumour has no more pieces than the source and donors have (or than multifocal asked). Prints a line a fault and a closing count."""
import csv
import glob
import json
import os
import re
import sys

import nibabel
import numpy as np
from scipy import ndimage


def anatomy_of(hosts, source):
    found = [p for p in glob.glob(f"{hosts}/**/*.nii.gz", recursive=True)
             if os.path.basename(p) in (f"{source}_dseg.nii.gz", f"{source}_anat.nii.gz")]
    return nibabel.load(found[0]) if found else None


def pieces_of(tumour):
    return ndimage.label(tumour > 0, np.ones((3, 3, 3)))[1]


def donor_pieces(donors, row):
    found = [p for p in glob.glob(f"{donors}/**/*_seg.nii*", recursive=True)
             if any(os.path.basename(p).startswith(d + "_") for d in [row["source"], *row["donors"].split(";")] if d)]
    return sum(pieces_of(labels(p)[0]) for p in found) or 1


def labels(path):
    image = nibabel.load(path)
    return np.asarray(image.dataobj).astype(int), image.affine


def check(root, hosts, donors, row, schemes):
    where = f"{row['id']} ({row['edits']})"
    tumour, affine = labels(os.path.join(root, row["tumour"]))
    ml = abs(np.linalg.det(affine[:3, :3])) / 1000
    for name, value in schemes["tumour"].items():
        made, said = np.count_nonzero(tumour == value) * ml, float(row[f"{name}_ml"])
        if abs(made - said) > 0.002:
            yield f"{where}: {name} has {made:.3f} ml, the manifest says {said}"
    total = np.count_nonzero(tumour) * ml
    if abs(total - float(row["total_ml"])) > 0.002:
        yield f"{where}: {total:.3f} ml of tumour, the manifest says {row['total_ml']}"
    if set(np.unique(tumour)) - {0} - set(schemes["tumour"].values()):
        yield f"{where}: values {np.unique(tumour)}"
    if total:
        centre = affine[:3, :3] @ ndimage.center_of_mass(tumour > 0) + affine[:3, 3]
        said = [float(row[f"centre_{a}_mm"]) for a in "xyz"]
        if np.abs(centre - said).max() > 0.02:
            yield f"{where}: centre {centre}, the manifest says {said}"
        extra = sum(int(n) for n in re.findall(r"multifocal:[^;]*\bn=(\d+)", row["edits"]))
        if pieces_of(tumour) > donor_pieces(donors, row) + extra:
            yield f"{where}: {pieces_of(tumour)} pieces"
    asked = re.findall(r"(?:scale|grow):[^;]*\bml=([0-9.eE+-]+)[^;]*(?=$|;move|;mirror|;rotate)", row["edits"])
    if asked and abs(total / float(asked[-1]) - 1) > 0.05:
        yield f"{where}: {total:.2f} ml, asked were {asked[-1]}"
    host = anatomy_of(hosts, row["source"])
    if host is None:
        return
    brain = np.asarray(host.dataobj) > 0
    if np.abs(host.affine - affine).max() > 1e-4:
        yield f"{where}: grid differs from its host's"
    elif (tumour[~brain] > 0).any():
        yield f"{where}: {np.count_nonzero(tumour[~brain])} voxels of tumour outside the host's brain"
    if row.get("anatomy") and "deform" not in row["edits"]:
        anatomy, _ = labels(os.path.join(root, row["anatomy"]))
        if ((anatomy > 0) | (tumour > 0)).sum() != brain.sum():
            yield f"{where}: the brain's outline changed"


def main(root, hosts, donors):
    with open(os.path.join(root, "dataset_description.json")) as f:
        about = json.load(f)["voxgan"]
    schemes = {"tumour": {}}
    for item in about.get("tumour_labels", "").split(","):
        value, name = item.split("=")
        schemes["tumour"][name.split(":")[0]] = int(value)
    with open(os.path.join(root, "manifest.csv"), newline="") as f:
        rows = list(csv.DictReader(f))
    faults = [line for row in rows for line in check(root, hosts, donors, row, schemes)]
    print("\n".join(faults))
    print(f"{len(rows)} cases, {len(faults)} faults")
    return 1 if faults or not rows else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) == 4 else __doc__)
