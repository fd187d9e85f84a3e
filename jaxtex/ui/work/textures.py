"""Moves of a search for textures, images turned into textures, and what lies between two."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from jaxtyping import UInt8

from jaxtex.files import write_bytes
from jaxtex.images import encode_image, read_metadata, save_image
from jaxtex.jobs.requests.texture import ExtendRequest, InterpolateRequest, places
from jaxtex.jobs.requests.texture import search as requests
from jaxtex.texture.dcgan.shipped import shipped_models, shipped_name
from jaxtex.texture.search import State, Watch
from jaxtex.ui.device.worker import Turn
from jaxtex.ui.runs.searches import DRAWN_COLUMNS
from jaxtex.ui.work.look import device

_PLACE = dict.fromkeys(("model", "center", "radius", "direction", "kappa", "angle"))
_STEP = {**_PLACE, "similarity": None, "closer": False, "move_center": False}
_NEW = {**_PLACE, "similarity": None, "overwrite": False}
_STRIP = {"via": (), "path": "linear", "center": None, "tolerance": 0.5}
_PIECE = {
    **dict.fromkeys(("model", "weights", "max_memory", "zoom", "steps")),
    "seed": 0,
    "checkpoint_every": 5.0,
    "resume": True,
    "overwrite": True,
}
_CANDIDATES = {"count": 50, "clusters": 8}


def move(arguments: Mapping[str, Any], turn: Turn) -> dict[str, Any]:
    """One move of the search in `folder`, by the name of its command, as `move`.

    Tells `drawn` when the textures that are not compared yet lie in the file of this name, as one
    picture, and `grouped` with the number of the round when it can be read.

    Raises:
      JaxtexError: it is refused.
      RunError: the disk is full or fails.
    """
    folder, name = Path(arguments["folder"]), arguments["move"]
    told = arguments.get("options", {})
    watch = _watch(arguments, turn)
    if name == "new":
        options = {**_NEW, **_CANDIDATES, **told, **_device()}
        options["model"] = shipped_models().get(options["model"])
        if options["direction"] is not None:
            # A direction alone is a look round the whole sphere.
            from jaxtex.texture.search.moves import PICKED_KAPPA

            options["kappa"] = PICKED_KAPPA
            options["model"] = _model_of(options["direction"])
        done = requests.new(folder, options, watch)
    elif name == "step":
        done = requests.step(folder, {**_STEP, **told, **_device()}, watch)
    elif name == "none":
        done = requests.none(folder, {**_STEP, **_device()}, watch)
    elif name == "pick":
        labels = arguments["labels"]
        done = requests.pick(folder, labels) if labels else requests.clear(folder)
    elif name == "back":
        done = requests.back(folder, arguments["iteration"])
    else:
        done = requests.undo(folder)
    return {"iteration": done.session.state.iteration}


def reach(arguments: Mapping[str, Any], turn: Turn) -> list[float]:
    """How like the picks a step of the search in `folder` can be: least, usual and most.

    Raises:
      JaxtexError: there is no direction to go in.
    """
    return list(requests.reach(Path(arguments["folder"]), {**_STEP, **_device()}))


def image(arguments: Mapping[str, Any], turn: Turn) -> dict[str, Any]:
    """Writes the texture that is nearest to the image `path` to `target`, with its latent.

    A texture of ours is of the model that it names; else it is that of the search in `folder`, or
    that of washi. Returns the MSSIM and the RMS error between them, nothing for one of ours.

    Raises:
      ImageError: it cannot be used.
      SettingsError: it is a texture of another model.
    """
    from jaxtex.texture.dcgan.latents import texture_metadata

    path, folder = _model_of(arguments["path"]), arguments["folder"]
    if path is None and folder is not None:
        model = requests.load_model(requests.find(Path(folder)), {"model": None, **_device()})
    else:
        model = places.load(path, device())
    found = places.place(arguments["path"], "image", model)
    near: dict[str, Any] = {
        name: found.about[name] for name in ("mssim", "rmse") if name in found.about
    }
    metadata = texture_metadata(found.latent, model.digest, image=arguments["name"], **near)
    texture = np.asarray(model.generate(found.latent[None]))[0]
    save_image(Path(arguments["target"]), texture.clip(0, 1), metadata=metadata)
    return near


def strip(arguments: Mapping[str, Any], turn: Turn) -> dict[str, Any]:
    """Finds textures between two, as `interpolate` does by the options that are given.

    Of the model that the first names.

    Raises:
      JaxtexError: it is refused.
      RunError: the disk is full or fails.
    """
    told = dict(arguments["options"])
    options = {**_STRIP, **told, **_device(), "output": Path(told["output"]), "overwrite": True}
    options["model"] = _model_of(told["start"])
    request = InterpolateRequest(options)
    request.check()
    return request.report(request.run(turn.front()))


def extend(arguments: Mapping[str, Any], turn: Turn) -> dict[str, Any]:
    """Makes a texture larger, as `extend` does by the options that are given; tells its `share`.

    Raises:
      JaxtexError: it is refused.
      Stopped: it was dropped; what is begun is kept in its checkpoint.
      RunError: the disk is full or fails.
    """
    told = dict(arguments["options"])
    paths = {name: Path(told[name]) for name in ("output", "checkpoint")}
    request = ExtendRequest({**_PIECE, **told, **paths, **_device()})
    request.check()
    front = turn.front(lambda status: turn.tell(share=status.share))
    done = request.run(front)
    shutil.rmtree(paths["checkpoint"], ignore_errors=True)
    return request.report(done)


def warm_up() -> Iterator[None]:
    """Has the programs of a search ready, piece by piece."""
    with TemporaryDirectory() as folder:
        target, on = Path(folder) / "search", _device()
        requests.new(target, {**_NEW, **_CANDIDATES, "seed": 0, **on})
        yield
        requests.pick(target, ["0a1"])
        usual = requests.reach(target, {**_STEP, **on}).usual
        yield
        requests.step(target, {**_STEP, **on, "similarity": usual})
        yield
        requests.none(target, {**_STEP, **on})


def _model_of(path: str) -> Path | None:
    """The model that ships whose texture an image says that it is."""
    name = shipped_name(str(read_metadata(path).get("model")))
    return None if name is None else shipped_models()[name]


def _device() -> dict[str, str | None]:
    return {"device": device()}


def _watch(arguments: Mapping[str, Any], turn: Turn) -> Watch:
    def drawn(textures: UInt8[np.ndarray, "m h w 3"]) -> None:
        path = Path(arguments["drawn"])
        write_bytes(path, encode_image(path, _sheet(textures) / np.float32(255)))
        turn.tell(drawn=path.name, count=len(textures))

    def grouped(state: State) -> None:
        turn.tell(grouped=state.iteration)

    return Watch(drawn, grouped) if "drawn" in arguments else Watch()


def _sheet(textures: UInt8[np.ndarray, "m h w 3"]) -> UInt8[np.ndarray, "h2 w2 3"]:
    """Textures edge to edge, row by row."""
    count, height, width, _ = textures.shape
    rows = -(-count // DRAWN_COLUMNS)
    filled = np.zeros((rows * DRAWN_COLUMNS, height, width, 3), np.uint8)
    filled[:count] = textures
    grid = filled.reshape(rows, DRAWN_COLUMNS, height, width, 3).swapaxes(1, 2)
    return grid.reshape(rows * height, DRAWN_COLUMNS * width, 3)
