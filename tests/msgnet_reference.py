"""MSG-Net once more, in PyTorch and with the names of its authors' state dicts."""

from typing import Any

import numpy as np
import pytest


def network(features: int, seed: int = 0) -> Any:
    """A network of random weights; `target(style)` sets its style, images are `[n, 3, h, w]`."""
    torch = pytest.importorskip("torch", reason="the reference implementation needs PyTorch")
    nn, functional = torch.nn, torch.nn.functional

    class Reflected(nn.Module):
        def __init__(self, inputs, outputs, side, stride=1, repeat=1):
            super().__init__()
            self.side, self.repeat = side, repeat
            self.conv2d = nn.Conv2d(inputs, outputs, side, stride)

        def forward(self, x):
            if self.repeat > 1:
                x = x.repeat_interleave(self.repeat, 2).repeat_interleave(self.repeat, 3)
            if self.side > 1:
                x = functional.pad(x, 4 * (self.side // 2,), mode="reflect")
            return self.conv2d(x)

    def normalised(channels):
        return nn.InstanceNorm2d(channels), nn.ReLU()

    class Bottleneck(nn.Module):
        def __init__(self, inputs, planes, step=None):
            super().__init__()
            stride, repeat = (2 if step == "down" else 1), (2 if step == "up" else 1)
            self.conv_block = nn.Sequential(
                *normalised(inputs),
                nn.Conv2d(inputs, planes, 1),
                *normalised(planes),
                Reflected(planes, planes, 3, stride, repeat),
                *normalised(planes),
                nn.Conv2d(planes, 4 * planes, 1),
            )
            self.residual_layer = {
                "down": lambda: nn.Conv2d(inputs, 4 * planes, 1, 2),
                "up": lambda: Reflected(inputs, 4 * planes, 1, 1, 2),
                None: nn.Identity,
            }[step]()

        def forward(self, x):
            return self.residual_layer(x) + self.conv_block(x)

    class Inspiration(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.weight = nn.Parameter(0.02 * torch.rand(1, channels, channels))

        def forward(self, x):
            product = torch.bmm(self.weight.expand_as(self.gram), self.gram)
            product = product.transpose(1, 2).expand(len(x), -1, -1)
            return torch.bmm(product, x.flatten(2)).reshape(x.shape)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            wide = 4 * features
            self.model1 = nn.Sequential(
                Reflected(3, 64, 7),
                *normalised(64),
                Bottleneck(64, 32, "down"),
                Bottleneck(128, features, "down"),
            )
            self.ins = Inspiration(wide)
            self.model = nn.Sequential(
                self.model1,
                self.ins,
                *(Bottleneck(wide, features) for _ in range(6)),
                Bottleneck(wide, 32, "up"),
                Bottleneck(128, 16, "up"),
                *normalised(64),
                Reflected(64, 3, 7),
            )

        def target(self, style):
            flat = self.model1(style).flatten(2)
            products = torch.bmm(flat, flat.transpose(1, 2))
            self.ins.gram = products / (flat.shape[1] * flat.shape[2])

        def forward(self, content):
            return self.model(content)

    torch.manual_seed(seed)
    return Net()


def to_torch(images: np.ndarray, dtype: str = "float32") -> Any:
    """RGB `[n, h, w, 3]` in [0, 1] as BGR `[n, 3, h, w]` in 0..255."""
    torch = pytest.importorskip("torch")
    bgr = images[..., ::-1].transpose(0, 3, 1, 2) * 255
    return torch.tensor(np.ascontiguousarray(bgr), dtype=getattr(torch, dtype))


def from_torch(images: Any, height: int, width: int) -> np.ndarray:
    """The other way round, cut to a size."""
    return images.detach().numpy().transpose(0, 2, 3, 1)[:, :height, :width, ::-1] / 255
