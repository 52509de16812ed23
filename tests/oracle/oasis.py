"""OASIS (Schonfeld et al. 2021) in PyTorch, as voxgan has it: pix2pix's generator beside a discriminator that segments."""
import torch
from torch import nn
from torch.nn import functional

import pix2pix


class Spectral(nn.Module):
    """A convolution, or a transposed one, whose weight is divided by an estimate of its largest singular value."""

    def __init__(self, dims, cin, cout, kernel, stride=1, up=False):
        super().__init__()
        shape = (cin, cout) if up else (cout, cin)
        self.weight = nn.Parameter(0.02 * torch.randn(*shape, *[kernel] * dims))
        self.bias = nn.Parameter(torch.zeros(cout))
        self.register_buffer("u", torch.randn(shape[0]))
        kind = f"conv_transpose{dims}d" if up else f"conv{dims}d"
        self.convolve, self.stride, self.pad = getattr(functional, kind), stride, (kernel - 1) // 2
        self.dims, self.kernel, self.up = dims, kernel, up

    @torch.no_grad()
    def iterate(self):
        matrix = self.weight.flatten(1)
        v = functional.normalize(matrix.t() @ self.u, dim=0)
        self.u = functional.normalize(matrix @ v, dim=0)

    def forward(self, x, size=None):
        with torch.no_grad():
            u = functional.normalize(self.u, dim=0)
            v = functional.normalize(self.weight.flatten(1).t() @ u, dim=0)
        weight = self.weight / (u @ self.weight.flatten(1) @ v)
        if not self.up:
            return self.convolve(x, weight, self.bias, self.stride, self.pad)
        extra = [n - 2 * m for n, m in zip(size, x.shape[2:])]
        return self.convolve(x, weight, self.bias, self.stride, self.pad, extra)


class Segmenter(nn.Module):
    def __init__(self, dims, cin, classes, ndf, levels):
        super().__init__()
        width = [ndf * min(2**i, 8) for i in range(levels + 1)]
        self.first = Spectral(dims, cin, ndf, 3)
        self.down = nn.ModuleList([Spectral(dims, width[i], width[i + 1], 4, 2) for i in range(levels)])
        self.up = nn.ModuleList([Spectral(dims, width[i + 1] * (1 if i == levels - 1 else 2), width[i], 4, 2, True)
                                 for i in range(levels)])
        self.last = Spectral(dims, 2 * ndf, classes, 1)

    def convolutions(self):
        yield "in", self.first
        for side, blocks in (("down", self.down), ("up", self.up)):
            for i, block in enumerate(blocks):
                yield f"{side}.{i}", block
        yield "out", self.last

    def features(self, x):
        """What each layer on the way down gives, and the logits."""
        def act(a):
            return functional.leaky_relu(a, 0.2)
        skips = [act(self.first(x))]
        for down in self.down:
            skips.append(act(down(skips[-1])))
        y = None
        for i in reversed(range(len(self.up))):
            inside = skips[i + 1] if y is None else torch.cat([skips[i + 1], y], 1)
            y = act(self.up[i](inside, skips[i].shape[2:]))
        return skips + [self.last(torch.cat([skips[0], y], 1))]


