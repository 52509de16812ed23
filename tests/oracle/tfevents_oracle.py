"""tfevents_oracle.py FOLDER: TensorBoard's own reader finds in a folder's event files what ours finds, each step once; and
refuses a copy with one byte changed."""
import os
import shutil
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

from tfevents_reader import read

folder = sys.argv[1]
ours = read(folder)
theirs = EventAccumulator(folder, size_guidance={"scalars": 0, "images": 0})
theirs.Reload()
tags = theirs.Tags()
assert {t for _, t, _ in ours} == set(tags["scalars"]) | set(tags["images"]), tags
for tag in tags["scalars"]:
    got = [(e.step, e.value) for e in theirs.Scalars(tag)]
    assert got == [(s, v) for s, t, v in ours if t == tag], (tag, got)
    assert len({s for s, _ in got}) == len(got), f"{tag}: a step twice"
for tag in tags["images"]:
    got = [(e.step, e.width, e.height, e.encoded_image_string) for e in theirs.Images(tag)]
    assert got == [(s, v[2], v[1], v[4]) for s, t, v in ours if t == tag], tag
print(f"{len(ours)} values, as TensorBoard reads them")

whole = os.path.join(folder, sorted(os.listdir(folder))[-1])
count = sum(1 for _ in LegacyEventFileLoader(whole).Load())
damaged = shutil.copy(whole, folder + "-damaged")
with open(damaged, "r+b") as f:
    f.seek(os.path.getsize(damaged) // 2)
    byte = f.read(1)[0]
    f.seek(-1, os.SEEK_CUR)
    f.write(bytes([byte ^ 1]))
assert sum(1 for _ in LegacyEventFileLoader(damaged).Load()) < count, "a damaged file is read to its end"
print("a damaged file is not read to its end")
