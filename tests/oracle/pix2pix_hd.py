"""What voxgan takes from pix2pixHD (Wang et al. 2018) and from R1 (Mescheder et al. 2018), on top of plain pix2pix:
discriminators at several scales, feature matching, and a lazy penalty on the discriminator's gradient."""
import torch
from torch import nn
from torch.nn import functional

import pix2pix


class Pix2PixHD(pix2pix.Pix2Pix):
    def __init__(self, dims, cin, cout, ngf, ndf, levels, adversarial, d_scales=1, w_feature=0.0, w_r1=0.0, r1_every=1,
                 lr=2e-4):
        super().__init__(dims, cin, cout, ngf, ndf, levels, adversarial=adversarial, lr=lr)
        self.scales = nn.ModuleList([self.d] + [pix2pix.PatchGAN(dims, cin + cout, ndf, 3) for _ in range(1, d_scales)])
        for p in self.scales[1:].parameters():
            nn.init.normal_(p, 0.0, 0.02) if p.dim() > 1 else nn.init.zeros_(p)
        self.opt_d = torch.optim.Adam(self.scales.parameters(), lr=lr, betas=(0.5, 0.999))
        self.pool = functional.avg_pool3d if dims == 3 else functional.avg_pool2d
        self.w_feature, self.w_r1, self.r1_every, self.taken = w_feature, w_r1, r1_every, 0

    def discriminators(self):
        for k, net in enumerate(self.scales):
            yield f"d.scale.{k}." if k else "d.", net

    def pyramid(self, x):
        out = [x]
        while len(out) < len(self.scales):
            out.append(self.pool(out[-1], 3, 2, 1, count_include_pad=False))
        return out

    def judge_all(self, x, y):
        return [d.features(a, b) for d, a, b in zip(self.scales, self.pyramid(x), self.pyramid(y))]

    def loss_of(self, verdicts, real, generator=False):
        return sum(self.gan_loss(v[-1], real, generator) for v in verdicts)

    def r1(self, x, y):
        total = torch.zeros(())
        if self.w_r1 and self.taken % self.r1_every == 0:
            for d, a, b in zip(self.scales, self.pyramid(x), self.pyramid(y)):
                b = b.detach().requires_grad_(True)
                logits = d(a, b)
                (slope,) = torch.autograd.grad(logits.sum(), b, create_graph=True)
                total = total + self.r1_every * slope.square().sum() / logits.numel()
        return total

    def step(self, x, y, weight=None):
        fake = self.g(x)
        self.scales.requires_grad_(True)
        self.opt_d.zero_grad()
        d_fake = self.loss_of(self.judge_all(x, fake.detach()), False)
        d_real = self.loss_of(self.judge_all(x, y), True)
        d_r1 = self.r1(x, y)
        (0.5 * (d_real + d_fake) + 0.5 * self.w_r1 * d_r1).backward()
        self.opt_d.step()

        self.scales.requires_grad_(False)
        self.opt_g.zero_grad()
        made, real = self.judge_all(x, fake), self.judge_all(x, y)
        g_gan = self.loss_of(made, True, True)
        g_feature = sum((a - b.detach()).abs().mean() for p, q in zip(made, real) for a, b in zip(p[:-1], q[:-1]))
        g_feature = g_feature if self.w_feature else torch.zeros(())
        difference = (fake - y).abs()
        g_l1 = (difference if weight is None else difference * weight).mean()
        (g_gan + self.w_l1 * g_l1 + self.w_feature * g_feature).backward()
        self.opt_g.step()
        self.taken += 1
        losses = {"d_real": d_real, "d_fake": d_fake, "d_r1": d_r1, "g_adversarial": g_gan, "g_reconstruction": g_l1,
                  "g_feature": g_feature}
        return {k: v.item() for k, v in losses.items()}
