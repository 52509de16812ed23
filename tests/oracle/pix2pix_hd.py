"""What voxgan takes from pix2pixHD (Wang et al. 2018) and from R1 (Mescheder et al. 2018), on top of plain pix2pix:
discriminators at several scales, feature matching, and a lazy penalty on the discriminator's gradient; an L1 between
low-passed images; and discriminators of a box about each sample's tumour."""
import torch
from torch import nn
from torch.nn import functional

import pix2pix


class Pix2PixHD(pix2pix.Pix2Pix):
    def __init__(self, dims, cin, cout, ngf, ndf, levels, adversarial, d_scales=1, w_feature=0.0, w_r1=0.0, r1_every=1,
                 w_l1_low=0.0, low_sigma=1.0, w_boundary=0.0, local=None, w_local=0.0, lr=2e-4):
        super().__init__(dims, cin, cout, ngf, ndf, levels, adversarial=adversarial, lr=lr)

        def another():
            net = pix2pix.PatchGAN(dims, cin + cout, ndf, 3)
            for p in net.parameters():
                nn.init.normal_(p, 0.0, 0.02) if p.dim() > 1 else nn.init.zeros_(p)
            return net

        self.scales = nn.ModuleList([self.d] + [another() for _ in range(1, d_scales)])
        self.local = nn.ModuleList([another() for _ in range(d_scales if w_local else 0)])
        self.judges = nn.ModuleList([self.scales, self.local])
        self.opt_d = torch.optim.Adam(self.judges.parameters(), lr=lr, betas=(0.5, 0.999))
        self.pool = functional.avg_pool3d if dims == 3 else functional.avg_pool2d
        self.w_feature, self.w_r1, self.r1_every, self.taken = w_feature, w_r1, r1_every, 0
        self.w_l1_low, self.low_sigma, self.w_boundary = w_l1_low, low_sigma, w_boundary
        self.box, self.w_local = local and local[3 - dims:], w_local

    def discriminators(self):
        for of, nets in (("", self.scales), ("local.", self.local)):
            for k, net in enumerate(nets):
                yield f"d.{of}scale.{k}." if k else f"d.{of}", net

    def pyramid(self, x):
        out = [x]
        while len(out) < len(self.scales):
            out.append(self.pool(out[-1], 3, 2, 1, count_include_pad=False))
        return out

    def judge_all(self, nets, x, y):
        return [d.features(a, b) for d, a, b in zip(nets, self.pyramid(x), self.pyramid(y))]

    def loss_of(self, verdicts, real, generator=False):
        return sum(self.gan_loss(v[-1], real, generator) for v in verdicts)

    def r1(self, nets, x, y, present):
        """present (N): how much each sample counts."""
        total = torch.zeros(())
        if self.w_r1 and self.taken % self.r1_every == 0:
            for d, a, b in zip(nets, self.pyramid(x), self.pyramid(y)):
                b = b.detach().requires_grad_(True)
                logits = d(a, b)
                (slope,) = torch.autograd.grad(logits.sum(), b, create_graph=True)
                total = total + self.r1_every * (slope.square().flatten(1).sum(1) * present).sum() / logits.numel()
        return total

    def low_pass(self, a, sigma=None):
        """A convolution with a Gaussian along each axis in turn, as long as twice the axis."""
        for axis in range(2, a.dim()):
            n = a.shape[axis]
            kernel = torch.exp(-0.5 * (torch.arange(1 - n, n, dtype=a.dtype) / (sigma or self.low_sigma)) ** 2)
            rows = a.movedim(axis, -1)
            out = functional.conv1d(rows.reshape(-1, 1, n), kernel.view(1, 1, -1), padding=n - 1)
            a = out.reshape(rows.shape).movedim(-1, axis)
        return a

    def l1_low(self, x, y, fake, weight):
        if not self.w_l1_low:
            return torch.zeros(())
        weight = x.sum(1, keepdim=True) * (1 if weight is None else weight)
        low = self.low_pass(weight * (fake - y)) / self.low_pass(weight)
        return (weight * low.abs()).mean()

    def boundary(self, x, y, fake):
        """One sum over all steps of all axes of smoothed images; einsum takes each class with each series."""
        if not self.w_boundary:
            return torch.zeros(())
        fake, y = (self.low_pass(a, 1) / self.low_pass(torch.ones_like(a), 1) for a in (fake, y))
        edges, more = [], []
        for axis in range(2, x.dim()):
            step = lambda a: torch.diff(a, dim=axis).abs().flatten(2)
            edges.append(step(x))
            more.append(step(fake) - step(y))
        edges, more = torch.cat(edges, 2), torch.cat(more, 2)
        return (torch.einsum("ncv,nsv->ncs", edges, more) / (edges.sum(2)[..., None] + 1e-6)).abs().mean()

    def boxes(self, a, crop):
        out = []
        for sample, corner in zip(a, crop[:, 3 - len(self.box):3].long().tolist()):
            for axis, (lo, n) in enumerate(zip(corner, self.box)):
                sample = sample.narrow(axis + 1, lo, n)
            out.append(sample)
        return torch.stack(out)

    def local_loss(self, x, y, crop, real, generator=False):
        """The mean over all samples, of which those without a tumour count as 0."""
        if not self.w_local:
            return torch.zeros(())
        verdicts = self.judge_all(self.local, self.boxes(x, crop), self.boxes(y, crop))
        return sum(present * self.gan_loss(v[-1][i:i + 1], real, generator)
                   for v in verdicts for i, present in enumerate(crop[:, 3])) / len(crop)

    def step(self, x, y, weight=None, crop=None):
        fake = self.g(x)
        self.judges.requires_grad_(True)
        self.opt_d.zero_grad()
        d_fake = self.loss_of(self.judge_all(self.scales, x, fake.detach()), False)
        d_real = self.loss_of(self.judge_all(self.scales, x, y), True)
        d_local_fake = self.local_loss(x, fake.detach(), crop, False)
        d_local_real = self.local_loss(x, y, crop, True)
        d_r1, d_local_r1 = self.r1(self.scales, x, y, torch.ones(len(x))), torch.zeros(())
        if self.w_local:
            d_local_r1 = self.r1(self.local, self.boxes(x, crop), self.boxes(y, crop), crop[:, 3])
        (0.5 * (d_real + d_fake + d_local_real + d_local_fake) + 0.5 * self.w_r1 * (d_r1 + d_local_r1)).backward()
        self.opt_d.step()

        self.judges.requires_grad_(False)
        self.opt_g.zero_grad()
        made, real = self.judge_all(self.scales, x, fake), self.judge_all(self.scales, x, y)
        g_gan = self.loss_of(made, True, True)
        g_local = self.local_loss(x, fake, crop, True, True)
        g_feature = sum((a - b.detach()).abs().mean() for p, q in zip(made, real) for a, b in zip(p[:-1], q[:-1]))
        g_feature = g_feature if self.w_feature else torch.zeros(())
        difference = (fake - y).abs()
        g_l1 = (difference if weight is None else difference * weight).mean()
        g_low = self.l1_low(x, y, fake, weight)
        g_boundary = self.boundary(x, y, fake)
        (g_gan + self.w_l1 * g_l1 + self.w_feature * g_feature + self.w_l1_low * g_low + self.w_boundary * g_boundary
         + self.w_local * g_local).backward()
        self.opt_g.step()
        self.taken += 1
        losses = {"d_real": d_real, "d_fake": d_fake, "d_r1": d_r1, "d_local_real": d_local_real,
                  "d_local_fake": d_local_fake, "d_local_r1": d_local_r1, "g_adversarial": g_gan, "g_reconstruction": g_l1,
                  "g_feature": g_feature, "g_l1_low": g_low, "g_boundary": g_boundary, "g_local": g_local}
        return {k: v.item() for k, v in losses.items()}
