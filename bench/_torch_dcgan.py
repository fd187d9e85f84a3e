"""The rival: DCGAN in PyTorch, as pytorch/examples writes it, with both networks' weights of ours.

Images are `[n, 3, h, w]` in [−1, 1]. A step is that of `jaxtex.texture.dcgan`: discriminator on
real and generated textures, then the generator on the same ones; Adam, fused.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


def _kernel(values: Any) -> nn.Parameter:
    """[row, column, a, b] as [b, a, row, column]."""
    return nn.Parameter(torch.tensor(np.array(values).transpose(3, 2, 0, 1)))


def _norm(values: Mapping[str, Any], name: str) -> nn.BatchNorm2d:
    scale = torch.tensor(np.array(values[f"{name}.scale"]))
    norm = nn.BatchNorm2d(len(scale))
    norm.weight = nn.Parameter(scale)
    norm.bias = nn.Parameter(torch.tensor(np.array(values[f"{name}.bias"])))
    if f"{name}.mean" in values:
        norm.running_mean = torch.tensor(np.array(values[f"{name}.mean"]))
        norm.running_var = torch.tensor(np.array(values[f"{name}.var"]))
    return norm


def generator(values: Mapping[str, Any]) -> nn.Sequential:
    """Latents `[n, z, 1, 1]` to textures."""
    project = np.array(values["project"])
    first = nn.ConvTranspose2d(project.shape[0], project.shape[-1], 4, 1, 0, bias=False)
    first.weight = nn.Parameter(torch.tensor(project.transpose(0, 3, 1, 2)))
    layers: list[nn.Module] = [first]
    for stage in range(sum(name.startswith("convs") for name in values)):
        weight = _kernel(values[f"convs.{stage}.kernel"])
        conv = nn.ConvTranspose2d(*weight.shape[:2], 4, 2, 1, bias=False)
        conv.weight = weight
        layers += [_norm(values, f"norms.{stage}"), nn.ReLU(inplace=True), conv]
    return nn.Sequential(*layers, nn.Tanh())


def discriminator(values: Mapping[str, Any]) -> nn.Sequential:
    """Textures to logits `[n, 1, 1, 1]`."""
    layers: list[nn.Module] = []
    for stage in range(sum(name.startswith("convs") for name in values)):
        weight = _kernel(values[f"convs.{stage}.kernel"])
        conv = nn.Conv2d(weight.shape[1], weight.shape[0], 4, 2, 1, bias=False)
        conv.weight = weight
        layers.append(conv)
        if stage:
            layers.append(_norm(values, f"norms.{stage - 1}"))
        layers.append(nn.LeakyReLU(0.2, inplace=True))
    judge = np.array(values["judge"])
    last = nn.Conv2d(judge.shape[-1], 1, 4, 1, 0, bias=False)
    last.weight = nn.Parameter(torch.tensor(judge.transpose(2, 0, 1)[None]))
    return nn.Sequential(*layers, last)


class Trainer:
    """Both networks and their optimisers."""

    def __init__(
        self,
        generator_values: Mapping[str, Any],
        discriminator_values: Mapping[str, Any],
        *,
        channels_last: bool,
        compiled: bool = False,
    ) -> None:
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        generator_ = generator(generator_values).to(memory_format=self.format)
        discriminator_ = discriminator(discriminator_values).to(memory_format=self.format)
        self.optimisers = [
            torch.optim.Adam(network.parameters(), 2e-4, betas=(0.5, 0.999), fused=True)
            for network in (generator_, discriminator_)
        ]
        self.generator: Any = torch.compile(generator_, dynamic=False) if compiled else generator_
        self.discriminator: Any = (
            torch.compile(discriminator_, dynamic=False) if compiled else discriminator_
        )

    def step(self, real: Tensor, latents: Tensor) -> tuple[float, float]:
        """Both losses of one step."""
        textures = self.generator(latents)
        self.optimisers[1].zero_grad()
        loss = functional.softplus(-self.discriminator(real)).mean()
        loss = loss + functional.softplus(self.discriminator(textures.detach())).mean()
        loss.backward()
        self.optimisers[1].step()
        self.optimisers[0].zero_grad()
        self.discriminator.requires_grad_(False)
        other = functional.softplus(-self.discriminator(textures)).mean()
        other.backward()
        self.discriminator.requires_grad_(True)
        self.optimisers[0].step()
        return float(loss.detach()), float(other.detach())
