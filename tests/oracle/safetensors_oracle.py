"""Reads a file of ours and writes it again: with the reference implementation where that is
installed, else with a reading of the format's description in the few lines it takes."""
import json
import struct
import sys

import numpy as np

try:
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file

    def load(path):
        with safe_open(path, "np") as f:
            return load_file(path), f.metadata()

except ImportError:

    def load(path):
        data = open(path, "rb").read()
        (n,) = struct.unpack("<Q", data[:8])
        header, body = json.loads(data[8 : 8 + n]), data[8 + n :]
        meta = header.pop("__metadata__", None)
        tensors = {}
        for name, t in header.items():
            begin, end = t["data_offsets"]
            assert t["dtype"] == "F32"
            tensors[name] = np.frombuffer(body[begin:end], "<f4").reshape(t["shape"])
        return tensors, meta

    def save_file(tensors, path, meta):
        header, body = {"__metadata__": meta}, b""
        for name, t in tensors.items():
            raw = np.ascontiguousarray(t, "<f4").tobytes()
            header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [len(body), len(body) + len(raw)]}
            body += raw
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(path, "wb") as f:
            f.write(struct.pack("<Q", len(text)) + text + body)


tensors, meta = load(sys.argv[1])
assert sorted(tensors) == ["empty", "net.b", "net.w", "scalar"], sorted(tensors)
assert tensors["net.w"].shape == (2, 3, 4) and tensors["net.w"].dtype == np.float32
assert tensors["net.w"].ravel()[:10].tolist() == list(range(1, 11))
assert tensors["empty"].shape == (0, 7) and tensors["scalar"].shape == ()
assert meta == {"config": '{"ngf":16}', "scheme": "brats"}, meta
save_file(tensors, sys.argv[2], {"by": "python"})
