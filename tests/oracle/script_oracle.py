"""TorchScript modules, and what PyTorch makes of an input: script_oracle.py FOLDER

Writes volumes.pt (takes 3d,1, gives maps), slices.pt (takes 2d,3, gives a tuple), scalar.pt (gives no row for each input),
text.pt (no module), and of the first two NAME.input and NAME.expected (float32).
"""
import sys
from pathlib import Path

try:
    import torch
    from torch import nn
except ImportError as e:
    print(f"missing: {e.name}")
    sys.exit(77)


class Slices(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 6, 5, 2), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(0.5),
                                  nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def forward(self, x):
        y = self.body(x)
        return y, y.sum()


class Scalar(nn.Module):
    def forward(self, x):
        return x.sum()


out = Path(sys.argv[1])
torch.manual_seed(3)
torch.set_num_threads(1)
volumes = nn.Sequential(nn.Conv3d(1, 4, 3, 2), nn.ReLU(), nn.Conv3d(4, 5, 3, 2), nn.Tanh())
cases = {"volumes": (volumes, torch.randn(3, 1, 20, 20, 20)), "slices": (Slices(), torch.randn(4, 3, 32, 32))}
for name, (module, x) in cases.items():
    script = torch.jit.script(module)
    script.save(str(out / f"{name}.pt"))
    with torch.no_grad():
        y = module.eval()(x)
    y = y[0] if isinstance(y, tuple) else y
    x.numpy().tofile(out / f"{name}.input")
    y.reshape(*y.shape[:2], -1).mean(2).numpy().tofile(out / f"{name}.expected")
torch.jit.script(Scalar()).save(str(out / "scalar.pt"))
(out / "text.pt").write_text("no module\n")
