"""The objective: features that are compared, whole or band by band, and the terms of the loss."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
