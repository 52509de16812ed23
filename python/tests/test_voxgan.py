"""Tests of the package: python3 -m unittest discover python/tests, with VOXGAN=path of the program."""
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
sys.path.insert(0, os.path.join(ROOT, "python"))
import voxgan  # noqa: E402
from voxgan import _library  # noqa: E402


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.top = cls.folder.name
        program = os.environ.get("VOXGAN") or os.path.join(os.path.dirname(_library._find()), "voxgan")
        subprocess.run([program, "phantom", "--out", cls.top + "/p", "--subjects", "3", "--size", "40", "--seed", "4",
                        "--anatomy", "--layout", "brats2021", "--quiet"], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_sizes_are_the_compilers(self):
        lines = "".join(f'printf("{n} %zu\\n", sizeof({n}));' for n in _library.NAMES)
        headers = "".join(f'#include "voxgan/{h}.h"\n' for h in ("dataset", "edit", "labels", "maps", "metric", "study", "volume"))
        source = f"#include <stdio.h>\n{headers}int main(void) {{ {lines} }}\n"
        with open(self.top + "/s.c", "w") as f:
            f.write(source)
        subprocess.run(["cc", "-std=c11", "-I" + os.path.join(ROOT, "include"), self.top + "/s.c", "-o", self.top + "/s"],
                       check=True)
        import ctypes
        for line in subprocess.run([self.top + "/s"], capture_output=True, text=True, check=True).stdout.splitlines():
            name, size = line.split()
            self.assertEqual(ctypes.sizeof(_library.NAMES[name]), int(size), name)

    def test_volumes(self):
        affine = np.array([[0, -2.0, 0, 10], [1, 0, 0, -5], [0, 0, 3, 7], [0, 0, 0, 1]])
        data = np.random.default_rng(0).normal(size=(4, 5, 6)).astype(np.float32)
        voxgan.write_volume(self.top + "/v.nii.gz", data, affine)
        back = voxgan.read_volume(self.top + "/v.nii.gz")
        self.assertTrue(np.array_equal(back.data, data) and np.allclose(back.affine, affine))
        self.assertEqual((back.format, back.spacing), ("NIfTI-1", (1.0, 2.0, 3.0)))
        voxgan.write_labels(self.top + "/l.nii", (data > 0) * 300, affine)
        self.assertTrue(np.array_equal(voxgan.read_labels(self.top + "/l.nii").data, (data > 0) * 300))
        with self.assertRaises(ValueError):
            voxgan.write_labels(self.top + "/l.nii", data, affine)
        with self.assertRaisesRegex(voxgan.VoxganError, "nowhere.nii"):
            voxgan.read_volume(self.top + "/nowhere.nii")
        try:
            import nibabel
        except ImportError:
            self.skipTest("no nibabel")
        self.assertTrue(np.array_equal(np.asarray(nibabel.load(self.top + "/v.nii.gz").dataobj), data))

    def test_data_set_edits_and_metrics(self):
        ds = voxgan.Dataset(self.top + "/p")
        self.assertEqual((len(ds), ds.series, ds.layout), (3, ("t1", "t1c", "t2", "flair"), "brats2021"))
        self.assertEqual(ds.classes["necrosis"], "tumour")
        maps = ds.maps(ds.subjects[0])
        smaller = maps.edit("scale:factor=0.5", seed=1)
        a, b = maps.tumour > 0, smaller.tumour > 0
        self.assertLess(b.sum(), a.sum())
        self.assertTrue(np.array_equal(smaller.tumour, maps.edit("scale:factor=0.5", seed=1).tumour))
        got = voxgan.metric("dice", maps.tumour, smaller.tumour, {"tumour": maps.codes("tumour")}, maps.spacing)
        self.assertAlmostEqual(got["tumour"], 2 * (a & b).sum() / (a.sum() + b.sum()), places=12)
        image = voxgan.read_volume(ds.subjects[0].series["t1"]).data
        cells = maps.brain
        got = voxgan.metric("mae", image, image + 0.25 * (cells > 0), {"brain": [1]}, cells=cells)
        self.assertAlmostEqual(got["brain"], 0.25, places=5)
        with self.assertRaisesRegex(voxgan.VoxganError, "did you mean scale"):
            maps.edit("scael")
        with self.assertRaises(ValueError):
            voxgan.metric("dicee", a, b, {})
        with self.assertRaisesRegex(voxgan.VoxganError, "no such file"):
            voxgan.Dataset(self.top + "/none")

    def test_study(self):
        study = voxgan.Study(self.top + "/p", ["scale:factor=uniform(0.5,0.9)", "move:random"], per_case=2, seed=7)
        cases = list(study)
        self.assertEqual((len(study), len(cases)), (6, 6))
        self.assertEqual(len({c.id for c in cases}), 6)
        ids = {s.id: s for s in voxgan.Dataset(self.top + "/p")}
        for case in cases:
            self.assertIn(case.source, ids)
            self.assertRegex(case.edits, r"^scale:.*factor=0\.[5-9].*;move:")
            mm3 = np.prod(case.maps.spacing)
            for name, ml in case.tumour_ml.items():
                code = list(case.maps.classes).index(name) + 1
                self.assertAlmostEqual(ml, (case.maps.tumour == code).sum() * mm3 / 1000, places=6)
            self.assertGreater(sum(case.tumour_ml.values()), 0)
        # The order does not matter, and the program makes the same maps.
        again = voxgan.Study(self.top + "/p", ["scale:factor=uniform(0.5,0.9)", "move:random"], per_case=2, seed=7)[4]
        self.assertTrue(np.array_equal(again.maps.tumour, cases[4].maps.tumour))
        program = os.environ.get("VOXGAN") or os.path.join(os.path.dirname(_library._find()), "voxgan")
        subprocess.run([program, "edit", "--labels", self.top + "/p", "--out", self.top + "/made", "--per-case", "2",
                        "--seed", "7", "--edit", "scale:factor=uniform(0.5,0.9)", "--edit", "move:random", "--quiet"],
                       check=True)
        made = voxgan.Dataset(self.top + "/made")
        self.assertEqual([s.id for s in made], [c.id for c in cases])
        for subject, case in zip(made, cases):
            self.assertTrue(np.array_equal(made.maps(subject).tumour > 0, case.maps.tumour > 0))
        with self.assertRaises(IndexError):
            study[6]
        with self.assertRaisesRegex(voxgan.VoxganError, "did you mean"):
            voxgan.Study(self.top + "/p", ["scael"])

    def test_torch(self):
        try:
            import torch
            from voxgan.torch import StudyDataset, VolumeDataset, _as_ras
        except ImportError:
            self.skipTest("no torch")
        data = VolumeDataset(self.top + "/p", series=("t1c", "flair"))
        batch = next(iter(torch.utils.data.DataLoader(data, batch_size=3)))
        self.assertEqual(tuple(batch["image"].shape[:2]), (3, 2))
        self.assertEqual(batch["image"].shape[2:], batch["label"].shape[1:])
        self.assertEqual(sorted(batch["label"].unique().tolist()), list(range(len(data.classes) + 1)))
        # Labels lie on the images: background is 0 in both.
        self.assertGreater(batch["image"][:, 0][batch["label"] > 0].abs().min().item(), 0)
        study = StudyDataset(voxgan.Study(self.top + "/p", ["move:random"]))
        batch = next(iter(torch.utils.data.DataLoader(study, batch_size=3)))
        self.assertEqual((len(study), batch["label"].dim(), batch["label"].dtype), (3, 4, torch.int64))
        self.assertEqual(sorted(batch["label"].unique().tolist()), list(range(len(data.classes) + 1)))
        try:
            import nibabel
        except ImportError:
            return
        path = self.top + "/turned.nii"
        voxgan.write_volume(path, np.arange(60, dtype=np.float32).reshape(3, 4, 5),
                            np.array([[0, 0.1, -2, 1], [3, 0, 0.2, 2], [0.1, -1, 0, 3], [0, 0, 0, 1.0]]))
        want = np.asarray(nibabel.as_closest_canonical(nibabel.load(path)).dataobj)
        self.assertTrue(np.array_equal(_as_ras(voxgan.read_volume(path)), want))


if __name__ == "__main__":
    unittest.main()
