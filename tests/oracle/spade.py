"""A plain PyTorch generator with modulated norms (SPADE, CLADE), noise and a style, the peer of voxgan's spade. Noise is
drawn as voxgan documents it: Philox4x32-10 by (seed, key, level, place), here in NumPy."""
import numpy as np
import torch
from torch import nn
from torch.nn import functional

import pix2pix

MASK = np.uint64(0xFFFFFFFF)
STYLE_FIELD = 15


def philox(seed, key, counter):
    """Four arrays of words for the counters (uint64)."""
    c = [counter & MASK, counter >> np.uint64(32), np.full_like(counter, key & 0xFFFFFFFF), np.full_like(counter, key >> 32)]
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), p1 & MASK, (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k1), p0 & MASK]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c


def rng_key(purpose, i, j):
    def mix(x):
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
        return x ^ x >> 31

    h = 0xCBF29CE484222325
    for byte in purpose.encode():
        h = (h ^ byte) * 0x100000001B3 % 2**64
    for x in (0, i, j):
        h = mix(((h ^ x) + 0x9E3779B97F4A7C15) % 2**64)
    return h


def field(seed, key, level, shape):
    """Of a volume whose first voxel lies at 0."""
    z, y, x = np.meshgrid(*(np.arange(s, dtype=np.uint64) + np.uint64(2**19) for s in shape), indexing="ij")
    w = philox(seed, key, np.uint64(level) << np.uint64(60) | z << np.uint64(40) | y << np.uint64(20) | x >> np.uint64(2))
    high = (x & np.uint64(2)) > 0
    radius = np.sqrt(-2 * np.log((np.where(high, w[2], w[0]) // 256 + 0.5) / 2**24))
    angle = 2 * np.pi * (np.where(high, w[3], w[1]) // 256) / 2**24
    return radius * np.where((x & np.uint64(1)) > 0, np.sin(angle), np.cos(angle))


class Modulation(nn.Module):
    def __init__(self, dims, classes, channels, hidden, conv, noise, style, norm):
        super().__init__()
        layer = nn.Conv3d if dims == 3 else nn.Conv2d
        instance = nn.InstanceNorm3d if dims == 3 else nn.InstanceNorm2d
        self.norm = instance(channels) if norm else nn.Identity()
        self.conv, self.noisy = conv, noise
        self.channels = channels
        if conv:
            self.hidden, self.maps = layer(classes, hidden, 3, 1, 1), layer(hidden, 2 * channels, 3, 1, 1)
        else:
            self.weight = nn.Parameter(0.2 * torch.randn(2 * channels, classes))
            self.bias = nn.Parameter(torch.zeros(2 * channels))
        if noise:  # not 0, so that noise matters from the first step
            self.strength = nn.Parameter(0.1 * torch.randn(channels, classes))
            self.strength_bias = nn.Parameter(0.1 * torch.randn(channels))
        if style:
            self.style = nn.Parameter(0.2 * torch.randn(2 * channels, style))

    @staticmethod
    def blend(weight, bias, m):
        return torch.einsum("kc,nc...->nk...", weight, m) + bias.reshape(-1, *[1] * (m.dim() - 2))

    def forward(self, y, m, noise, code):
        pair = self.maps(torch.relu(self.hidden(m))) if self.conv else self.blend(self.weight, self.bias, m)
        if code is not None:
            pair = pair + (code @ self.style.T).reshape(len(code), -1, *[1] * (m.dim() - 2))
        gain, shift = pair.chunk(2, 1)
        y = self.norm(y) * (1 + gain) + shift
        if self.noisy:
            y = y + self.blend(self.strength, self.strength_bias, m) * noise
        return functional.leaky_relu(y, 0.2)


class Spade(nn.Module):
    def __init__(self, dims, cin, cout, ngf, levels, modulation="class", encoder=True, resize=False, linear=False, noise=False, style=0,
                 seed=1):
        super().__init__()
        conv = nn.Conv3d if dims == 3 else nn.Conv2d
        up = nn.ConvTranspose3d if dims == 3 else nn.ConvTranspose2d
        instance = nn.InstanceNorm3d if dims == 3 else nn.InstanceNorm2d
        self.dims, self.levels, self.encoder, self.resize, self.linear, self.noise, self.dim, self.seed = (
            dims, levels, encoder, resize or linear, linear, noise, style, seed)
        self.pool = functional.avg_pool3d if dims == 3 else functional.avg_pool2d
        width = [(ngf + 1) // 2] + [ngf * min(2**i, 8) for i in range(levels)]
        extra = (ngf, modulation == "conv", noise, style)
        self.down, self.up, self.at, self.norm = (nn.ModuleList() for _ in range(4))
        for i in range(levels):
            inner = i == levels - 1
            if encoder:
                self.down.append(conv(width[i] if i else cin, width[i + 1], 4, 2, 1))
                self.norm.append(nn.Identity() if i == 0 or inner else instance(width[i + 1]))
            below = width[i + 1] * (2 if encoder and not inner else 1)
            self.up.append(conv(below, width[i], 3, 1, 1, bias=False) if self.resize else up(below, width[i], 4, 2, 1, bias=False))
            self.at.append(Modulation(dims, cin, width[i], *extra, True))
        if not encoder:
            self.start = conv(cin, width[levels], 3, 1, 1)
            self.at_start = Modulation(dims, cin, width[levels], *extra, False)
        self.out = conv(width[0], cout, 3, 1, 1)
        if style:
            layers, channels = 4, cout  # a patch of 32 allows them
            self.style_conv = nn.ModuleList()
            for i in range(layers):
                self.style_conv.append(conv(channels, ngf * min(2**i, 8), 4, 2, 1))
                channels = ngf * min(2**i, 8)
            self.style_linear = nn.Linear(channels, 2 * style)

    def fields(self, step, level, shape, like):
        if self.seed is None:  # PyTorch's own numbers
            return torch.randn(len(like), 1, *(1,) * (3 - len(shape)), *shape, dtype=like.dtype, device=like.device)
        shape = (1,) * (3 - len(shape)) + tuple(shape)
        z = [field(self.seed, rng_key("noise of a step", step, i), level, shape) for i in range(len(like))]
        return torch.from_numpy(np.stack(z))[:, None].to(like.dtype).to(like.device)

    def code_of(self, y, step):
        if not self.dim:
            return None, y.new_zeros(())
        for conv in self.style_conv:
            y = functional.leaky_relu(conv(y), 0.2)
        mean, log_var = self.style_linear(y.flatten(2).mean(2)).chunk(2, 1)
        divergence = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum() / len(y)
        noise = self.fields(step, STYLE_FIELD, (1, 1, self.dim), y).reshape(len(y), self.dim)
        return mean + (0.5 * log_var).exp() * noise, divergence

    def forward(self, x, target, step):
        code, divergence = self.code_of(target, step)
        m, skips = [x], []
        for _ in range(self.levels):
            m.append(self.pool(m[-1], 2))

        def z(i):
            if not self.noise:
                return None
            f = self.fields(step, i, m[i].shape[2:], x)
            return f if self.dims == 3 else f[:, :, 0]

        y = x
        for i, conv in enumerate(self.down):
            y = functional.leaky_relu(self.norm[i](conv(y)), 0.2)
            skips.append(y)
        if not self.encoder:
            y = self.at_start(self.start(m[-1]), m[-1], z(self.levels), code)
        for i in reversed(range(self.levels)):
            if self.encoder and i < self.levels - 1:
                y = torch.cat([y, skips[i]], 1)
            size = m[i].shape[2:]
            if self.resize:
                y = functional.interpolate(y, scale_factor=2, mode="nearest")
                over = [b - a for a, b in zip(y.shape[2:], size)]  # odd extents: zeros behind, as padding
                y = self.up[i](functional.pad(y, [v for o in reversed(over) for v in (0, o)]))
                if self.linear:  # of neighbours, twice: 1/4 1/2 1/4
                    mean = functional.avg_pool3d if self.dims == 3 else functional.avg_pool2d
                    y = mean(mean(y, 2, 1, 1, count_include_pad=False), 2, 1)
            else:
                y = self.up[i](y, output_size=size)
            y = self.at[i](y, m[i], z(i), code)
        return torch.tanh(self.out(y)), divergence

    def named(self):
        def conv(name, layer):
            yield name + ".weight", layer.weight
            if layer.bias is not None:
                yield name + ".bias", layer.bias

        def modulation(name, at):
            if at.conv:
                yield from conv(name + ".hidden", at.hidden)
                yield from conv(name + ".maps", at.maps)
            else:
                yield name + ".class.weight", at.weight
                yield name + ".class.bias", at.bias
            if at.noisy:
                yield name + ".noise.weight", at.strength
                yield name + ".noise.bias", at.strength_bias
            if self.dim:
                yield name + ".style.weight", at.style

        for i, down in enumerate(self.down):
            yield f"g.down.{i}.weight", down.weight
            if isinstance(self.norm[i], nn.Identity):
                yield f"g.down.{i}.bias", down.bias
        for i, up in enumerate(self.up):
            yield from conv(f"g.up.{i}", up)
            yield from modulation(f"g.up.{i}", self.at[i])
        if not self.encoder:
            yield from conv("g.start", self.start)
            yield from modulation("g.start", self.at_start)
        yield from conv("g.out", self.out)
        if self.dim:
            for i, layer in enumerate(self.style_conv):
                yield from conv(f"g.style.{i}", layer)
            yield from conv("g.style", self.style_linear)


class SpadeGan(pix2pix.Pix2Pix):
    """pix2pix's step with that generator."""

    def __init__(self, dims, cin, cout, ngf, ndf, levels, adversarial="bce", lr=2e-4, w_style=0.05, device="cpu",
                 autocast=False, **spade):
        super().__init__(dims, cin, cout, ngf, ndf, levels, adversarial=adversarial, lr=lr, device=device, autocast=autocast)
        self.g = Spade(dims, cin, cout, ngf, levels, **spade).to(device)
        for name, p in self.g.named():
            kind = name.split(".")[-2]
            factor = kind in ("class", "noise") or (kind == "style" and name != "g.style.weight")
            if p.dim() == 1 and kind != "noise":
                nn.init.zeros_(p)
            elif not factor:  # Modulation has drawn the factors
                nn.init.normal_(p, 0.0, 0.02)
        self.opt_g = torch.optim.Adam([p for _, p in self.g.named()], lr=lr, betas=(0.5, 0.999))
        self.w_style, self.taken, self.divergence = w_style, 0, 0

    def generate(self, x, y):
        fake, self.divergence = self.g(x, y, self.taken)
        self.taken += 1
        return fake

    def extra(self):
        value, self.divergence = self.divergence, 0  # a model must hold no graph to be copied
        return {"g_style": (self.w_style, value)}

    def named(self):
        yield from self.g.named()
        yield from ((name, p) for name, p in super().named() if name.startswith("d."))
