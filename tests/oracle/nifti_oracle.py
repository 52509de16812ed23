"""nibabel as judge of our NIfTI code.

make DIR    writes files of every kind, and beside each what nibabel makes of it
check DIR   loads files of ours and compares them with what we say is in them

Beside X.nii[.gz] lie X.txt (shape, then the 12 numbers of the affine) and X.raw (float32,
x fastest); X.canon.txt and X.canon.raw are the same after as_closest_canonical.
"""
import itertools
import os
import sys

import nibabel as nib
import numpy as np


def tell(img, stem):
    data = np.asarray(img.get_fdata(dtype=np.float32))
    shape = (tuple(img.shape) + (1, 1))[:3]
    np.asfortranarray(data.reshape(shape, order="F")).ravel(order="F").tofile(stem + ".raw")
    with open(stem + ".txt", "w") as f:
        print(*shape, file=f)
        print(*[repr(float(v)) for v in img.affine[:3].ravel()], file=f)


def save(directory, name, img):
    path = os.path.join(directory, name)
    nib.save(img, path)
    stem = path[: -len(".nii.gz")] if path.endswith(".gz") else path[:-4]
    img = nib.load(path)
    tell(img, stem)
    if len(img.shape) == 3:
        tell(nib.as_closest_canonical(img), stem + ".canon")
    return name


def rotation(rng, degrees):
    axis = rng.normal(size=3)
    axis /= np.linalg.norm(axis)
    a = np.radians(degrees)
    k = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + np.sin(a) * k + (1 - np.cos(a)) * k @ k


def make(directory):
    rng = np.random.default_rng(0)
    names = []
    kinds = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]
    for kind, order, version, scaled in itertools.product(kinds, "<>", (1, 2), (False, True)):
        info = None if kind[0] == "f" else np.iinfo(kind)
        data = rng.normal(size=(7, 6, 5)) * 100
        if info:
            data = data.clip(max(info.min, -500), min(info.max, 500))
        data = data.astype(kind)
        cls, head = (nib.Nifti1Image, nib.Nifti1Header) if version == 1 else (nib.Nifti2Image, nib.Nifti2Header)
        affine = np.eye(4)
        affine[:3, :3] = rotation(rng, 10) * [1.1, 0.9, 2.5]
        affine[:3, 3] = rng.normal(size=3) * 50
        img = cls(data, affine, head(endianness=order))
        img.set_data_dtype(np.dtype(kind).newbyteorder(order))
        if scaled:
            img.header.set_slope_inter(0.37, -12.5)
        names.append(save(directory, f"k_{kind}_{'le' if order == '<' else 'be'}_{version}_{int(scaled)}.nii.gz", img))
    for i, (perm, signs) in enumerate(itertools.product(itertools.permutations(range(3)), itertools.product((1, -1), repeat=3))):
        data = rng.integers(-999, 999, size=(9, 7, 5)).astype(np.int16)
        for oblique in (0, 25):
            axes = np.zeros((3, 3))
            for a in range(3):
                axes[perm[a], a] = signs[a] * (a + 0.8)
            affine = np.eye(4)
            affine[:3, :3] = rotation(rng, oblique) @ axes
            affine[:3, 3] = rng.normal(size=3) * 90
            img = nib.Nifti1Image(data, affine)
            if oblique:  # the qform alone
                img.set_sform(None, 0)
                img.set_qform(affine, 1)
            names.append(save(directory, f"o_{i:02d}_{oblique}.nii", img))
    for i in range(20):  # shears and large angles, where the closest axes are not plain to see
        affine = np.eye(4)
        affine[:3, :3] = rotation(rng, 180 * rng.random()) * (0.5 + rng.random(3) * 3)
        affine[0, 1] += 0.2
        data = rng.integers(0, 255, size=(5, 6, 7)).astype(np.uint8)
        names.append(save(directory, f"s_{i:02d}.nii.gz", nib.Nifti1Image(data, affine)))
    names.append(save(directory, "slice.nii", nib.Nifti1Image(rng.normal(size=(8, 9)).astype("f4"), np.eye(4))))
    with open(os.path.join(directory, "list.txt"), "w") as f:
        f.write("\n".join(names) + "\n")


def check(directory):
    count = 0
    for name in sorted(os.listdir(directory)):
        if not name.startswith("ours") or ".nii" not in name:
            continue
        stem = os.path.join(directory, name.split(".nii")[0])
        img = nib.load(os.path.join(directory, name))
        with open(stem + ".txt") as f:
            shape = tuple(int(v) for v in f.readline().split())
            affine = np.array([float(v) for v in f.readline().split()]).reshape(3, 4)
            step = float(f.readline())
        want = np.fromfile(stem + ".raw", np.float32).reshape(shape, order="F")
        assert img.shape == shape, (name, img.shape, shape)
        assert img.header["sform_code"] > 0 and img.header["qform_code"] > 0, name
        np.testing.assert_allclose(img.affine[:3], affine, atol=1e-4, err_msg=name)
        # a qform cannot shear; ours has none here
        np.testing.assert_allclose(img.get_qform()[:3], affine, atol=2e-4, err_msg=name)
        np.testing.assert_allclose(img.header.get_zooms(), np.linalg.norm(affine[:, :3], axis=0), rtol=1e-5)
        assert img.header.get_xyzt_units()[0] == "mm"
        np.testing.assert_allclose(img.get_fdata(), want, atol=step / 2 + 1e-4, err_msg=name)
        count += 1
    assert count, "nothing to check"


{"make": make, "check": check}[sys.argv[1]](sys.argv[2])
