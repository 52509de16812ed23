"""Tissues of T1: voxgan beside a plain PyTorch U-Net that trains as long, on the same scans, scored by `voxgan eval`.

    make bench-segment DATA=OASIS

DATA is a data set of skull-stripped T1 with maps of csf, gm and wm (layout bids). voxgan trains
configs/healthy_t1_labels.json; the U-Net (two k3 convolutions with instance norm a level, four levels, 16 channels first;
cross-entropy and soft Dice, Adam, flips, whole brains at 2 mm) then gets the same wall time and the same split, and like
voxgan keeps what was best on the held-out scans. Both are scored on these, in the scans' own grid, the probabilities
interpolated to it. Not a part of `make bench`: it takes twice the training.
"""
import json
import os
import subprocess
import sys
import time

import nibabel as nib
import numpy as np
import torch
from scipy import ndimage

SPACING, DEPTH, CHANNELS, CLASSES = 2.0, 4, 16, 4
VALIDATIONS = 20


class Block(torch.nn.Sequential):
    def __init__(self, inputs, outputs):
        layers = []
        for i in (inputs, outputs):
            layers += [torch.nn.Conv3d(i, outputs, 3, padding=1), torch.nn.InstanceNorm3d(outputs, affine=True),
                       torch.nn.LeakyReLU(0.01, inplace=True)]
        super().__init__(*layers)


class UNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        width = [CHANNELS << i for i in range(DEPTH)]
        self.down = torch.nn.ModuleList(Block(a, b) for a, b in zip([1] + width[:-1], width))
        self.up = torch.nn.ModuleList(torch.nn.ConvTranspose3d(b, a, 2, stride=2) for a, b in zip(width[:-1], width[1:]))
        self.join = torch.nn.ModuleList(Block(2 * a, a) for a in width[:-1])
        self.out = torch.nn.Conv3d(CHANNELS, CLASSES, 1)

    def forward(self, x):
        skips = []
        for i, block in enumerate(self.down):
            x = block(torch.nn.functional.max_pool3d(x, 2) if i else x)
            skips.append(x)
        x = skips.pop()
        for up, join in zip(reversed(self.up), reversed(self.join)):
            x = join(torch.cat([skips.pop(), up(x)], 1))
        return self.out(x)


def path_of(data, subject, kind):
    return os.path.join(data, subject, "anat", f"{subject}_{kind}.nii.gz")


class Scan:
    """A scan at the working resolution: its brain's box, padded to what the network halves."""

    def __init__(self, data, subject, labels=True):
        self.image = nib.load(path_of(data, subject, "T1w"))
        zoom = np.array(self.image.header.get_zooms()) / SPACING
        full = np.asarray(self.image.dataobj, np.float32)
        brain = full > 0
        low, high = np.percentile(full[brain], [0.5, 99.5])
        full = np.where(brain, np.clip((full - low) / (high - low) * 2 - 1, -1, 1), -1).astype(np.float32)
        x = ndimage.zoom(full, zoom, order=1)
        self.resampled = x.shape
        self.box = ndimage.find_objects((x > -1).astype(np.uint8))[0]
        x = x[self.box]
        self.inside = x.shape
        step = 1 << (DEPTH - 1)
        self.pad = [(0, -n % step) for n in x.shape]
        self.x = torch.from_numpy(np.pad(x, self.pad, constant_values=-1))[None, None]
        if labels:
            y = ndimage.zoom(np.asarray(nib.load(path_of(data, subject, "dseg")).dataobj).astype(np.uint8), zoom, order=0)
            self.y = torch.from_numpy(np.pad(y[self.box], self.pad).astype(np.int64))[None]

    def to_own_grid(self, logits):
        """Class indices at the scan's own resolution."""
        p = logits.softmax(1)[0, :, :self.inside[0], :self.inside[1], :self.inside[2]].numpy()
        scale = np.array(self.image.shape) / np.array(self.resampled)
        best, labels = np.full(self.image.shape, -1, np.float32), np.zeros(self.image.shape, np.uint8)
        for c in range(CLASSES):
            whole = np.full(self.resampled, float(c == 0), np.float32)
            whole[self.box] = p[c]
            fine = ndimage.zoom(whole, scale, order=1)
            labels[fine > best] = c
            best = np.maximum(best, fine)
        return labels * (np.asarray(self.image.dataobj) > 0)