class Oasis(pix2pix.Pix2Pix):
    def __init__(self, dims, cin, cout, ngf, ndf, levels, adversarial, discriminator, d_layers=3, d_scales=1, w_feature=0.0,
                 w_r1=0.0, r1_every=1, w_labelmix=5.0, lr=2e-4):
        super().__init__(dims, cin, cout, ngf, ndf, levels, adversarial="bce", lr=lr)
        self.nets = nn.ModuleList([Segmenter(dims, cout, cin + 2, ndf, d_layers) for _ in range(d_scales)])
        self.d = self.nets
        self.opt_d = torch.optim.Adam(self.nets.parameters(), lr=lr, betas=(0.5, 0.999))
        self.pool = functional.avg_pool3d if dims == 3 else functional.avg_pool2d
        self.classes, self.w_labelmix, self.w_feature = cin + 1, w_labelmix, w_feature
        self.w_r1, self.r1_every, self.taken = w_r1, r1_every, 0

    def named(self):
        yield from self.named_generator()
        for prefix, net in self.discriminators():
            for name, conv in net.convolutions():
                yield f"{prefix}{name}.weight", conv.weight
                yield f"{prefix}{name}.bias", conv.bias

    def discriminators(self):
        for k, net in enumerate(self.nets):
            yield f"d.scale.{k}." if k else "d.", net

    def convolutions(self):
        return [(prefix + name, conv) for prefix, net in self.discriminators() for name, conv in net.convolutions()]

    def round_to_float(self):
        super().round_to_float()
        for _, conv in self.convolutions():
            conv.u = conv.u.float().to(conv.weight.dtype)

    def state(self, moments=False):
        out = super().state(moments)
        out.update({f"{name}.weight_u": conv.u.numpy().copy() for name, conv in self.convolutions()})
        return out

    def pyramid(self, x):
        out = [x]
        while len(out) < len(self.nets):
            out.append(self.pool(out[-1], 3, 2, 1, count_include_pad=False))
        return out

    def fractions(self, x):
        """Of the label map with its background, at each scale."""
        return [torch.cat([torch.relu(1 - a.sum(1, keepdim=True)), a], 1) for a in self.pyramid(x)]

    def judge_all(self, image):
        return [net.features(a) for net, a in zip(self.nets, self.pyramid(image))]

    def iterate(self):
        for _, conv in self.convolutions():
            conv.iterate()

    def real_loss(self, verdicts, labels):
        """Cross-entropy with each voxel weighted by the inverse frequency of its class, as the paper writes it."""
        total = 0
        for v, a in zip(verdicts, labels):
            count = a.transpose(0, 1).flatten(1).sum(1)
            voxels, there = a.numel() / a.shape[1], (count > 0).sum()
            weight = torch.where(count > 0, voxels / (there * count.clamp(min=1e-30)), torch.zeros_like(count))
            weight = weight.view(1, -1, *[1] * (a.dim() - 2))
            total = total - (weight * a * v[-1].log_softmax(1)[:, :-1]).sum(1).mean()
        return total

    def made_loss(self, verdicts):
        return sum(-v[-1].log_softmax(1)[:, -1].mean() for v in verdicts)

    def labelmix(self, labels, y, fake, real, made, picks):
        if not self.w_labelmix:
            return torch.zeros(())
        picks = picks.view(*picks.shape, *[1] * (y.dim() - 2))
        masks = self.pyramid(((labels[0] * picks).sum(1, keepdim=True) > 0.5).to(y.dtype))
        mixed = self.judge_all(masks[0] * y + (1 - masks[0]) * fake)
        return sum(functional.mse_loss(c[-1], m * a[-1] + (1 - m) * b[-1])
                   for a, b, c, m in zip(real, made, mixed, masks))

    def r1(self, y):
        total = torch.zeros(())
        if self.w_r1 and self.taken % self.r1_every == 0:
            self.iterate()
            for net, b in zip(self.nets, self.pyramid(y)):
                b = b.detach().requires_grad_(True)
                logits = net.features(b)[-1]
                odds = torch.logsumexp(logits[:, :-1], 1) - logits[:, -1]
                (slope,) = torch.autograd.grad(odds.sum(), b, create_graph=True)
                total = total + self.r1_every * slope.square().sum() / odds.numel()
        return total

    def step(self, x, y, weight=None, picks=None):
        """picks (N, classes): 1 where LabelMix takes a class from the real image."""
        fake, labels = self.g(x), self.fractions(x)
        if picks is None:
            picks = torch.randint(0, 2, (len(x), self.classes))
        self.nets.requires_grad_(True)
        self.opt_d.zero_grad()
        self.iterate()
        real, made = self.judge_all(y), self.judge_all(fake.detach())
        d_real, d_fake = self.real_loss(real, labels), self.made_loss(made)
        d_mix = self.labelmix(labels, y, fake.detach(), real, made, picks)
        (0.5 * (d_real + d_fake) + self.w_labelmix * d_mix).backward()
        d_r1 = self.r1(y)
        if d_r1.requires_grad:
            (0.5 * self.w_r1 * d_r1).backward()
        self.opt_d.step()

        self.nets.requires_grad_(False)
        self.opt_g.zero_grad()
        self.iterate()
        made, real = self.judge_all(fake), self.judge_all(y)
        g_gan = self.real_loss(made, labels)
        g_feature = sum((a - b).abs().mean() for p, q in zip(made, real) for a, b in zip(p[:-1], q[:-1]))
        g_feature = g_feature if self.w_feature else torch.zeros(())
        difference = (fake - y).abs()
        g_l1 = (difference if weight is None else difference * weight).mean()
        (g_gan + self.w_l1 * g_l1 + self.w_feature * g_feature).backward()
        self.opt_g.step()
        self.taken += 1
        losses = {"d_real": d_real, "d_fake": d_fake, "d_r1": d_r1, "d_labelmix": d_mix, "g_adversarial": g_gan,
                  "g_reconstruction": g_l1, "g_feature": g_feature}
        return {k: v.item() for k, v in losses.items()}
