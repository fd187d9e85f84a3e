"""Many settings on one pair: the tables of Network of Steel, grids, and finding coefficients."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
