"""The rival: MSG-Net in PyTorch, with the names of its authors' state dicts, and its training.

Images are BGR `[n, 3, h, w]` in 0..255, as in the authors' code.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

LAYERS = ("conv1_2", "conv2_2", "conv3_3", "conv4_3")


class Reflected(nn.Module):
    """A convolution over reflected borders, of pixels that are repeated first."""

    def __init__(self, inputs: int, outputs: int, side: int, stride: int = 1, repeat: int = 1):
        super().__init__()
        self.side, self.repeat = side, repeat
        self.conv2d = nn.Conv2d(inputs, outputs, side, stride)

    def forward(self, x: Tensor) -> Tensor:
        if self.repeat > 1:
            x = functional.interpolate(x, scale_factor=self.repeat)
        if self.side > 1:
            x = functional.pad(x, 4 * (self.side // 2,), mode="reflect")
        return self.conv2d(x)


def _normalised(channels: int) -> tuple[nn.Module, nn.Module]:
    return nn.InstanceNorm2d(channels), nn.ReLU(inplace=True)


class Bottleneck(nn.Module):
    """A pre-activation residual block; `step` is down, up or none."""

    def __init__(self, inputs: int, planes: int, step: str = ""):
        super().__init__()
        stride, repeat = (2 if step == "down" else 1), (2 if step == "up" else 1)
        self.conv_block = nn.Sequential(
            *_normalised(inputs),
            nn.Conv2d(inputs, planes, 1),
            *_normalised(planes),
            Reflected(planes, planes, 3, stride, repeat),
            *_normalised(planes),
            nn.Conv2d(planes, 4 * planes, 1),
        )
        if step == "down":
            self.residual_layer: nn.Module = nn.Conv2d(inputs, 4 * planes, 1, 2)
        elif step == "up":
            self.residual_layer = Reflected(inputs, 4 * planes, 1, 1, 2)
        else:
            self.residual_layer = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.residual_layer(x) + self.conv_block(x)


class Inspiration(nn.Module):
    """CoMatch; `gram` is the style's, set from outside."""

    def __init__(self, channels: int):
        super().__init__()
        self.weight = nn.Parameter(0.02 * torch.rand(1, channels, channels))
        self.gram = torch.zeros(1, channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        product = torch.bmm(self.weight.expand_as(self.gram), self.gram)
        product = product.transpose(1, 2).expand(len(x), -1, -1)
        return torch.bmm(product, x.flatten(2)).reshape(x.shape)


class Network(nn.Module):
    """Contents to stylised images, in the style that `target` has set."""

    def __init__(self, features: int):
        super().__init__()
        wide = 4 * features
        self.model1 = nn.Sequential(
            Reflected(3, 64, 7),
            *_normalised(64),
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
            *_normalised(64),
            Reflected(64, 3, 7),
        )

    def target(self, style: Tensor) -> None:
        self.ins.gram = gram_matrix(self.model1(style))

    def forward(self, content: Tensor) -> Tensor:
        return self.model(content)


def gram_matrix(features: Tensor) -> Tensor:
    """`[n, c, c]`, divided by c·h·w."""
    flat = features.flatten(2)
    return torch.bmm(flat, flat.transpose(1, 2)) / (flat.shape[1] * flat.shape[2])


def images(rgb: np.ndarray, memory_format: torch.memory_format) -> Tensor:
    """RGB `[n, h, w, 3]` in 0..255 as this network takes it."""
    bgr = np.ascontiguousarray(rgb[..., ::-1].transpose(0, 3, 1, 2), np.float32)
    return torch.tensor(bgr).contiguous(memory_format=memory_format)


class Trainer:
    """The network, VGG16 and Adam, fused."""

    def __init__(
        self,
        state: Mapping[str, Tensor],
        params: Mapping[str, np.ndarray],
        mean: Sequence[float],
        style_weight: float,
        *,
        channels_last: bool,
        compiled: bool = False,
    ) -> None:
        from _torch import VGG16

        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.network = Network(state["ins.weight"].shape[1] // 4)
        self.network.load_state_dict(state)
        self.network.to(memory_format=self.format)
        self.optimiser = torch.optim.Adam(self.network.parameters(), 1e-3, fused=True)
        vgg, shallow = (
            VGG16(params, mean, wanted, "relu", "max").to(memory_format=self.format)
            for wanted in (LAYERS, ("conv2_2",))
        )
        self.style_weight = style_weight
        self.vgg: Any = torch.compile(vgg, dynamic=False) if compiled else vgg
        self.shallow: Any = torch.compile(shallow, dynamic=False) if compiled else shallow
        if compiled:
            self.network.model1.compile(dynamic=False)
            self.network.model.compile(dynamic=False)

    def apply(self, contents: Tensor, style: Tensor) -> Tensor:
        with torch.inference_mode():
            self.network.target(style)
            return self.network(contents)

    def step(self, contents: Tensor, style: Tensor) -> tuple[float, float, float]:
        """Total, content and style loss of one step."""
        self.optimiser.zero_grad()
        with torch.no_grad():
            wanted = self.shallow(contents.flip(1))["conv2_2"]
            manner = {name: gram_matrix(each) for name, each in self.vgg(style.flip(1)).items()}
        self.network.target(style)
        found = self.vgg(self.network(contents).flip(1))
        content = functional.mse_loss(found["conv2_2"], wanted)
        apart = [
            functional.mse_loss(gram_matrix(found[name]), gram.expand(len(contents), -1, -1))
            for name, gram in manner.items()
        ]
        matched = sum(apart[1:], apart[0])
        total = content + self.style_weight * matched
        total.backward()
        self.optimiser.step()
        return float(total.detach()), float(content.detach()), float(matched.detach())
