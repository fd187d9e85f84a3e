"""How a logo is laid out: its glyphs, their sizes and places, and a band's layout for a content."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
