"""`jaxtex texture search` as a class."""

import shutil
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import UInt8

from jaxtex.api.desk import File, path_of
from jaxtex.jobs.requests.texture import search as requests
from jaxtex.jobs.requests.texture.search_results import Replayed, describe

if TYPE_CHECKING:
    from jaxtex.texture.search import Round, Session


class Search:
    """A search of the latent space, pick by pick (Satoh's searching direction selection).

    It is kept in a folder, where the command line and the browser can go on with it. Every move
    returns the search itself, which a notebook shows as the sheet of the round where it stands:
    textures cluster by cluster, each under its label, the most typical of a cluster edged in blue,
    the picks in orange.
    """

    def __init__(
        self,
        folder: "File | None" = None,
        *,
        center: "File | None" = None,
        radius: float | int | None = None,
        direction: str | None = None,
        kappa: float | int | None = None,
        angle: float | int | None = None,
        similarity: float | int | None = None,
        count: int = 50,
        clusters: int = 8,
        seed: int = 0,
        model: "File | None" = None,
        device: str | None = None,
        overwrite: bool = False,
    ) -> None:
        """Begins a search, with textures from all over the sphere.

        Args:
          folder: where it is kept; by default as long as the object lives.
          center, radius, direction, kappa, angle, similarity: as of `sample`.
          count: textures a round, one of them from far away.
          clusters: into how many they are grouped.
          seed: of the draws.
          model: as of `sample`.
          device: `cpu`, `gpu` or `tpu`; by default the best there is.
          overwrite: replaces the search in the folder.

        Raises:
          JaxtexError: an option, the model or the folder cannot be used.
        """
        if folder is None:
            folder = tempfile.mkdtemp(prefix="jaxtex-search-")
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.folder = Path(folder)
        self._given = {"model": path_of(model), "device": device}
        options = {
            "center": path_of(center),
            "radius": radius,
            "direction": direction,
            "kappa": kappa,
            "angle": angle,
            "similarity": similarity,
            "count": count,
            "clusters": clusters,
            "seed": seed,
            "overwrite": overwrite,
        }
        requests.new(self.folder, {**options, **self._given})

    @classmethod
    def open(
        cls, folder: "File", *, model: "File | None" = None, device: str | None = None
    ) -> "Search":
        """Goes on with the search in a folder; `model` where its own lies elsewhere by now.

        Raises:
          CheckpointError: the folder holds no search, or a damaged one.
        """
        found = cls.__new__(cls)
        found.folder = Path(folder)
        found._given = {"model": path_of(model), "device": device}
        requests.find(found.folder)
        return found

    @property
    def session(self) -> "Session":
        """The search as its folder has it now."""
        return requests.find(self.folder)

    @property
    def round(self) -> "Round":
        """The round where the search stands: `labels`, `textures`, `points` and `clusters()`."""
        return self.session.round()

    @property
    def picks(self) -> list[str]:
        """The labels of all that was picked, round by round."""
        return self.session.picks()

    @property
    def about(self) -> dict[str, Any]:
        """Where the search stands, as `jaxtex texture search show --json` says it."""
        return describe(self.session)

    def texture(self, label: str) -> UInt8[np.ndarray, "s s 3"]:
        """The texture of a label, of any round.

        Raises:
          SettingsError: no round has it.
        """
        found, index = self.session.find(label)
        return found.textures[index]

    def pick(self, *labels: str) -> "Search":
        """Marks textures as those that suit, in place of this round's earlier picks.

        Several give the direction between them; labels of other rounds are allowed.

        Raises:
          SettingsError: there is no such label, or none is given.
        """
        requests.pick(self.folder, labels)
        return self

    def clear(self) -> "Search":
        """Takes this round's picks away."""
        requests.clear(self.folder)
        return self

    def step(
        self,
        *,
        center: "File | None" = None,
        radius: float | int | None = None,
        direction: str | None = None,
        kappa: float | int | None = None,
        angle: float | int | None = None,
        similarity: float | int | None = None,
        closer: bool = False,
        move_center: bool = False,
    ) -> "Search":
        """Goes on to the next round, in the direction of the picks.

        κ becomes 100, an angle of 52° in 100 dimensions, where nothing says otherwise. Without
        picks the next round is drawn as the last one was.

        Args:
          center, radius, direction, kappa, angle, similarity: as of `sample`.
          closer: textures half as unlike as this round's.
          move_center: searches round the picks, with half the radius.

        Raises:
          SettingsError: a value is out of range, or two gainsay.
        """
        options = {
            "center": path_of(center),
            "radius": radius,
            "direction": direction,
            "kappa": kappa,
            "angle": angle,
            "similarity": similarity,
            "closer": closer,
            "move_center": move_center,
        }
        requests.step(self.folder, {**options, **self._given})
        return self

    def none(self) -> "Search":
        """None of these: draws the next round from further afield."""
        requests.none(self.folder, self._given)
        return self

    def back(self, iteration: int) -> "Search":
        """Goes back to a round, to go on from there another way; all rounds stay.

        Raises:
          SettingsError: there is no such round, or the search stands there.
        """
        requests.back(self.folder, iteration)
        return self

    def undo(self) -> "Search":
        """Takes the last pick, step, none or back away again.

        Raises:
          SettingsError: there is nothing to take back.
        """
        requests.undo(self.folder)
        return self

    def export(
        self,
        labels: Sequence[str] = (),
        output: "File | None" = None,
        *,
        overwrite: bool = False,
    ) -> list[Path]:
        """Writes textures, by default all that were picked, as PNG files that carry their latents.

        Raises:
          SettingsError: there is no such label, or nothing was picked.
          OutputError: the folder cannot be written into.
        """
        target = path_of(output)
        return requests.export(self.folder, labels, target, overwrite=overwrite).paths

    def replay(self, output: "File") -> Replayed:
        """Draws every round again into another folder, and says what came out otherwise.

        Raises:
          OutputError: that folder cannot be written into.
        """
        return requests.replay(self.folder, Path(output), self._given)

    def _repr_png_(self) -> bytes:
        return self.session.sheets()[0].read_bytes()
