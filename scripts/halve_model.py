#!/usr/bin/python3
"""halve_model.py IN OUT: writes a model.safetensors with its weights in BF16, which voxgan reads too. Rounds to the nearest, ties to even."""
import json
import struct
import sys

import numpy as np

data = open(sys.argv[1], "rb").read()
(n,) = struct.unpack("<Q", data[:8])
header, body = json.loads(data[8 : 8 + n]), data[8 + n :]
meta = header.pop("__metadata__")
out, parts, at = {"__metadata__": meta}, [], 0
for name in sorted(header):
    tensor = header[name]
    begin, end = tensor["data_offsets"]
    bits = np.frombuffer(body[begin:end], "<u4").astype(np.uint64)
    half = ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2").tobytes()
    out[name] = {"dtype": "BF16", "shape": tensor["shape"], "data_offsets": [at, at + len(half)]}
    parts.append(half)
    at += len(half)
text = json.dumps(out, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
with open(sys.argv[2], "wb") as f:
    f.write(struct.pack("<Q", len(text)) + text + b"".join(parts))
