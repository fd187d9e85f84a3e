"""Textures of any size that repeat: synthesis on VGG16 (Gatys, Ecker and Bethge 2015)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
