"""tfevents_reader.py FOLDER: the event files of a folder, by struct, a CRC table and protobuf's wire format alone, read as
TensorBoard does: in the order of their names, and SessionLog START forgets what came before of its step and later ones. Prints
one line a scalar or picture, `STEP TAG VALUE` or `STEP TAG PNG WIDTHxHEIGHT BYTES`; fails where a record is not whole."""
import os
import struct
import sys
import time


def crc32c(data):
    c = 0xFFFFFFFF
    for byte in data:
        c ^= byte
        for _ in range(8):
            c = c >> 1 ^ (0x82F63B78 if c & 1 else 0)
    return c ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283  # the check value of CRC-32C


def masked(data):
    c = crc32c(data)
    return ((c >> 15 | c << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(blob):
    at = 0
    while at < len(blob):
        n, crc = struct.unpack_from("<QI", blob, at)
        assert crc == masked(blob[at : at + 8]), f"length at {at}"
        data = blob[at + 12 : at + 12 + n]
        assert struct.unpack_from("<I", blob, at + 12 + n)[0] == masked(data), f"data at {at}"
        at += 16 + n
        yield data


def varint(b, at):
    v = shift = 0
    while True:
        v |= (b[at] & 127) << shift
        shift += 7
        at += 1
        if b[at - 1] < 128:
            return v, at


def fields(b):
    at = 0
    while at < len(b):
        key, at = varint(b, at)
        kind = key & 7
        if kind == 0:
            v, at = varint(b, at)
        elif kind == 2:
            n, at = varint(b, at)
            v, at = b[at : at + n], at + n
            assert len(v) == n
        else:
            fmt, n = {1: ("<d", 8), 5: ("<f", 4)}[kind]
            (v,), at = struct.unpack_from(fmt, b, at), at + n
        yield key >> 3, v


def read(folder):
    seen = []
    for name in sorted(os.listdir(folder)):
        assert name.startswith("events.out.tfevents."), name
        for i, record in enumerate(records(open(os.path.join(folder, name), "rb").read())):
            event = dict(fields(record))
            assert abs(time.time() - event[1]) < 86400, "wall time"
            step = event.get(2, 0)
            assert (i == 0) == (event.get(3) == b"brain.Event:2")
            if 7 in event and dict(fields(event[7]))[1] == 1:
                seen = [e for e in seen if e[0] < step]
            for number, value in fields(event.get(5, b"")):
                assert number == 1
                v = dict(fields(value))
                seen.append((step, v[1].decode(), v[2] if 2 in v else dict(fields(v[4]))))
    return seen


if __name__ == "__main__":
    for step, tag, v in read(sys.argv[1]):
        if isinstance(v, dict):
            assert v[3] == 3 and v[4][:4] == b"\x89PNG" and struct.unpack_from(">II", v[4], 16) == (v[2], v[1])
            print(step, tag, "PNG", f"{v[2]}x{v[1]}", len(v[4]))
        else:
            print(step, tag, v)
