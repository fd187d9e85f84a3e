"""The network that draws textures (Radford et al. 2016): forms, training, models, latents."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
