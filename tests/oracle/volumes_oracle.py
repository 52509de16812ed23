"""nibabel and SimpleITK as judges of how volumes are read.

make DIR [REAL]   writes .mgh and .mgz with nibabel, and what nibabel reads from them; list.txt names them
itk DIR [REAL]    the same with SimpleITK: .mha, .mhd, .nrrd and .nhdr of every type, compressed or not; then the
                  Python package reads the files, which must agree in every voxel

list.txt has lines PATH STEM: STEM.txt is the shape and the 12 numbers of the affine (RAS), STEM.raw the voxels
as float32, x fastest. REAL adds the files below REAL/odd.
"""
import glob
import itertools
import os
import sys

import numpy as np


def tell(stem, data, affine):
    """data: (x, y, z)."""
    data.astype(np.float32).ravel(order="F").tofile(stem + ".raw")
    with open(stem + ".txt", "w") as f:
        print(*data.shape, file=f)
        print(*[repr(float(v)) for v in np.asarray(affine)[:3].ravel()], file=f)


def turned(rng):
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    return q * np.sign(np.diag(r))


def numbers(rng, kind, shape):
    data = rng.normal(size=shape) * 100
    if kind[0] != "f":
        info = np.iinfo(kind)
        data = data.clip(max(info.min, -500), min(info.max, 500))
    return data.astype(kind)


def make(directory, real, names):
    import nibabel as nib
    rng = np.random.default_rng(0)
    paths = []
    for kind, ending in itertools.product(["u1", "i2", "i4", "f4"], ["mgh", "mgz"]):
        affine = np.eye(4)
        affine[:3, :3] = turned(rng) * [1.1, 0.9, 2.5]
        affine[:3, 3] = rng.normal(size=3) * 50
        path = os.path.join(directory, f"{kind}.{ending}")
        nib.save(nib.MGHImage(numbers(rng, kind, (7, 6, 5)), affine), path)
        paths.append(path)
    for i, path in enumerate(paths + sorted(glob.glob(os.path.join(real, "odd/**/*.mgz"), recursive=True) if real else [])):
        image = nib.load(path)
        stem = os.path.join(directory, f"told{i}")
        tell(stem, np.asarray(image.dataobj), image.affine)
        names.append((path, stem))


def itk(directory, real, names):
    import SimpleITK as sitk
    rng = np.random.default_rng(0)
    paths = []
    kinds = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]
    for kind, ending, packed in itertools.product(kinds, ["mha", "mhd", "nrrd", "nhdr"], [False, True]):
        image = sitk.GetImageFromArray(numbers(rng, kind, (5, 6, 7)))
        image.SetDirection(turned(rng).ravel())
        image.SetSpacing([1.1, 0.9, 2.5])
        image.SetOrigin(rng.normal(size=3) * 50)
        path = os.path.join(directory, f"{kind}_{int(packed)}.{ending}")
        sitk.WriteImage(image, path, packed)
        paths.append(path)
    if real:
        paths += sorted(p for e in ("mha", "nrrd") for p in glob.glob(os.path.join(real, f"odd/**/*.{e}"), recursive=True))
    for i, path in enumerate(paths):
        image = sitk.ReadImage(path)
        affine = np.c_[np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing(), image.GetOrigin()]
        affine[:2] *= -1
        stem = os.path.join(directory, f"told{i}")
        tell(stem, sitk.GetArrayFromImage(image).transpose(2, 1, 0), affine)
        names.append((path, stem))


def compare(names):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../python"))
    import voxgan
    for path, stem in names:
        volume = voxgan.read_volume(path)
        with open(stem + ".txt") as f:
            shape = tuple(int(n) for n in f.readline().split())
            affine = np.array(f.readline().split(), dtype=float).reshape(3, 4)
        data = np.fromfile(stem + ".raw", dtype=np.float32).reshape(shape, order="F")
        if not np.array_equal(volume.data, data) or np.abs(volume.affine[:3] - affine).max() > 1e-6:
            sys.exit(f"FAILED: {path}: differs from SimpleITK's")
    print(f"{len(names)} MetaImage and NRRD files of SimpleITK: every voxel agrees")


if __name__ == "__main__":
    verb, directory, real = (sys.argv + [""])[1:4]
    found = []
    {"make": make, "itk": itk}[verb](directory, real, found)
    with open(os.path.join(directory, "list.txt"), "w") as f:
        for row in found:
            print(*row, file=f)
    if verb == "itk":
        compare(found)