def loss_of(logits, y):
    truth = torch.nn.functional.one_hot(y, CLASSES).movedim(-1, 1).float()
    p = logits.softmax(1)
    dims = (0, 2, 3, 4)
    dice = (2 * (p * truth).sum(dims) + 1e-5) / (p.sum(dims) + truth.sum(dims) + 1e-5)
    return torch.nn.functional.cross_entropy(logits, y) + 1 - dice[1:].mean()


def dice_of(logits, y):
    found = logits.argmax(1)
    return np.mean([2 * float(((found == c) & (y == c)).sum()) / max(1, float((found == c).sum() + (y == c).sum()))
                    for c in range(1, CLASSES)])


def train_peer(data, split, seconds):
    """Trains for that long, as wall time goes, and returns the weights that were best on the held-out scans."""
    torch.manual_seed(1)
    net = UNet()
    optimiser = torch.optim.Adam(net.parameters(), lr=2e-3)
    train, held = ([Scan(data, s) for s in split[part]] for part in ("train", "val"))
    start, best, kept, steps = time.monotonic(), -1.0, None, 0
    rng = np.random.default_rng(1)
    due = seconds / VALIDATIONS
    while (passed := time.monotonic() - start) < seconds:
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * min(1, (1 - passed / seconds) / 0.7)
        for i in rng.permutation(len(train)):
            flip = [2] if rng.random() < 0.5 else []
            loss = loss_of(net(train[i].x.flip(flip)), train[i].y.flip([1] if flip else []))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            steps += 1
        if time.monotonic() - start >= due:
            due += seconds / VALIDATIONS
            with torch.no_grad():
                score = np.mean([dice_of(net(s.x), s.y) for s in held])
            if score > best:
                best, kept = score, {k: v.clone() for k, v in net.state_dict().items()}
            print(f"PyTorch: {steps} steps, held-out Dice {score:.4f} at {SPACING:g} mm", flush=True)
    net.load_state_dict(kept)
    return net


def scores(voxgan, real, found, out):
    subprocess.run([voxgan, "eval", "--real", real, "--synth", found, "--suite", "overlap", "--out", out, "--quiet"],
                   check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(out, "summary.json")) as f:
        return json.load(f)["metrics"]["anatomy_labels"]


def main():
    build, data, out = sys.argv[1], os.path.abspath(sys.argv[2]), sys.argv[3]
    voxgan = os.path.join(build, "voxgan")
    run = os.path.join(out, "run")
    start = time.monotonic()
    if not os.path.exists(os.path.join(run, "seconds")):
        subprocess.run([voxgan, "train", "configs/healthy_t1_labels.json", "--set", "data.anatomy_scheme=tissues", "--data", data, "--out", run, "--quiet",
                        "--overwrite"], check=True)
        with open(os.path.join(run, "seconds"), "w") as f:
            f.write(str(time.monotonic() - start))
    seconds = float(open(os.path.join(run, "seconds")).read())
    print(f"voxgan trained for {seconds / 60:.1f} minutes", flush=True)
    with open(os.path.join(run, "split.json")) as f:
        split = json.load(f)

    held = os.path.join(out, "held")
    for s in split["val"]:
        os.makedirs(os.path.join(held, s), exist_ok=True)
        link = os.path.join(held, s, "anat")
        if not os.path.lexists(link):
            os.symlink(os.path.join(data, s, "anat"), link)
    subprocess.run([voxgan, "synth", run, "--images", held, "--out", os.path.join(out, "voxgan"), "--quiet", "--overwrite"],
                   check=True)
    net = train_peer(data, split, seconds)
    for s in split["val"]:
        scan = Scan(data, s, labels=False)
        with torch.no_grad():
            labels = scan.to_own_grid(net(scan.x))
        folder = os.path.join(out, "pytorch", s, "anat")
        os.makedirs(folder, exist_ok=True)
        nib.save(nib.Nifti1Image(labels, scan.image.affine), os.path.join(folder, f"{s}_dseg.nii.gz"))

    tables = {side: scores(voxgan, held, os.path.join(out, side), os.path.join(out, f"eval_{side}"))
              for side in ("voxgan", "pytorch")}
    print(f"{'':8}{'metric':14}{'voxgan':>10}{'PyTorch':>10}")
    for tissue in ("csf", "gm", "wm"):
        for metric in ("dice", "hd95", "assd"):
            print(f"{tissue:8}{metric:14}" + "".join(f"{tables[side][tissue][metric]['mean']:10.4f}"
                                                     for side in ("voxgan", "pytorch")))


main()
