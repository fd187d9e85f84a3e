"""Style transfer on logos: Network of Steel, its baselines and the house preset."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
