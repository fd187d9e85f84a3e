"""Training a network in a folder: data, devices, steps, checkpoints that lose nothing."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
