"""Plain pix2pix in PyTorch, in 2-D and 3-D, written as anyone would: the peer of the parity test and of the
training benchmark. Names of the layers are voxgan's, so that weights move by name."""
import json
import struct
import time

import numpy as np
import torch
from torch import nn


class Down(nn.Module):
    """[LeakyReLU] conv [norm]"""

    def __init__(self, dims, cin, cout, leaky, norm):
        super().__init__()
        conv = nn.Conv3d if dims == 3 else nn.Conv2d
        instance = nn.InstanceNorm3d if dims == 3 else nn.InstanceNorm2d
        self.act = nn.LeakyReLU(0.2) if leaky else nn.Identity()
        self.conv = conv(cin, cout, 4, 2, 1)
        self.norm = instance(cout) if norm else nn.Identity()

    def forward(self, x):
        return self.norm(self.conv(self.act(x)))


class Up(nn.Module):
    """ReLU upconv [norm]; back gives the output padding for odd extents"""

    def __init__(self, dims, cin, cout, norm):
        super().__init__()
        conv = nn.ConvTranspose3d if dims == 3 else nn.ConvTranspose2d
        instance = nn.InstanceNorm3d if dims == 3 else nn.InstanceNorm2d
        self.act = nn.ReLU()
        self.conv = conv(cin, cout, 4, 2, 1)
        self.norm = instance(cout) if norm else nn.Identity()

    def forward(self, x, size):
        return self.norm(self.conv(self.act(x), output_size=size))


class UNet(nn.Module):
    def __init__(self, dims, cin, cout, ngf, levels):
        super().__init__()
        width = [ngf * min(2**i, 8) for i in range(levels)]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for i in range(levels):
            outer, inner = i == 0, i == levels - 1
            self.down.append(Down(dims, cin if outer else width[i - 1], width[i], not outer, not outer and not inner))
            self.up.append(Up(dims, width[i] * (1 if inner else 2), cout if outer else width[i - 1], not outer))

    def forward(self, x):
        skips, sizes = [], []
        for down in self.down:
            sizes.append(x.shape[2:])
            x = down(x)
            skips.append(x)
        x = skips.pop()
        for i in reversed(range(len(self.up))):
            x = self.up[i](x, sizes[i])
            if i:
                x = torch.cat([skips.pop(), x], 1)
        return torch.tanh(x)


class PatchGAN(nn.Module):
    def __init__(self, dims, cin, ndf, layers):
        super().__init__()
        conv = nn.Conv3d if dims == 3 else nn.Conv2d
        instance = nn.InstanceNorm3d if dims == 3 else nn.InstanceNorm2d
        width = [ndf * min(2**i, 8) for i in range(layers + 1)]
        self.conv = nn.ModuleList([conv(cin, ndf, 4, 2, 1)])
        for i in range(1, layers + 1):
            self.conv.append(conv(width[i - 1], width[i], 4, 2 if i < layers else 1, 1))
        self.conv.append(conv(width[-1], 1, 4, 1, 1))
        self.norm = nn.ModuleList([instance(w) for w in width[1:]])
        self.act = nn.LeakyReLU(0.2)

    def forward(self, labels, image):
        return self.features(labels, image)[-1]

    def features(self, labels, image):
        """What each layer gives, the logits last."""
        out = [self.act(self.conv[0](torch.cat([labels, image], 1)))]
        for conv, norm in zip(self.conv[1:-1], self.norm):
            out.append(self.act(norm(conv(out[-1]))))
        return out + [self.conv[-1](out[-1])]


