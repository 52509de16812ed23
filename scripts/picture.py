# picture.py QUICKSTART OUT: draws docs/picture.png from a finished quickstart. It shows one slice of a test subject that the
# model never saw: the label map, and below each series' name the real image above the synthetic one. scripts/make_picture.sh
# runs it.
import glob
import os
import sys

import nibabel
import numpy
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

root, out = sys.argv[1:]
ZOOM, GAP, HEAD, SIDE = 3, 6, 24, 84
SERIES = [("t1", "T1"), ("t1ce", "T1c"), ("t2", "T2"), ("flair", "FLAIR")]
TUMOUR = {1: (40, 90, 200), 2: (80, 180, 90), 4: (230, 60, 50)}
TUMOUR_NAMES = {1: "necrosis", 2: "oedema", 4: "enhancing tumour"}
TISSUE = {1: (60, 60, 75), 2: (125, 125, 130), 3: (190, 190, 190)}
TISSUE_NAMES = {1: "CSF", 2: "grey matter", 3: "white matter"}


def volume(folder, name):
    """A volume in RAS order."""
    return nibabel.as_closest_canonical(nibabel.load(os.path.join(folder, os.path.basename(folder) + "_" + name + ".nii.gz")))


def slice_of(folder, name, z):
    """An axial slice as radiologists see it: anterior up, the patient's right on the left of the picture."""
    return numpy.flip(numpy.asarray(volume(folder, name).dataobj, dtype=float)[:, :, z].T, (0, 1))


def tumour_size(folder):
    return numpy.count_nonzero(numpy.asarray(volume(folder, "seg").dataobj))


def windowed(folder, name, z):
    """A slice as RGB, from the lowest to the highest intensity of the volume's own brain without the outermost 0.5 %."""
    whole = numpy.asarray(volume(folder, name).dataobj, dtype=float)
    low, high = numpy.percentile(whole[whole > 0], (0.5, 99.5))
    shade = numpy.clip((slice_of(folder, name, z) - low) / max(high - low, 1e-6), 0, 1) * 255
    return numpy.stack([shade.astype(numpy.uint8)] * 3, -1)


def coloured(tissue, tumour):
    image = numpy.zeros(tissue.shape + (3,), numpy.uint8)
    for map_, colours in ((tissue, TISSUE), (tumour, TUMOUR)):
        for value, colour in colours.items():
            image[map_ == value] = colour
    return image


real = max(glob.glob(os.path.join(root, "data/test/BraTS2021_*")), key=tumour_size)
made = os.path.join(root, "synthetic", os.path.basename(real))
core = numpy.isin(numpy.asarray(volume(real, "seg").dataobj), (1, 4))
z = int(core.sum((0, 1)).argmax())

maps = coloured(slice_of(real, "anat", z), slice_of(real, "seg", z))
box = numpy.argwhere(maps.any(-1))
(y0, x0), (y1, x1) = box.min(0) - 2, box.max(0) + 3
y0, x0 = max(y0, 0), max(x0, 0)
maps = maps[y0:y1, x0:x1]
columns = []
for name, title in SERIES:
    columns.append((title, [windowed(folder, name, z)[y0:y1, x0:x1] for folder in (real, made)]))

h, w = maps.shape[0] * ZOOM, maps.shape[1] * ZOOM
left = [GAP] + [GAP + w + SIDE + k * (w + GAP) for k in range(len(columns))]
top = [HEAD, HEAD + h + GAP]
picture = Image.new("RGB", (left[-1] + w + GAP, top[1] + h + GAP), "white")
draw = ImageDraw.Draw(picture)
font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 14)


def put(pixels, x, y):
    picture.paste(Image.fromarray(pixels).resize((w, h), Image.NEAREST), (x, y))


def head(text, x):
    draw.text((x + w / 2, HEAD / 2), text, "black", font, anchor="mm")


head("label map", left[0])
put(maps, left[0], top[0])
legend = [(TISSUE_NAMES[v], c) for v, c in TISSUE.items()] + [(TUMOUR_NAMES[v], c) for v, c in TUMOUR.items()]
for k, (name, colour) in enumerate(legend):
    y = top[1] + 14 + 24 * k
    draw.rectangle((left[0], y, left[0] + 14, y + 14), colour)
    draw.text((left[0] + 22, y + 7), name, "black", font, anchor="lm")
for name, y in zip(("real", "synthetic"), top):
    draw.text((left[1] - 10, y + h / 2), name, "black", font, anchor="rm")
for (title, pair), x in zip(columns, left[1:]):
    head(title, x)
    for pixels, y in zip(pair, top):
        put(pixels, x, y)
picture.save(out, optimize=True)
print(f"{out}: slice {z} of {os.path.basename(real)}, {picture.width}x{picture.height}, {os.path.getsize(out)} bytes")
