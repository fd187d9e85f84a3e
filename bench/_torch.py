"""The rival: jaxtex's objective in PyTorch, written as one writes it there when speed counts.

Images are `[b, c, h, w]` in grey levels (0 to 255), c = 3 (RGB) or 1 (luminance, fed to all three
inputs of VGG16); losses are sums over a batch of one job. Terms whose weight is 0 are not computed.
It shares no code with jaxtex: weights and targets come in as NumPy arrays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, eq=False)
class Spec:
    """One job as plain arrays: images `[h, w, c]` in grey levels, weights by the terms' names."""

    content: np.ndarray
    styles: Sequence[np.ndarray]
    style_weights: Sequence[float]
    layers: Mapping[str, float]
    content_layer: str
    normalization: str
    features: str
    pool: str
    weights: Mapping[str, float]
    distance: np.ndarray
    palette: np.ndarray
    mask: np.ndarray


def spec_of(ours: Any) -> Spec:
    """The job of a `_ours.Ours`, which must be at full size."""
    job, program = ours.job, ours.program
    targets, coefficients = ours.targets, ours.coefficients
    if job.phases[0].factor != 1:
        raise ValueError("the rival computes a job at full size")
    return Spec(
        content=np.asarray(targets.content[0]),
        styles=job.styles,
        style_weights=job.style_weights,
        layers={name: float(values[0]) for name, values in coefficients.layers.items()},
        content_layer=program.content_layer,
        normalization=program.normalization,
        features=program.features,
        pool=program.pool,
        weights={
            name: float(values[0])
            for name, values in coefficients._asdict().items()
            if name != "layers"
        },
        distance=np.asarray(targets.distance[0]),
        palette=np.asarray(targets.palette[0]),
        mask=np.asarray(targets.mask[0]),
    )


def image_of(levels: Any, factor: float = 1.0) -> Tensor:
    """Images `[b, h, w, c]` of jaxtex, times `factor`, as `[b, c, h, w]`."""
    scaled = np.asarray(levels).transpose(0, 3, 1, 2) * np.float32(factor)
    return torch.tensor(np.ascontiguousarray(scaled))


