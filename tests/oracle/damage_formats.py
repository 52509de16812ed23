"""damage_formats.py KIND DIR: damages a data set in one way that an oracle must find. Without arguments: the kinds,
each with the format whose data set it is for."""
import glob
import json
import os
import sys

import nibabel as nib
import numpy as np


def one(root, pattern):
    return sorted(glob.glob(os.path.join(root, "**", pattern), recursive=True))[0]


def edit_volume(path, change):
    image = nib.load(path)
    data, affine = change(np.array(image.dataobj), image.affine.copy())
    damaged = nib.Nifti1Image(data, affine)
    damaged.set_sform(affine, 1)
    damaged.set_qform(affine, 1)
    nib.save(damaged, path)


def edit_description(root, change):
    path = one(root, "dataset.json")
    with open(path) as f:
        description = json.load(f)
    change(description)
    with open(path, "w") as f:
        json.dump(description, f)


def strange_label(root):
    def change(data, affine):
        data[data > 0] = 9
        return data, affine
    edit_volume(one(root, "labelsTr/*.nii.gz"), change)


def moved(root):
    def change(data, affine):
        affine[0, 3] += 2
        return data, affine
    edit_volume(one(root, "*-seg.nii.gz"), change)


def cropped(root):
    edit_volume(one(root, "imagesTr/*_0002.nii.gz"), lambda data, affine: (data[1:], affine))


def cut_short(root):
    path = one(root, "*_t2.nii.gz")
    with open(path, "r+b") as f:
        f.truncate(os.path.getsize(path) // 2)


def rename(pattern, old, new):
    def damage(root):
        path = one(root, pattern)
        os.rename(path, path.replace(old, new))
    return damage


KINDS = {
    "strange_label": ("nnunet", strange_label),
    "cropped_channel": ("nnunet", cropped),
    "lost_channel": ("nnunet", lambda root: os.remove(one(root, "imagesTr/*_0001.nii.gz"))),
    "lost_label_map": ("nnunet", lambda root: os.remove(one(root, "labelsTr/*.nii.gz"))),
    "wrong_count": ("nnunet", lambda root: edit_description(root, lambda d: d.update(numTraining=d["numTraining"] + 1))),
    "gap_in_labels": ("nnunet", lambda root: edit_description(root, lambda d: d["labels"].pop("enhancing tumor"))),
    "no_channel_names": ("nnunet", lambda root: edit_description(root, lambda d: d.pop("channel_names"))),
    "unknown_entity": ("bids", rename("*_seg-tumour_*.nii.gz", "_seg-tumour_", "_label-tumour_")),
    "unknown_suffix": ("bids", rename("*_T2w.nii.gz", "_T2w", "_T2weighted")),
    "no_description": ("bids", lambda root: os.remove(os.path.join(root, "dataset_description.json"))),
    "moved_labels": ("brats2023", moved),
    "cut_short": ("brats2021", cut_short),
}

if __name__ == "__main__":
    if len(sys.argv) == 1:
        for kind, (data_set, _) in KINDS.items():
            print(kind, data_set)
    else:
        KINDS[sys.argv[1]][1](sys.argv[2])
