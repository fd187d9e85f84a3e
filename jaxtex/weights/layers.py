"""The convolutions of VGG16 by name and width; needs not even NumPy."""

_WIDTHS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


def _channels() -> dict[str, tuple[int, int]]:
    table, width = {}, 3
    for block, widths in enumerate(_WIDTHS, start=1):
        for layer, out in enumerate(widths, start=1):
            table[f"conv{block}_{layer}"] = (width, out)
            width = out
    return table


VGG16_CHANNELS: dict[str, tuple[int, int]] = _channels()
"""The convolutions in order: name -> (input channels, output channels)."""