class VGG16(nn.Module):
    """Features of the layers that are wanted, before or after the ReLU; frozen."""

    def __init__(
        self,
        params: Mapping[str, np.ndarray],
        mean: Sequence[float],
        wanted: Sequence[str],
        features: str,
        pool: str,
    ) -> None:
        super().__init__()
        names = [name.removesuffix(".kernel") for name in params if name.endswith(".kernel")]
        self.names = names[: max(map(names.index, wanted)) + 1]
        self.wanted, self.features = frozenset(wanted), features
        self.pooling = functional.max_pool2d if pool == "max" else functional.avg_pool2d
        for name in self.names:
            kernel = params[f"{name}.kernel"].transpose(3, 2, 0, 1)
            if name == names[0]:
                kernel = kernel[:, ::-1]  # RGB for BGR
            self.register_buffer(f"{name}_kernel", torch.from_numpy(kernel.copy()))
            self.register_buffer(f"{name}_bias", torch.tensor(params[f"{name}.bias"]))
        self.register_buffer("mean", torch.tensor(mean[::-1]).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        x = image.expand(-1, 3, -1, -1) - self.mean
        found = {}
        for index, name in enumerate(self.names):
            if index and name.endswith("_1"):
                x = self.pooling(x, 2)
            kernel, bias = getattr(self, f"{name}_kernel"), getattr(self, f"{name}_bias")
            x = functional.conv2d(x, kernel, bias, padding=1)
            before = name in self.wanted and self.features == "conv"
            if before:
                found[name] = x
            if name != self.names[-1] or not before:
                x = functional.relu(x, inplace=not before)
            if name in self.wanted and not before:
                found[name] = x
        return found


def gram_matrix(features: Tensor) -> Tensor:
    """`[b, c, c]` of `[b, c, h, w]`, divided by h·w."""
    flat = features.flatten(2)
    return flat @ flat.mT / flat.shape[2]


class Objective(nn.Module):
    """The total loss of images, with all targets computed once."""

    def __init__(
        self,
        spec: Spec,
        params: Mapping[str, np.ndarray],
        mean: Sequence[float],
        *,
        channels_last: bool = False,
        dtype: torch.dtype = torch.float32,
        device: str = "cpu",
    ) -> None:
        super().__init__()
        self.spec = spec
        wanted = [*spec.layers, spec.content_layer]
        self.vgg = VGG16(params, mean, wanted, spec.features, spec.pool)
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        # A palette's unused places hold a colour that nothing is near to.
        palette = spec.palette[np.abs(spec.palette).max(-1) < 100]
        self.register_buffer("content", _image(spec.content))
        self.register_buffer("distance", _image(spec.distance))
        self.register_buffer("palette", torch.tensor(palette))
        self.register_buffer("mask", None if np.all(spec.mask == 1) else _image(spec.mask))
        self.to(device, dtype)
        if channels_last:
            self.to(memory_format=torch.channels_last)
        self.grams: dict[str, list[Tensor]] = {name: [] for name in spec.layers}
        with torch.no_grad():
            self.target = self._features(self.content)[spec.content_layer]
            for style in spec.styles:
                found = self._features(_image(style).to(device, dtype))
                for name, grams in self.grams.items():
                    grams.append(gram_matrix(found[name]))
            self.target_square = float(self.target.square().sum())
            self.gram_squares = {
                name: [float(gram.square().sum()) for gram in grams]
                for name, grams in self.grams.items()
            }

    def _features(self, image: Tensor) -> dict[str, Tensor]:
        return self.vgg(image.contiguous(memory_format=self.format))

    def forward(self, image: Tensor) -> Tensor:
        first, *others = self.terms(image).values()
        return sum(others, first)

    def terms(self, image: Tensor) -> dict[str, Tensor]:
        """The parts of the total, each with its weight and summed over the batch."""
        if self.mask is not None:
            image = torch.lerp(self.content, image, self.mask)
        found = self._features(image)
        style = [
            coefficient * self._style(name, gram_matrix(found[name]))
            for name, coefficient in self.spec.layers.items()
        ]
        return {
            "content": self._content(found[self.spec.content_layer]),
            "style": sum(style[1:], style[0]),
            **self._pixels(image),
        }

    def _content(self, features: Tensor) -> Tensor:
        weight = self.spec.weights["content"]
        if self.spec.normalization == "relative":
            return weight / self.target_square * (features - self.target).square().sum()
        target = self.target.expand_as(features)
        return weight * len(features) * functional.mse_loss(features, target)

    def _style(self, name: str, gram: Tensor) -> Tensor:
        channels = gram.shape[-1]
        factor = {"paper": 1 / 4, "gatys": 1 / (4 * channels**2), "reference": 1 / channels**4}
        errors = []
        for weight, target, square in zip(
            self.spec.style_weights, self.grams[name], self.gram_squares[name], strict=True
        ):
            scale = factor.get(self.spec.normalization, 1 / square)
            errors.append(weight * scale * (gram - target).square().sum())
        return sum(errors[1:], errors[0])

    def _pixels(self, image: Tensor) -> dict[str, Tensor]:
        """The terms that need no network."""
        weights, terms = self.spec.weights, {}
        if weights["tv"]:
            vertical, horizontal = image.diff(dim=2).abs().sum(), image.diff(dim=3).abs().sum()
            terms["tv"] = weights["tv"] * (vertical + horizontal)
        if weights["l2"]:
            terms["l2"] = weights["l2"] * (image - 127.5).square().sum()
        if weights["silhouette"]:
            moved = ((image - self.content) / 255).square()
            terms["silhouette"] = (
                weights["silhouette"] * len(image) * (moved * self.distance).mean()
            )
        if weights["ink"]:
            terms["ink"] = weights["ink"] * len(image) * self._ink(image / 255)
        if weights["outside"]:
            beyond = (image - image.clamp(0, 255)) / 255
            terms["outside"] = weights["outside"] * len(image) * beyond.square().mean()
        return terms

    def _ink(self, image: Tensor) -> Tensor:
        """Mean product of the distances to the two nearest colours."""
        offsets = image[:, None] - self.palette[:, :, None, None]
        distances = (offsets.square().mean(2) + 1e-10).sqrt()
        if len(self.palette) > 2:
            distances = distances.topk(2, dim=1, largest=False).values
        return (distances[:, 0] * distances[:, 1]).mean()


def _image(levels: np.ndarray) -> Tensor:
    """`[h, w, c]` as `[1, c, h, w]`."""
    return torch.tensor(levels.transpose(2, 0, 1)[None].copy(), dtype=torch.float32)
