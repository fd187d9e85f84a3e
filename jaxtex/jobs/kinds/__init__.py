"""The kinds of jobs in a batch: how rows become checked jobs, and jobs results."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
