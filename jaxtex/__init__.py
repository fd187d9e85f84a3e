"""jaxtex: stylise logos and search texture spaces with compiled JAX programs."""

import lazy_loader

from jaxtex.runtime import quiet_loader
from jaxtex.version import __version__ as __version__

# Lazy, so that `jaxtex --help` answers without importing JAX; the names are in `__init__.pyi`.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

# Here, so that neither a command nor a program that has imported JAX before prints them.
quiet_loader()
