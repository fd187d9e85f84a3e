"""The sphere in the latent space: points on it, and von Mises-Fisher draws about a direction."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