class Pix2Pix:
    """Both networks and their optimisers, as junyanz/pytorch-CycleGAN-and-pix2pix's pix2pix_model.py. autocast: forward
    passes in bf16 where PyTorch holds that safe; compiled: by torch.compile."""

    def __init__(self, dims, cin, cout, ngf, ndf, levels, d_layers=3, adversarial="bce", w_l1=100.0, lr=2e-4, device="cpu",
                 autocast=False, compiled=False):
        self.g = UNet(dims, cin, cout, ngf, levels).to(device)
        self.d = PatchGAN(dims, cin + cout, ndf, d_layers).to(device)
        self.run_g, self.judge = (torch.compile(self.g), torch.compile(self.d)) if compiled else (self.g, self.d)
        self.precision = lambda: torch.autocast(torch.device(device).type, torch.bfloat16, enabled=autocast)
        for net in (self.g, self.d):
            for p in net.parameters():
                nn.init.normal_(p, 0.0, 0.02) if p.dim() > 1 else nn.init.zeros_(p)
        self.opt_g = torch.optim.Adam(self.g.parameters(), lr=lr, betas=(0.5, 0.999))
        self.opt_d = torch.optim.Adam(self.d.parameters(), lr=lr, betas=(0.5, 0.999))
        self.adversarial, self.w_l1 = adversarial, w_l1
        self.bce, self.mse = nn.BCEWithLogitsLoss(), nn.MSELoss()

    def generate(self, x, y):
        return self.run_g(x)

    def extra(self):
        """Further losses of the generator: (weight, value) by voxgan's name."""
        return {}

    def gan_loss(self, logits, real, generator=False):
        if self.adversarial == "hinge":
            if generator:
                return -logits.mean()
            return torch.relu(1 - logits if real else 1 + logits).mean()
        target = torch.full_like(logits, 1.0 if real else 0.0)
        return (self.bce if self.adversarial == "bce" else self.mse)(logits, target)

    def step(self, x, y, weight=None, read=True):
        with self.precision():
            fake = self.generate(x, y)

        for p in self.d.parameters():
            p.requires_grad_(True)
        self.opt_d.zero_grad()
        with self.precision():
            d_fake = self.gan_loss(self.judge(x, fake.detach()), False)
            d_real = self.gan_loss(self.judge(x, y), True)
        (0.5 * (d_real + d_fake)).backward()
        self.opt_d.step()

        for p in self.d.parameters():
            p.requires_grad_(False)
        self.opt_g.zero_grad()
        with self.precision():
            g_gan = self.gan_loss(self.judge(x, fake), True, True)
            difference = (fake - y).abs()
            g_l1 = (difference if weight is None else difference * weight).mean()
        extra = self.extra()
        (g_gan + self.w_l1 * g_l1 + sum(w * v for w, v in extra.values())).backward()
        self.opt_g.step()
        losses = {"d_real": d_real, "d_fake": d_fake, "g_adversarial": g_gan, "g_reconstruction": g_l1,
                  **{name: v for name, (_, v) in extra.items()}}
        return {k: v.item() for k, v in losses.items()} if read else losses

    def named_generator(self):
        """(voxgan's name, parameter), without the biases under an instance norm, which the norm subtracts."""
        for side, blocks in (("down", self.g.down), ("up", self.g.up)) if isinstance(self.g, UNet) else ():
            for i, block in enumerate(blocks):
                yield f"g.{side}.{i}.weight", block.conv.weight
                if isinstance(block.norm, nn.Identity):
                    yield f"g.{side}.{i}.bias", block.conv.bias

    def named(self):
        yield from self.named_generator()
        for prefix, net in self.discriminators():
            for i, conv in enumerate(net.conv):
                yield f"{prefix}conv.{i}.weight", conv.weight
                if i in (0, len(net.conv) - 1):
                    yield f"{prefix}conv.{i}.bias", conv.bias

    def discriminators(self):
        """(prefix of voxgan's names, network)"""
        yield "d.", self.d

    def round_to_float(self):
        """Weights and moments of a network in fp64 become what fp32 can hold."""
        with torch.no_grad():
            for opt in (self.opt_g, self.opt_d):
                for group in opt.param_groups:
                    for p in group["params"]:
                        p.copy_(p.float())
                for state in opt.state.values():
                    for key in ("exp_avg", "exp_avg_sq"):
                        state[key].copy_(state[key].float())

    def state(self, moments=False):
        """Copies under voxgan's names and shapes: a 2-D kernel gets a depth of 1."""
        out = {}

        def put(name, tensor):
            a = tensor.detach().cpu().numpy().copy()
            out[name] = a[:, :, None] if a.ndim == 4 else a

        for name, p in self.named():
            put(name, p)
            if moments:
                state = (self.opt_g if name.startswith("g.") else self.opt_d).state[p]
                put(f"adam.{name}.exp_avg", state["exp_avg"])
                put(f"adam.{name}.exp_avg_sq", state["exp_avg_sq"])
        return out


def write_safetensors(path, arrays, metadata):
    header, blobs, at = {"__metadata__": {k: str(v) for k, v in metadata.items()}}, [], 0
    for name, a in sorted(arrays.items()):
        blob = np.ascontiguousarray(a, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(a.shape), "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def read_safetensors(path):
    with open(path, "rb") as f:
        blob = f.read()
    (n,) = struct.unpack("<Q", blob[:8])
    header = json.loads(blob[8:8 + n])
    return {name: np.frombuffer(blob, "<f4", int(np.prod(e["shape"])), 8 + n + e["data_offsets"][0]).reshape(e["shape"])
            for name, e in header.items() if name != "__metadata__"}


def labels_and_images(rng, n, cin, cout, shape):
    """One-hot label blobs and images that depend on them, with noise: what such a network is fed."""
    coarse = rng.integers(0, cin, (n,) + tuple(max(1, s // 8) for s in shape))
    for axis, s in enumerate(shape):
        coarse = np.take(coarse, np.arange(s) * coarse.shape[axis + 1] // s, axis=axis + 1)
    x = np.moveaxis(np.eye(cin, dtype=np.float32)[coarse], -1, 1)
    level = rng.uniform(-0.8, 0.8, (cout, cin)).astype(np.float32)
    y = np.einsum("oc,nc...->no...", level, x) + 0.1 * rng.standard_normal((n, cout) + tuple(shape))
    return np.ascontiguousarray(x), np.clip(y, -1, 1).astype(np.float32)


def peak_bytes():
    """The largest resident set of this program. That of getrusage() counts the program that started it too."""
    with open("/proc/self/status") as f:
        return next(1024 * int(line.split()[1]) for line in f if line.startswith("VmHWM:"))


def clock(model, x, y, steps):
    start = time.perf_counter()
    for _ in range(steps):
        model.step(x, y)
    return time.perf_counter() - start
