"""`jaxtex score` as functions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jaxtex.api.desk import File, Picture, desk, path_of
from jaxtex.jobs import Front
from jaxtex.jobs.requests import ScoreRequest

if TYPE_CHECKING:
    from jaxtex.style.metrics import Score


def score(
    result: "Picture",
    content: "Picture | None" = None,
    style: "Picture | None" = None,
    *,
    size: int | None = None,
    background: str | None = None,
    ocr: bool = True,
    weights: "File | None" = None,
    device: str | None = None,
    front: Front | None = None,
) -> "Score":
    """Measures a stylised image, from jaxtex or from any other tool.

    Args:
      result: a file, an array `[h, w, 3 or 4]`, or a `Result`; arrays are taken with 8 bits.
      content: the plain logo; by default what a result's file names.
      style: the style image; by default what a result's file names.
      size: the longer side in pixels at which all is measured; by default the result's, at most
        512.
      background: the colour that transparent images are put on; by default one that shows the
        content.
      ocr: whether tesseract shall read them, where it is installed.
      weights: other VGG16 weights (safetensors).
      device: `cpu`, `gpu` or `tpu`; by default the best there is.
      front: where words go.

    Returns:
      `readability` (1: every letter is as in the content), `artefacts` (the share of the background
      that is spoiled), `style` (0: the content itself, 1: the style itself); `to_dict` has all.

    Raises:
      JaxtexError: an image or option that cannot be used.
    """
    (found,) = score_batch(
        [result],
        content,
        style,
        size=size,
        background=background,
        ocr=ocr,
        weights=weights,
        device=device,
        front=front,
    )
    return found


def score_batch(
    results: "Sequence[Picture]",
    content: "Picture | None" = None,
    style: "Picture | None" = None,
    *,
    size: int | None = None,
    background: str | None = None,
    ocr: bool = True,
    weights: "File | None" = None,
    table: "File | None" = None,
    device: str | None = None,
    overwrite: bool = False,
    front: Front | None = None,
) -> "list[Score]":
    """`score` of many results; content and style are made ready once.

    Args:
      results: each as `score` takes it.
      content, style, size, background, ocr, weights, device, front: as of `score`.
      table: writes the figures of all results as .csv.
      overwrite: replaces an existing table.

    Returns:
      A score for each result, in their order.

    Raises:
      JaxtexError: an image or option that cannot be used.
    """
    with desk() as place:
        request = ScoreRequest(
            {
                "outputs": [place.image(each, f"result-{i}") for i, each in enumerate(results)],
                "content": place.optional(content, "content"),
                "style": place.optional(style, "style"),
                "size": size,
                "background": background,
                "ocr": ocr,
                "weights": path_of(weights),
                "table": path_of(table),
                "device": device,
                "overwrite": overwrite,
            }
        )
        request.check()
        return [each.score for each in request.run(front or Front())]
