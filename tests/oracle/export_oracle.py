"""export_oracle.py BUILD: runs exported networks of every kind with PyTorch, and with ONNX Runtime where it is there, and
compares what they give with voxgan's own numbers.

They may differ by 1e-5, or by twice what PyTorch's float32 differs from float64 for that network, if that is more: an instance
norm over few voxels of random weights enlarges rounding, and then float32 itself has no better answer."""
import glob
import json
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np
import torch

try:
    import onnxruntime
except ImportError:
    onnxruntime = None


def read(path):
    with open(path, "rb") as f:
        head = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = f.read()
    return {k: np.frombuffer(data[slice(*t["data_offsets"])], "<f4").reshape(t["shape"])
            for k, t in head.items() if k != "__metadata__"}


def by_torch(path, inputs):
    about = {"voxgan.json": ""}
    model = torch.jit.load(path, _extra_files=about)
    assert json.loads(about["voxgan.json"]) == {"about": "a test"}
    names = [a.name for a in model.forward.schema.arguments[1:]]
    assert set(names) == set(inputs), (names, list(inputs))
    with torch.no_grad():
        for _ in range(3):  # the optimiser of TorchScript takes hold after the first runs
            out = model(*[torch.from_numpy(inputs[n].copy()) for n in names]).numpy()
    return out


def rounding(path, inputs, single):
    """How far PyTorch's float32 is from float64."""
    model = torch.jit.load(path).double()
    names = [a.name for a in model.forward.schema.arguments[1:]]
    with torch.no_grad():
        exact = model(*[torch.from_numpy(inputs[n].copy()).double() for n in names]).numpy()
    assert exact.dtype == np.float64
    return float(abs(single - exact).max())


def by_onnx(path, inputs):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert {i.name for i in session.get_inputs()} == set(inputs)
    assert json.loads(session.get_modelmeta().custom_metadata_map["voxgan"]) == {"about": "a test"}
    return session.run(None, inputs)[0]


def main():
    build = sys.argv[1]
    torch.set_num_threads(2)
    failed = passed = 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([f"{build}/tests/parity/export_cases", folder], check=True)
        for path in sorted(glob.glob(f"{folder}/*.safetensors")):
            stem, name = path[:-len(".safetensors")], os.path.basename(path).split(".")[0]
            inputs = read(path)
            want = inputs.pop("output")
            assert want.std() > 0.01, f"{name}: nothing to compare"
            runs = {"TorchScript": lambda: by_torch(stem + ".pt", inputs)}
            if onnxruntime:
                runs["ONNX"] = lambda: by_onnx(stem + ".onnx", inputs)
            bound = max(1e-5, 2 * rounding(stem + ".pt", inputs, by_torch(stem + ".pt", inputs)))
            for kind, run in runs.items():
                try:
                    off = float(abs(run() - want).max())
                except Exception as fault:  # pylint: disable=broad-except
                    print(f"{name}, {kind}: {fault}")
                    off = np.inf
                good = off < bound
                passed, failed = passed + good, failed + (not good)
                print(f"{name}, {kind}: {'' if good else 'FAILED: '}largest difference {off:.1e}, {bound:.1e} can be")
    if not onnxruntime:
        print("ONNX is not run: no onnxruntime for this Python")
    print(f"[  PASSED  ] {passed} test(s).")
    if failed:
        print(f" {failed} FAILED TEST(S)")
    return failed > 0


sys.exit(main())
