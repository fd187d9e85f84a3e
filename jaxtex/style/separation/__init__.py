"""A logo or a band's image taken apart: which pixels are ink, of which colours, on which ground."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
