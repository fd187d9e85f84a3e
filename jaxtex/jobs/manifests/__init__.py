"""Manifests: the jobs of a batch as rows of typed columns."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
