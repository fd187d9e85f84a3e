"""Training a DCGAN as a person asks for it, on a folder of images or on rendered textures."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jaxtex.errors import SettingsError
from jaxtex.files import atomic_path, make_folder
from jaxtex.jobs.front import Front, Status
from jaxtex.jobs.requests.training import TrainingRequest

if TYPE_CHECKING:
    from jaxtex.texture.dcgan.model import Origin
    from jaxtex.texture.dcgan.settings import Settings
    from jaxtex.texture.dcgan.train import Losses
    from jaxtex.training import Dataset, Outcome, Plan

_MAX_RENDERED = 1_000_000
_RENDERED = "rendered.npy"
_CHUNK = 50
# Of a network that is not gone on from.
_SHAPE = {"size": 64, "features": 64, "latent_size": 100, "grain": 0}


class TrainRequest(TrainingRequest):
    """What `jaxtex texture train` is asked for."""

    names = ("discriminator", "generator")
    settings: "Settings"
    model: "Origin | None" = None
    """What it goes on from; there once it is begun."""
    family: str | None = None
    """Of what is rendered to train on; there once it is checked."""

    def check(self) -> None:
        """As the others, and refuses images and papers at once or neither.

        Raises:
          SettingsError, OutputError: as the others.
        """
        from jaxtex.texture.rendered import FAMILIES

        given = [name for name in FAMILIES if self.options[name] is not None]
        if len(given) + bool(self.options["images"]) != 1:
            choices = ", ".join(f"--{name} N" for name in FAMILIES)
            raise SettingsError(f"train: give one of --images FOLDER, {choices}")
        for name in given:
            from jaxtex.training.dataset import MINIMUM

            count = self.options[name]
            if not MINIMUM <= count <= _MAX_RENDERED:
                raise SettingsError(
                    f"--{name}: {count} is not a number from {MINIMUM} to {_MAX_RENDERED}"
                )
            self.family = name
        super().check()

    def make_settings(self) -> "Settings":
        """The settings; against few images what the discriminator sees is changed."""
        from jaxtex.texture.dcgan.model import load_origin
        from jaxtex.texture.dcgan.settings import Settings

        options = self.options
        if options["model"] is not None:
            self.model = load_origin(options["model"])
        self._take_shape()
        names = ("size", "latent_size", "features", "grain", "batch_size", "seed", "learning_rate")
        augmented = options["augment"]
        if augmented is None:
            augmented = bool(options["images"])
        refine, decay, last = options["refine_after"], options["decay_after"], options["steps"]
        return Settings(
            augmented=augmented,
            spectral=options["spectral"],
            refine_after=None if refine is None or refine >= last else refine,
            decay=None if decay is None else (decay, last),
            discriminator_features=options["discriminator_features"],
            **{name: options[name] for name in names},
        )

    def _take_shape(self) -> None:
        """Fills in the shape of the network: the model's that it goes on from, or the default.

        Raises:
          SettingsError: an option is not as in that model, nor, of size and features, twice it.
        """
        options, model = self.options, self.model
        for name, value in _SHAPE.items():
            has = value if model is None else getattr(model.generator, name)
            allowed = (has, 2 * has) if name in ("size", "features") else (has,)
            if options[name] is None:
                options[name] = has
            elif name == "grain" and has == 0:
                pass  # A model without learns it.
            elif model is not None and options[name] not in allowed:
                words = " or ".join(map(str, allowed))
                raise SettingsError(
                    f"--{name.replace('_', '-')}: {options[name]} does not go with --model "
                    f"{options['model']}; it must be {words}"
                )

    def load(self, front: Front) -> tuple["Dataset", str]:
        """The images, there or rendered, and what the model file says of them."""
        from jaxtex.training import Dataset
        from jaxtex.training.dataset import load_images

        settings = self.settings
        if self.options["images"]:
            pool, complaints = load_images(
                self.options["images"],
                settings.size,
                without=self.options["output"],
                say=front.say,
            )
            self.leave_out(front, complaints)
            source = f"{len(pool)} images"
        else:
            pool = self._rendered(front)
            source = (
                f"{len(pool)} pictures of {self.family} rendered by jaxtex.texture.rendered, "
                f"seed {settings.seed}"
            )
        return Dataset(pool, settings.size, settings.seed), source

    def fit(self, data: "Dataset", plan: "Plan") -> "Outcome":
        """Trains on what was loaded."""
        from jaxtex.texture.dcgan.fit import fit

        vgg = None
        if self.settings.refine_after is not None:
            from jaxtex.style import load_network

            vgg = load_network()
        return fit(self.settings, data, plan, vgg=vgg, origin=self.model)

    def command(self) -> str:
        """How to train such a model again."""
        options, settings = self.options, self.settings
        data = "--images FOLDER"
        if self.family is not None:
            data = f"--{self.family} {options[self.family]}"
        words = [f"jaxtex texture train {data}"]
        shape = ("size", "latent_size", "features", "grain")
        names = (*shape, "batch_size", "learning_rate", "seed", "steps")
        words += [f"--{name.replace('_', '-')} {options[name]}" for name in names]
        words.append("--augment" if settings.augmented else "--no-augment")
        if settings.spectral:
            words.append("--spectral")
        if settings.refine_after is not None:
            words.append(f"--refine-after {settings.refine_after}")
        if settings.discriminator_features is not None:
            words.append(f"--discriminator-features {settings.discriminator_features}")
        if settings.decay is not None:
            words.append(f"--decay-after {settings.decay[0]}")
        if options["model"] is not None:
            words.append("--model FILE")
        return " ".join(words)

    def origin(self) -> Mapping[str, str]:
        """The model that it goes on from."""
        return {} if self.model is None else {"trained_from": self.model.digest}

    def describe(self, losses: "Losses") -> str:
        """Losses in words."""
        text = f"loss D {losses.discriminator:.2f} G {losses.generator:.2f}"
        return f"{text} VGG {losses.apart:.3f}" if losses.apart else text

    def _rendered(self, front: Front) -> list[Any]:
        """Pictures of twice the size, rendered once and kept in the folder."""
        import numpy as np

        from jaxtex.texture.rendered import FAMILIES

        assert self.family is not None
        settings, family = self.settings, FAMILIES[self.family]
        count, side = self.options[self.family], 2 * settings.size
        path = self.options["output"] / _RENDERED
        if self.options["resume"] and path.is_file():
            try:
                pictures = np.load(path, allow_pickle=False)
            except (ValueError, OSError, EOFError):
                pictures = np.zeros(0)
            if pictures.shape == (count, side, side, 3) and pictures.dtype == np.uint8:
                return list(pictures)
        make_folder(self.options["output"])
        pictures = np.empty((count, side, side, 3), np.uint8)
        for first in range(0, count, _CHUNK):
            numbers = range(first, min(count, first + _CHUNK))
            done = numbers.stop
            pictures[first:done] = family.render(settings.seed, numbers, side) * 255 + 0.5
            text = f"picture {done}/{count}"
            front.show(Status(text, last=done == count, share=done / count, place=(done, count)))
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.save(file, pictures)
        return list(pictures)
