"""What the styles of one job are: lettering, whose shapes are taken, or textures."""

import hashlib
import threading
from collections.abc import Sequence

import numpy as np

from jaxtex.errors import ImageError, SettingsError
from jaxtex.recent import Recent
from jaxtex.style.separation.colors import RGB, Map, ground_color, is_grey
from jaxtex.style.separation.styles import StyleParts, separate_style

# Styles come again and again in a batch; these many bytes of what was taken apart are kept.
_KEPT_BYTES = 2**27
_kept: Recent[StyleParts] = Recent(_KEPT_BYTES, lambda parts: parts.nbytes)
_lock = threading.Lock()


def parts_of(
    styles: Sequence[RGB], kind: str = "auto", mask: Map | None = None, *, colors: bool = True
) -> tuple[StyleParts, ...]:
    """Takes the styles of one job apart.

    Args:
      styles: RGB, 0 to 1.
      kind: what they are, a `StyleKind`, or `auto`.
      mask: the lettering of a single style, by hand.
      colors: whether the coverage and colours of grey lettering on a plain ground are needed, whose
        luminance shows its shapes as it is.

    Raises:
      ImageError: there is no lettering where some is said to be, or lettering beside a texture.
      SettingsError: a mask for several styles.
    """
    if mask is not None and len(styles) > 1:
        raise SettingsError(f"style-mask: is of one style; {len(styles)} are given")
    parts = []
    for number, style in enumerate(styles, 1):
        try:
            parts.append(_parts(style, None if kind == "auto" else kind, mask, colors))
        except ImageError as error:
            said = str(error).removeprefix("the style image: ")
            raise ImageError(f"style {number}: {said}") from None
    kinds = [each.kind == "texture" for each in parts]
    if any(kinds) and not all(kinds):
        texture, lettering = kinds.index(True) + 1, kinds.index(False) + 1
        raise ImageError(
            f"style {texture}: is a texture, and style {lettering} is lettering; "
            "give styles of one kind, or say it by --style-kind"
        )
    return tuple(parts)


def _parts(style: RGB, kind: str | None, mask: Map | None, colors: bool) -> StyleParts:
    if not colors and kind is None and mask is None and is_grey(style):
        ground = ground_color(style)
        if ground is not None:
            return StyleParts("plain", None, None, ground)
    arrays = [style] if mask is None else [style, mask]
    digests = [hashlib.sha256(np.ascontiguousarray(each).tobytes()).digest() for each in arrays]
    key = kind, style.shape, *digests
    with _lock:
        return _kept.get(key, lambda: separate_style(style, kind=kind, mask=mask))
