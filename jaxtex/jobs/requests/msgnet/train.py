"""Training an MSG-Net as a person asks for it, on folders of contents and of styles."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from jaxtex.jobs.front import Front
from jaxtex.jobs.requests.training import TrainingRequest

if TYPE_CHECKING:
    from jaxtex.style.msgnet import StyleModel
    from jaxtex.style.msgnet.train import Losses, Settings
    from jaxtex.training import Dataset, Outcome, Plan
    from jaxtex.vgg import VGG16

_FEATURES = 64


class _Data(NamedTuple):
    """What is trained on."""

    contents: "Dataset"
    styles: "Dataset"
    vgg: "VGG16"


class TrainRequest(TrainingRequest):
    """What `jaxtex msgnet train` is asked for."""

    names = ("total", "content", "style")
    settings: "Settings"
    model: "StyleModel | None" = None
    """What it goes on from; there once it is begun."""

    def make_settings(self) -> "Settings":
        """The settings, with as many features as the model has that it goes on from."""
        from jaxtex.style.msgnet import load_model
        from jaxtex.style.msgnet.train import Settings

        options = self.options
        if options["model"] is not None:
            self.model = load_model(options["model"])
        if options["features"] is None:
            options["features"] = _FEATURES if self.model is None else self.model.features
        names = [each.name for each in dataclasses.fields(Settings) if each.name != "style_sizes"]
        chosen = {name: options[name] for name in names}
        return Settings(style_sizes=tuple(options["style_size"]), **chosen)

    def load(self, front: Front) -> tuple["_Data", str]:
        """Contents, styles and VGG16, and what the model file says of the images."""
        from jaxtex.style import load_network
        from jaxtex.style.msgnet.fit import MINIMUM_STYLES
        from jaxtex.style.msgnet.train import SMALLEST
        from jaxtex.training import Dataset
        from jaxtex.training.dataset import load_images

        options, size, seed = self.options, self.settings.size, self.settings.seed
        largest = max(self.settings.style_sizes)
        load = functools.partial(load_images, without=options["output"], say=front.say)
        contents, complaints = load(options["content"], size, minimum=1, what="--content")
        # Styles are scaled to the sizes that take turns, up or down.
        styles, others = load(
            options["style"], largest, smallest=SMALLEST, minimum=MINIMUM_STYLES, what="--style"
        )
        self.leave_out(front, [*complaints, *others])
        data = _Data(
            Dataset(contents, size, seed, turned=False),
            Dataset(styles, largest, seed, turned=False),
            load_network(options["weights"]),
        )
        return data, f"{len(contents)} contents and {len(styles)} styles"

    def fit(self, data: "_Data", plan: "Plan") -> "Outcome":
        """Trains on what was loaded."""
        from jaxtex.style.msgnet.fit import fit

        return fit(self.settings, *data, plan, model=self.model)

    def command(self) -> str:
        """How to train such a model again."""
        options = self.options
        words = ["jaxtex msgnet train --content FOLDER --style FOLDER"]
        names = ("features", "size", "batch_size", "learning_rate", "content_weight")
        for name in (*names, "style_weight", "seed", "steps"):
            words.append(f"--{name.replace('_', '-')} {options[name]}")
        words += [f"--style-size {size}" for size in options["style_size"]]
        if options["model"] is not None:
            words.append("--model FILE")
        return " ".join(words)

    def origin(self) -> Mapping[str, str]:
        """The model that it goes on from."""
        return {} if self.model is None else {"trained_from": self.model.digest}

    def describe(self, losses: "Losses") -> str:
        """Losses in words."""
        return f"content {losses.content:.4g} style {losses.style:.4g}"
