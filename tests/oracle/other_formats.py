"""other_formats.py PLAIN OUT: the BraTS data set PLAIN of NIfTI files, as other tools keep it.

OUT/Task01_BrainTumour   the Decathlon: a file of four volumes a case, labels 1 oedema, 2 necrosis, 3 enhancing
OUT/mgz                  FreeSurfer's .mgz, with a manifest
OUT/pairs                .mhd with .raw, with a manifest
"""
import json
import os
import sys

import nibabel as nib
import numpy as np

plain, out = sys.argv[1:3]
cases = sorted(d for d in os.listdir(plain) if os.path.isdir(os.path.join(plain, d)) and not d.startswith("."))
series = ["flair", "t1", "t1ce", "t2"]
task = os.path.join(out, "Task01_BrainTumour")
for folder in (f"{task}/imagesTr", f"{task}/labelsTr", f"{out}/mgz", f"{out}/pairs"):
    os.makedirs(folder)


def write_pair(path, data, affine):
    """data along L, P, S, as MetaImage counts."""
    lps = np.diag([-1, -1, 1, 1]) @ affine
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    lines = [
        "ObjectType = Image", "NDims = 3", "BinaryData = True", "BinaryDataByteOrderMSB = False",
        "TransformMatrix = " + " ".join(repr(float(v)) for v in (lps[:3, :3] / spacing).T.ravel()),
        "Offset = " + " ".join(repr(float(v)) for v in lps[:3, 3]),
        "ElementSpacing = " + " ".join(repr(float(v)) for v in spacing),
        "DimSize = " + " ".join(map(str, data.shape)),
        "ElementType = MET_FLOAT", "ElementDataFile = " + os.path.basename(path) + ".raw"]
    with open(path + ".mhd", "w") as f:
        f.write("\n".join(lines) + "\n")
    data.astype("<f4").ravel(order="F").tofile(path + ".raw")


mgz, pairs = open(f"{out}/mgz/manifest.csv", "w"), open(f"{out}/pairs/manifest.csv", "w")
print("id,flair,t1,t1c,t2,tumour", file=mgz)
print("id,flair,tumour", file=pairs)
for case in cases:
    images = [nib.load(f"{plain}/{case}/{case}_{s}.nii.gz") for s in series]
    seg = nib.load(f"{plain}/{case}/{case}_seg.nii.gz")
    data = [np.asarray(i.dataobj, dtype=np.float32) for i in images]
    labels = np.asarray(seg.dataobj).astype(np.uint8)
    affine = images[0].affine
    nib.save(nib.Nifti1Image(np.stack(data, axis=3), affine), f"{task}/imagesTr/{case}.nii.gz")
    nib.save(nib.Nifti1Image(np.choose(labels, [0, 2, 1, 0, 3]).astype(np.uint8), affine), f"{task}/labelsTr/{case}.nii.gz")
    for name, image in zip(series, data):
        nib.save(nib.MGHImage(image, affine), f"{out}/mgz/{case}_{name}.mgz")
    nib.save(nib.MGHImage(labels, affine), f"{out}/mgz/{case}_seg.mgz")
    print(case, *[f"{case}_{s}.mgz" for s in series], f"{case}_seg.mgz", sep=",", file=mgz)
    write_pair(f"{out}/pairs/{case}_flair", data[0], affine)
    write_pair(f"{out}/pairs/{case}_seg", labels, affine)
    print(case, f"{case}_flair.mhd", f"{case}_seg.mhd", sep=",", file=pairs)
with open(f"{task}/dataset.json", "w") as f:
    json.dump({"name": "BRATS", "modality": {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"},
               "labels": {"0": "background", "1": "edema", "2": "necrosis", "3": "enhancing tumour"}}, f)
