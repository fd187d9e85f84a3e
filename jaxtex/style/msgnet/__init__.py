"""MSG-Net, a network that stylises in one pass (Zhang and Dana 2017), and its training."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
