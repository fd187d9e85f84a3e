"""How alike textures are: SSIM (Wang et al. 2004), vectors of it, and clusters of these."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
