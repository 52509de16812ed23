"""poison.py FROM TO TENSOR CHANNEL VALUE: a safetensors file with one input channel of a tensor's weights set to VALUE, and
without its metadata (and so without a checksum)."""
import json
import struct
import sys

source, target, tensor, channel, value = sys.argv[1:]
with open(source, "rb") as f:
    (length,) = struct.unpack("<Q", f.read(8))
    header = json.loads(f.read(length))
    data = bytearray(f.read())
header.pop("__metadata__", None)
shape = header[tensor]["shape"]
begin, end = header[tensor]["data_offsets"]
inner = (end - begin) // 4 // shape[0] // shape[1]
for k in range(shape[0]):
    at = begin + 4 * inner * (k * shape[1] + int(channel))
    data[at : at + 4 * inner] = struct.pack("<f", float(value)) * inner
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(target, "wb") as f:
    f.write(struct.pack("<Q", len(text)) + text + data)
