# picture.py ROWS OUT: draws docs/picture.png. It shows one slice of a phantom that no network saw: the label map, and for each series
# the real image beside those of each network. ROWS is what bench/bench_images.py wrote; scripts/make_picture.sh runs both.
# picture.py --rows: prints the rows of bench_images.py that the picture shows.
import csv
import glob
import os
import sys

COLUMNS = {"unet": "U-Net,\nas pix2pix", "spade": "SPADE,\nby class", "spade-conv": "SPADE,\nby convolutions", "spade-noise": "SPADE by class,\nnoise",
           "spade-local": "noise, tumour\ndiscriminator", "spade-oasis": "noise,\nOASIS"}
if sys.argv[1:] == ["--rows"]:
    print(",".join(COLUMNS))
    sys.exit()

import nibabel  # noqa: E402
import numpy  # noqa: E402
from matplotlib import font_manager  # noqa: E402
from PIL import Image, ImageDraw, ImageFont  # noqa: E402

root, out = sys.argv[1:]
ZOOM, GAP, HEAD, SIDE, LINE = 2, 4, 38, 48, 22
SERIES = {"t1": "T1", "t1c": "T1c", "t2": "T2", "flair": "FLAIR"}
TUMOUR = {1: (40, 90, 200), 2: (80, 180, 90), 4: (230, 60, 50)}
TUMOUR_NAMES = {1: "necrosis", 2: "oedema", 4: "enhancing tumour"}
TISSUE = {1: (60, 60, 75), 2: (125, 125, 130), 3: (190, 190, 190)}
TISSUE_NAMES = {1: "CSF", 2: "grey matter", 3: "white matter"}


def volume(path):
    """The voxels in RAS order."""
    return numpy.asarray(nibabel.as_closest_canonical(nibabel.load(path)).dataobj, dtype=float)


def slice_of(voxels, z):
    """An axial slice as radiologists see it: anterior up, the patient's right on the left of the picture."""
    return numpy.flip(voxels[:, :, z].T, (0, 1))


def windowed(path, z):
    """A slice as grey values, from the lowest to the highest intensity of the volume's own brain without the outermost 0.5 %."""
    whole = volume(path)
    low, high = numpy.percentile(whole[whole > 0], (0.5, 99.5))
    return (numpy.clip((slice_of(whole, z) - low) / max(high - low, 1e-6), 0, 1) * 255).astype(numpy.uint8)


def coloured(tissue, tumour):
    image = numpy.zeros(tissue.shape + (3,), numpy.uint8)
    for map_, colours in ((tissue, TISSUE), (tumour, TUMOUR)):
        for value, colour in colours.items():
            image[map_ == value] = colour
    return image


def case(folder, source):
    """The files of the case that was made from this subject's label map."""
    with open(os.path.join(folder, "manifest.csv"), newline="") as f:
        row = next(r for r in csv.DictReader(f) if r["source"] == source)
    return {s: os.path.join(folder, row[s]) for s in SERIES}


test = os.path.join(root, "parts/test")
maps = {os.path.basename(at): volume(f"{at}/{os.path.basename(at)}_seg.nii.gz") for at in sorted(glob.glob(f"{test}/BraTS2021_*"))}
subject = max(maps, key=lambda s: numpy.count_nonzero(maps[s]))
z = int(numpy.isin(maps[subject], (1, 4)).sum((0, 1)).argmax())
labels = coloured(slice_of(volume(f"{test}/{subject}/{subject}_anat.nii.gz"), z), slice_of(maps[subject], z))
box = numpy.argwhere(labels.any(-1))
(y0, x0), (y1, x1) = numpy.maximum(box.min(0) - 2, 0), box.max(0) + 3

files = {"t1c": "t1ce"}
columns = [("real", {s: f"{test}/{subject}/{subject}_{files.get(s, s)}.nii.gz" for s in SERIES})]
columns += [(title, case(f"{root}/{name}-1/synth", subject)) for name, title in COLUMNS.items()]

legend = [(TISSUE_NAMES[v], c) for v, c in TISSUE.items()] + [(TUMOUR_NAMES[v], c) for v, c in TUMOUR.items()]
font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 13)
h, w = (y1 - y0) * ZOOM, (x1 - x0) * ZOOM
side = GAP + max(w, 18 + int(max(font.getlength(name) for name, _ in legend))) + SIDE
left = [GAP] + [side + k * (w + GAP) for k in range(len(columns))]
top = [HEAD + k * (h + GAP) for k in range(len(SERIES))]
picture = Image.new("RGB", (left[-1] + w + GAP, top[-1] + h + GAP), "white")
draw = ImageDraw.Draw(picture)


def put(pixels, x, y):
    picture.paste(Image.fromarray(pixels[y0:y1, x0:x1]).resize((w, h), Image.NEAREST), (int(x), int(y)))


def head(text, x):
    draw.text((x + w / 2, HEAD / 2), text, "black", font, anchor="mm", align="center")


head("label map", left[0])
put(labels, left[0], top[0])
for k, (name, colour) in enumerate(legend):
    y = top[1] + 8 + LINE * k
    draw.rectangle((left[0], y, left[0] + 12, y + 12), colour)
    draw.text((left[0] + 18, y + 6), name, "black", font, anchor="lm")
for title, y in zip(SERIES.values(), top):
    draw.text((left[1] - 6, y + h / 2), title, "black", font, anchor="rm")
for (title, paths), x in zip(columns, left[1:]):
    head(title, x)
    for path, y in zip(paths.values(), top):
        put(windowed(path, z), x, y)
# 64 levels are enough for the eye, and a palette of them makes the file a third as large.
colours, index = numpy.unique(numpy.asarray(picture, dtype=int).reshape(-1, 3) // 4 * 255 // 63, axis=0, return_inverse=True)
small = Image.fromarray(index.reshape(picture.height, picture.width).astype(numpy.uint8), "P")
small.putpalette(colours.astype(numpy.uint8).tobytes())
small.save(out, optimize=True)
print(f"{out}: slice {z} of {subject}, {picture.width}x{picture.height}, {os.path.getsize(out)} bytes")
